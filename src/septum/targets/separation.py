"""The background ridge between touching instances that the paper's training needs.

Foreground against background cannot tell two cells apart that meet with no gap, so one pixel of
the larger cell gives way::

    1 1 1 2 2        1 1 0 2 2
    1 1 1 2 2   ->   1 1 0 0 0
    1 1 1 3 3        1 1 0 3 3
"""

from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from septum.compile import kernel
from septum.targets.instances import as_labels, compact_ids


def separate(labels: ArrayLike) -> NDArray:
    """Put a ridge of background, one pixel wide, between instances that touch.

    Afterwards no two different ids are neighbours, not even diagonally. The pixel is taken from
    the larger of two cells (of equal ones, from the higher id), so that small cells are not eaten.
    A pixel is taken only if it touches a pixel, left standing, of a smaller cell: the ridge is as
    thin as it can be where three cells meet, and cells without contact are not changed.

    Parameters
    ----------
    labels : array_like of int, shape (*spatial)
        Instances, 0 for background; any rank, any ids.

    Returns
    -------
    ndarray, shape (*spatial)
        A new label image of the same type; each pixel keeps its id or becomes 0.

    Raises
    ------
    DataError
        If labels are not whole numbers, or negative.

    Notes
    -----
    Separating twice is separating once. An id vanishes only where each pixel of the cell touches
    a smaller cell (or one of equal size and lower id): a thread one or two pixels wide between
    smaller cells, or one of two single pixels side by side.
    """
    labels = as_labels(labels)
    compact, _ = compact_ids(labels)
    # A frame of background spares the kernels the edge of the image, whatever the rank.
    framed = np.pad(compact, 1)
    steps = _neighbour_steps(framed.shape)
    flat = framed.ravel()
    contacts = np.flatnonzero(_touches_another(flat, steps))
    kept = labels.copy()
    if contacts.size == 0:
        return kept
    sizes = np.bincount(flat)
    order = np.empty(sizes.size, np.int64)
    order[np.lexsort((np.arange(sizes.size), sizes))] = np.arange(sizes.size)
    contacts = contacts[np.argsort(order[flat[contacts]], kind="stable")]
    _take_from_larger(flat, contacts, order, steps)
    inside = framed[(slice(1, -1),) * labels.ndim]
    kept[inside == 0] = 0
    return kept


def _neighbour_steps(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the steps in the flat array to all 3^rank - 1 neighbours, diagonals included."""
    strides = np.cumprod((1, *shape[:0:-1]))[::-1]
    return np.array(
        [np.dot(step, strides) for step in product((-1, 0, 1), repeat=len(shape)) if any(step)]
    )


@kernel
def _touches_another(flat, steps):
    """Mark the pixels that have a neighbour of another cell."""
    touching = np.zeros(flat.size, np.bool_)
    for pixel in range(flat.size):
        own = flat[pixel]
        if own == 0:
            continue
        for step in steps:
            other = flat[pixel + step]
            if other != own and other != 0:
                touching[pixel] = True
                break
    return touching


@kernel
def _take_from_larger(flat, contacts, order, steps):
    """Clear, in place and smallest cell first, the contacts that touch a standing smaller cell."""
    for pixel in contacts:
        own = flat[pixel]
        for step in steps:
            other = flat[pixel + step]
            if other != 0 and order[other] < order[own]:
                flat[pixel] = 0
                break
