"""Neighbouring slices of a stack as channels: what one leaves open, the next one may tell."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from septum.array import Source, Window
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


def neighbours(number: int, reach: int, length: int) -> list[int]:
    """Return the numbers of an image and its neighbours, in the order of `with_context`.

    Parameters
    ----------
    number : int
        Of an image of stacks that follow one another.
    reach : int
        Slices on each side.
    length : int
        Slices of each stack.
    """
    first = number - number % length
    near = range(number - reach, number + reach + 1)
    return [min(max(at, first), first + length - 1) for at in near]


def stacked(images: Sequence[Source]) -> Source:
    """Return the channels of images ``(C, *spatial)`` of one shape one after another."""
    channels = images[0].shape[0]

    def read(window: Window) -> np.ndarray:
        wanted = range(*window[0].indices(len(images) * channels))
        parts = []
        for place, image in enumerate(images):
            start = max(wanted.start - place * channels, 0)
            stop = min(wanted.stop - place * channels, channels)
            if start < stop:
                parts.append(np.asarray(image[(slice(start, stop), *window[1:])]))
        return np.concatenate(parts)

    shape = (len(images) * channels, *images[0].shape[1:])
    return ChunkedView(shape, images[0].dtype, read, getattr(images[0], "chunks", None))


def _stacks(samples: Sequence[Sample]) -> list[list[int]]:
    """Return the places of the slices of each stack, in order; what is of none stands alone."""
    stacks: dict[object, list[int]] = {}
    for number, sample in enumerate(samples):
        stacks.setdefault(sample.group if sample.slice else number, []).append(number)
    return [sorted(stack, key=lambda n: samples[n].index or 0) for stack in stacks.values()]
