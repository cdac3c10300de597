"""Pixels that are NaN or infinite: how many an image has, and where the first one is."""

from collections.abc import Sequence
from math import prod

import numpy as np

from septum.array import Window
from septum.counted import counted


class NotFinite:
    """What is found of them, whether an image is looked at whole or band by band.

    Parameters
    ----------
    shape : sequence of int
        Of the image, ``(C, *spatial)``.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self.count = 0
        self._shape = tuple(shape)
        self._first: tuple[int, ...] = ()

    def add(self, window: Window, pixels: np.ndarray) -> None:
        """Look at the pixels of all channels in one window."""
        bad = ~np.isfinite(pixels)
        count = int(np.count_nonzero(bad))
        if not count:
            return
        self.count += count
        anywhere = bad.any(axis=0)
        place = np.unravel_index(int(anywhere.argmax()), anywhere.shape)
        channel = int(bad[(slice(None), *place)].argmax())
        starts = [part.start for part in window[1:]]
        first = (*(int(at) + start for at, start in zip(place, starts, strict=True)), channel)
        self._first = min(self._first, first) if self._first else first

    def message(self) -> str:
        """Return the sentence that says it; "" where all pixels are numbers."""
        if not self.count:
            return ""
        *place, channel = self._first
        named = zip("ZYX"[-len(place) :], place, strict=True)
        where = ", ".join(f"{axis} {at}" for axis, at in named)
        where += f" of channel {channel}" * (self._shape[0] > 1)
        return (
            f"{counted(self.count, 'pixel', 'are', prod(self._shape))} NaN or infinite, the first "
            f"at {where} (counted from 0); replace them, for example with numpy.nan_to_num"
        )


def not_finite(image: np.ndarray) -> str:
    """Return what :meth:`NotFinite.message` says of an image ``(C, *spatial)`` in memory."""
    found = NotFinite(image.shape)
    if image.dtype.kind == "f":
        found.add(tuple(slice(0, size) for size in image.shape), image)
    return found.message()
