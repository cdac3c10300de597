"""The overlap-tile strategy (figure 2): an image of any size through tiles of any size.

Context missing at the edge of the image is mirrored; everywhere else it is the real neighbour. The
result equals one pass over the whole mirrored image, within the rounding of the convolutions.
"""

from collections.abc import Callable, Sequence

import numpy as np

from septum import geometry

Engine = Callable[[np.ndarray], np.ndarray]
"""One input tile ``(C, *sizes)``, float32, to its scores ``(classes, *sizes - 2 · context)``."""


def overlap_tile(
    image: np.ndarray,
    engine: Engine,
    tile: int | Sequence[int],
    depth: int = 4,
    on_tile: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Return the scores of every pixel of `image`, each computed exactly once.

    Parameters
    ----------
    image : numpy.ndarray
        Shape ``(C, *spatial)``, float32; spatial sizes of 1 px or more.
    engine : callable
        The network: a tile ``(C, *sizes)`` in, the scores of its centre out.
    tile : int or sequence of int
        Wished input tile in pixels; made legal, and no larger than the image needs.
    depth : int, default 4
        Number of poolings of the network.
    on_tile : callable, optional
        Called after each tile with the pixels done and the pixels in all.

    Returns
    -------
    numpy.ndarray
        Shape ``(classes, *spatial)``, float32.
    """
    shape = image.shape[1:]
    total = int(np.prod(shape))
    scores: np.ndarray | None = None
    done = 0
    for piece in geometry.grid(shape, tile, depth):
        result = engine(read(image, piece.input))
        if scores is None:
            scores = np.empty((len(result), *shape), dtype=np.float32)
        output = tuple(interval.slice for interval in piece.output)
        wanted = tuple(slice(0, len(interval)) for interval in piece.output)
        scores[(slice(None), *output)] = result[(slice(None), *wanted)]
        done += int(np.prod([len(interval) for interval in piece.output]))
        if on_tile is not None:
            on_tile(done, total)
    assert scores is not None, "a grid is never empty"
    return scores


def read(image: np.ndarray, window: Sequence[geometry.Interval]) -> np.ndarray:
    """Return the pixels of `image` in `window`, mirrored beyond the edges.

    Parameters
    ----------
    image : numpy.ndarray
        Shape ``(C, *spatial)``.
    window : sequence of Interval
        One per spatial axis; may reach any distance beyond the image.
    """
    for axis, interval in enumerate(window, start=1):
        size = image.shape[axis]
        if interval.start >= 0 and interval.stop <= size:
            image = image[(slice(None),) * axis + (interval.slice,)]
        else:
            image = image.take(interval.mirrored(size), axis=axis)
    return np.ascontiguousarray(image)
