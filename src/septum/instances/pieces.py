"""The connected pieces of classes by name, of an image of any size, and those too small to be any.

A piece is what is connected face to face and of one class. Classes that exclude one another are
taken apart together; of those that overlap each has pieces of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from septum.array import Sink, Source, View, Window
from septum.classes import Classes
from septum.geometry import Block, blocks
from septum.instances.components import BlockComponents, block_components

BLOCK = {2: 1024, 3: 128}
"""Edge of a block in pixels, by rank."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of classes of which no two share a pixel, computed block by block when written.

    Attributes
    ----------
    values : numpy.ndarray of int
        Of which class the pieces 1..n are, as in what they were found in. They are numbered in the
        order of their first pixels.
    """

    values: np.ndarray
    _classes: Source
    _blocks: tuple[Block, ...]
    _found: BlockComponents

    def write(self, sink: Sink) -> None:
        """Write 0 for what is of no piece and 1..n for the pieces; `sink` is of the same shape."""
        for part in self._blocks:
            labels = self._found.labels(part, np.asarray(self._classes[part.window]))
            sink[part.window] = labels.astype(sink.dtype)

    def erase_others(self, from_: Any, bits: int) -> None:
        """Clear the `bits` of an array of numbers where it is of a class and of none of the pieces.

        It may be what the pieces were found in.
        """
        for part in self._blocks:
            classes = np.asarray(self._classes[part.window])
            gone = (classes > 0) & (self._found.labels(part, classes) == 0)
            if gone.any():
                numbers = np.asarray(from_[part.window])
                from_[part.window] = np.where(gone, numbers & ~np.uint8(bits), numbers)


def find_pieces(
    classes: Source,
    smallest: int | Sequence[int] = 0,
    block: int | None = None,
) -> Pieces:
    """Find the pieces of classes of which no two share a pixel.

    Memory is that of a block, of the faces of all blocks and of a few numbers a piece. The source
    is read once, and again when the pieces are written.

    Parameters
    ----------
    classes : Source of uint8
        Two axes, or three; 0 background, 1, 2, … the classes.
    smallest : int or sequence of int, default 0
        Pieces of fewer pixels are none, of all classes or of each.
    block : int, optional
        Edge of the blocks in pixels; 1024 in 2D, 128 in 3D. It makes no difference to the result.
    """
    shape = tuple(classes.shape)
    parts = blocks(shape, block or BLOCK[len(shape)])

    def read(part: Block) -> np.ndarray:
        return np.asarray(classes[part.window])

    found = block_components(shape, parts, read, smallest)
    return Pieces(found.values, classes, parts, found)


def drop_specks(
    numbers: Any,
    named: Classes,
    smallest: Sequence[int],
    block: int | None = None,
) -> None:
    """Make background of the pieces that are too small, in place.

    Parameters
    ----------
    numbers : Source and Sink of uint8
        As `named` says.
    named : Classes
        What the numbers are of.
    smallest : sequence of int
        The pixels that a piece needs, of all classes or of each; see `find_pieces`.
    block : int, optional
        See `find_pieces`.
    """
    sizes = smallest_of_each(named, smallest)
    for layer, (source, _) in enumerate(layers_of(numbers, named)):
        own = sizes[layer : layer + 1] if named.overlap else sizes
        if any(size > 1 for size in own):
            bits = 1 << layer if named.overlap else 255
            find_pieces(source, own, block).erase_others(numbers, bits)


def without_specks(numbers: np.ndarray, named: Classes, smallest: Sequence[int]) -> np.ndarray:
    """Return numbers of classes, uint8, in which pieces that are too small are background.

    See `drop_specks`.
    """
    if max(smallest) <= 1:
        return numbers
    kept = numbers.copy()
    drop_specks(kept, named, smallest)
    return kept


def smallest_of_each(named: Classes, smallest: Sequence[int]) -> tuple[int, ...]:
    """Return the smallest size of each class where one is given for all, or for each."""
    return tuple(smallest) * (len(named.names) if len(smallest) == 1 else 1)


def layers_of(numbers: Source, named: Classes) -> list[tuple[Source, tuple[str, ...]]]:
    """Return numbers of classes as sources of classes that share no pixel, with their names.

    Those that exclude one another are one: 1, 2, … are the names. Of those that overlap each is one
    of its own, 1 where the class is.
    """
    if not named.overlap:
        return [(numbers, named.names)]
    return [(_bit(numbers, place), (name,)) for place, name in enumerate(named.names)]


def _bit(numbers: Source, place: int) -> Source:
    def read(window: Window) -> np.ndarray:
        return (np.asarray(numbers[window]) >> place & 1).astype(np.uint8)

    return View(tuple(numbers.shape), np.dtype(np.uint8), read)
