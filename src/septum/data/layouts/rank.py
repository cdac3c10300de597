"""Whether a stack is a volume or a pile of slices, as its annotation tells."""

from collections.abc import Sequence

import numpy as np

from septum.data.formats import open_image
from septum.data.labels import is_mask, whole_numbers
from septum.data.layouts.pair import Pair, label_planes, read_label_file
from septum.data.layouts.reading import Reading

_FLAT = 4
"""Voxels longer than this many times their width are those of sections, cut one by one."""

_GOING_ON = 0.5
"""Share of the objects that must lie in neighbouring slices under one id."""


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


def goes_on(labels: np.ndarray | Sequence) -> bool:
    """Tell whether most objects of a volume ``(Z, Y, X)`` lie in neighbouring slices as well."""
    labels = np.asarray(labels)
    ids = np.unique(labels[labels > 0])
    same = np.unique(labels[1:][(labels[1:] == labels[:-1]) & (labels[1:] > 0)])
    return len(ids) > 0 and len(same) >= _GOING_ON * len(ids)
