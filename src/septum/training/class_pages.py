"""What a model of named classes finds, for its report: pictures, and how well each is found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from septum.classes import Classes
from septum.counted import counted
from septum.data.sample import Sample
from septum.metrics import Region
from septum.model import Model
from septum.rank import ELEMENT
from septum.report.html import Html, element, figure, grid, picture, section, table
from septum.report.picture import class_colours, outlined_classes
from septum.report.planes import fitting, legend, plane_of, resized, shown, telling_plane
from septum.resample import resample_labels
from septum.training.dice import mean_dice, pooled, regions_of

_WORST, _WORST_SIDE = 10, 300

_RARE = 0.05
"""A share of what is annotated below which the likely cause is that there is so little of it."""


@dataclass(frozen=True, eq=False)
class SeenClasses:
    """An image with the classes that a model finds in it, and the pixels counted for each."""

    sample: Sample
    classes: np.ndarray
    regions: list[Region]


def see_classes(model: Model, sample: Sample, named: Classes) -> SeenClasses:
    """Let the model tell apart an image that is annotated, and count what is right."""
    classes = model.predict(sample.image).labels
    return SeenClasses(sample, classes, regions_of(sample, classes, named))


def class_pictures(seen: Sequence[SeenClasses], named: Classes, about: Html, side: int) -> Html:
    """Return the section with truth and prediction of each image, classes in their colours.

    Parameters
    ----------
    seen : sequence of SeenClasses
        Those to show.
    named : Classes
        Of the model.
    about : Html
        What these images are.
    side : int
        The longest of each picture, px.
    """
    colours = class_colours(len(named.names))
    entries = [(tuple(colour), name) for colour, name in zip(colours, named.names, strict=True)]
    figures = [_pair(item, named, side) for item in seen]
    return section("Truth and prediction", about, legend(*entries), grid(figures, 640))


def _pair(seen: SeenClasses, named: Classes, side: int) -> Html:
    sample = seen.sample
    plane = telling_plane(sample.known)
    image = shown(sample.image, sample.annotated, plane)
    shape = fitting(image.shape[:2], side)
    image = resized(image, shape)
    pictures = []
    for head, classes in (("truth", sample.known), ("prediction", seen.classes)):
        here = resample_labels(plane_of(classes, plane), shape)
        pixels = outlined_classes(image, here, named)
        title = element("div", head, class_="over")
        pictures.append(element("div", title, picture(pixels, f"{sample.name}, {head}")))
    where = "" if plane is None else f" Plane {plane + 1} of {sample.shape[0]}; all are counted."
    if sample.annotated is not None and not sample.annotated.all():
        where += " Dark: not annotated, and not counted."
    found = ", ".join(
        f"{name} {_share(one.dice)}" for name, one in zip(named.names, seen.regions, strict=True)
    )
    return figure(
        element("div", *pictures, class_="pair"),
        element("strong", sample.name),
        f": Dice of {found}.{where}",
    )


def worst_images(seen: Sequence[SeenClasses], named: Classes) -> Html:
    """Return the section with the images of the lowest mean Dice, the worst first."""
    known = [item for item in seen if any(one.tp + one.fn for one in item.regions)]
    worst = sorted(known, key=lambda item: mean_dice(item.regions))[:_WORST]
    said = "The images with the lowest mean Dice of the strokes in them, the worst first."
    figures = [_pair(item, named, _WORST_SIDE) for item in worst]
    return section("The worst images", element("p", said), grid(figures, 400))


def class_scores(seen: Sequence[SeenClasses], named: Classes) -> Html:
    """Return the section with a row for each class: how much of it there is, and how well found."""
    pixels = _annotated(seen)
    rows = []
    for name, found in zip(named.names, pooled(item.regions for item in seen), strict=True):
        shares = ((found.tp + found.fn) / pixels, (found.tp + found.fp) / pixels)
        scores = (found.dice, found.iou, found.precision, found.sensitivity)
        rows.append((name, *(f"{share:.2%}" for share in shares), *map(_share, scores)))
    said = element(
        "p",
        "Of all pixels that are annotated: how many are of each class, in truth and as found, and "
        "how the two agree. Dice and IoU are 1 where they are the same, precision is the share of "
        "what was found that is right, sensitivity the share of the truth that was found.",
    )
    head = ("Class", "Truth", "Found", "Dice", "IoU", "Precision", "Sensitivity")
    note = element("p", f"Counted in {counted(len(seen), 'image')}.", class_="over")
    return section("How well each class is found", said, table(head, rows), note)


def never_found(
    seen: Sequence[SeenClasses], named: Classes, which: str, balance: float | None
) -> list[str]:
    """Say of which classes nothing is found where they are, and what the cause may be.

    Parameters
    ----------
    seen : sequence of SeenClasses
        The images that the model was tried on.
    named : Classes
        Of the model.
    which : {"validation", "training"}
        What these images are.
    balance : float or None
        How far rare classes were lifted; see `septum.targets.class_balance`.

    Returns
    -------
    list of str
        A sentence for each class that is in the truth and of which no pixel is found.
    """
    unit, notes = f"{ELEMENT[seen[0].sample.ndim]}s", []
    heavier = ", or more weight in a new one, with --set targets.balance=1" * (balance != 1)
    for name, found in zip(named.names, pooled(item.regions for item in seen), strict=True):
        if found.tp or not found.fn:
            continue
        share = found.fn / _annotated(seen)
        needs = "a rare class needs" if share < _RARE else "it may need"
        notes.append(
            f"not one of the {found.fn:,} {unit} of the class {name!r} on the {which} images is "
            f"found; it is {share:.2%} of what is annotated: {needs} a longer training "
            f"(--extend){heavier}"
        )
    return notes


def _annotated(seen: Sequence[SeenClasses]) -> int:
    """Return how many pixels are annotated; at least 1, where no share is of anything."""
    areas = (item.sample.annotated for item in seen)
    sizes = (item.classes.size for item in seen)
    return max(
        1,
        sum(
            size if area is None else int(np.count_nonzero(area))
            for area, size in zip(areas, sizes, strict=True)
        ),
    )


def _share(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "–"
