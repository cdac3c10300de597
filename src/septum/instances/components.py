"""The paper's way from probabilities to instances: threshold, connected components, size.

Components are of a mask, or of classes of which no two share a pixel: then only pixels of the same
class are connected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy import ndimage, sparse

from septum.compile import kernel
from septum.geometry import Block


def components(mask: np.ndarray, min_size: int = 0) -> np.ndarray:
    """Return the face-connected components of `mask`, without the small ones.

    Parameters
    ----------
    mask : numpy.ndarray of bool
        Any rank.
    min_size : int, default 0
        Components of fewer pixels are dropped.

    Returns
    -------
    numpy.ndarray of int32
        0 background, 1..n in the order of their first pixels in C order.
    """
    return drop_small(_label(mask), min_size)


def drop_small(labels: np.ndarray, min_size: int) -> np.ndarray:
    """Return `labels` without instances of fewer than `min_size` pixels, renumbered 1..n.

    Parameters
    ----------
    labels : numpy.ndarray of int32
        0 background, 1..n instances, which keep their order.
    min_size : int
        In pixels.
    """
    areas = np.bincount(labels.ravel(), minlength=1)
    areas[0] = 0
    return numbers_of(areas, min_size)[labels]


def numbers_of(areas: np.ndarray, min_size: int | np.ndarray) -> np.ndarray:
    """Return new numbers 1..n for those of at least `min_size` pixels, 0 for the others.

    Parameters
    ----------
    areas : numpy.ndarray of int
        By old number.
    min_size : int or numpy.ndarray of int
        In pixels, of all or of each; what has no pixel at all gets no number.
    """
    kept = areas >= np.maximum(min_size, 1)
    return np.cumsum(kept, dtype=np.int32) * kept


@dataclass(frozen=True, eq=False)
class BlockComponents:
    """The components of a mask, or of classes, seen block by block; see `block_components`.

    Attributes
    ----------
    values : numpy.ndarray of int
        Of which class the components 1..n are; 1 for those of a mask.
    numbers : tuple of (numpy.ndarray of int32, numpy.ndarray of int32)
        For each block: its pieces of components, by their labels in the block alone, and the
        numbers of those components in the whole image; 0 for those that are dropped.
    """

    values: np.ndarray
    numbers: tuple[tuple[np.ndarray, np.ndarray], ...]

    @property
    def count(self) -> int:
        """How many components there are."""
        return len(self.values)

    def labels(self, block: Block, classes: np.ndarray) -> np.ndarray:
        """Return what the whole has in `block`, int32, from its part of the mask or classes."""
        labels, values = _label_each(classes)
        pieces, numbers = self.numbers[block.number]
        number = np.zeros(len(values) + 1, np.int32)
        number[pieces] = numbers
        return number[labels]


def block_components(
    shape: Sequence[int],
    blocks: Sequence[Block],
    classes: Callable[[Block], np.ndarray],
    smallest: int | Sequence[int],
    on_visit: Callable[[], None] = lambda: None,
) -> BlockComponents:
    """Find the components of a mask, or of classes, that is seen block by block.

    Each block is labelled alone and seen once. Of its labels only the faces are kept, until the
    neighbours behind them have come; what touches across a face is one component. What is too small
    and touches no face is forgotten at once: of noise there may be a speck every few pixels.

    Parameters
    ----------
    shape : sequence of int
        Of the whole.
    blocks : sequence of Block
        Of the whole, in C order.
    classes : callable
        From a block to its part: bool, or uint8 with 0 for background and 1, 2, … for classes;
        always the same for the same block.
    smallest : int or sequence of int
        Components of fewer pixels are dropped; of classes, one size for each of them or for all.
    on_visit : callable, optional
        Called after each block.
    """
    found: list[_Pieces] = []
    own: list[np.ndarray] = []
    pairs: list[np.ndarray] = []
    faces: dict[tuple[int, int], np.ndarray] = {}
    count = 0  # of the pieces in the blocks so far
    for block in blocks:
        labels, values = _label_each(classes(block))
        areas, firsts = _measure(labels.ravel(), len(values))
        needed = _needed(values, smallest)
        kept = areas >= needed
        for side in block.sides:
            face = labels[side.face(labels.ndim)]
            kept[face[face > 0] - 1] = True
        here = np.flatnonzero(kept)
        number = np.zeros(len(values) + 1, np.int64)
        number[here + 1] = np.arange(count, count + len(here)) + 1
        for side in block.sides:
            face = number[labels[side.face(labels.ndim)]]
            if side.step > 0:
                faces[side.neighbour, side.axis] = face
            else:
                pairs.append(_touching(faces.pop((block.number, side.axis)), face))
        firsts = _in_whole(firsts[here], labels.shape, block.origin, shape)
        found.append(_Pieces(values[here], areas[here], firsts, needed[here]))
        own.append((here + 1).astype(np.int32))
        count += len(here)
        on_visit()
    return _joined(found, own, pairs)


def _label(mask: np.ndarray) -> np.ndarray:
    labels = np.empty(mask.shape, np.int32)
    ndimage.label(mask, output=labels)
    return labels


def _label_each(classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the components of each class, and of which class the components 1..n are."""
    if classes.dtype == bool:
        labels = _label(classes)
        return labels, np.ones(int(labels.max(initial=0)), np.int64)
    labels, counts = np.zeros(classes.shape, np.int32), [0]
    for value, around in enumerate(ndimage.find_objects(classes), start=1):
        counts.append(0)
        if around is not None:
            part = _label(classes[around] == value)
            counts[-1] = int(part.max())
            labels[around] += part + sum(counts[:-1]) * (part > 0)
    return labels, np.repeat(np.arange(len(counts)), counts)


