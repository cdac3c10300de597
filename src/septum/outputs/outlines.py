"""Objects as polygons along the edges of their pixels, so that areas are equal to the pixel.

::

    a | b      Where four pixels meet, an object has a corner if it owns one or three of them, and
    --+--      two corners if it owns two that lie diagonally. Along each row and each column,
    c | d      corners pair up: the first with the second, the third with the fourth, ...

The corners of an object are found band by band; once it is complete, going along a row and along
a column in turn visits its rings. At a diagonal the two pixels are parted, so that pixels which
touch at a corner alone are two polygons. Where a ring then meets itself, as round an opening that
is closed at a diagonal, they are joined instead, which makes it an outer ring and a hole that
touch in a point: a valid polygon, with rings that meet no point twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from septum.array import Source
from septum.compile import kernel

_HELD = 2**25  # bytes of labels in a band
_BELOW_RIGHT, _SECOND, _LATER = 1, 2, 4
"""Of a corner: pixel d is the object's; it is the second of two; in its column it comes later."""


@dataclass(frozen=True, eq=False)
class Outline:
    """A part of an object that is connected face to face: nearly always all of it.

    Attributes
    ----------
    label : int
        Of the object.
    rings : tuple of numpy.ndarray of int64, each of shape (n, 2)
        Corners (x, y) in pixels from the corner of the image, not closed. The first ring is the
        outer one and runs from x to y (its area by the shoelace formula is positive); the others
        are holes and run the other way round.
    """

    label: int
    rings: tuple[np.ndarray, ...]


