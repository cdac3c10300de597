"""Four-connected components of a binary slice, and the basins that flooding grows from them.

Pixels are visited column by column, as in the challenge's reference implementation. The
components do not depend on the order, but the lines on which basins meet do, by a pixel.
"""

import numpy as np

from septum.compile import kernel

DAM = 0
UNSEEN = -1
QUEUED = -2
CLOSED = -3


def components(cells: np.ndarray) -> np.ndarray:
    """Label the 4-connected components of a binary slice.

    Parameters
    ----------
    cells : ndarray of bool, (Y, X)

    Returns
    -------
    ndarray of int32, (Y, X)
        0 outside cells, 1..n in the components.
    """
    labels = _closed_frame(cells)
    flat = labels.ravel()
    _label(flat, labels.shape[1], np.empty(flat.size, np.int32))
    return np.maximum(labels[1:-1, 1:-1].T, 0)


def basins(cells: np.ndarray) -> np.ndarray:
    """Thin the space between cells to dams of one pixel.

    The watershed by flooding of Vincent and Soille (1991) on two levels: every 4-connected
    component of the cells is a basin, and all basins grow at the same pace into the space
    between them. Where the fronts of two basins meet, a dam is left. Thick dams can remain
    where a front runs along an older dam.

    Parameters
    ----------
    cells : ndarray of bool, (Y, X)

    Returns
    -------
    ndarray of int32, (Y, X)
        0 on dams, 1..n in the basins; on cells the same labels as from `components`. A slice
        without cells is one basin.
    """
    if not cells.any():
        return np.ones(cells.shape, np.int32)
    labels = _closed_frame(cells)
    flat = labels.ravel()
    queue = np.empty(flat.size, np.int32)
    _label(flat, labels.shape[1], queue)
    labels[1:-1, 1:-1][~cells.T] = UNSEEN
    _flood(flat, labels.shape[1], queue)
    return np.ascontiguousarray(labels[1:-1, 1:-1].T)


def _closed_frame(cells: np.ndarray) -> np.ndarray:
    # Transposed, so that running through memory runs down the columns; one closed pixel all
    # around saves the kernels from asking where the edge is.
    labels = np.full((cells.shape[1] + 2, cells.shape[0] + 2), CLOSED, np.int32)
    labels[1:-1, 1:-1][cells.T] = UNSEEN
    return labels


@kernel
def _label(labels, stride, queue):
    """Give every 4-connected region of UNSEEN pixels its own label, 1..n, in place."""
    count = 0
    for start in range(labels.size):
        if labels[start] != UNSEEN:
            continue
        count += 1
        labels[start] = count
        queue[0] = start
        head, tail = 0, 1
        while head < tail:
            pixel = queue[head]
            head += 1
            for neighbour in (pixel - stride, pixel - 1, pixel + stride, pixel + 1):
                if labels[neighbour] == UNSEEN:
                    labels[neighbour] = count
                    queue[tail] = neighbour
                    tail += 1


@kernel
def _flood(labels, stride, queue):
    """Grow all labels > 0 into the UNSEEN pixels, first come first served, in place."""
    tail = 0
    for pixel in range(labels.size):
        if labels[pixel] == UNSEEN:
            for neighbour in (pixel - stride, pixel - 1, pixel + stride, pixel + 1):
                if labels[neighbour] >= DAM:
                    labels[pixel] = QUEUED
                    queue[tail] = pixel
                    tail += 1
                    break
    head = 0
    while head < tail:
        pixel = queue[head]
        head += 1
        only_dams = False  # the pixel is a dam for now, since it has seen dams but no basin yet
        for neighbour in (pixel - stride, pixel - 1, pixel + stride, pixel + 1):
            label = labels[neighbour]
            if label > DAM:
                if labels[pixel] == QUEUED or (labels[pixel] == DAM and only_dams):
                    labels[pixel] = label
                elif labels[pixel] > DAM and labels[pixel] != label:
                    labels[pixel] = DAM
                    only_dams = False
            elif label == DAM:
                if labels[pixel] == QUEUED:
                    labels[pixel] = DAM
                    only_dams = True
            elif label == UNSEEN:
                labels[neighbour] = QUEUED
                queue[tail] = neighbour
                tail += 1
