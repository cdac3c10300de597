"""The overlap-tile strategy (figure 2): an image of any size through tiles of any size.

Context missing at the edge of the image is mirrored; everywhere else it is the real neighbour. The
result equals one pass over the whole mirrored image, within the rounding of the convolutions.
Neither the image nor the scores need to fit into memory: tiles are read ahead and written behind
while the engine computes.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from math import prod

import numpy as np

from septum import geometry
from septum.ahead import Behind, ahead
from septum.array import Sink, Source

Engine = Callable[[np.ndarray], np.ndarray]
"""Tiles ``(N, C, *sizes)``, float32, to their scores ``(N, classes, *sizes - 2 · context)``."""


def overlap_tile(
    source: Source,
    engine: Engine,
    tile: int | Sequence[int],
    into: Sink,
    depth: int | Sequence[int] = 4,
    batch: int = 1,
    on_tile: Callable[[int, int], None] | None = None,
) -> None:
    """Write the scores of every pixel of `source` to `into`, each computed exactly once.

    Parameters
    ----------
    source : Source
        Shape ``(C, *spatial)``, float32; spatial sizes of 1 px or more.
    engine : callable
        The network: tiles ``(N, C, *sizes)`` in, the scores of their centres out.
    tile : int or sequence of int
        Wished input tile in pixels; made legal, and no larger than the image needs.
    into : Sink
        Shape ``(classes, *spatial)``.
    depth : int or sequence of int, default 4
        Number of poolings of the network, of all axes or of each.
    batch : int, default 1
        How many tiles the engine is given at once.
    on_tile : callable, optional
        Called with the pixels done and the pixels in all.
    """
    shape = source.shape[1:]
    done = 0

    def read_all(pieces: list[geometry.Tile]) -> tuple[list[geometry.Tile], np.ndarray]:
        return pieces, np.stack([read(source, piece.input) for piece in pieces])

    with Behind() as writer:
        for pieces, tiles in ahead(read_all, _batches(geometry.grid(shape, tile, depth), batch)):
            writer.do(partial(_write, into, pieces, engine(tiles)))
            done += sum(prod(len(interval) for interval in piece.output) for piece in pieces)
            if on_tile is not None:
                on_tile(done, prod(shape))


def _batches(pieces: Iterator[geometry.Tile], size: int) -> Iterator[list[geometry.Tile]]:
    while batch := list(islice(pieces, size)):
        yield batch


def _write(into: Sink, pieces: list[geometry.Tile], results: np.ndarray) -> None:
    for piece, result in zip(pieces, results, strict=True):
        classes = slice(0, len(result))
        wanted = tuple(slice(0, len(interval)) for interval in piece.output)
        output = tuple(interval.slice for interval in piece.output)
        into[(classes, *output)] = result[(classes, *wanted)]


def read(source: Source, window: Sequence[geometry.Interval]) -> np.ndarray:
    """Return the pixels of `source` in `window`, mirrored beyond the edges.

    Parameters
    ----------
    source : Source
        Shape ``(C, *spatial)``.
    window : sequence of Interval
        One per spatial axis; may reach any distance beyond the image.
    """
    sizes = source.shape[1:]
    mirrored = [interval.mirrored(size) for interval, size in zip(window, sizes, strict=True)]
    inside = tuple(slice(min(indices), max(indices) + 1) for indices in mirrored)
    pixels = np.asarray(source[(slice(0, source.shape[0]), *inside)])
    for axis, (interval, size) in enumerate(zip(window, sizes, strict=True), start=1):
        if interval.start < 0 or interval.stop > size:
            indices = np.asarray(mirrored[axis - 1]) - inside[axis - 1].start
            pixels = pixels.take(indices, axis=axis)
    return np.ascontiguousarray(pixels)
