"""Rotated and mirrored versions of a tile, and the average of their predictions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from septum.errors import ConfigError
from septum.predict.overlap_tile import Engine

SETS = ("none", "flips", "all")


@dataclass(frozen=True)
class Orientation:
    """Mirror the axes in `flipped`, then swap the last two if `transposed`."""

    flipped: tuple[int, ...]
    transposed: bool

    def apply(self, array: np.ndarray) -> np.ndarray:
        """Return an array ``(..., *spatial)`` in this orientation, as a view."""
        array = np.flip(array, self.flipped)
        return array.swapaxes(-1, -2) if self.transposed else array

    def undo(self, array: np.ndarray) -> np.ndarray:
        """Return what `apply` was given, as a view."""
        array = array.swapaxes(-1, -2) if self.transposed else array
        return np.flip(array, self.flipped)


def orientations(kind: str, ndim: int) -> Iterator[Orientation]:
    """Yield the orientations of a set, the identity first.

    Parameters
    ----------
    kind : {"none", "flips", "all"}
        ``flips``: the 2^ndim mirrorings (the paper's for the cell-tracking data). ``all``: also
        with the last two axes swapped; in 2D the image and its 7 rotated and mirrored versions
        (the paper's for the EM data).
    ndim : int
        Number of spatial axes.

    Raises
    ------
    ConfigError
        If `kind` is unknown.
    """
    if kind not in SETS:
        raise ConfigError(f"orientations is {kind!r}; it is one of {', '.join(SETS)}")
    axes = range(-ndim, 0)
    for transposed in (False, True) if kind == "all" else (False,):
        for mirrored in product((False, True), repeat=0 if kind == "none" else ndim):
            flipped = tuple(axis for axis, flip in zip(axes, mirrored, strict=False) if flip)
            yield Orientation(flipped, transposed)


def averaged(engine: Engine, views: Sequence[Orientation]) -> Engine:
    """Return the engine whose scores are the mean over several orientations of each tile.

    Every legal tile is 2^depth · k + a constant wide, so pooling pairs the same pixels whichever
    end of the tile it starts from: what holds for tiles seen as they are, that any tiling gives the
    same scores, holds for each orientation of them, and so for the mean.

    Parameters
    ----------
    engine : Engine
        Tiles ``(N, C, *sizes)`` in, scores ``(N, classes, *smaller)`` out.
    views : sequence of Orientation
        At least one.
    """
    if not views:
        raise ValueError("there is no orientation to average over; give at least the identity")
    if len(views) == 1:
        return engine

    def mean(tiles: np.ndarray) -> np.ndarray:
        scores = (view.undo(engine(np.ascontiguousarray(view.apply(tiles)))) for view in views)
        total = next(scores).copy()
        for more in scores:
            total += more
        return total / np.float32(len(views))

    return mean
