"""What the values of a label file mean: instances, and where somebody vouches for them."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from septum.classes import Classes
from septum.data.class_labels import Numbered, class_mask, class_numbers
from septum.data.labels import (
    instances_from,
    is_mask,
    pieces,
    refuse_smoothed,
    whole_numbers,
    without_gaps,
)
from septum.data.layouts.reading import Reading
from septum.errors import DataError

_TOP = 255
"""The largest 8-bit number: usual for the foreground of a mask, and for "not annotated"."""

_LOSSY = (".jpg", ".jpeg")

_VAST, _MUCH = 4, 0.1
"""An object of the id 255 is none if it is so many times as large as any other, and so much of the
image."""


@dataclass(frozen=True, eq=False)
class Plane:
    """One annotated image: `labels` int32, `annotated` bool or None for everywhere, `notes`."""

    labels: np.ndarray
    annotated: np.ndarray | None
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Annotation:
    """A label file as it was understood.

    Attributes
    ----------
    planes : tuple of Plane
        In order.
    kind : {"instances", "mask", "classes", "scribbles"}
        What the values were.
    open : bool
        Whether the file might as well be of the other of the first two kinds, with the same
        result: a single object of one piece.
    ignored : int or None
        The value that was taken as not annotated.
    top_is_id : bool
        Whether 255, which other files may use for "not annotated", was taken as an id here.
    named : Classes or None
        The classes that the labels are of, if they are no instances.
    """

    planes: tuple[Plane, ...]
    kind: str
    open: bool = False
    ignored: int | None = None
    top_is_id: bool = False
    named: Classes | None = None


def understand(
    values: np.ndarray,
    where: str,
    reading: Reading,
    kind: str | None = None,
    foreground: Collection[int] | None = None,
    named: Classes | None = None,
) -> Annotation:
    """Return the instances or classes in label values, and where they mean something.

    Parameters
    ----------
    values : numpy.ndarray, shape (N, *spatial)
        Label images of one file, of whole numbers.
    where : str
        The file, for messages.
    reading : Reading
        The user's wishes.
    kind : {"instances", "mask", "classes", "scribbles"}, optional
        What the layout knows of the values. Of scribbles, 0 is unknown, 1 background, and each
        larger value an object or, if there is only one, a class. By default found out.
    foreground : collection of int, optional
        The values that are objects; all others are background. By default all but 0.
    named : Classes, optional
        The classes that the values are of, unless the user names others.

    Raises
    ------
    DataError
        For values that are no labels, naming what would do.
    """
    classes = reading.classes or named
    if classes is not None:
        return _classes(values, where, classes, reading, kind == "scribbles")
    said = _of_floats(values)
    values = whole_numbers(values, where, signed=True)
    if kind == "scribbles":
        return _scribbles(values, where, reading, said)
    value, why = _ignored(values, where, reading.ignore)
    unknown = None if value is None else values == value
    if unknown is not None and unknown.any():
        values = np.where(unknown, 0, values)
    else:
        unknown = None
    whole_numbers(values, where)
    if foreground is not None:
        values = np.where(np.isin(values, list(foreground)), values, 0)
    top_is_id = values.dtype == np.uint8 and values.max() == _TOP and not is_mask(values)
    found = kind or ("mask" if is_mask(values) else "instances")
    if reading.binary_instances is False:
        found = "instances"
    elif reading.binary_instances and found == "instances":
        found = "mask"
    parts = [_instances(plane, where, found) for plane in values]
    if found == "instances" and where.lower().endswith(_LOSSY):
        raise DataError(
            f"{where}: {np.unique(values).size} values in a JPEG, which stores pixels only nearly "
            "as they were, so that ids are not those of the objects any more. Save the label image "
            "as PNG or TIFF where it was drawn"
        )
    either = kind is None and found == "mask" and _one_object(values, parts)
    if top_is_id and found == "instances" and reading.ignore is None:
        if foreground is None:
            _refuse_vast(values, where)
        share = float((values == _TOP).mean())
        said += (
            f"255 is taken as the id of an object, {share:.1%} of the pixels; if it means that "
            "nobody annotated there, say so with --ignore 255",
        )
    planes = []
    for number, (labels, notes) in enumerate(parts):
        annotated = None if unknown is None else ~unknown[number]
        notes = () if either and labels.any() else notes
        if annotated is not None:
            share = 1 - float(annotated.mean())
            notes = (f"{value} is taken as not annotated, {share:.1%} of the pixels{why}", *notes)
        elif found == "instances" and reading.binary_instances is None:
            notes = (*notes, *_perhaps_classes(labels))
        planes.append(Plane(labels, annotated, (*said, *notes)))
    found = "instances" if either else found
    return Annotation(tuple(planes), found, either, value if unknown is not None else None,
                      top_is_id)  # fmt: skip


def understand_mask(
    values: np.ndarray,
    where: str,
    reading: Reading,
    kind: str | None = None,
    foreground: Collection[int] | None = None,
) -> Annotation:
    """Return where pixels are of one class that has a file of its own: labels of 0 and 1.

    Parameters and errors are those of `understand`.
    """
    found = class_mask(values, where, reading.ignore, foreground, kind == "scribbles")
    return _numbered(found, _of_floats(values))


def _classes(
    values: np.ndarray, where: str, classes: Classes, reading: Reading, strokes: bool
) -> Annotation:
    if classes.of_files:
        raise DataError(
            f"{where}: a single label image, where each of the classes {', '.join(classes.names)} "
            "has a mask in a folder or file of its own; give the folder of the dataset, or name "
            "the values in this image, as nucleus=1,membrane=2"
        )
    found = class_numbers(values, where, classes, reading.ignore, strokes)
    return replace(_numbered(found, _of_floats(values)), named=classes)


def _numbered(found: Numbered, said: tuple[str, ...]) -> Annotation:
    planes = []
    for number, labels in enumerate(found.numbers):
        notes, annotated = said, None
        if found.unknown is not None:
            annotated = ~found.unknown[number]
            share = f"{1 - float(annotated.mean()):.1%} of the pixels{''.join(found.notes)}"
            notes = (*said, f"{found.ignored} is taken as not annotated, {share}")
        planes.append(Plane(labels, annotated, notes))
    return Annotation(tuple(planes), "classes", ignored=found.ignored)


def _of_floats(values: np.ndarray) -> tuple[str, ...]:
    if values.dtype.kind != "f":
        return ()
    return (f"labels stored as {values.dtype} are whole numbers: taken as integers",)


def _instances(values: np.ndarray, where: str, kind: str) -> tuple[np.ndarray, tuple[str, ...]]:
    if kind != "instances":
        return instances_from(values, where, True)
    ids, notes = without_gaps(values)
    if notes:
        refuse_smoothed(values, where)  # before they are mapped: it names the values as stored
    labels, more = instances_from(ids, where, False)
    return labels, (*notes, *more)


def _one_object(values: np.ndarray, parts: list[tuple[np.ndarray, tuple[str, ...]]]) -> bool:
    """Whether a file of one value is a mask as well as it is ids: it has one object, in a piece."""
    return values.max() != _TOP and sum(int(labels.max()) for labels, _ in parts) <= 1


def _ignored(values: np.ndarray, where: str, given: int | None) -> tuple[int | None, str]:
    """Return the value that means "not annotated", if there is one, and why it was taken so."""
    if given is not None:
        return given, ""
    lowest = int(values.min())
    if lowest < 0:
        _refuse_negative_background(values, where, lowest)
        return -1, ""
    ids = np.unique(values) if values.dtype == np.uint8 and values.max() == _TOP else np.zeros(0)
    others = ids[(ids > 0) & (ids < _TOP)]
    if 0 < others.size == others.max(initial=0) < _TOP - 1:
        ids_are = "1" if others.size == 1 else f"1 to {others.size}"
        return _TOP, f", as the other values are {ids_are} without a gap; another: --ignore"
    return None, ""


def _refuse_vast(values: np.ndarray, where: str) -> None:
    """Refuse 255 as an id where it covers far more of an image than any other object does."""
    covered = [np.bincount(plane.ravel(), minlength=_TOP + 1) for plane in values]
    top = max(int(pixels[_TOP]) for pixels in covered)
    widest = max(int(pixels[1:_TOP].max()) for pixels in covered)
    if top > _VAST * widest and top > _MUCH * covered[0].sum():
        raise DataError(
            f"{where}: 255 covers {top} pixels of an image, {top / covered[0].sum():.0%} of it, "
            f"and the largest other object {widest}; give --ignore 255 if nobody annotated "
            "there, or --ignore -1 if it is an object; if the values are classes, --classes names "
            "them"
        )


def _refuse_negative_background(values: np.ndarray, where: str, lowest: int) -> None:
    """Refuse negative values unless all are −1 and something larger than they is known to be 0.

    Where background is −1 and the first cell 0, nothing would be left to learn from.
    """
    unknown, known = int((values == lowest).sum()), int((values == 0).sum())
    if lowest == -1 and known >= unknown:
        return
    raise DataError(
        f"{where}: negative label {lowest} on {unknown / values.size:.0%} of the pixels, and 0, "
        f"which is background, on {known / values.size:.0%}; give --ignore {lowest} if nobody "
        f"annotated the former, or add {-lowest} to all if they are background"
    )


def _scribbles(
    values: np.ndarray, where: str, reading: Reading, said: tuple[str, ...]
) -> Annotation:
    unknown = values == 0
    if reading.ignore is not None:
        unknown |= values == reading.ignore
    values = whole_numbers(np.where(unknown, 0, values), where)
    if not (values == 1).any():
        raise DataError(
            f"{where}: scribbles without a stroke of background; 0 is unknown, 1 background and "
            "2, 3, … are objects: draw some background, or save objects as labels"
        )
    strokes = np.where(values > 1, values - 1, 0)
    refuse_smoothed(strokes, where)
    of_one = is_mask(strokes) or bool(reading.binary_instances)
    planes = []
    for plane, hidden in zip(strokes, unknown, strict=True):
        labels, _ = instances_from(plane, where, of_one)
        note = (
            f"scribbles: {1 - hidden.mean():.2%} of the pixels are annotated, the strokes alone; "
            f"{labels.max()} objects"
        )
        planes.append(Plane(labels, ~hidden, (*said, note)))
    return Annotation(tuple(planes), "scribbles", ignored=reading.ignore)


def _perhaps_classes(labels: np.ndarray) -> tuple[str, ...]:
    """Say so where few values lie in many pieces, as classes do and objects do not."""
    ids = int(labels.max())
    if not 1 < ids <= 20:
        return ()
    count = int(pieces(labels).max())
    if count <= 3 * ids:
        return ()
    return (
        f"the {ids} ids lie in {count} separate pieces; if they are classes and not objects, "
        "--classes names them, as --classes nucleus=1, and --binary-instances makes each piece an "
        "instance",
    )
