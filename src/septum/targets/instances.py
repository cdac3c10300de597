"""A label image as the kernels want it: checked once, ids as int32."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from septum.errors import DataError

_LARGEST_ID = np.iinfo(np.int32).max


def as_labels(labels: ArrayLike) -> NDArray:
    """Check that an array is a label image: whole numbers, 0 for background, 1..n for cells.

    Parameters
    ----------
    labels : array_like of int or bool
        Label image of any rank.

    Returns
    -------
    ndarray
        The same array, not copied.

    Raises
    ------
    DataError
        If the values are not whole numbers by type, or one is negative.
    """
    array = np.asarray(labels)
    if array.dtype.kind not in "iub":
        raise DataError(
            f"labels have the type {array.dtype}; expected whole numbers "
            "(0 = background, 1..n = cells), for example labels.astype(np.int32)"
        )
    if array.ndim == 0:
        raise DataError(f"labels are the single number {array}; expected an image with axes")
    if array.dtype.kind == "i" and array.size and array.min() < 0:
        raise DataError(
            f"labels hold the negative id {array.min()}; expected 0 = background, 1..n = cells "
            "(pixels that nobody annotated belong in `annotated`, not in the labels)"
        )
    return array


def compact_ids(labels: NDArray) -> tuple[NDArray[np.int32], NDArray]:
    """Give a checked label image ids that are small enough to index a table.

    Parameters
    ----------
    labels : ndarray of int or bool
        Label image, ids of any size.

    Returns
    -------
    compact : ndarray of int32
        The same cells with compact ids; 0 stays 0 and the order of the ids is kept.
    ids : ndarray
        ``ids[compact] == labels``.
    """
    largest = int(labels.max(initial=0))
    if largest <= min(max(2 * labels.size, 65535), _LARGEST_ID - 1):
        return labels.astype(np.int32), np.arange(largest + 1)
    ids = np.unique(labels)
    if ids[0] != 0:
        ids = np.concatenate([np.zeros(1, ids.dtype), ids])
    return np.searchsorted(ids, labels).astype(np.int32), ids
