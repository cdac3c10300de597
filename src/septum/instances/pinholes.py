"""Pinholes: background within a single object that is smaller than the smallest object.

Background is connected over corners, too, as objects are over faces alone: then what encloses a
component of background is one object. Where it encloses another in turn, as a ring does, it parts
two objects and is no hole. So to fill holes joins no two objects.

A hole is judged by the pixels of its own box and by nothing else, and one that is longer than
`reach` along an axis is left: a block that is read with so much around it has the pinholes of the
whole image.
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
    longest = reach(cells.ndim)
    # A rim of open background spares the kernel every test for the edge.
    state = np.full([length + 2 for length in cells.shape], _OPEN)
    inner = (slice(1, -1),) * cells.ndim
    state[inner] = np.where(cells, _OBJECT, _UNSEEN)
    around = [step for step in product((-1, 0, 1), repeat=cells.ndim) if any(step)]
    offsets = np.array(around) @ np.array(state.strides)
    _fill(
        state.ravel(),
        np.array(state.shape),
        offsets,
        min(size, longest**cells.ndim + 1),
        longest,
    )
    return state[inner] == _OBJECT


@kernel
def _fill(state, shape, offsets, size, longest):
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
            for offset in offsets:
                near = pixel + offset
                enclosed &= state[near] != _OPEN
                if state[near] == _UNSEEN:
                    found[count], state[near] = near, _SEEN
                    count += 1
                    if count == size:
                        break
            enclosed &= count < size
        hole = enclosed and _is_solid(found[:count], shape, longest)
        for pixel in found[:count]:
            state[pixel] = _OBJECT if hole else _OPEN


@kernel
def _strides(shape):
    strides = np.ones(shape.size, np.int64)
    for axis in range(shape.size - 2, -1, -1):
        strides[axis] = strides[axis + 1] * shape[axis + 1]
    return strides


@kernel
def _is_solid(pixels, shape, longest):
    """Tell whether a component is short and goes around nothing."""
    strides = _strides(shape)
    places = np.empty((pixels.size, shape.size), np.int64)
    for number, pixel in enumerate(pixels):
        for axis in range(shape.size):
            places[number, axis] = pixel // strides[axis] % shape[axis]
    box = np.empty(shape.size, np.int64)
    for axis in range(shape.size):
        lowest = places[:, axis].min()
        box[axis] = places[:, axis].max() - lowest + 3  # with a rim around
        places[:, axis] += 1 - lowest
        if box[axis] - 2 > longest:
            return False
    # Everything but the component is reached over faces from the rim, unless it lies within.
    within, free = _strides(box), np.ones(box.prod(), np.bool_)
    for place in places:
        free[(place * within).sum()] = False
    left, waiting = free.size - pixels.size - 1, [0]
    free[0] = False
    while waiting:
        at = waiting.pop()
        for axis in range(box.size):
            along = at // within[axis] % box[axis]
            for step in (-1, 1):
                near = at + step * within[axis]
                if 0 <= along + step < box[axis] and free[near]:
                    free[near] = False
                    left -= 1
                    waiting.append(near)
    return left == 0
