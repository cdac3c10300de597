"""The watershed of an image that is seen block by block, equal to that of the whole.

The costs and labels of a block follow from its pixels and from those of the pixels next to it, so
only the faces of the blocks are kept. A block is flooded again when a face next to it has changed
in a way that matters. Costs only ever fall, and a label depends on lower costs only, so this comes
to an end, and there is only one end: that of flooding the whole at once.

Every second block goes first, as the white squares of a chessboard, so that the others know all of
their neighbours when their turn comes; most blocks are flooded once or twice.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from septum.geometry import Block, Side
from septum.instances.watershed import NOTHING, STEPS, Inflow, flood


@dataclass(frozen=True, eq=False)
class Ground:
    """What a block is flooded on; see `septum.instances.watershed` for the arrays."""

    height: np.ndarray
    seeds: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True, eq=False)
class _Face:
    """Costs and labels of the outermost pixels on one side of a block, as `flood` returns them."""

    cost: np.ndarray
    labels: np.ndarray

    def overflows(self, before: "_Face | None", there: "_Face") -> bool:
        """Tell whether water may now flow otherwise into the face on the other side."""
        changed = self.labels > 0
        if before is not None:
            changed &= (self.cost != before.cost) | (self.labels != before.labels)
        dry = there.cost < 0
        higher = (there.cost > self.cost) & (there.cost & STEPS != 0)
        return bool((changed & (dry | higher)).any())


class BlockWatershed:
    """A watershed block by block.

    Parameters
    ----------
    blocks : sequence of Block
        Of the whole image.
    ground : callable
        From a block to its ground; always the same for the same block.
    """

    def __init__(self, blocks: Sequence[Block], ground: Callable[[Block], Ground]) -> None:
        self._blocks, self._ground = blocks, ground
        self._faces: dict[tuple[int, int, int], _Face] = {}

    def areas(self, count: int, on_visit: Callable[[int], None]) -> np.ndarray:
        """Flood all blocks until nothing changes; return the pixels that each seed has.

        Parameters
        ----------
        count : int
            Of seeds.
        on_visit : callable
            Called after each flooding of a block with how many are known to be left.

        Returns
        -------
        numpy.ndarray of int64, shape (count + 1,)
            By the number of the seed; ``areas[0]`` is 0.
        """
        in_block: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        queue = deque(sorted(self._blocks, key=lambda block: sum(block.place) % 2))
        waiting = {block.number for block in queue}
        while queue:
            block = queue.popleft()
            waiting.remove(block.number)
            labels, cost = self._flood(block)
            areas = np.bincount(labels.ravel())
            areas[0] = 0
            present = np.flatnonzero(areas)
            in_block[block.number] = present, areas[present]
            for number in self._keep(block, labels, cost) - waiting:
                waiting.add(number)
                queue.append(self._blocks[number])
            on_visit(len(queue))
        total = np.zeros(count + 1, np.int64)
        for present, areas in in_block.values():
            total[present] += areas
        return total

    def labels(self, block: Block) -> np.ndarray:
        """Return what `watershed` of the whole has in `block`, once `areas` has been called."""
        return self._flood(block)[0]

    def _flood(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        ground = self._ground(block)
        inflow = self._inflow(block, ground.mask.shape)
        return flood(ground.height, ground.seeds, ground.mask, inflow)

    def _inflow(self, block: Block, shape: tuple[int, ...]) -> Inflow:
        parts = []
        for side in block.sides:
            face = self._faces.get(_opposite(side))
            if face is not None:
                wet = face.labels.ravel() > 0
                places = _places(side, shape).ravel()
                parts.append((face.cost.ravel()[wet], face.labels.ravel()[wet], places[wet]))
        if not parts:
            return NOTHING
        cost, labels, places = map(np.concatenate, zip(*parts, strict=True))
        order = np.argsort(cost, kind="stable")
        return Inflow(cost[order], labels[order], places[order])

    def _keep(self, block: Block, labels: np.ndarray, cost: np.ndarray) -> set[int]:
        """Keep the faces of a block; return the neighbours that must be flooded again."""
        again = set()
        for side in block.sides:
            window = side.face(labels.ndim)
            face = _Face(cost[window].copy(), labels[window].copy())
            key = (block.number, side.axis, side.step)
            there = self._faces.get(_opposite(side))
            if there is not None and face.overflows(self._faces.get(key), there):
                again.add(side.neighbour)
            self._faces[key] = face
        return again


def _opposite(side: Side) -> tuple[int, int, int]:
    return side.neighbour, side.axis, -side.step


def _places(side: Side, shape: Sequence[int]) -> np.ndarray:
    """Return the flat indices of a face, in an array with a rim of 1 px around `shape`."""
    window = side.face(len(shape))
    strides = np.cumprod([1, *(size + 2 for size in shape[:0:-1])])[::-1]
    along = [
        np.arange(1, size + 1)[part] * stride
        for size, part, stride in zip(shape, window, strides, strict=True)
    ]
    return reduce(np.add, np.ix_(*along))
