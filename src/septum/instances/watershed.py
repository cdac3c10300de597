"""Flooding from seeds: each pixel goes to the seed that reaches it over the lowest pass.

One bucket per grey level, first in first out within a level, so the time is linear in the pixels.
"""

import numpy as np

from septum.compile import kernel

_LEVELS = 256


def watershed(height: np.ndarray, seeds: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the seeds grown over `mask`, lowest `height` first (face-connected).

    Parameters
    ----------
    height : numpy.ndarray of float
        In [0, 1], any rank; quantised to 256 levels.
    seeds : numpy.ndarray of int32
        0 where no seed is; every seed keeps its id. Seeds outside the mask count as inside.
    mask : numpy.ndarray of bool
        Where to grow.

    Returns
    -------
    numpy.ndarray of int32
        0 outside the mask and where no seed reaches.
    """
    # A rim outside the mask spares the flooding every test for the edge of the image.
    labels = np.pad(seeds, 1)
    open_pixels = np.pad(mask, 1)
    levels = np.pad(np.clip(height * (_LEVELS - 1), 0, _LEVELS - 1).astype(np.uint8), 1)
    strides = np.array(labels.strides) // labels.itemsize
    offsets = np.concatenate([strides, -strides])
    flat = labels.ravel()
    _flood(flat, open_pixels.ravel(), levels.ravel(), offsets)
    return np.ascontiguousarray(labels[tuple(slice(1, -1) for _ in range(labels.ndim))])


@kernel
def _flood(labels, mask, levels, offsets):
    head = np.full(_LEVELS, -1, np.int64)
    tail = np.full(_LEVELS, -1, np.int64)
    following = np.full(labels.size, -1, np.int64)
    for pixel in range(labels.size):
        if labels[pixel]:
            _push(head, tail, following, levels[pixel], pixel)
    level = 0
    while level < _LEVELS:
        pixel = head[level]
        if pixel < 0:
            level += 1
            continue
        head[level] = following[pixel]
        if head[level] < 0:
            tail[level] = -1
        for offset in offsets:
            neighbour = pixel + offset
            if mask[neighbour] and not labels[neighbour]:
                labels[neighbour] = labels[pixel]
                # Water that has risen to `level` never falls below it again.
                _push(head, tail, following, max(level, levels[neighbour]), neighbour)


@kernel
def _push(head, tail, following, level, pixel):
    if tail[level] < 0:
        head[level] = pixel
    else:
        following[tail[level]] = pixel
    tail[level] = pixel
