"""The paper's way from probabilities to instances: threshold, connected components, size."""

import numpy as np
from scipy import ndimage


def components(mask: np.ndarray, min_size: int = 0) -> np.ndarray:
    """Return the face-connected components of `mask`, numbered 1..n, without the small ones.

    Parameters
    ----------
    mask : numpy.ndarray of bool
        Any rank.
    min_size : int, default 0
        Components of fewer pixels are dropped.

    Returns
    -------
    numpy.ndarray of int32
    """
    labels = np.zeros(mask.shape, np.int32)
    ndimage.label(mask, output=labels)
    return drop_small(labels, min_size)


def drop_small(labels: np.ndarray, min_size: int) -> np.ndarray:
    """Return `labels` without instances of fewer than `min_size` pixels, renumbered 1..n.

    Parameters
    ----------
    labels : numpy.ndarray of int32
        0 background, 1..n instances.
    min_size : int
        In pixels.
    """
    areas = np.bincount(labels.ravel())
    kept = areas >= max(min_size, 1)
    kept[0] = False
    numbers = np.cumsum(kept, dtype=np.int32) * kept
    return numbers.astype(np.int32)[labels]
