"""What an image may be: anything with a shape, a dtype and slicing, in memory or on disk."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Window = tuple[slice, ...]
"""One slice an axis, with both ends given and a step of one."""


class Source(Protocol):
    """Pixels to read: a numpy array, a zarr array, or a view of either."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype: ...
    def __getitem__(self, window: Window, /) -> np.ndarray: ...


class Sink(Protocol):
    """Pixels to write: a numpy array or a zarr array."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype: ...
    def __setitem__(self, window: Window, pixels: np.ndarray, /) -> None: ...


@dataclass(frozen=True, eq=False)
class View:
    """A source that is computed when it is read, window by window.

    Attributes
    ----------
    shape : tuple of int
        Of the whole.
    dtype : numpy.dtype
        Of what is read.
    read : callable
        One slice an axis in, the pixels out.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[Window], np.ndarray]

    def __getitem__(self, window: Window) -> np.ndarray:
        """Return the pixels in `window`."""
        return self.read(window)


def whole(shape: tuple[int, ...]) -> Window:
    """Return the window that is everything."""
    return tuple(slice(0, size) for size in shape)


def item(array: Any, number: int) -> "_Item":
    """Return ``array[number]`` of a source or a sink, to read or to write, without reading it."""
    return _Item(array, number)


class _Item:
    def __init__(self, array: Any, number: int) -> None:
        self._array, self._number = array, slice(number, number + 1)
        self.shape: tuple[int, ...] = tuple(array.shape[1:])
        self.dtype: np.dtype = array.dtype
        chunks = getattr(array, "chunks", None)
        self.chunks: tuple[int, ...] | None = None if chunks is None else tuple(chunks[1:])

    def __getitem__(self, window: Window) -> np.ndarray:
        return np.asarray(self._array[(self._number, *window)])[0]

    def __setitem__(self, window: Window, pixels: np.ndarray) -> None:
        self._array[(self._number, *window)] = pixels[np.newaxis]


def repeated(source: Source, count: int) -> View:
    """Return a source ``(C, ...)`` with `count` channels: its own, again and again."""

    def read(window: Window) -> np.ndarray:
        own = source.shape[0]
        pixels = np.asarray(source[(slice(0, own), *window[1:])])
        return pixels[[channel % own for channel in range(*window[0].indices(count))]]

    return View((count, *source.shape[1:]), source.dtype, read)


def load(source: Source) -> np.ndarray:
    """Return all pixels of `source` in memory; an array in memory comes as it is."""
    return np.asarray(source[whole(tuple(source.shape))])
