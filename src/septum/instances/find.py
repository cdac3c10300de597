"""Instances of an image of any size, found block by block and the same as in one piece."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from septum.array import Sink, Source, Window
from septum.errors import ConfigError, DataError
from septum.geometry import Block, blocks
from septum.instances import necks, pinholes
from septum.instances.block_watershed import BlockWatershed, Ground
from septum.instances.components import block_components, components, drop_small, numbers_of
from septum.instances.watershed import watershed


def instances(
    probabilities: np.ndarray,
    threshold: float = 0.5,
    seed: float = 0.9,
    min_size: int = 0,
    neck: float = 0.0,
) -> np.ndarray:
    """Return the instances in `probabilities`.

    Two classes (background, cell), the paper's way: the connected components of the cells. Three
    classes (background, interior, touching border): the connected components of the interior are
    seeds, which flood the cells over the most interior pixels first.

    Parameters
    ----------
    probabilities : numpy.ndarray
        Shape ``(2 or 3, *spatial)``, summing to one over axis 0.
    threshold : float, default 0.5
        A pixel belongs to a cell where ``1 - background`` is above this.
    seed : float, default 0.9
        With three classes, a pixel belongs to a seed where ``interior`` is above this. Seeds of
        fewer than half of `min_size` pixels are none.
    min_size : int, default 0
        Instances of fewer pixels are dropped, and so are holes in them, if they are not longer than
        16 px (in volumes 6) along any axis; see `septum.instances.pinholes`.
    neck : float, default 0
        With three classes, seeds are parted where a neck is so many pixels less deep than what it
        joins; 0 for nowhere. See `septum.instances.necks`.

    Returns
    -------
    numpy.ndarray of int32
        Shape ``spatial``; 0 background, 1..n instances, in the order in which their first pixels
        (with three classes, those of their seeds) come in C order.

    Raises
    ------
    DataError
        If there are not two or three classes.
    """
    _check_classes(probabilities.shape)
    cells = pinholes.without_pinholes(_cells(probabilities, threshold), min_size)
    if len(probabilities) == 2:
        return components(cells, min_size)
    seeds = components(_seeds(probabilities, threshold, seed, neck), min_size // 2)
    return drop_small(watershed(1 - probabilities[1], seeds, cells), min_size)


@dataclass(frozen=True, eq=False)
class Found:
    """The instances of an image, computed block by block when they are written.

    Attributes
    ----------
    count : int
        Of instances.
    shape : tuple of int
        Of the image.
    """

    count: int
    shape: tuple[int, ...]
    _blocks: tuple[Block, ...]
    _labels: Callable[[Block], np.ndarray]

    def write(self, sink: Sink) -> None:
        """Write the labels, 0 background and 1..count, block by block.

        Parameters
        ----------
        sink : Sink of an integer type that holds `count`
            Shape `shape`.

        Raises
        ------
        ConfigError
            If the sink is of another shape, or of a type that is too small.
        """
        if tuple(sink.shape) != self.shape:
            raise ConfigError(f"labels of shape {self.shape} do not fit into {tuple(sink.shape)}")
        needed = np.min_scalar_type(self.count)
        if not np.can_cast(needed, sink.dtype):
            raise ConfigError(f"{self.count} labels do not fit into {sink.dtype}; take {needed}")
        for block in self._blocks:
            sink[block.window] = self._labels(block).astype(sink.dtype)


def find(
    probabilities: Source,
    threshold: float = 0.5,
    seed: float = 0.9,
    min_size: int = 0,
    neck: float = 0.0,
    block: int = 2048,
    on_block: Callable[[int, int], None] | None = None,
) -> Found:
    """Find the instances of an image of any size: those of `instances`, number for number.

    Memory is that of a block (about 50 bytes a pixel; where seeds are parted, of a block with what
    lies around it), of the faces of all blocks and of a few numbers an object. The source is read
    twice, with three classes about four times, of each block with a little that lies around it; the
    last time when the result is written.

    Parameters
    ----------
    probabilities : Source
        Shape ``(2 or 3, *spatial)``, float32; read block by block.
    threshold, seed, min_size, neck
        As of `instances`. A block is read with what lies around it, where seeds are parted most.
    block : int, default 2048
        Size of a block along each axis, in pixels.
    on_block : callable, optional
        Called with the visits to blocks done and expected. With three classes the latter may grow:
        a block is visited again when its neighbours flow into it.

    Raises
    ------
    DataError
        If there are not two or three classes.
    ConfigError
        If `block` is below 1.
    """
    _check_classes(probabilities.shape)
    if block < 1:
        raise ConfigError(f"block is {block} px; expected at least 1, such as 2048")
    shape = tuple(probabilities.shape[1:])
    parts = blocks(shape, block)
    around = pinholes.reach(len(shape)) if min_size > 1 else 0
    visits = _Visits(len(parts), probabilities.shape[0] == 3, on_block)

    def read(window: Window, first: int, count: int) -> np.ndarray:
        return np.asarray(probabilities[(slice(first, first + count), *window)])

    def cells_in(part: Block) -> np.ndarray:
        window, inner = part.with_surroundings(around, shape)
        return pinholes.without_pinholes(_cells(read(window, 0, 1), threshold), min_size)[inner]

    def seeds_in(part: Block) -> np.ndarray:
        window, inner = part.with_surroundings(necks.reach(len(shape)) if neck else 0, shape)
        return _seeds(read(window, 0, 2), threshold, seed, neck, inner)[inner]

    if probabilities.shape[0] == 2:
        cells = block_components(shape, parts, cells_in, min_size, visits.add)
        return Found(cells.count, shape, parts, lambda part: cells.labels(part, cells_in(part)))
    seeds = block_components(shape, parts, seeds_in, min_size // 2, visits.add)

    def ground(part: Block) -> Ground:
        (interior,) = read(part.window, 1, 1)
        return Ground(1 - interior, seeds.labels(part, seeds_in(part)), cells_in(part))

    flooded = BlockWatershed(parts, ground)
    numbers = numbers_of(flooded.areas(seeds.count, visits.add), min_size)
    visits.end()
    return Found(int(numbers.max()), shape, parts, lambda part: numbers[flooded.labels(part)])


class _Visits:
    """Counts visits to blocks, and guesses how many will be needed."""

    def __init__(
        self, blocks: int, floods: bool, on_block: Callable[[int, int], None] | None
    ) -> None:
        # Half of the blocks are flooded before they know their neighbours, and again afterwards.
        self._done, self._expected = 0, blocks + floods * (blocks + blocks // 2)
        self._on_block = on_block or (lambda _done, _expected: None)

    def add(self, waiting: int = 0) -> None:
        self._done += 1
        self._expected = max(self._expected, self._done + waiting)
        self._on_block(self._done, self._expected)

    def end(self) -> None:
        if self._done < self._expected:
            self._on_block(self._expected, self._expected)


def _cells(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    return 1 - probabilities[0] > threshold


def _seeds(
    probabilities: np.ndarray,
    threshold: float,
    seed: float,
    neck: float,
    inner: tuple[slice, ...] | None = None,
) -> np.ndarray:
    certain = (probabilities[1] > seed) & _cells(probabilities, threshold)
    return necks.parted(certain, neck, inner) if neck else certain


def _check_classes(shape: tuple[int, ...]) -> None:
    if shape[0] not in (2, 3):
        raise DataError(
            f"the probabilities have shape {tuple(shape)}; expected (background, cell) or "
            "(background, interior, border) along the first axis"
        )
