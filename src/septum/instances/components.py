"""The paper's way from probabilities to instances: threshold, connected components, size."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    return drop_small(_label(mask)[0], min_size)


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


def numbers_of(areas: np.ndarray, min_size: int) -> np.ndarray:
    """Return new numbers 1..n for those of at least `min_size` pixels, 0 for the others.

    Parameters
    ----------
    areas : numpy.ndarray of int
        By old number.
    min_size : int
        In pixels; what has no pixel at all gets no number.
    """
    kept = areas >= max(min_size, 1)
    return np.cumsum(kept, dtype=np.int32) * kept


@dataclass(frozen=True, eq=False)
class BlockComponents:
    """The components of a mask that is seen block by block; see `block_components`.

    Attributes
    ----------
    count : int
        Of components.
    numbers : tuple of (numpy.ndarray of int32, numpy.ndarray of int32)
        For each block: its pieces of components, by their labels in the block alone, and the
        numbers of those components in the whole image; 0 for those that are dropped.
    """

    count: int
    numbers: tuple[tuple[np.ndarray, np.ndarray], ...]

    def labels(self, block: Block, mask: np.ndarray) -> np.ndarray:
        """Return what `components` of the whole has in `block`, from its part of the mask."""
        labels, count = _label(mask)
        pieces, numbers = self.numbers[block.number]
        number = np.zeros(count + 1, np.int32)
        number[pieces] = numbers
        return number[labels]


def block_components(
    shape: Sequence[int],
    blocks: Sequence[Block],
    mask: Callable[[Block], np.ndarray],
    min_size: int,
    on_visit: Callable[[], None],
) -> BlockComponents:
    """Find the components of a mask that is seen block by block.

    Each block is labelled alone and seen once. Of its labels only the faces are kept, until the
    neighbours behind them have come; what touches across a face is one component. What is too small
    and touches no face is forgotten at once: of noise there may be a speck every few pixels.

    Parameters
    ----------
    shape : sequence of int
        Of the whole mask.
    blocks : sequence of Block
        Of the whole, in C order.
    mask : callable
        From a block to its part of the mask; always the same for the same block.
    min_size : int
        Components of fewer pixels are dropped.
    on_visit : callable
        Called after each block.
    """
    areas, firsts, pieces, pairs = [], [], [], [np.empty((0, 2), np.int64)]
    faces: dict[tuple[int, int], np.ndarray] = {}
    count = 0  # of the pieces in the blocks so far
    for block in blocks:
        labels, specks = _label(mask(block))
        area, first = _measure(labels.ravel(), specks)
        kept = area >= min_size
        for side in block.sides:
            face = labels[side.face(labels.ndim)]
            kept[face[face > 0] - 1] = True
        own = np.flatnonzero(kept)
        number = np.zeros(specks + 1, np.int64)
        number[own + 1] = np.arange(count, count + len(own)) + 1
        for side in block.sides:
            face = number[labels[side.face(labels.ndim)]]
            if side.step > 0:
                faces[side.neighbour, side.axis] = face
            else:
                pairs.append(_touching(faces.pop((block.number, side.axis)), face))
        areas.append(area[own])
        firsts.append(_in_whole(first[own], labels.shape, block.origin, shape))
        pieces.append((own + 1).astype(np.int32))
        count += len(own)
        on_visit()
    if not count:
        return BlockComponents(0, tuple((own, own) for own in pieces))
    whole = _numbers_of_pieces(
        np.concatenate(pairs), np.concatenate(areas), np.concatenate(firsts), min_size
    )
    ends = np.cumsum([len(own) for own in pieces])
    numbers = tuple(zip(pieces, np.split(whole, ends[:-1]), strict=True))
    return BlockComponents(int(whole.max()), numbers)


def _label(mask: np.ndarray) -> tuple[np.ndarray, int]:
    labels = np.empty(mask.shape, np.int32)
    ndimage.label(mask, output=labels)
    return labels, int(labels.max(initial=0))


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


def _numbers_of_pieces(
    pairs: np.ndarray, areas: np.ndarray, firsts: np.ndarray, min_size: int
) -> np.ndarray:
    """Return the number of the component that each piece is of."""
    pieces = len(areas)
    edges = (np.ones(len(pairs), bool), (pairs[:, 0] - 1, pairs[:, 1] - 1))
    graph = sparse.coo_array(edges, shape=(pieces, pieces))
    count, owner = sparse.csgraph.connected_components(graph, directed=False)
    area, first = np.zeros(count, np.int64), np.full(count, np.iinfo(np.int64).max)
    np.add.at(area, owner, areas)
    np.minimum.at(first, owner, firsts)
    order = np.argsort(first)
    numbers = np.empty(count, np.int32)
    numbers[order] = numbers_of(area[order], min_size)
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
