"""Pinholes: background within a single object that is smaller than the smallest object.

Background is connected over corners, too, as objects are over faces alone: then what encloses a
component of background is one object, and to fill it joins no two.

A hole is judged by its own pixels and by nothing else, and one that is longer than `reach` along an
axis is left: a block that is read with so much around it has the pinholes of the whole image.
"""

from itertools import product

import numpy as np

from septum.compile import kernel

_OBJECT, _UNSEEN, _SEEN, _OPEN = np.arange(4, dtype=np.uint8)
_BOX = 2**8
"""Pixels of the largest box of a pinhole: 16² or 6³."""


def reach(ndim: int) -> int:
    """Return how long a pinhole may be along each axis, in pixels."""
    return round(_BOX ** (1 / ndim))


def without_pinholes(cells: np.ndarray, size: int) -> np.ndarray:
    """Return `cells` with their pinholes filled.

    Parameters
    ----------
    cells : numpy.ndarray of bool
        Any rank. What reaches the edge of the array is not enclosed.
    size : int
        A hole of as many pixels is none.

    Returns
    -------
    numpy.ndarray of bool
    """
    if size < 2:
        return cells
    # A rim of open background spares the kernel every test for the edge.
    state = np.pad(np.where(cells, _OBJECT, _UNSEEN), 1, constant_values=_OPEN)
    sizes, strides = np.array(state.shape), np.array(state.strides)
    around = [np.dot(step, strides) for step in product((-1, 0, 1), repeat=cells.ndim) if any(step)]
    _fill(state.ravel(), np.array(around), sizes, strides, size, reach(cells.ndim))
    return state[(slice(1, -1),) * cells.ndim] == _OBJECT


@kernel
def _fill(state, around, sizes, strides, size, longest):
    """Make pinholes a part of the object; each pixel of background is looked at once.

    What is taken for open before all of it has been seen stays open, and so does whatever of it is
    seen later, since that lies beside it.
    """
    found = np.empty(size, np.int64)
    for first in range(state.size):
        if state[first] != _UNSEEN:
            continue
        found[0], state[first] = first, _SEEN
        count, looked, enclosed = 1, 0, True
        while enclosed and looked < count:
            pixel = found[looked]
            looked += 1
            for offset in around:
                near = pixel + offset
                enclosed &= state[near] != _OPEN
                if state[near] == _UNSEEN:
                    found[count], state[near] = near, _SEEN
                    count += 1
                    if count == size:
                        break
            enclosed &= count < size
        pinhole = enclosed and _is_short(found[:count], sizes, strides, longest)
        for pixel in found[:count]:
            state[pixel] = _OBJECT if pinhole else _OPEN


@kernel
def _is_short(pixels, sizes, strides, longest):
    for axis in range(sizes.size):
        lowest, highest = sizes[axis], 0
        for pixel in pixels:
            at = pixel // strides[axis] % sizes[axis]
            lowest, highest = min(lowest, at), max(highest, at)
        if highest - lowest >= longest:
            return False
    return True
