"""The label images of a sequence in their order, from a folder, a stack or arrays."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from septum.array import Source
from septum.counted import counted
from septum.data.formats import ImageFile, open_image, read_labels, stem_of
from septum.data.formats.own import PROBABILITIES, class_names_in
from septum.data.labels import instances_from, is_mask
from septum.data.layouts.files import few, image_files, is_label_name, label_key
from septum.data.pairing import frame_number
from septum.errors import DataError

Say = Callable[[str], None]
"""Takes a sentence about how the frames were understood."""


@dataclass(frozen=True, eq=False)
class Frames:
    """Label images in the order of time.

    Attributes
    ----------
    names : tuple of str
        What each frame is called in messages.
    read : callable
        From a place among the frames to its pixels as stored, shape ``(Y, X)`` or ``(Z, Y, X)``.
    """

    names: tuple[str, ...]
    read: Callable[[int], np.ndarray]

    def __len__(self) -> int:
        return len(self.names)

    def instances(self, say: Say) -> Iterator[np.ndarray]:
        """Yield the objects of each frame, int32, read when they are asked for.

        Frames that hold a single value all through are masks, and their connected components the
        objects.

        Raises
        ------
        DataError
            A frame is damaged, holds no label image, or differs in size from the first.
        """
        mask = self._are_masks()
        if mask:
            say(
                "a mask of two values: its connected components are the objects, cells that touch "
                "one; number them 1, 2, 3 … to have them told apart"
            )
        shape = None
        for number, name in enumerate(self.names):
            labels = instances_from(self.read(number), name, mask)[0]
            shape = shape or labels.shape
            if labels.shape != shape:
                raise DataError(
                    f"{name} has the size {labels.shape}, {self.names[0]} {shape}; "
                    "the frames of a sequence show the same field of view"
                )
            yield labels

    def _are_masks(self) -> bool:
        """Whether all frames hold one and the same value; the first that does not settles it."""
        values = set()
        for number in range(len(self)):
            frame = self.read(number)
            if frame.any():
                values.add(frame.max().item())
                if len(values) > 1 or not is_mask(frame):
                    return False
        return bool(values)


def _refuse_classes(files: Sequence[Path]) -> None:
    names = class_names_in(files[0]) if files else None
    if names is not None:
        raise DataError(
            f"{files[0]} holds the classes {', '.join(names)} and no objects, which alone can be "
            "followed; train a model without --classes, and predict objects with it"
        )


def frames_in(path: str | Path, axes: str | None = None, say: Say = lambda _note: None) -> Frames:
    """Find the frames of a sequence.

    Parameters
    ----------
    path : str or Path
        A folder with a label image for each frame, in the order of the numbers at the end of their
        names (``t000_labels.tif``, ``mask001.tif``), or a stack with a time axis, alone in
        its folder or given itself. Where a folder holds files called ``_labels`` or ``_masks``,
        other images are left out.
    axes : str, optional
        Axes of the files, where they state none or others.
    say : callable, optional
        Called with each sentence about how they were understood.

    Raises
    ------
    DataError
        No frame, a frame without a number, two of the same number, a number left out, a file
        without or with too many axes.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    files = _label_files(path, say) if path.is_dir() else [path]
    _refuse_classes(files)
    if len(files) == 1:
        return _stack(open_image(files[0], axes), say)
    files = _in_order(files, path, say)
    return Frames(tuple(map(str, files)), lambda number: _single(read_labels(files[number], axes)))


def frames_of(arrays: np.ndarray | Sequence[np.ndarray]) -> Frames:
    """Return arrays as frames: ``(T, [Z,] Y, X)``, or a sequence of ``([Z,] Y, X)``.

    Raises
    ------
    DataError
        No frame, or frames that are neither images nor volumes.
    """
    arrays = [np.asarray(array) for array in arrays]
    if not arrays or arrays[0].ndim not in (2, 3):
        found = f"the first has the shape {arrays[0].shape}" if arrays else "there is none"
        raise DataError(f"frames of shape (Y, X) or (Z, Y, X) are expected; {found}")
    return Frames(tuple(f"frame {number}" for number in range(len(arrays))), arrays.__getitem__)


