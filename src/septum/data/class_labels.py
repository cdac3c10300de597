"""Classes by name from label values: which number each pixel has, and which nobody annotated."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from septum.classes import Classes
from septum.counted import counted
from septum.data.labels import is_mask, refuse_smoothed, whole_numbers
from septum.errors import DataError

_TOP = 255
"""The 8-bit number that is usual for "not annotated"."""

_SHOWN = 4
"""Of more values or colours only so many are named."""


@dataclass(frozen=True, eq=False)
class Numbered:
    """Label values as classes.

    Attributes
    ----------
    numbers : numpy.ndarray, int32
        As :class:`septum.classes.Classes` says; of a mask 1 where it is set.
    unknown : numpy.ndarray of bool or None
        Where nobody annotated; None is nowhere.
    ignored : int or None
        The value that stands for this in the file.
    notes : tuple of str
        How the values were understood; one of the share of `unknown` is left to the caller.
    """

    numbers: np.ndarray
    unknown: np.ndarray | None = None
    ignored: int | None = None
    notes: tuple[str, ...] = ()


def class_numbers(
    values: np.ndarray,
    where: str,
    named: Classes,
    ignore: int | None = None,
    strokes: bool = False,
) -> Numbered:
    """Return the classes of label values.

    Parameters
    ----------
    values : numpy.ndarray, shape (N, *spatial)
        Whole numbers; of classes by colour those of :func:`colour_codes`.
    where : str
        The file, for messages.
    named : Classes
        Of values; those of files have masks, see :func:`class_mask`.
    ignore : int, optional
        The value that nobody annotated. By default −1, and 255 of 8 bits where the values of the
        classes are 1, 2, … n, with room above; unless they are named.
    strokes : bool, default False
        Whether they are scribbles: 0 is what nobody annotated then, and 1 background, unless they
        are named.

    Raises
    ------
    DataError
        For a value that is neither of a class nor background, with how many pixels have it and what
        may be done; for an `ignore` that is a class, or beside colours.
    """
    small = values.dtype == np.uint8
    values = whole_numbers(values, where, signed=True)
    meaning = _meaning(named, background=int(strokes))
    ignored, why = _ignored(meaning, named, where, ignore, small)
    if strokes and 0 not in meaning:
        values = values if ignored in (None, 0) else np.where(values == ignored, 0, values)
        ignored, why = 0, ", as it is between scribbles"
    numbers, found = _mapped(values, meaning)
    unknown = None if ignored is None else values == ignored
    lost = ~found if unknown is None else ~(found | unknown)
    if lost.any():
        raise DataError(_of_no_class(values, lost, where, named))
    if unknown is None or not unknown.any():
        return Numbered(numbers)
    return Numbered(numbers, unknown, ignored, (why,) if why else ())


def class_mask(
    values: np.ndarray,
    where: str,
    ignore: int | None = None,
    foreground: Collection[int] | None = None,
    strokes: bool = False,
) -> Numbered:
    """Return the mask of one class that has a file of its own.

    Parameters
    ----------
    values : numpy.ndarray, any shape
        Whole numbers: 0 where a pixel is not of the class.
    where : str
        The file, for messages.
    ignore : int, optional
        The value that nobody annotated; by default −1, and 255 where the mask is 0 and 1 in 8 bits.
    foreground : collection of int, optional
        The values that are of the class; by default all but 0.
    strokes : bool, default False
        Whether they are scribbles: 0 unknown, 1 not of the class, more of it.

    Raises
    ------
    DataError
        For negative values, fractions and smoothed masks.
    """
    small = values.dtype == np.uint8
    values = whole_numbers(values, where, signed=True)
    ignored, why = -1 if ignore is None else ignore, ""
    if ignore is None and small and foreground is None and not strokes:
        held = set(np.unique(values).tolist())
        if {1, _TOP} <= held <= {0, 1, _TOP}:
            ignored, why = _TOP, ", as the mask is 0 and 1; another: --ignore"
    unknown = (values == ignored) | (values == 0) if strokes else values == ignored
    values = whole_numbers(np.where(unknown, 0, values), where)
    if not is_mask(values):
        refuse_smoothed(values, where)
    mask = values > int(strokes) if foreground is None else np.isin(values, list(foreground))
    numbers = mask.astype(np.int32)
    if not unknown.any():
        return Numbered(numbers)
    return Numbered(numbers, unknown, 0 if strokes else ignored, (why,) if why else ())


def colour_codes(planes: np.ndarray, where: str, named: Classes) -> np.ndarray:
    """Return the colours of label images as numbers 0xrrggbb.

    Parameters
    ----------
    planes : numpy.ndarray, uint8, shape (N, C, *spatial)
        Red, green and blue; further ones (alpha) are not looked at. One channel will do where all
        that it holds is named as a colour, or black: an image without a class may be stored so.
    where : str
        The file, for messages.
    named : Classes
        By colour.

    Returns
    -------
    numpy.ndarray, int64, shape (N, *spatial)

    Raises
    ------
    DataError
        If the numbers are not of 8 bits, or the image is grey.
    """
    colours = planes[:, :3] if planes.shape[1] > 2 else np.repeat(planes[:, :1], 3, axis=1)
    red, green, blue = (colours[:, channel].astype(np.int64) for channel in range(3))
    codes = red << 16 | green << 8 | blue
    small = planes.dtype == np.uint8 or not planes.any()
    if planes.shape[1] < 3 and not (
        small and _mapped(codes, _meaning(named, background=0))[1].all()
    ):
        raise DataError(
            f"{where}: a grey label image (values {_few(np.unique(planes[:, 0]).tolist())}), where "
            "classes are taken from colours; name its values, as nucleus=1, or save it in colour"
        )
    if not small:
        raise DataError(
            f"{where}: colours of type {planes.dtype}, where classes are taken from colours of 8 "
            "bits, as #ff0000; save the label image as RGB of 8 bits"
        )
    return codes


def grey_values(planes: np.ndarray, where: str) -> np.ndarray:
    """Return the values of label images ``(N, C, *spatial)`` whose channels are the same.

    Raises
    ------
    DataError
        For colours, which are listed: classes can be taken from them, too.
    """
    colours = planes[:, :3] if planes.shape[1] > 2 else planes[:, :1]  # without alpha
    if (colours == colours[:, :1]).all():
        return colours[:, 0]
    held = ""
    if colours.dtype == np.uint8:
        found = np.unique(np.moveaxis(colours, 1, -1).reshape(-1, 3), axis=0)
        shown = _few("#" + bytes(colour).hex() for colour in found)
        held = f" with {counted(len(found), 'colour')} ({shown})"
    raise DataError(
        f"{where}: a colour image{held}, where classes are taken from grey values; name colours, "
        "as nucleus=#ff0000, or save the label image in grey"
    )


def _meaning(named: Classes, background: int) -> dict[int, int]:
    """Return the number of a pixel by its value in the label image."""
    meaning: dict[int, int] = {}
    for place, sources in enumerate(named.sources):
        for value in map(_code, sources):
            number = 1 << place if named.overlap else place + 1
            meaning[value] = meaning.get(value, 0) | number
    meaning |= {_code(source): 0 for source in named.background}
    if background not in meaning:
        meaning[background] = 0
    return meaning


def _ignored(
    meaning: dict[int, int], named: Classes, where: str, given: int | None, small: bool
) -> tuple[int | None, str]:
    """Return the value that means "not annotated", if there is one, and why it was taken so."""
    if named.by_colour:
        if given is None:
            return None, ""
        raise DataError(
            f"{where}: --ignore {given} is a grey value, and the classes are colours; put images "
            "that are 0 where nobody annotated into a folder annotated/ beside them"
        )
    if given is not None:
        if meaning.get(given):
            raise DataError(
                f"{where}: {given} is not annotated (--ignore) and of a class too "
                f"({_in_words(named)}); leave it out of one of them"
            )
        return given, ""
    values = sorted(value for value in meaning if value)
    if small and values == list(range(1, len(values) + 1)) and len(values) < _TOP - 1:
        return _TOP, ", as it is of no class; another: --ignore"
    return (None if -1 in meaning else -1), ""


def _mapped(values: np.ndarray, meaning: dict[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of each value, int32, and whether it has one."""
    known = np.array(sorted(meaning))
    numbers = np.array([meaning[value] for value in known.tolist()], np.int32)
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    found = known[places] == values
    return np.where(found, numbers[places], 0).astype(np.int32), found


