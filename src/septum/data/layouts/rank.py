"""Whether a stack is a volume or a pile of slices, as its annotation tells."""

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


def rank_of(pair: Pair, reading: Reading) -> int:
    """Return 3 where the stack of a pair is a volume, 2 where its slices are images.

    Instances say so themselves: in a volume an object has the same id in the next slice. A mask
    does not, but the voxels tell where their size is known: long ones are those of sections, which
    a network of planes with neighbouring slices as channels learns better (docs/decisions.md).

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    if reading.ndim is not None:
        return reading.ndim
    file = read_label_file(pair.labels, reading.axes)
    stack = next((axis for axis in "ZQI" if axis in file.axes), None)
    if stack is None or file.array.shape[file.axes.index(stack)] < 2:
        return 2
    values = whole_numbers(label_planes(file, 3), str(pair.labels), signed=True)
    if pair.kind in (None, "instances") and not is_mask(values):
        return 3 if all(map(goes_on, values)) else 2
    spacing = reading.spacing or open_image(pair.image, reading.axes).spacing
    known = spacing is not None and len(spacing) == 3
    return 3 if known and max(spacing or ()) <= _FLAT * min(spacing or ()) else 2


def goes_on(labels: np.ndarray) -> bool:
    """Tell whether most objects of a slice of ``(Z, Y, X)`` lie in the next one, under the same id.

    They must lie over one another by half of the smaller at least: where each slice counts from 1,
    ids meet by chance too.
    """
    sections = shared = 0
    for here, beyond in pairwise(labels):
        ids, areas = np.unique(here[here > 0], return_counts=True)
        others, sizes = np.unique(beyond[beyond > 0], return_counts=True)
        both, overlaps = np.unique(here[(here == beyond) & (here > 0)], return_counts=True)
        smaller = np.minimum(areas[np.isin(ids, both)], sizes[np.isin(others, both)])
        sections += len(ids)
        shared += int((overlaps >= _OVERLAP * smaller).sum())
    return shared > _GOING_ON * sections
