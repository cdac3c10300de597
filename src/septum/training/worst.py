"""The objects that a model finds worst, for its report."""

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
    """Return the section with the true objects that are found worst, a picture of each."""
    # Of objects that are equally bad the larger ones come first: they tell more.
    objects = [
        (iou, -int(size), number, place)
        for number, item in enumerate(seen)
        for place, (iou, size) in enumerate(zip(item.iou, item.table.truth_sizes, strict=True))
    ]
    if not objects:
        return section("The worst objects", element("p", "There is no object in these images."))
    crops = [_crop(seen[number], place) for _, _, number, place in sorted(objects)[:_WORST]]
    said = element(
        "p", "The true objects with the lowest overlap (IoU) with any prediction, the worst first."
    )
    key = legend(
        (_TRUTH, "truth"), (_PREDICTION, "prediction (dashed)"), ((235, 235, 235), "other objects")
    )
    return section("The worst objects", said, key, grid(crops, 190, least=2))


def _crop(seen: Seen, place: int) -> Html:
    sample, one = seen.sample, seen.table.truth_ids[place]
    truth, plane = sample.known, None
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
    image[outlines(np.where(truth == one, 0, truth))] = 235
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
    return figure(
        picture(image, f"object {one} of {sample.name} at {where}"),
        element("strong", f"IoU {iou:.2f}, {seen.verdicts[place]}"),
        element("br"),
        f"{sample.name}, object {one}",
        element("br"),
        f"{where}; {size:,} {UNIT[sample.ndim]}",
    )
