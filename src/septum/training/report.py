"""``report.html``: what a training learnt from, how it went and what it finds, for the eye."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from septum.atomic import write_text
from septum.classes import Classes
from septum.counted import counted
from septum.data.sample import Sample
from septum.duration import readable
from septum.evenly import evenly
from septum.model import Model
from septum.report.html import Html, element, figure, grid, page, picture, section
from septum.report.planes import (
    AMBER,
    PINK,
    TEAL,
    drawn,
    fitting,
    legend,
    plane_of,
    resized,
    shown,
    telling_plane,
)
from septum.resample import resample_labels
from septum.training.by_size import by_size
from septum.training.class_pages import (
    SeenClasses,
    class_pictures,
    class_scores,
    see_classes,
    worst_images,
)
from septum.training.curves import curves_of
from septum.training.dice import mean_dice, pooled
from septum.training.found import Found, found_classes, found_objects
from septum.training.log import steps
from septum.training.making import data_of, making_of
from septum.training.shown import tiles_of
from septum.training.verdicts import FALSE, FOUND, MERGED, MISSED, SPLIT, Seen, judge_pieces, see
from septum.training.worst import worst_objects

_PICTURES, _SCORED = 6, 24
_SIDE, _PIXELS = 700, 2_200_000
"""Of a picture and, so that the page stays small, of all images together."""
_RIGHT, _BROKEN, _WRONG = TEAL, AMBER, PINK
_COLOURS = {FOUND: _RIGHT, MERGED: _BROKEN, SPLIT: _BROKEN, MISSED: _WRONG, FALSE: _WRONG}


def write_report(
    path: Path,
    model: Model,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    log: Path,
    seed: int,
    warnings: Sequence[str] = (),
) -> Found:
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
    warnings : sequence of str
        What was called out during the training.

    Returns
    -------
    Found
        What is to be told besides.

    Raises
    ------
    SeptumError
        If it cannot be written.
    """
    few = evenly(validation, _SCORED) if validation else evenly(samples, _PICTURES)
    among = len(validation or samples)
    run = list(steps(log)) if log.is_file() else []
    title = path.resolve().parent.name
    curves = curves_of(run, model.description)
    named, which = model.description.named, _which(validation)
    if named is None:
        seen = [see(model, sample) for sample in few]
        found = found_objects(seen, which, model.description, among)
        headline, *sections = _of_cells(model, seen, validation, curves)
    else:
        classes = [see_classes(model, sample, named) for sample in few]
        found = found_classes(classes, which, model.description, named, among)
        headline, *sections = _of_classes(model, named, classes, validation, curves)
    content = (
        headline,
        *(element("p", note, class_="notice") for note in (*warnings, *found.warnings)),
        *sections,
        tiles_of(samples, model.description.plan, seed),
        data_of(samples, validation),
        making_of(model),
    )
    write_text(path, page(title, *content))
    return found


def _which(validation: Sequence[Sample]) -> str:
    return "validation" if validation else "training"


def _of_cells(
    model: Model, seen: Sequence[Seen], validation: Sequence[Sample], curves: Html
) -> tuple[Html, ...]:
    objects = sum(len(item.verdicts) for item in seen)
    found = sum(item.count(FOUND) for item in seen)
    said = [
        element("strong", f"{found:,} of {objects:,}"),
        f" objects found in {_which(validation)} images",
    ]
    return (
        _headline(model, said),
        _images(seen, len(validation)),
        curves,
        worst_objects(seen),
        by_size(seen),
    )


def _of_classes(
    model: Model,
    named: Classes,
    seen: Sequence[SeenClasses],
    validation: Sequence[Sample],
    curves: Html,
) -> tuple[Html, ...]:
    score = mean_dice(pooled(item.regions for item in seen))
    said = [
        element("strong", f"{score:.3f}"),
        f" {model.description.measure} of {_which(validation)} images",
    ]
    drawn = evenly(seen, _PICTURES)
    about = _about(len(drawn), len(validation))
    return (
        _headline(model, said),
        class_pictures(drawn, named, about, _side(len(drawn))),
        class_scores(seen, named),
        curves,
        *_of_pieces(seen, named),
    )


def _of_pieces(seen: Sequence[SeenClasses], named: Classes) -> tuple[Html, ...]:
    # Strokes are no pieces: how large one is says nothing.
    outlined = [item for item in seen if item.sample.kind != "scribbles"]
    if not outlined:
        return (worst_images(seen, named),)
    pieces = [one for item in outlined for one in judge_pieces(item.sample, item.classes, named)]
    return worst_objects(pieces), by_size(pieces)


def _headline(model: Model, found: list[str | Html]) -> Html:
    known = model.description.training
    parts = []
    if "steps" in known:
        parts.append([element("strong", f"{known['steps']:,}"), " steps"])
    if "seconds" in known:
        parts.append([element("strong", readable(known["seconds"]))])
    if isinstance(known.get("best_score"), float) and model.description.named is None:
        parts.append(["validation score ", element("strong", f"{known['best_score']:.3f}")])
    parts.append(found)
    line = [piece for part in parts for piece in (" · ", *part)][1:]
    return element("p", *line, class_="facts")


def _images(seen: Sequence[Seen], validation: int) -> Html:
    few = evenly(seen, _PICTURES)
    side = _side(len(few))
    key = legend(
        (_RIGHT, "found"),
        (_BROKEN, "merged with another, or split"),
        (_WRONG, "missed (in the truth), false (in the prediction)"),
    )
    said = _about(len(few), validation)
    return section("Truth and prediction", said, key, grid((_pair(s, side) for s in few), 640))


def _about(few: int, validation: int) -> Html:
    """Say what the images are that truth and prediction are shown of."""
    if validation:
        which = counted(few, "validation image", of=validation)
        if few == validation:
            which = "The validation image" if few == 1 else "All validation images"
        return element("p", f"{which}, which the network did not learn from.")
    return element(
        "p",
        element("strong", "These images were learnt from. "),
        "There were no validation images, so nothing here tells how well the model does on images "
        "that it has not seen; hold some out with --val to know.",
        class_="notice",
    )


def _side(images: int) -> int:
    """Return the longest side of a picture: two an image, and all together not too much."""
    return min(_SIDE, int((_PIXELS / max(2 * images, 1)) ** 0.5))


def _pair(seen: Seen, side: int) -> Html:
    sample, known = seen.sample, seen.table
    plane = telling_plane(sample.known)
    image = shown(sample.image, sample.annotated, plane)
    shape = fitting(image.shape[:2], side)
    image = resized(image, shape)
    truth = resample_labels(plane_of(sample.known, plane), shape)
    labels = resample_labels(plane_of(seen.labels, plane), shape)
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
            ("truth", drawn(image, truth, known.truth_ids, true, width)),
            ("prediction", drawn(image, labels, known.prediction_ids, predicted, width)),
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
