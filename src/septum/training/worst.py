"""The objects, or pieces of classes, that a model finds worst, for its report."""

from collections.abc import Sequence

import numpy as np

from septum.rank import UNIT
from septum.report.html import Html, element, figure, grid, picture, section
from septum.report.picture import outlines
from septum.report.planes import AMBER, BLUE, fitting, legend, plane_of, resized, shown
from septum.resample import resample_labels
from septum.training.verdicts import Seen

_WORST = 10
_TRUTH, _PREDICTION = BLUE, AMBER


def worst_objects(seen: Sequence[Seen]) -> Html:
    """Return the section with the true objects that are found worst, a picture of each.

    Of several classes, each has as many among them as it can.
    """
    one = "piece" if any(item.of for item in seen) else "object"
    heading, places = f"The worst {one}s", _worst(seen)
    if not places:
        return section(heading, element("p", f"There is no {one} in these images."))
    crops = [_crop(seen[number], place) for number, place in places]
    said = f"The true {one}s with the lowest overlap (IoU) with any prediction, the worst first."
    said += " Each class has its share of the ten." * (len({item.of for item in seen}) > 1)
    key = legend(
        (_TRUTH, "truth"),
        (_PREDICTION, "prediction (dashed)"),
        ((235, 235, 235), f"other {one}s" + " of the class" * (one == "piece")),
    )
    return section(heading, element("p", said), key, grid(crops, 190, least=2))


def _worst(seen: Sequence[Seen]) -> list[tuple[int, int]]:
    """Return the places of objects, in `seen` and in its table, the worst first."""
    of_class: dict[str, list[tuple[float, int, int, int]]] = {item.of: [] for item in seen}
    for number, item in enumerate(seen):
        # Of objects that are equally bad the larger ones come first: they tell more.
        of_class[item.of] += [
            (iou, -int(size), number, place)
            for place, (iou, size) in enumerate(zip(item.iou, item.table.truth_sizes, strict=True))
        ]
    in_turn = [
        pair for objects in of_class.values() for pair in enumerate(sorted(objects)[:_WORST])
    ]
    chosen = sorted(found for _turn, found in sorted(in_turn)[:_WORST])
    return [(number, place) for _, _, number, place in chosen]


def _crop(seen: Seen, place: int) -> Html:
    sample, one = seen.sample, seen.table.truth_ids[place]
    truth, plane = seen.truth, None
    if sample.ndim == 3:
        plane = int(np.argmax((truth == one).sum((1, 2))))
    truth, labels = plane_of(truth, plane), plane_of(seen.labels, plane)
    image = shown(sample.image, sample.annotated, plane)
    spots = np.argwhere(truth == one)
    centre, extent = (spots.min(0) + spots.max(0) + 1) // 2, np.ptp(spots, axis=0).max() + 1
    reach = int(0.8 * extent) + 8
    window = tuple(
        slice(int(max(0, min(c - reach, size - 2 * reach))), int(max(c + reach, 2 * reach)))
        for c, size in zip(centre, truth.shape, strict=True)
    )
    shape = fitting(truth[window].shape, 240)
    image = resized(image[window], shape)
    truth, labels = (
        resample_labels(np.ascontiguousarray(a[window]), shape) for a in (truth, labels)
    )
    others = np.isin(truth, seen.table.truth_ids) & (truth != one)
    image[outlines(np.where(others, truth, 0))] = 235
    image[outlines(np.where(truth == one, truth, 0), 2)] = _TRUTH
    dashes = np.add.outer(np.arange(shape[0]), np.arange(shape[1])) // 5 % 2 == 0
    # Of the predictions those that share a pixel with the object; the others have their own.
    touching = seen.table.prediction_ids[
        seen.table.prediction_index[seen.table.truth_index == place]
    ]
    image[outlines(np.where(np.isin(labels, touching), labels, 0), 2) & dashes] = _PREDICTION
    at = ([] if plane is None else [("z", plane)]) + list(zip("yx", centre.tolist(), strict=True))
    where = ", ".join(f"{axis} {value}" for axis, value in at)
    size, iou = int(seen.table.truth_sizes[place]), seen.iou[place]
    # Pieces are called by their class and their number in it, as in tables and outlines.
    called = f"{seen.of}-{place + 1}" if seen.of else f"object {one}"
    return figure(
        picture(image, f"{called} of {sample.name} at {where}"),
        element("strong", f"IoU {iou:.2f}, {seen.verdicts[place]}"),
        element("br"),
        f"{sample.name}, {called}",
        element("br"),
        f"{where}; {size:,} {UNIT[sample.ndim]}",
    )
