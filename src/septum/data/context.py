"""Neighbouring slices of a stack as channels: what one leaves open, the next one may tell."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from septum.array import Source, Window, item
from septum.data.formats.image_file import ChunkedView
from septum.data.sample import Sample

SLICES = ("Z", "Q", "I")
"""Stack axes along which planes are slices of one volume; pages (Q, I) are taken for such."""


def with_context(samples: Sequence[Sample], reach: int) -> list[Sample]:
    """Return slices of stacks with the channels of their neighbours before and behind their own.

    Neighbours are the nearest slices among `samples`; at its ends a stack goes on with its last
    slice. A sample that is of no stack is its own neighbour.

    Parameters
    ----------
    samples : sequence of Sample
        In any order.
    reach : int
        Slices on each side; 0 returns the samples as they are.

    Returns
    -------
    list of Sample
        In the same order, with ``2 * reach + 1`` times the channels.
    """
    if not reach:
        return list(samples)
    result = list(samples)
    for stack in _stacks(samples):
        for place, number in enumerate(stack):
            near = (place + step for step in range(-reach, reach + 1))
            slices = [samples[stack[min(max(at, 0), len(stack) - 1)]].image for at in near]
            result[number] = replace(samples[number], image=np.concatenate(slices), reach=reach)
    return result


def in_stack(images: Source, number: int, reach: int, length: int) -> Source:
    """Return one of ``(N, C, *spatial)`` images with its neighbours, as `with_context` has them.

    Parameters
    ----------
    images : Source
        Stacks one after another.
    number : int
        Which of the N.
    reach : int
        Slices on each side.
    length : int
        Slices of a stack; 1 where the images are none.
    """
    if not reach:
        return item(images, number)
    channels = images.shape[1]
    first = number - number % length
    near = range(number - reach, number + reach + 1)
    slices = [min(max(at, first), first + length - 1) for at in near]

    def read(window: Window) -> np.ndarray:
        wanted = range(*window[0].indices(len(slices) * channels))
        parts = []
        for place, at in enumerate(slices):
            own = range(place * channels, (place + 1) * channels)
            start, stop = max(wanted.start, own.start), min(wanted.stop, own.stop)
            if start < stop:
                inner = slice(start - own.start, stop - own.start)
                parts.append(np.asarray(images[(slice(at, at + 1), inner, *window[1:])])[0])
        return np.concatenate(parts)

    chunks = getattr(images, "chunks", None)
    shape = (len(slices) * channels, *images.shape[2:])
    return ChunkedView(shape, images.dtype, read, None if chunks is None else tuple(chunks[1:]))


def _stacks(samples: Sequence[Sample]) -> list[list[int]]:
    """Return the places of the slices of each stack, in order; what is of none stands alone."""
    stacks: dict[object, list[int]] = {}
    for number, sample in enumerate(samples):
        stacks.setdefault(sample.group if sample.slice else number, []).append(number)
    return [sorted(stack, key=lambda n: samples[n].index or 0) for stack in stacks.values()]
