"""The overlap-tile strategy as integers: which tile computes which pixels, and what it must see.

Along one axis::

                 ┌──────────── input: what the tile sees ────────────┐
    ...mirrored..|==context==|█████████ output ████████|==context==|...
                 |           |                         |
              mirrored       0 = edge of the image     next tile's output starts here

Two facts make tiled prediction equal to one pass, pixel for pixel:

* every pixel of context is a real neighbour, and is mirrored only beyond the edge of the image;
* max-pooling looks at fixed pairs of pixels, so tiles start at multiples of 2^depth: a tile shifted
  by one pixel would pool other pairs and compute another function. A legal output size is not such
  a multiple (388 = 24 · 16 + 4), so the last pixels of a tile's output are left to its neighbour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from septum.geometry.sizes import (
    context,
    depth_per_axis,
    input_size,
    nearest_legal,
    output_size,
)


@dataclass(frozen=True)
class Interval:
    """Half-open interval ``[start, stop)`` of pixels along one axis; may lie beyond the image."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def slice(self) -> slice:
        """The interval as an index; only meaningful for an interval inside the image."""
        return slice(self.start, self.stop)

    def mirrored(self, size: int) -> list[int]:
        """Return the indices into an axis of `size` px, mirrored at its ends."""
        return [mirror(index, size) for index in range(self.start, self.stop)]


@dataclass(frozen=True)
class Tile:
    """One tile: the pixels it yields and the pixels it must see, one interval an axis.

    Attributes
    ----------
    output : tuple of Interval
        Pixels of the image that this tile yields; always inside the image.
    input : tuple of Interval
        Pixels that the network must see for that; may reach beyond the image (mirror there).
    """

    output: tuple[Interval, ...]
    input: tuple[Interval, ...]


def mirror(index: int, size: int) -> int:
    """Return the pixel inside ``[0, size)`` that `index` mirrors to.

    The edge pixel is not repeated, and an index far outside is mirrored again at the other edge.

    Examples
    --------
    >>> [mirror(i, 3) for i in range(-3, 7)]
    [1, 2, 1, 0, 1, 2, 1, 0, 1, 2]
    >>> mirror(-5, 1)
    0
    """
    if size == 1:
        return 0
    period = 2 * (size - 1)
    index %= period
    return index if index < size else period - index


def tile_sizes(
    shape: Sequence[int], tile: int | Sequence[int], depth: int | Sequence[int] = 4
) -> tuple[int, ...]:
    """Return the legal input tile that serves `shape` best without exceeding `tile` needlessly.

    Along each axis: the wished size is raised to the nearest legal one that yields at least
    2^depth px; where one tile or a smaller, more even division covers the axis, the tile shrinks
    to that, since what hangs over the edge of the image is computed for nothing.

    Parameters
    ----------
    shape : sequence of int
        Spatial shape of the image, in pixels.
    tile : int or sequence of int
        Wished input tile, in pixels; any positive size.
    depth : int or sequence of int, default 4
        Number of poolings, of all axes or of each.

    Raises
    ------
    ValueError
        If the tile has another number of axes than the image, or a size is not positive.

    Examples
    --------
    >>> tile_sizes((512, 2048), 700)
    (700, 700)
    >>> tile_sizes((100, 500), 572)
    (284, 444)
    """
    wished = (tile,) * len(shape) if isinstance(tile, int) else tuple(tile)
    if len(wished) != len(shape):
        raise ValueError(f"the tile {wished} has {len(wished)} axes, the image {len(shape)}")
    if min(wished) < 1 or min(shape) < 1:
        raise ValueError(f"tile {wished} and image {tuple(shape)} must be at least 1 px wide")
    axes = zip(shape, wished, depth_per_axis(depth, len(shape)), strict=True)
    return tuple(_tile_size(size, want, poolings) for size, want, poolings in axes)


def _tile_size(size: int, wished: int, depth: int) -> int:
    step = 2**depth
    largest = max(nearest_legal(wished, depth)[1], input_size(step, depth))
    whole = input_size(size, depth)
    if whole <= largest:
        return whole
    stride = _stride(largest, depth)
    tiles = -(-size // stride)
    evenly = -(-size // (tiles * step)) * step
    return min(largest, input_size(evenly, depth))


def tile_stride(
    shape: Sequence[int], tile: int | Sequence[int], depth: int | Sequence[int] = 4
) -> tuple[int, ...]:
    """Return from how many pixels to how many pixels the tiles of `grid` begin, along each axis.

    Examples
    --------
    >>> tile_stride((512, 2048), 700)
    (512, 512)
    """
    depths = depth_per_axis(depth, len(shape))
    return tuple(
        # One tile that covers the axis needs no neighbour, so its stride may be the whole axis.
        size if output_size(inner, poolings) >= size else _stride(inner, poolings)
        for size, inner, poolings in zip(shape, tile_sizes(shape, tile, depth), depths, strict=True)
    )


def _stride(tile: int, depth: int) -> int:
    return output_size(tile, depth) // 2**depth * 2**depth


def grid(
    shape: Sequence[int], tile: int | Sequence[int], depth: int | Sequence[int] = 4
) -> Iterator[Tile]:
    """Yield tiles whose outputs cover every pixel of the image exactly once, in C order.

    Parameters
    ----------
    shape : sequence of int
        Spatial shape of the image, in pixels; any rank.
    tile : int or sequence of int
        Wished input tile, in pixels; made legal by `tile_sizes`. All tiles have the same input.
    depth : int or sequence of int, default 4
        Number of poolings, of all axes or of each.

    Yields
    ------
    Tile
        Outputs are disjoint and start at multiples of 2^depth of their axis.
    """
    axes = []
    sizes = tile_sizes(shape, tile, depth), tile_stride(shape, tile, depth)
    margins = map(context, depth_per_axis(depth, len(shape)))
    for size, inner, stride, margin in zip(shape, *sizes, margins, strict=True):
        axes.append(
            [
                (
                    Interval(start, min(start + stride, size)),
                    Interval(start - margin, start - margin + inner),
                )
                for start in range(0, size, stride)
            ]
        )
    for combination in product(*axes):
        output, seen = zip(*combination, strict=True)
        yield Tile(output=output, input=seen)