def outlines(labels: Source) -> Iterator[Outline]:
    """Yield the outlines of all objects in a plane, each once it is complete from the top down.

    Memory is bounded by a band of rows and the corners of the objects that reach below it.

    Parameters
    ----------
    labels : Source of uint16 or uint32, shape ``(Y, X)``
        0 background, else ids.
    """
    height, width = labels.shape
    band = max(16, _HELD // (width * labels.dtype.itemsize))
    above = np.zeros((1, width), labels.dtype)
    open_corners = np.empty((0, 4), np.int64)
    for top in range(0, height, band):
        bottom = min(top + band, height)
        rows = np.asarray(labels[slice(top, bottom), slice(0, width)])
        below = np.zeros((1 if bottom == height else 0, width), labels.dtype)
        padded = np.pad(np.concatenate([above, rows, below]), ((0, 0), (1, 1)))
        found = np.empty((_corners(padded, top, np.empty((0, 4), np.int64)), 4), np.int64)
        _corners(padded, top, found)
        corners = np.concatenate([open_corners, found])
        above = rows[-1:]
        goes_on = np.zeros(len(corners), bool)
        if bottom < height:
            goes_on = np.isin(corners[:, 0], above)
        open_corners = corners[goes_on]
        yield from _complete(corners[~goes_on])


def area(ring: np.ndarray) -> int:
    """Return the area of a ring in pixels by the shoelace formula, negative for a hole."""
    x, y = ring[:, 0], ring[:, 1]
    return int((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) // 2


@kernel
def _corners(labels, top, out):
    """Write (id, y, x, kind) of every corner while there is room; return how many there are."""
    found = 0
    for y in range(labels.shape[0] - 1):
        for x in range(labels.shape[1] - 1):
            a, b = labels[y, x], labels[y, x + 1]
            c, d = labels[y + 1, x], labels[y + 1, x + 1]
            if a == b and a == c and a == d:
                continue
            for place, owner in enumerate((a, b, c, d)):
                seen = (
                    (place > 0 and owner == a)
                    or (place > 1 and owner == b)
                    or (place > 2 and owner == c)
                )
                if owner == 0 or seen:
                    continue
                owned = int(a == owner) + int(b == owner) + int(c == owner) + int(d == owner)
                below_right = _BELOW_RIGHT if d == owner else 0
                first, second = below_right, -1
                if owned == 2:
                    if a != d and b != c:
                        continue  # side by side: an edge runs on, or the two are of others
                    if a == owner and d == owner:
                        first, second = below_right, below_right | _SECOND | _LATER
                    elif b == owner and c == owner:
                        first, second = below_right | _LATER, below_right | _SECOND
                    else:
                        continue
                elif owned == 4:
                    continue
                for kind in (first, second):
                    if kind < 0:
                        continue
                    if found < len(out):
                        out[found, 0] = owner
                        out[found, 1] = y + top
                        out[found, 2] = x
                        out[found, 3] = kind
                    found += 1
    return found


def _complete(corners: np.ndarray) -> Iterator[Outline]:
    """Yield the outlines of objects of which all corners are given, in the order of their ids."""
    if not len(corners):
        return
    corners = corners[np.argsort(corners[:, 0], kind="stable")]
    starts = np.flatnonzero(np.diff(corners[:, 0], prepend=-1))
    order, ends, holes = _trace(corners, np.append(starts, len(corners)))
    points = np.split(corners[order][:, 2:0:-1], ends[:-1])
    ids = corners[order[ends - 1], 0]
    groups = np.append(np.flatnonzero(np.diff(ids, prepend=-1)), len(ids))
    for first, last in pairwise(groups):
        outer = [points[at] for at in range(first, last) if not holes[at]]
        inner = [points[at] for at in range(first, last) if holes[at]]
        owners = [0] * len(inner) if len(outer) == 1 else [_owner(hole, outer) for hole in inner]
        for at, ring in enumerate(outer):
            own = (hole for hole, owner in zip(inner, owners, strict=True) if owner == at)
            yield Outline(int(ids[first]), (ring, *own))


@kernel
def _trace(corners, starts):
    """Return the corners in the order of the rings, where each ring ends, and which are holes."""
    count = len(corners)
    along_column = np.empty(count, np.int64)
    ring_of = np.empty(count, np.int64)
    order = np.empty(count, np.int64)
    ends = np.empty(count, np.int64)
    holes = np.empty(count, np.bool_)
    rings = 0
    for part in range(len(starts) - 1):
        low, high = starts[part], starts[part + 1]
        later = (corners[low:high, 3] // _LATER) % 2
        keys = (corners[low:high, 2] << 32) + 2 * corners[low:high, 1] + later
        down = np.argsort(keys) + low
        for pair in range(0, high - low, 2):
            along_column[down[pair]] = down[pair + 1]
            along_column[down[pair + 1]] = down[pair]
        before = rings
        rings = _walk(corners, low, high, along_column, order, ends, holes, ring_of, before)
        met = False
        for at in range(low + 1, high):
            if corners[at, 3] & _SECOND and ring_of[at] == ring_of[at - 1]:
                one, two = along_column[at - 1], along_column[at]
                along_column[at - 1], along_column[at] = two, one
                along_column[one], along_column[two] = at, at - 1
                met = True
        if met:  # the places where a ring meets itself are never interleaved: all are undone
            rings = _walk(corners, low, high, along_column, order, ends, holes, ring_of, before)
    return order, ends[:rings], holes[:rings]


@kernel
def _walk(corners, low, high, along_column, order, ends, holes, ring_of, rings):
    """Follow the rings of one object; return how many rings there are with those before."""
    ring_of[low:high] = -1
    position = low
    for start in range(low, high):
        if ring_of[start] >= 0:
            continue
        # The first corner of a ring from the top left: it goes right and down from here.
        holes[rings] = not corners[start, 3] & _BELOW_RIGHT
        along_row = not holes[rings]
        at = start
        while ring_of[at] < 0:
            ring_of[at] = rings
            order[position] = at
            position += 1
            at = low + ((at - low) ^ 1) if along_row else along_column[at]
            along_row = not along_row
        ends[rings] = position
        rings += 1
    return rings


def _owner(hole: np.ndarray, outer: list[np.ndarray]) -> int:
    """Return which of several outer rings a hole is in: the smallest around its upper edge."""
    x, y = hole[0] + (0.5, -0.5)

    def surrounds(ring: np.ndarray) -> bool:
        # From the point to the right, upright edges are crossed an odd number of times.
        ends = np.roll(ring, -1, axis=0)
        low, high = np.minimum(ring[:, 1], ends[:, 1]), np.maximum(ring[:, 1], ends[:, 1])
        return bool(np.count_nonzero((ring[:, 0] > x) & (low < y) & (y < high)) % 2)

    around = [at for at, ring in enumerate(outer) if surrounds(ring)]
    return min(around, key=lambda at: area(outer[at]))