def _label_files(folder: Path, say: Say) -> list[Path]:
    files = image_files(folder)
    unknown = [file for file in files if not file.stem.endswith(PROBABILITIES)]
    labels = [file for file in files if is_label_name(file)] or unknown
    others = [file for file in files if file not in labels]
    if not labels:
        raise DataError(
            f"{folder}: no label images in this folder; give one with a label image for each "
            "frame, as `septum predict --save labels` writes them"
        )
    if others:
        say(
            f"{folder}: {counted(len(others), 'image', 'are')} no labels and left out: "
            f"{few(others)}"
        )
    return labels


def _in_order(files: list[Path], folder: Path, say: Say) -> list[Path]:
    numbered: dict[int, Path] = {}
    for file in files:
        number = frame_number(label_key(Path(f"{stem_of(file)}.tif")))
        if number is None:
            raise DataError(
                f"{file}: no frame number at the end of this name; frames are put in the order of "
                "numbers, as in t000_labels.tif, t001_labels.tif"
            )
        other = numbered.setdefault(number, file)
        if other is not file:
            raise DataError(
                f"{folder}: {other.name} and {file.name} both have the number {number}; give the "
                "frames of one sequence"
            )
    first, last = min(numbered), max(numbered)
    _refuse_gaps(numbered, folder)
    if first:
        say(f"{folder}: frames {first} to {last} are frames 0 to {last - first} of the result")
    return [numbered[number] for number in range(first, last + 1)]


def _refuse_gaps(numbered: Mapping[int, Path], folder: Path) -> None:
    """Raise DataError where a number is left out: all later frames would get another one."""
    gaps = [(one, two) for one, two in pairwise(sorted(numbered)) if two - one > 1]
    if not gaps:
        return
    one, two = gaps[0]
    lost = f"frame {one + 1} is" if two - one == 2 else f"frames {one + 1} to {two - 1} are"
    more = f", and more in {counted(len(gaps) - 1, 'place')}" if len(gaps) > 1 else ""
    raise DataError(
        f"{folder}: {lost} missing, between {numbered[one].name} and {numbered[two].name}{more}; "
        "each frame is linked to the next, and the result has a file for each. Add what is "
        "missing, or in its place an image of zeros, with which tracks end. If nothing is missing, "
        "number the files without a gap, or give one stack (TYX)"
    )


def _single(image: ImageFile[np.ndarray]) -> np.ndarray:
    """Return the pixels of a file that holds one frame; unknown pages are the slices of it."""
    axes = image.axes.replace("Q", "Z").replace("I", "Z")
    return _spatial(image.array, axes, image.source, "one label image a file")


def _stack(image: ImageFile[Source], say: Say) -> Frames:
    axes, shape = image.axes, tuple(image.array.shape)
    time = next((axis for axis in "TQI" if axis in axes), None)
    if time is None:
        way_out = f", or --axes {axes.replace('Z', 'T')} if its planes are frames"
        raise DataError(
            f"{image.source}: axes {axes} of shape {shape} have no time (T); give a folder with a "
            f"file for each frame{way_out if 'Z' in axes else ', or a stack with a time axis'}"
        )
    place, count = axes.index(time), shape[axes.index(time)]
    if time != "T":
        say(f"{image.source}: its {count} pages are taken as frames")

    def read(number: int) -> np.ndarray:
        window = [slice(0, size) for size in shape]
        window[place] = slice(number, number + 1)
        frame = np.take(np.asarray(image.array[tuple(window)]), 0, axis=place)
        return _spatial(frame, axes.replace(time, ""), image.source, "a stack of label images")

    return Frames(tuple(f"{image.source}, frame {n}" for n in range(count)), read)


def _spatial(array: np.ndarray, axes: str, source: str, expected: str) -> np.ndarray:
    """Return `array` with its axes in the order (Z,) Y, X, which are all that it may have."""
    lengths = dict(zip(axes, array.shape, strict=True))
    spatial = [axis for axis in "ZYX" if lengths.get(axis, 1) > 1 or axis in "YX"]
    others = [axis for axis in axes if axis not in spatial]
    if any(lengths[axis] > 1 for axis in others):
        raise DataError(
            f"{source}: axes {axes} of shape {array.shape}, where {expected} is expected, with "
            "axes YX or ZYX"
        )
    order = [axes.index(axis) for axis in (*others, *spatial)]
    return array.transpose(order).reshape([lengths[axis] for axis in spatial])
