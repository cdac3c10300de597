"""``report.html``: what a training learnt from, how it went and what it finds, for the eye."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from pathlib import Path

import numpy as np
import torch

from septum import geometry
from septum.atomic import write_text
from septum.config import to_toml
from septum.data.crops import Batch, draw_batch, prepare_all
from septum.data.sample import Sample
from septum.data.summary import describe
from septum.duration import readable
from septum.metrics.overlap import Overlap, overlap
from septum.model import Model
from septum.plan import Plan
from septum.report.html import (
    Html,
    Line,
    curve,
    element,
    facts,
    figure,
    grid,
    page,
    picture,
    section,
    table,
)
from septum.report.picture import grey, heat, outlines
from septum.resample import resample, resample_labels, rescaled_shape
from septum.training.log import steps
from septum.training.loop import Step
from septum.version import __version__

FOUND, MERGED, SPLIT, MISSED, FALSE = "found", "merged", "split", "missed", "false"

_PICTURES, _SCORED, _WORST, _TILES, _DRAWN, _ROWS = 6, 24, 10, 4, 12, 50
_SIDE, _PIXELS = 700, 2_200_000
"""Of a picture and, so that the page stays small, of all images together."""
_RIGHT, _BROKEN, _WRONG = (38, 200, 186), (255, 176, 0), (255, 72, 140)
_TRUTH, _PREDICTION = (92, 168, 255), (255, 176, 0)
_COLOURS = {FOUND: _RIGHT, MERGED: _BROKEN, SPLIT: _BROKEN, MISSED: _WRONG, FALSE: _WRONG}


def write_report(
    path: Path,
    model: Model,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    log: Path,
    seed: int,
) -> None:
    """Write the page of a training: one HTML file that needs no network and no script.

    Parameters
    ----------
    path : Path
        The file, in the run folder that the page is named after.
    model : Model
        As trained, its thresholds chosen.
    samples, validation : sequence of Sample
        What it learnt from, and what it was validated with; the latter may be empty.
    log : Path
        ``log.jsonl`` of the run.
    seed : int
        Of the training, for the tiles that are shown.

    Raises
    ------
    SeptumError
        If it cannot be written.
    """
    shown = _evenly(validation, _SCORED) if validation else _evenly(samples, _PICTURES)
    seen = [see(model, sample) for sample in shown]
    run = list(steps(log)) if log.is_file() else []
    title = path.resolve().parent.name
    content = (
        _headline(model, seen, bool(validation)),
        _images(seen, len(validation)),
        _curves(run, model.description.training),
        _worst(seen),
        _by_size(seen),
        _tiles(samples, model.description.plan, seed),
        _data(samples, validation),
        _making(model),
    )
    write_text(path, page(title, *content))


@dataclass(frozen=True, eq=False)
class Seen:
    """An image with what the model finds in it, and what is right and wrong about that.

    Attributes
    ----------
    sample : Sample
        With its truth.
    labels : numpy.ndarray of int
        The objects that the model finds.
    table : Overlap
        Of the two.
    iou : numpy.ndarray, (T,)
        Of each true object, the highest with any prediction.
    verdicts : list of str, (T,)
        FOUND, MERGED, SPLIT or MISSED for each true object.
    false : numpy.ndarray of bool, (P,)
        Which predictions are no object, nor one that was merged or split.
    broken : numpy.ndarray of bool, (P,)
        Which predictions merge true objects, or are pieces of one that is split.
    """

    sample: Sample
    labels: np.ndarray
    table: Overlap
    iou: np.ndarray
    verdicts: list[str]
    false: np.ndarray
    broken: np.ndarray

    def count(self, verdict: str) -> int:
        """Return how many objects have a verdict."""
        return int(self.false.sum()) if verdict == FALSE else self.verdicts.count(verdict)


def see(model: Model, sample: Sample) -> Seen:
    """Let the model segment an image that is annotated, and judge the result."""
    return judge(sample, model.predict(sample.image).labels)


def judge(sample: Sample, labels: np.ndarray) -> Seen:
    """Tell what became of each true object, and which predictions are none.

    An object is *found* if a prediction overlaps it with an IoU above 0.5. Of the others it is
    *merged* if a prediction covers more than half of it and of another object; *split* if two or
    more predictions lie in it with more than half of their pixels and cover more than half of it
    together; and else *missed*. A prediction is *false* if it finds nothing, and neither merges nor
    is a piece; one of which more than half lies where nobody annotated is not judged.

    Parameters
    ----------
    sample : Sample
        With its truth.
    labels : numpy.ndarray of int
        What was predicted, of the same shape.
    """
    known = overlap(sample.truth, labels, sample.annotated)
    rows, columns, shared = known.truth_index, known.prediction_index, known.shared
    ids, predicted = len(known.truth_ids), len(known.prediction_ids)
    iou = np.zeros(ids)
    np.maximum.at(iou, rows, known.iou)
    covers = 2 * shared > known.truth_sizes[rows]
    merging = np.bincount(columns[covers], minlength=predicted) > 1
    merged = np.zeros(ids, bool)
    merged[rows[covers & merging[columns]]] = True
    inside = 2 * shared > known.prediction_sizes[columns]
    pieces = np.bincount(rows[inside], minlength=ids)
    covered = np.bincount(rows[inside], shared[inside], minlength=ids)
    found = iou > 0.5
    split = ~found & ~merged & (pieces > 1) & (2 * covered > known.truth_sizes)
    matched = np.zeros(predicted, bool)
    matched[columns[known.iou > 0.5]] = True
    broken = merging.copy()
    broken[columns[inside & split[rows]]] = True
    judged = known.prediction_ignored <= known.prediction_sizes
    verdicts = np.select([found, merged, split], [FOUND, MERGED, SPLIT], MISSED).tolist()
    return Seen(
        sample, labels, known, iou, verdicts, judged & ~matched & ~broken, broken & ~matched
    )


def _headline(model: Model, seen: Sequence[Seen], validated: bool) -> Html:
    known = model.description.training
    parts = []
    if "steps" in known:
        parts.append([element("strong", f"{known['steps']:,}"), " steps"])
    if "seconds" in known:
        parts.append([element("strong", readable(known["seconds"]))])
    if isinstance(known.get("best_score"), float):
        parts.append(["validation score ", element("strong", f"{known['best_score']:.3f}")])
    objects = sum(len(item.verdicts) for item in seen)
    found = sum(item.count(FOUND) for item in seen)
    which = "validation" if validated else "training"
    parts.append(
        [element("strong", f"{found:,} of {objects:,}"), f" objects found in {which} images"]
    )
    line = [piece for part in parts for piece in (" · ", *part)][1:]
    return element("p", *line, class_="facts")


def _images(seen: Sequence[Seen], validation: int) -> Html:
    few = _evenly(seen, _PICTURES)
    if validation:
        which = f"{len(few)} of {validation}" if len(few) < validation else "All"
        said = element("p", f"{which} validation images, which the network did not learn from.")
    else:
        said = element(
            "p",
            element("strong", "These images were learnt from. "),
            "There were no validation images, so nothing here tells how well the model does on "
            "images that it has not seen; hold some out with --val to know.",
            class_="notice",
        )
    side = min(_SIDE, int((_PIXELS / max(2 * len(few), 1)) ** 0.5))
    key = _legend(
        (_RIGHT, "found"),
        (_BROKEN, "merged with another, or split"),
        (_WRONG, "missed (in the truth), false (in the prediction)"),
    )
    return section("Truth and prediction", said, key, grid((_pair(s, side) for s in few), 640))


def _pair(seen: Seen, side: int) -> Html:
    sample, known = seen.sample, seen.table
    plane = sample.shape[0] // 2 if sample.ndim == 3 else None
    image = _image_of(sample, plane)
    shape = _fitting(image.shape[:2], side)
    image = _resized(image, shape)
    truth = resample_labels(_plane(sample.known, plane), shape)
    labels = resample_labels(_plane(seen.labels, plane), shape)
    true = [_COLOURS[verdict] for verdict in seen.verdicts]
    predicted = np.full((len(known.prediction_ids), 3), _RIGHT)
    predicted[seen.broken], predicted[seen.false] = _BROKEN, _WRONG
    # Where nothing is annotated, nobody can judge a prediction.
    unjudged = known.prediction_ignored > known.prediction_sizes
    unjudged[known.prediction_index[known.iou > 0.5]] = False
    predicted[unjudged] = 160
    sizes = np.unique(truth[truth > 0], return_counts=True)[1]
    width = 1 if len(sizes) and np.median(sizes) < 400 else 2
    name = sample.name
    pictures = [
        element("div", element("div", head, class_="over"), picture(pixels, f"{name}, {head}"))
        for head, pixels in (
            ("truth", _drawn(image, truth, known.truth_ids, true, width)),
            ("prediction", _drawn(image, labels, known.prediction_ids, predicted, width)),
        )
    ]
    where = "" if plane is None else f" Plane {plane + 1} of {sample.shape[0]}; all are counted."
    if sample.annotated is not None and not sample.annotated.all():
        where += " Dark: not annotated, and not counted."
    return figure(
        element("div", *pictures, class_="pair"),
        element("strong", name),
        f": {_counts(seen)}.{where}",
    )


def _counts(seen: Seen) -> str:
    always = {FOUND, MISSED, FALSE}
    numbers = [(seen.count(verdict), verdict) for verdict in _COLOURS]
    return ", ".join(f"{count} {name}" for count, name in numbers if count or name in always)


def _curves(run: Sequence[Step], known: dict) -> Html:
    heading = "How it was learnt"
    run = [step for step in run if isfinite(step.loss)]
    if not run:
        return section(heading, element("p", "There is no log of the steps."))
    number = np.array([step.number for step in run], float)
    loss = np.array([step.loss for step in run])
    smooth = _smoothed(loss)
    top = max(float(np.quantile(loss, 0.98)), float(smooth.max()))
    drawn = [
        figure(
            curve(
                "Loss of each step",
                "step",
                [Line(*_extremes(number, loss), "pale"), Line(*_thinned(number, smooth))],
                top,
            ),
            element("strong", "Loss. "),
            "Pale: each step. Strong: smoothed.",
        )
    ]
    scores = [(s.number, s.validation) for s in run if s.validation is not None]
    scores = [(at, score) for at, score in scores if isfinite(score)]
    if scores:
        at, score = np.array(scores, float).T
        best, highest = known.get("best_step"), known.get("best_score")
        mark, said = None, ""
        if best is not None and highest is not None:
            mark = float(best), float(highest), f"best {highest:.3f}"
            said = f" The model is that of step {best}."
        drawn.append(
            figure(
                curve("Validation score", "step", [Line(at, score, "dots")], mark=mark),
                element("strong", "Validation score. "),
                f"Panoptic quality at IoU 0.5, 1 is perfect.{said}",
            )
        )
    rate = np.array([step.learning_rate for step in run])
    drawn.append(
        figure(
            curve("Learning rate", "step", [Line(*_thinned(number, rate))]),
            element("strong", "Learning rate."),
        )
    )
    return section(heading, grid(drawn, 320))


def _worst(seen: Sequence[Seen]) -> Html:
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
    key = _legend(
        (_TRUTH, "truth"), (_PREDICTION, "prediction (dashed)"), ((235, 235, 235), "other objects")
    )
    return section("The worst objects", said, key, grid(crops, 190, least=2))


def _crop(seen: Seen, place: int) -> Html:
    sample, one = seen.sample, seen.table.truth_ids[place]
    truth, plane = sample.known, None
    if sample.ndim == 3:
        plane = int(np.argmax((truth == one).sum((1, 2))))
    truth, labels = _plane(truth, plane), _plane(seen.labels, plane)
    image = _image_of(sample, plane)
    spots = np.argwhere(truth == one)
    centre, extent = (spots.min(0) + spots.max(0) + 1) // 2, np.ptp(spots, axis=0).max() + 1
    reach = int(0.8 * extent) + 8
    window = tuple(
        slice(int(max(0, min(c - reach, size - 2 * reach))), int(max(c + reach, 2 * reach)))
        for c, size in zip(centre, truth.shape, strict=True)
    )
    shape = _fitting(truth[window].shape, 240)
    image = _resized(image[window], shape)
    truth, labels = (
        resample_labels(np.ascontiguousarray(a[window]), shape) for a in (truth, labels)
    )
    image[outlines(np.where(truth == one, 0, truth))] = 235
    image[_thick(np.where(truth == one, truth, 0), 2)] = _TRUTH
    dashes = np.add.outer(np.arange(shape[0]), np.arange(shape[1])) // 5 % 2 == 0
    # Of the predictions those that share a pixel with the object; the others have their own.
    touching = seen.table.prediction_ids[
        seen.table.prediction_index[seen.table.truth_index == place]
    ]
    image[_thick(np.where(np.isin(labels, touching), labels, 0), 2) & dashes] = _PREDICTION
    at = ([] if plane is None else [("z", plane)]) + list(zip("yx", centre.tolist(), strict=True))
    where = ", ".join(f"{axis} {value}" for axis, value in at)
    size, iou = int(seen.table.truth_sizes[place]), seen.iou[place]
    return figure(
        picture(image, f"object {one} of {sample.name} at {where}"),
        element("strong", f"IoU {iou:.2f}, {seen.verdicts[place]}"),
        element("br"),
        f"{sample.name}, object {one}",
        element("br"),
        f"{where}; {size:,} {_unit(sample)}",
    )


def _by_size(seen: Sequence[Seen]) -> Html:
    heading = "Right and wrong, by size"
    rows = confusion(seen)
    if not rows:
        return section(heading, element("p", "There is no object in these images."))
    said = element(
        "p",
        "The true objects in four groups of about the same number, from small to large. Each is "
        "found (a prediction overlaps it with an IoU above 0.5), merged (a prediction covers most "
        "of it and of another), split (several predictions lie in it), or else missed. False "
        "objects, which are none in truth, are in the row of their own size.",
    )
    head = (
        f"Size in {_unit(seen[0].sample)}",
        "Objects",
        "Found",
        "Merged",
        "Split",
        "Missed",
        "Mean IoU",
        "False",
    )
    note = element("p", f"Counted in {len(seen)} {_image(len(seen))}.", class_="over")
    return section(heading, said, table(head, rows, total=True), note)


def confusion(seen: Sequence[Seen]) -> list[tuple[str, ...]]:
    """Return the table of true objects by size, as it is printed.

    Returns
    -------
    list of tuple of str
        For each quartile of size that holds an object, and for all: size, objects, found, merged,
        split, missed, mean IoU, false. Empty if there is no true object.
    """
    sizes = np.concatenate([np.zeros(0, int), *(item.table.truth_sizes for item in seen)])
    if not len(sizes):
        return []
    iou = np.concatenate([item.iou for item in seen])
    verdicts = np.array([verdict for item in seen for verdict in item.verdicts])
    false = np.concatenate([item.table.prediction_sizes[item.false] for item in seen])
    edges = np.quantile(sizes, (0.25, 0.5, 0.75), method="higher")
    groups, false_groups = (np.searchsorted(edges, values) for values in (sizes, false))

    def row(name: str, those: np.ndarray, wrong: np.ndarray) -> tuple[str, ...]:
        counts = [int((verdicts[those] == kind).sum()) for kind in (FOUND, MERGED, SPLIT, MISSED)]
        mean = f"{iou[those].mean():.2f}" if those.any() else "–"
        return (name, *(f"{n:,}" for n in (those.sum(), *counts)), mean, f"{wrong.sum():,}")

    names = [
        f"up to {edges[0]:,}",
        *(f"{low + 1:,} to {high:,}" for low, high in pairwise(edges)),
        f"above {edges[2]:,}",
    ]
    rows = [
        row(name, groups == number, false_groups == number)
        for number, name in enumerate(names)
        if (groups == number).any() or (false_groups == number).any()
    ]
    return [*rows, row("all", np.ones(len(sizes), bool), np.ones(len(false), bool))]


def _tiles(samples: Sequence[Sample], plan: Plan, seed: int) -> Html:
    heading = "What the network was shown"
    taught = [s for s in samples if s.annotated is None or s.annotated.any()]
    # A few images are enough to look at; those of a large set would take minutes once more.
    few = _evenly(taught, _TILES)
    prepared = prepare_all(few, plan.data, plan.targets) if few else []
    prepared = [item for item in prepared if item.weights.any()]
    if not prepared:
        return section(heading, element("p", "No pixel of these images is annotated."))
    depth = plan.network.depth
    shapes = [rescaled_shape(sample.shape, plan.data.scale or 1.0) for sample in samples]
    input_size = min(
        geometry.nearest_legal(plan.training.tile, depth)[1],
        geometry.input_size(max(map(max, shapes)), depth),
    )
    size = geometry.output_size(input_size, depth)
    rngs = [np.random.default_rng([seed, place]) for place in range(_DRAWN)]
    batches = [
        draw_batch([prepared[place % len(prepared)]], plan.augment, input_size, size, [rng])
        for place, rng in enumerate(rngs)
    ]
    middle = size // 2 if samples[0].ndim == 3 else None
    batches.sort(key=lambda batch: not _plane(batch.classes, middle).any())
    batches = batches[:_TILES]
    highest = max(float(batch.weights.max()) for batch in batches)
    margin = (input_size - size) // 2
    said = element(
        "p",
        f"Tiles as drawn in training, those with objects first: moved, turned, deformed and varied "
        f"in brightness, {size} px wide at the working resolution. The network also sees the "
        f"{margin} px around each. Below each, how much every pixel weighs in the loss."
        + (
            " Here cells and background are balanced over these images."
            if len(taught) > _TILES
            else ""
        )
        + ("" if middle is None else " Of each its middle plane is shown."),
    )
    key = [(_RIGHT, "cell")] + ([(_BROKEN, "border between cells")] if plan.targets.border else [])
    bar = np.repeat(heat(np.linspace(0, 1, 256)[np.newaxis], 1.0), 10, axis=0)
    alt = "colours of the weights, from black for 0 to pale yellow"
    scale = element("div", "weight 0", picture(bar, alt), f"{highest:.3g}", class_="scale")
    return section(
        heading, said, _legend(*key), grid(_tile_figures(batches, highest), 220, least=2), scale
    )


def _tile_figures(batches: Sequence[Batch], highest: float) -> list[Html]:
    classes = np.concatenate([batch.classes for batch in batches])
    weights = np.concatenate([batch.weights for batch in batches])
    images = np.concatenate([batch.images for batch in batches])
    size = classes.shape[-1]
    inner = slice((images.shape[-1] - size) // 2, (images.shape[-1] + size) // 2)
    images = images[(..., *[inner] * (classes.ndim - 1))]
    plane = size // 2 if classes.ndim == 4 else None
    # One contrast for all, so that an empty tile is dark and an altered brightness is seen.
    shown = grey(np.concatenate(list(_plane(images, plane)), axis=-1))
    figures = []
    for place, batch in enumerate(batches):
        shape = _fitting(classes.shape[-2:], 320)
        pixels = _resized(shown[:, place * size : (place + 1) * size], shape)
        labels = resample_labels(_plane(classes[place], plane).astype(np.int32), shape)
        pixels[labels == 2] = pixels[labels == 2] // 2 + np.array(_BROKEN, np.uint8) // 2
        pixels[_thick(np.where(labels == 1, 1, 0), 2)] = _RIGHT
        weight = heat(resample(_plane(weights[place], plane), shape), highest)
        name = batch.names[0]
        pair = picture(pixels, f"a tile of {name}"), picture(weight, f"its weights, of {name}")
        figures.append(figure(element("div", *pair, class_="stack"), name))
    return figures


def _data(samples: Sequence[Sample], validation: Sequence[Sample]) -> Html:
    sides = [(s, "training") for s in samples] + [(s, "validation") for s in validation]
    rows = []
    for sample, side in sides[:_ROWS]:
        known = describe(sample)
        width = known["median_diameter"]
        size = " × ".join(map(str, known["shape"]))
        channels = known["channels"]
        rows.append(
            (
                known["name"],
                side,
                size if channels == 1 else f"{size}, {channels} channels",
                known["dtype"],
                f"{known['objects']:,}",
                "–" if width is None else f"{width:.1f} px",
                f"{known['touching_pairs']:,}",
                f"{known['annotated']:.0%}",
            )
        )
    head = ("Image", "For", "Size in px", "Type")
    head += ("Objects", "Median width", "Touching pairs", "Annotated")
    held = len(validation) or "none"
    count = f"{len(samples)} {_image(len(samples))} to learn from, {held} to validate with."
    more = len(sides) - len(rows)
    rest = [element("p", f"and {more:,} more", class_="over")] if more else []
    return section("The data", element("p", count), table(head, rows, texts=4), *rest)


def _making(model: Model) -> Html:
    known, plan = model.description.training, model.description.plan
    number, seconds, waited = (known.get(name) for name in ("steps", "seconds", "waited"))
    rows: list[tuple[str, object]] = []
    if "command" in known:
        rows.append(("Command", element("code", known["command"])))
    rows += [
        (name, known[key]) for name, key in (("Begun", "begun"), ("Seed", "seed")) if key in known
    ]
    if seconds is not None:
        rows.append(("Time", f"{readable(seconds)} for {number:,} steps"))
    if seconds and number:
        rows.append(("Time per step", f"{seconds / number:.3g} s"))
    if waited is not None:
        rows.append(("Waited for data", f"{waited:.1%} of the time"))
    versions = {"septum": __version__, "torch": torch.__version__, "numpy": np.__version__}
    versions |= {"Python": platform.python_version()}
    rows.append(("Versions", ", ".join(f"{name} {version}" for name, version in versions.items())))
    rows.append(("Platform", platform.platform()))
    if "data" in known:
        rows.append(("Data, SHA-256", element("code", known["data"])))
    every = element(
        "details",
        element("summary", "Every choice (plan.toml)"),
        element("pre", to_toml(plan)),
    )
    return section("How it was made", facts(rows), every)


def _legend(*entries: tuple[tuple[int, ...], str]) -> Html:
    items = []
    for colour, name in entries:
        style = f"background: rgb({', '.join(map(str, colour))})"
        items.append(element("span", element("span", class_="swatch", style=style), name))
    return element("p", *items, class_="legend")


def _drawn(
    image: np.ndarray,
    labels: np.ndarray,
    ids: np.ndarray,
    colours: Sequence | np.ndarray,
    width: int,
) -> np.ndarray:
    """Return an RGB image with each object outlined in the colour of its id."""
    result = image.copy()
    if len(ids):
        known = _thick(labels, width) & np.isin(labels, ids)
        result[known] = np.asarray(colours, np.uint8)[np.searchsorted(ids, labels[known])]
    return result


def _thick(labels: np.ndarray, width: int) -> np.ndarray:
    """Return the outlines of objects, `width` px wide and inside them."""
    edges = np.zeros(labels.shape, bool)
    for _ in range(width):
        edges |= outlines(np.where(edges, 0, labels))
    return edges


def _image_of(sample: Sample, plane: int | None) -> np.ndarray:
    """Return an image, or a plane of it, as RGB, dark where nobody annotated."""
    image = grey(_plane(sample.image, plane))
    if sample.annotated is None:
        return image
    return np.where(_plane(sample.annotated, plane)[..., np.newaxis], image, image // 3)


def _plane(array: np.ndarray, plane: int | None) -> np.ndarray:
    return array if plane is None else array[..., plane, :, :]


def _fitting(shape: Sequence[int], side: int) -> tuple[int, ...]:
    """Return the shape at which the longest side is `side`, but by whole factors if enlarged."""
    factor = side / max(shape)
    factor = factor if factor < 1 else float(int(factor))
    return tuple(max(1, round(size * factor)) for size in shape)


def _resized(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.rint(np.moveaxis(resample(np.moveaxis(image, -1, 0), shape), 0, -1)).astype(np.uint8)


def _smoothed(values: np.ndarray) -> np.ndarray:
    """Return a moving average over the last thirtieth of the values or so."""
    keep = 1 - 1 / max(len(values) / 30, 1)
    result, mean, weight = np.empty(len(values)), 0.0, 0.0
    for place, value in enumerate(values):
        mean, weight = keep * mean + (1 - keep) * value, keep * weight + 1 - keep
        result[place] = mean / weight
    return result


def _extremes(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return at most a thousand points that reach as high and as low as all of them."""
    if len(x) <= 1000:
        return x, y
    parts = np.array_split(np.arange(len(x)), 500)
    chosen = [
        place
        for part in parts
        for place in sorted((part[y[part].argmin()], part[y[part].argmax()]))
    ]
    return x[chosen], y[chosen]


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), 500)).round().astype(int))
    return x[chosen], y[chosen]


def _evenly(items: Sequence, number: int) -> list:
    """Return `number` items, evenly spaced, or all where there are no more."""
    chosen = np.linspace(0, len(items) - 1, min(len(items), number)).round().astype(int)
    return [items[place] for place in chosen]


def _image(count: int) -> str:
    return "image" if count == 1 else "images"


def _unit(sample: Sample) -> str:
    return "voxels" if sample.ndim == 3 else "px"
