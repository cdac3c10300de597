"""Pixels that stay in their file until a window of them is read.

Nothing is held open between two reads: a source may be kept, forgotten or handed to another thread
or process like any value, and the number of images is not limited by the number of open files.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from math import prod
from mmap import ACCESS_READ, ALLOCATIONGRANULARITY, mmap
from pathlib import Path
from threading import Lock

import numpy as np

from septum.array import Window
from septum.errors import DataError


@dataclass(frozen=True, eq=False)
class Stored:
    """A source of which every window is read from a file when it is asked for.

    Attributes
    ----------
    shape : tuple of int
        Of the whole.
    dtype : numpy.dtype
        As stored.
    read : callable
        One slice an axis in, the pixels out; may raise anything.
    source : str
        The file, for messages.
    chunks : tuple of int or None
        What is read at once in any case; windows along its borders are read fastest. None where it
        does not matter.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[Window], np.ndarray]
    source: str
    chunks: tuple[int, ...] | None = None

    def __getitem__(self, window: Window) -> np.ndarray:
        """Return the pixels in `window`.

        Raises
        ------
        DataError
            When they cannot be read: the file is damaged, cut short or gone.
        """
        try:
            return self.read(window)
        except MemoryError:
            raise  # says nothing of the file
        # A damaged file can fail anywhere in the decoder, with whatever the codec raises.
        except Exception as error:
            place = ", ".join(f"{part.start}:{part.stop}" for part in window)
            raise DataError(
                f"{self.source}: the pixels [{place}] of shape {self.shape} cannot be read "
                f"({_reason(error)}); the file is damaged or cut short. Copy it again from its "
                "source"
            ) from error


def raw(
    path: Path,
    offset: int,
    shape: Sequence[int],
    dtype: np.dtype,
    fortran: bool = False,
) -> Stored:
    """Return the array that starts at byte `offset` of a file, uncompressed.

    Each window is mapped, copied and unmapped, so that the file never counts as memory in use.

    Parameters
    ----------
    path : Path
        The file.
    offset : int
        Where the first pixel is, in bytes.
    shape, dtype
        Of the array.
    fortran : bool, default False
        Whether neighbours along the first axis lie side by side, not those along the last.
    """
    shape, item = tuple(shape), dtype.itemsize
    lengths = shape if fortran else shape[::-1]
    steps = [item * prod(lengths[:axis]) for axis in range(len(shape))]
    strides = tuple(steps if fortran else steps[::-1])

    def read(window: Window) -> np.ndarray:
        sizes = [part.stop - part.start for part in window]
        if 0 in sizes:
            return np.empty(sizes, dtype)
        first = offset + sum(part.start * step for part, step in zip(window, strides, strict=True))
        last = first + sum((size - 1) * step for size, step in zip(sizes, strides, strict=True))
        page = first // ALLOCATIONGRANULARITY * ALLOCATIONGRANULARITY
        with (
            path.open("rb") as file,
            mmap(file.fileno(), last + item - page, access=ACCESS_READ, offset=page) as mapped,
        ):
            return np.ndarray(sizes, dtype, mapped, first - page, strides).copy()

    return Stored(shape, dtype, read, str(path))


def native(stored: Stored) -> Stored:
    """Return the pixels in the order of bytes of this machine."""
    dtype = stored.dtype.newbyteorder("=")
    return replace(
        stored, dtype=dtype, read=lambda window: stored.read(window).astype(dtype, copy=False)
    )


class Recent:
    """What was decoded last, up to a number of bytes, and the very last in any case.

    Parameters
    ----------
    limit : int
        In bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._lock = limit, Lock()
        self._pixels: OrderedDict[Hashable, np.ndarray | None] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, make: Callable[[], np.ndarray | None]) -> np.ndarray | None:
        """Return the pixels known by `key`; `make` them if they are not at hand."""
        with self._lock:
            if key in self._pixels:
                self._pixels.move_to_end(key)
                return self._pixels[key]
        pixels = make()
        with self._lock:
            if key not in self._pixels:
                self._pixels[key] = pixels
                self._bytes += 0 if pixels is None else pixels.nbytes
            while self._bytes > self._limit and len(self._pixels) > 1:
                _, old = self._pixels.popitem(last=False)
                self._bytes -= 0 if old is None else old.nbytes
        return pixels


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