def _of_no_class(values: np.ndarray, lost: np.ndarray, where: str, named: Classes) -> str:
    """Say which values mean nothing, the most frequent first, and what can be done."""
    found, counts = np.unique(values[lost], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    colour = named.by_colour
    shown = [_hex(value) if colour else str(value) for value in found[order].tolist()]
    first, count = shown[0], int(counts[order[0]])
    place = tuple(int(i) for i in np.argwhere(values == found[order[0]])[0])
    place = place[1:] if values.shape[0] == 1 else place
    others = f" (as have others {_few(shown[1:])})" if shown[1:] else ""
    leave = "an annotated/ folder" if colour else f"--ignore {first}"
    return (
        f"{where}: {counted(count, 'pixel', 'have', values.size)} the "
        f"{'colour' if colour else 'value'} "
        f"{first}, the first at {place}, which is of no class in {_in_words(named)}{others}; add "
        f"it to --classes as NAME={first} or background={first}, or say with {leave} that nobody "
        "annotated it" + ("; smoothed edges and JPEG make colours, too" if len(found) > 9 else "")
    )


def _in_words(named: Classes) -> str:
    """Return the classes as an option would name them."""
    stated = zip(named.names, named.sources, strict=True)
    return ",".join(f"{name}={'/'.join(sources)}" for name, sources in stated)


def _code(source: str) -> int:
    return int(source[1:], 16) if source.startswith("#") else int(source)


def _hex(code: int) -> str:
    return f"#{code:06x}"


def _few(values: Iterable[object]) -> str:
    found = [str(value) for value in values]
    return ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
