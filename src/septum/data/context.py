"""Neighbouring slices of a stack as channels: what one leaves open, the next one may tell."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from septum.array import Source, Window
from septum.data.formats.image_file import ChunkedView
from septum.data.sample import Sample
from septum.errors import DataError

SLICES = ("Z", "Q", "I")
"""Stack axes along which planes are slices of one volume; pages (Q, I) are taken for such."""


def with_context(
    samples: Sequence[Sample], reach: int, among: Sequence[Sample] | None = None
) -> list[Sample]:
    """Return slices of stacks with the channels of their neighbours before and behind their own.

    Neighbours are the nearest slices among those given; at its ends a stack goes on with its last
    slice. A sample that is of no stack is its own neighbour. The images that are returned are views
    of one array for each stack, so that they take no more memory than the stack itself.

    Parameters
    ----------
    samples : sequence of Sample
        In any order.
    reach : int
        Slices on each side; 0 returns the samples as they are.
    among : sequence of Sample, optional
        All slices of the stacks, also those that nobody annotated; by default `samples`.

    Returns
    -------
    list of Sample
        In the order of `samples`, with ``2 * reach + 1`` times the channels.

    Raises
    ------
    DataError
        If slices of one stack have different shapes.
    """
    if not reach:
        return list(samples)
    wanted = {sample.group for sample in samples if sample.slice}
    stacks: dict[str, dict[int, Sample]] = {group: {} for group in wanted}
    for sample in (*(samples if among is None else among), *samples):
        if sample.slice and sample.group in wanted:
            stacks[sample.group][sample.index or 0] = sample
    laid = {group: _laid_out(stack, reach) for group, stack in stacks.items()}
    found = []
    for sample in samples:
        if sample.slice:
            array, places = laid[sample.group]
            first = places[sample.index or 0]
            image = array[first : first + 2 * reach + 1].reshape(-1, *sample.shape)
        else:
            image = np.concatenate([sample.image] * (2 * reach + 1))
        found.append(replace(sample, image=image, reach=reach))
    return found


def _laid_out(stack: dict[int, Sample], reach: int) -> tuple[np.ndarray, dict[int, int]]:
    """Return the slices in order, each end repeated, and from each index the first neighbour's."""
    order = sorted(stack)
    for index in order:
        one, two = stack[order[0]], stack[index]
        if one.image.shape != two.image.shape:
            raise DataError(
                f"{one.name} and {two.name} are slices of one stack, of the shapes "
                f"{one.image.shape} and {two.image.shape}; give slices of one size"
            )
    ends = [order[0]] * reach, [order[-1]] * reach
    array = np.stack([stack[index].image for index in (*ends[0], *order, *ends[1])])
    return array, {index: place for place, index in enumerate(order)}


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
