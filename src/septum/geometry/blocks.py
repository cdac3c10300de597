"""Blocks that cover an image without overlap, and which of them touch, as integers.

A grid of 3 × 4 px blocks over 8 × 10 px, with their numbers, and the four sides of block 4::

     0         4         8    10
    0┌─────────┬─────────┬─────┐
     │    0    │    1    │  2  │       Side(axis=0, step=-1, neighbour=1)
    3├─────────┼─────────┼─────┤       Side(axis=0, step=+1, neighbour=7)
     │    3    │    4    │  5  │       Side(axis=1, step=-1, neighbour=3)
    6├─────────┼─────────┼─────┤       Side(axis=1, step=+1, neighbour=5)
     │    6    │    7    │  8  │
    8└─────────┴─────────┴─────┘

Blocks begin at multiples of their size, so that they are whole chunks of a chunked array whose
chunks divide them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from septum.geometry.tiles import Interval


@dataclass(frozen=True)
class Side:
    """Where a block touches another one.

    Attributes
    ----------
    axis : int
        Across which the two are neighbours.
    step : int
        -1: the neighbour lies before the block, +1: behind it.
    neighbour : int
        Its number.
    """

    axis: int
    step: int
    neighbour: int

    def face(self, ndim: int) -> tuple[slice, ...]:
        """Return the window of the pixels next to the neighbour, in an array of the block."""
        outermost = slice(0, 1) if self.step < 0 else slice(-1, None)
        return tuple(outermost if axis == self.axis else slice(None) for axis in range(ndim))


@dataclass(frozen=True)
class Block:
    """One block of an image.

    Attributes
    ----------
    number : int
        In C order of the blocks, from 0.
    place : tuple of int
        Which block it is along each axis.
    intervals : tuple of Interval
        Its pixels, one interval an axis.
    sides : tuple of Side
        Where it touches other blocks; none at the edge of the image.
    """

    number: int
    place: tuple[int, ...]
    intervals: tuple[Interval, ...]
    sides: tuple[Side, ...]

    @property
    def window(self) -> tuple[slice, ...]:
        """The block as an index into the image."""
        return tuple(interval.slice for interval in self.intervals)

    def with_surroundings(
        self, pixels: int, shape: Sequence[int]
    ) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """Return the block and up to so many pixels around it as an index into the image.

        Parameters
        ----------
        pixels : int
            To each side, where the image has them.
        shape : sequence of int
            Of the image.

        Returns
        -------
        window : tuple of slice
            An index into the image.
        inner : tuple of slice
            The block, as an index into what `window` gives.
        """
        starts = [max(0, own.start - pixels) for own in self.intervals]
        stops = [
            min(size, own.stop + pixels) for own, size in zip(self.intervals, shape, strict=True)
        ]
        inner = tuple(
            slice(own.start - start, own.stop - start)
            for own, start in zip(self.intervals, starts, strict=True)
        )
        return tuple(map(slice, starts, stops)), inner

    @property
    def origin(self) -> tuple[int, ...]:
        """The first pixel of the block, in the image."""
        return tuple(interval.start for interval in self.intervals)


def blocks(shape: Sequence[int], size: int | Sequence[int]) -> tuple[Block, ...]:
    """Return the blocks of `size` that cover each pixel of an image once, in C order.

    Parameters
    ----------
    shape : sequence of int
        Of the image, in pixels; any rank. An image without pixels has no blocks.
    size : int or sequence of int
        Of a block, in pixels, at least 1; the last along an axis may be smaller.

    Raises
    ------
    ValueError
        If a size is below 1, or there are not as many as axes.

    Examples
    --------
    >>> [block.window for block in blocks((3, 5), 4)]
    [(slice(0, 3, None), slice(0, 4, None)), (slice(0, 3, None), slice(4, 5, None))]
    """
    sizes = (size,) * len(shape) if isinstance(size, int) else tuple(size)
    if len(sizes) != len(shape) or min(sizes, default=1) < 1:
        raise ValueError(
            f"block size {size} for an image of shape {tuple(shape)}: expected one size, or one "
            "for each axis, of at least 1 px"
        )
    counts = tuple(-(-length // step) for length, step in zip(shape, sizes, strict=True))
    return tuple(
        Block(
            number=number,
            place=place,
            intervals=tuple(
                Interval(index * step, min((index + 1) * step, length))
                for index, step, length in zip(place, sizes, shape, strict=True)
            ),
            sides=_sides(number, place, counts),
        )
        for number, place in enumerate(product(*map(range, counts)))
    )


def _sides(number: int, place: tuple[int, ...], counts: tuple[int, ...]) -> tuple[Side, ...]:
    sides, stride = [], 1
    for axis in reversed(range(len(counts))):
        for step in (+1, -1):
            if 0 <= place[axis] + step < counts[axis]:
                sides.append(Side(axis, step, number + step * stride))
        stride *= counts[axis]
    return tuple(reversed(sides))
