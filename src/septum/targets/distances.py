"""Exact distances to the nearest and the second-nearest cell: d1 and d2 of equation 2.

A separable distance transform, one pass per axis, that carries two candidates per pixel: the
squared distances to, and the ids of, the two nearest different cells seen so far. Two are enough:
a cell that is not among the two nearest of a pixel ``q`` has two nearer ones there, and both stay
nearer for every pixel that is reached through ``q``. The cost is linear in the area, whatever the
number of cells.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from septum.compile import kernel
from septum.errors import ConfigError
from septum.targets.instances import as_labels, compact_ids


def two_nearest(
    labels: ArrayLike,
    limit: float,
    spacing: float | Sequence[float] | None = None,
    background_only: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure the distances to the nearest and the second-nearest cell, for every pixel.

    Distances are Euclidean, between pixel centres, and exact. Inside a cell the first is 0 and the
    second is the distance to the nearest other cell.

    Parameters
    ----------
    labels : array_like of int, shape (*spatial)
        Instances, 0 for background; any rank.
    limit : float
        Distances beyond it are not searched for. In pixels, or in the unit of `spacing`.
    spacing : float or sequence of float, optional
        Size of a pixel along each axis; 1 by default.
    background_only : bool
        Skip the search inside cells, which is half of the time, and answer as if there were no
        second cell for their pixels.

    Returns
    -------
    d1, d2 : ndarray of float64, shape (*spatial)
        Infinite where there is no (second) cell within the limit.

    Raises
    ------
    DataError
        If labels are not whole numbers, or negative.
    ConfigError
        If the limit is negative, or the spacing is not positive or not one number per axis.
    """
    labels = as_labels(labels)
    steps = spacing_per_axis(spacing, labels.ndim)
    if not limit >= 0:
        raise ConfigError(f"limit is {limit}; expected a distance of 0 or more")
    compact, _ = compact_ids(labels)
    # Squares up to this one count; the next number above serves as "nothing found yet".
    cap = np.nextafter(float(limit) ** 2, np.inf) if np.isfinite(limit) else np.inf
    squares = np.empty((2, *labels.shape))
    ids = np.empty((2, *labels.shape), np.int32)
    if labels.size == 0:
        return squares[0], squares[1]
    # A single axis is searched as one row, so that every rank ends with a search along lines.
    rows = labels.shape[0] if labels.ndim > 1 else 1
    table = (2, rows, labels.size // rows)
    _nearest_along_first_axis(
        compact.reshape(table[1:]), steps[0], cap, squares.reshape(table), ids.reshape(table)
    )
    for axis in range(min(1, labels.ndim - 1), labels.ndim):
        lines = (2, -1, labels.shape[axis], int(np.prod(labels.shape[axis + 1 :])))
        skip = background_only and axis == labels.ndim - 1
        _nearest_along_axis(squares.reshape(lines), ids.reshape(lines), steps[axis], cap, skip)
    np.sqrt(squares, out=squares)
    return squares[0], squares[1]


def spacing_per_axis(spacing: float | Sequence[float] | None, ndim: int) -> NDArray[np.float64]:
    """Return one positive pixel size per axis; 1 where no spacing is given."""
    steps = np.atleast_1d(np.asarray(1.0 if spacing is None else spacing, np.float64))
    if steps.size == 1:
        steps = np.repeat(steps, ndim)
    if steps.shape != (ndim,) or not (np.isfinite(steps).all() and (steps > 0).all()):
        raise ConfigError(
            f"spacing is {spacing}; expected {ndim} positive numbers, one per axis of the image, "
            f"for example {(1.0,) * ndim}"
        )
    return steps


@kernel
def _insert(square, cell, d1, c1, d2, c2):
    """Offer a candidate to the two nearest different cells; the distance is known to be < d2."""
    if cell == c1:
        return min(square, d1), c1, d2, c2
    if square < d1:
        return square, cell, d1, c1
    return d1, c1, square, cell


@kernel
def _nearest_along_first_axis(labels, step, cap, squares, ids):
    """Find the two nearest cells within each column of a (rows, columns) label image.

    Two sweeps, down and up; each remembers the last two different cells that it came across.
    """
    rows, columns = labels.shape
    squares[:] = np.inf
    ids[:] = 0
    cells = np.empty((2, columns), np.int32)
    places = np.empty((2, columns), np.int64)
    for direction in (1, -1):
        cells[:] = 0
        places[:] = 0
        for i in range(rows):
            row = i if direction == 1 else rows - 1 - i
            for column in range(columns):
                here = labels[row, column]
                if here != 0:
                    if here != cells[0, column]:
                        cells[1, column] = cells[0, column]
                        places[1, column] = places[0, column]
                        cells[0, column] = here
                    places[0, column] = row
                for k in range(2):
                    cell = cells[k, column]
                    if cell == 0:
                        break
                    square = (step * (row - places[k, column])) ** 2
                    if square < cap and square < squares[1, row, column]:
                        d1, c1, d2, c2 = _insert(
                            square,
                            cell,
                            squares[0, row, column],
                            ids[0, row, column],
                            squares[1, row, column],
                            ids[1, row, column],
                        )
                        squares[0, row, column] = d1
                        ids[0, row, column] = c1
                        squares[1, row, column] = d2
                        ids[1, row, column] = c2


@kernel
def _nearest_along_axis(squares, ids, step, cap, skip_cells):
    """Combine, in place, the candidates of all pixels along the third axis of (2, outer, n, inner).

    From each pixel the line is searched outwards on both sides until the step alone is longer
    than the second-nearest distance known.
    """
    _, outer, length, inner = squares.shape
    reach = int(min(np.sqrt(cap) / step + 1, length))
    # Nothing is to be found in the frame around the line: no pixel has to look for the ends.
    nearest = np.full(length + 2 * reach, np.inf)
    second = np.full(length + 2 * reach, np.inf)
    cells = np.zeros((length + 2 * reach, 2), np.int32)
    for o in range(outer):
        for i in range(inner):
            found = False
            for n in range(length):
                nearest[reach + n] = squares[0, o, n, i]
                second[reach + n] = squares[1, o, n, i]
                cells[reach + n, 0] = ids[0, o, n, i]
                cells[reach + n, 1] = ids[1, o, n, i]
                found |= cells[reach + n, 0] != 0
            if not found:
                continue
            for n in range(length):
                if skip_cells and nearest[reach + n] == 0:
                    squares[1, o, n, i] = np.inf
                    continue
                d1, c1, d2, c2 = _search(nearest, second, cells, reach + n, reach, step, cap)
                squares[0, o, n, i] = d1 if c1 != 0 else np.inf
                ids[0, o, n, i] = c1
                squares[1, o, n, i] = d2 if c2 != 0 else np.inf
                ids[1, o, n, i] = c2


@kernel
def _search(nearest, second, cells, start, reach, step, cap):
    """Return the two nearest different cells of one pixel from the candidates of its line."""
    d1 = d2 = cap
    c1 = c2 = np.int32(0)
    for away in range(reach + 1):
        square = (step * away) ** 2
        if square >= d2:
            break
        left, right = start - away, start + away
        if min(nearest[left], nearest[right]) + square >= d2:
            continue
        for place in (left, right):
            candidate = nearest[place] + square
            if candidate < d2:
                d1, c1, d2, c2 = _insert(candidate, cells[place, 0], d1, c1, d2, c2)
                candidate = second[place] + square
                if candidate < d2:
                    d1, c1, d2, c2 = _insert(candidate, cells[place, 1], d1, c1, d2, c2)
    return d1, c1, d2, c2