def _needed(values: np.ndarray, smallest: int | Sequence[int]) -> np.ndarray:
    """Return how many pixels the component has that each piece must be of, to be kept."""
    if isinstance(smallest, int):
        return np.full(len(values), smallest, np.int64)
    if len(smallest) == 1:
        return np.full(len(values), smallest[0], np.int64)
    return np.asarray(smallest, np.int64)[values - 1]


def _touching(before: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """Return the pairs of pieces, from 1, that touch across two faces; shape (N, 2)."""
    both = (before > 0) & (behind > 0)
    return np.unique(np.stack([before[both], behind[both]], axis=1), axis=0)


def _in_whole(
    places: np.ndarray, part: Sequence[int], origin: Sequence[int], whole: Sequence[int]
) -> np.ndarray:
    """Return flat indices into the part at `origin` as flat indices into the whole."""
    along = np.unravel_index(places, part)
    moved = tuple(at + start for at, start in zip(along, origin, strict=True))
    return np.ravel_multi_index(moved, tuple(whole))


@dataclass(frozen=True, eq=False)
class _Pieces:
    """What is known of the pieces of components in a block, or in all of them."""

    values: np.ndarray
    areas: np.ndarray
    firsts: np.ndarray
    needed: np.ndarray


def _joined(
    found: Sequence[_Pieces], own: Sequence[np.ndarray], pairs: Sequence[np.ndarray]
) -> BlockComponents:
    """Return the components of the pieces in all blocks; `own` are their labels in each."""
    ends = np.cumsum([len(labels) for labels in own])
    if not len(ends) or not ends[-1]:
        return BlockComponents(np.empty(0, np.int64), tuple((labels, labels) for labels in own))
    names = [field.name for field in fields(_Pieces)]
    pieces = _Pieces(*(np.concatenate([getattr(one, name) for one in found]) for name in names))
    touching = np.concatenate([np.empty((0, 2), np.int64), *pairs]) - 1
    values = pieces.values[touching]
    whole = _numbers_of_pieces(touching[values[:, 0] == values[:, 1]], pieces)
    of_component = np.zeros(int(whole.max()) + 1, np.int64)
    of_component[whole] = pieces.values
    numbers = tuple(zip(own, np.split(whole, ends[:-1]), strict=True))
    return BlockComponents(of_component[1:], numbers)


def _numbers_of_pieces(pairs: np.ndarray, pieces: _Pieces) -> np.ndarray:
    """Return the number of the component that each piece is of, 0 where it is too small."""
    size = len(pieces.areas)
    edges = (np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1]))
    graph = sparse.coo_array(edges, shape=(size, size))
    count, owner = sparse.csgraph.connected_components(graph, directed=False)
    highest = np.iinfo(np.int64).max
    area, first, needed = np.zeros(count, np.int64), *np.full((2, count), highest)
    np.add.at(area, owner, pieces.areas)
    np.minimum.at(first, owner, pieces.firsts)
    np.minimum.at(needed, owner, pieces.needed)
    order = np.argsort(first)
    numbers = np.empty(count, np.int32)
    numbers[order] = numbers_of(area[order], needed[order])
    return numbers[owner]


@kernel
def _measure(labels, count):
    """Return the area and the first pixel of each of the labels 1..count."""
    areas = np.zeros(count, np.int64)
    firsts = np.zeros(count, np.int64)
    for pixel in range(labels.size):
        label = labels[pixel]
        if label:
            if not areas[label - 1]:
                firsts[label - 1] = pixel
            areas[label - 1] += 1
    return areas, firsts
