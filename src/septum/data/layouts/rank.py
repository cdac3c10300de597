"""Whether a stack is a volume or a pile of slices, as its annotation tells."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from septum.data.formats import open_image
from septum.data.labels import is_mask, whole_numbers
from septum.data.layouts.pair import Pair, label_planes, read_label_file
from septum.data.layouts.reading import Reading

_FLAT = 4
"""Voxels longer than this many times their width are those of sections, cut one by one."""

_GOING_ON, _OVERLAP = 0.5, 0.5
"""Share of the objects of a slice that must lie in the next under one id, and of each object."""


def rank_of(pairs: Sequence[Pair], reading: Reading) -> int:
    """Return 3 where the stacks of a dataset are volumes, 2 where their slices are images.

    The first pair that can tell decides. Instances say so themselves: in a volume an object has the
    same id in the next slice. A mask does not, but the voxels tell where their size is known: long
    ones are those of sections, which a network of planes learns with neighbouring slices as
    channels. Classes are like a mask.

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    if reading.ndim is not None:
        return reading.ndim
    return next(filter(None, (_rank_of(pair, reading) for pair in pairs)), 2)


def _rank_of(pair: Pair, reading: Reading) -> int | None:
    """Return what one pair tells, None where it is no stack or holds nothing that could tell."""
    named = reading.classes or pair.named
    file = read_label_file(pair.labels, reading.axes, named is not None and named.by_colour)
    stack = next((axis for axis in "ZQI" if axis in file.axes), None)
    if stack is None or file.array.shape[file.axes.index(stack)] < 2:
        return None
    if named is not None:
        return _by_voxels(pair, reading)
    values = whole_numbers(label_planes(file, 3), str(pair.labels), signed=True)
    ignored = pair.ignore if reading.ignore is None else reading.ignore
    values = np.where((values < 0) | (values == ignored), 0, values)
    if not values.any():
        return None
    if pair.kind in (None, "instances") and not is_mask(values):
        told = [goes_on(volume) for volume in values]
        return None if None in told else 2 + all(told)
    return _by_voxels(pair, reading)


def _by_voxels(pair: Pair, reading: Reading) -> int:
    spacing = reading.spacing_of(3) or open_image(pair.image, reading.axes).spacing
    known = spacing is not None and len(spacing) == 3
    return 3 if known and max(spacing or ()) <= _FLAT * min(spacing or ()) else 2


def goes_on(labels: np.ndarray, annotated: np.ndarray | None = None) -> bool | None:
    """Tell whether most objects of a slice of ``(Z, Y, X)`` lie in the next one, under the same id.

    They must lie over one another by half of the smaller at least: where each slice counts from 1,
    ids meet by chance too. Of two slices both must hold an object: one that nobody annotated, or
    that lies beyond all objects, says nothing.

    Returns
    -------
    bool or None
        None if no two slices could tell.
    """
    known = labels if annotated is None else np.where(annotated, labels, 0)
    sections = shared = 0
    for here, beyond in pairwise(known):
        ids, areas = np.unique(here[here > 0], return_counts=True)
        others, sizes = np.unique(beyond[beyond > 0], return_counts=True)
        if not len(ids) or not len(others) or here.min() == here.max():
            continue
        both, overlaps = np.unique(here[(here == beyond) & (here > 0)], return_counts=True)
        smaller = np.minimum(areas[np.isin(ids, both)], sizes[np.isin(others, both)])
        sections += len(ids)
        shared += int((overlaps >= _OVERLAP * smaller).sum())
    return shared > _GOING_ON * sections if sections else None
