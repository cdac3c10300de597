"""Probabilities and labels of the images of a file, which may be far larger than memory."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from septum.array import Source, View, item
from septum.classes import Classes
from septum.data.channels import Places, absent, arranged
from septum.data.context import neighbours, stacked
from septum.geometry import blocks, tile_stride
from septum.instances import drop_specks, find
from septum.intake import (
    coloured,
    fitting,
    instance_values,
    smallest_pieces,
    working_shape,
    zoom_of,
)
from septum.model import Model
from septum.resample import resampled
from septum.segment.options import Options
from septum.workspace import Workspace

_LARGEST_BLOCK = 2048**2
_LARGEST_PART = 512
_BYTES_A_PIXEL = 120
"""What finding instances takes for each pixel of a block, measured."""

_CHUNKS = 4
"""On disk, labels are cut into this many chunks a block along each axis."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how much of it is done, of how much in all."""


def computed(
    model: Model,
    images: Source,
    places: Places,
    slices: int,
    spacing: Sequence[float] | None,
    options: Options,
    space: Workspace,
    progress: Progress,
) -> tuple[Source, tuple[int, ...], Source]:
    """Return probabilities, number of objects and labels of each of the images ``(N, C, ...)``.

    Each `slices` of them are a stack; `places` are the channels that the model takes.
    """
    known, count, shape = model.description, images.shape[0], tuple(images.shape[2:])
    zoom = zoom_of(known, spacing)
    working, classes = working_shape(known, shape, zoom), known.classes
    memory = options.memory // 2
    missing = absent(places, known.in_channels)
    tile = model.tile(working, options.tile, options.memory)
    stride = tile_stride(working, tile, model.network.depths)
    parts = tuple(_part(size) for size in stride)
    small = space.array((count, classes, *working), np.float32, (1, 1, *parts))
    chunk = _chunk(len(shape), options.memory // 8)
    block = _CHUNKS * chunk  # so that no two blocks write to one chunk
    for number in range(count):

        def report(done: int, total: int, number: int = number) -> None:
            progress("computing", number * total + done, count * total)

        image = fitting(known, arranged(item(images, number), places))
        if slices > 1 and known.reach:
            near = neighbours(number, known.reach, slices)
            image = stacked([coloured(known, arranged(item(images, at), places)) for at in near])
        model.write_probabilities(
            image, item(small, number), tile, options.orientations, report, memory, missing
        )
    if not isinstance(small, np.ndarray):  # a large image: its blocks need the room of its tiles
        model.engine.release()
    full = _stacked(small, shape)
    chunks = (1, *(chunk,) * len(shape))
    if known.named is not None:
        labels = space.array((count, *shape), np.uint8, chunks)
        smallest = smallest_pieces(known, zoom)
        for number in range(count):
            planes = item(full, number), item(labels, number)
            _write_classes(model, known.named, *planes, smallest, block, progress)
        highest = 1 if known.named.overlap else len(known.named.names)
        return full, (highest,) * count, labels
    values = instance_values(known, zoom)
    labels = space.array((count, *shape), np.uint32, chunks)
    counts = []
    for number in range(count):
        cells = find(
            item(full, number),
            *values,
            block=block,
            on_block=lambda done, total: progress("separating", done, total),
        )
        cells.write(item(labels, number))
        counts.append(cells.count)
    return full, tuple(counts), labels


def _write_classes(
    model: Model,
    named: Classes,
    probabilities: Source,
    into: Any,
    smallest: Sequence[int],
    block: int,
    progress: Progress,
) -> None:
    """Write the numbers of named classes of one image, without pieces that are too small."""
    parts = blocks(probabilities.shape[1:], block)
    every = slice(0, probabilities.shape[0])
    for part in parts:
        into[part.window] = model.classified(np.asarray(probabilities[(every, *part.window)]))
        progress("telling classes apart", part.number + 1, len(parts))
    drop_specks(into, named, smallest, block)


def _part(stride: int) -> int:
    """Return an even share of what a tile yields: tiles write whole chunks, and chunks are small.

    Reading a band of rows decodes every chunk that it touches, many of them at once.
    """
    while stride > _LARGEST_PART and stride % 2 == 0:
        stride //= 2
    return stride


def _chunk(ndim: int, memory: int) -> int:
    pixels = min(_LARGEST_BLOCK, memory // _BYTES_A_PIXEL)
    return max(16, round(pixels ** (1 / ndim) / _CHUNKS))


def _stacked(small: Source, shape: tuple[int, ...]) -> Source:
    """Return ``(N, classes, *working)`` at the resolution of the images."""

    def read(window: tuple[slice, ...]) -> np.ndarray:
        planes = range(*window[0].indices(small.shape[0]))
        return np.stack([resampled(item(small, n), shape)[window[1:]] for n in planes])

    return View((*small.shape[:2], *shape), np.dtype(np.float32), read)
