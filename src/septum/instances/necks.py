"""Seeds parted at their necks: two cells that grew together leave a waist between them.

How deep a pixel lies is its distance to the nearest pixel outside its component. From the deepest
pixel to the shallowest, each joins the part of a neighbour that came before it, or begins one.
Where two parts meet, the shallower one dissolves into the other, unless its deepest pixel lies more
than `depth` deeper than the place where they meet: that place is a neck, and its pixels are cut.
(In the words of mathematical morphology, the parts are those of the h-maxima of the distance, with
h = `depth`; a shallow one is left over where two necks meet around it.)

A component is judged by its own pixels and by nothing else, and one that is longer than `reach`
along an axis is left whole: so what becomes of a pixel depends on what lies within `reach` pixels
of it, and a block that is read with so much around it has the cuts of the whole image.
"""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from septum.compile import kernel

_BOX = 2**16
"""Pixels of the largest box whose content is cut: 256² or 40³. A block is read with as much around
it, so that more would cost more, of volumes most of all."""


def reach(ndim: int) -> int:
    """Return how long a component may be along each axis to be cut, in pixels."""
    return round(_BOX ** (1 / ndim))


def parted(seeds: np.ndarray, depth: float, inner: tuple[slice, ...] | None = None) -> np.ndarray:
    """Return `seeds` without the pixels of the necks between their parts.

    Parameters
    ----------
    seeds : numpy.ndarray of bool
        Any rank. Components are face-connected, and so are their parts. Beyond the edge of the
        array lies neither seed nor gap: an object that the edge divides is deepest there.
    depth : float
        In pixels, above 0: how much deeper than a neck both parts that meet there must be.
    inner : tuple of slice, optional
        What is asked for; of components that lie wholly outside nothing is cut, to save the time.

    Returns
    -------
    numpy.ndarray of bool
        No two parts touch face to face (where `inner` is).
    """
    result = seeds.copy()
    components = np.empty(seeds.shape, np.int32)
    ndimage.label(seeds, output=components)
    asked = np.zeros(int(components.max(initial=0)) + 1, np.bool_)
    asked[components if inner is None else components[inner]] = True
    for number, window in enumerate(ndimage.find_objects(components), start=1):
        gaps = _gaps(window, seeds.shape)
        if asked[number] and _may_have_necks(window, gaps, depth):
            own = components[window] == number
            result[window][own] = _without_necks(own, gaps, depth)[own]
    return result


def _may_have_necks(window: Sequence[slice], gaps: Sequence[tuple[int, int]], depth: float) -> bool:
    """Tell whether a component is short enough, and wide enough for a pixel to lie so deep."""
    sizes = [interval.stop - interval.start for interval in window]
    bounded = [size for size, gap in zip(sizes, gaps, strict=True) if any(gap)]
    return max(sizes) <= reach(len(sizes)) and min(bounded, default=np.inf) > depth


def _gaps(window: Sequence[slice], shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the pixels to pad a window with: one of gap, but none beyond the edge of the image."""
    return [
        (int(interval.start > 0), int(interval.stop < size))
        for interval, size in zip(window, shape, strict=True)
    ]


def _without_necks(own: np.ndarray, gaps: list[tuple[int, int]], depth: float) -> np.ndarray:
    """Return one component without its necks, in its own window."""
    if own.all() and not any(map(any, gaps)):
        return own  # it is all that there is
    deep = np.asarray(ndimage.distance_transform_edt(np.pad(own, gaps)))
    inner = tuple(
        slice(before, size - after) for (before, after), size in zip(gaps, deep.shape, strict=True)
    )
    # A rim outside the component spares the kernel every test for the edge of the window.
    rimmed = np.pad(deep[inner], 1)
    flat = rimmed.ravel()
    order = np.argsort(-flat, kind="stable")[: np.count_nonzero(flat)]
    strides = np.array(rimmed.strides) // rimmed.itemsize
    kept = np.zeros(flat.size, np.bool_)
    _join(flat, order, np.concatenate([-strides, strides]), depth, kept)
    return kept.reshape(rimmed.shape)[(slice(1, -1),) * own.ndim]


@kernel
def _root(parent, pixel):
    while parent[pixel] != pixel:
        parent[pixel] = parent[parent[pixel]]
        pixel = parent[pixel]
    return pixel


@kernel
def _join(deep, order, offsets, depth, kept):
    """Mark in `kept` all pixels but those of necks; the root of a part is its deepest pixel."""
    parent = np.full(deep.size, -1, np.int64)
    cut = np.zeros(deep.size, np.bool_)
    met = np.empty(offsets.size, np.int64)
    for pixel in order:
        count, best, beside = 0, -1, False
        for offset in offsets:
            beside |= cut[pixel + offset]
            if kept[pixel + offset]:
                root = _root(parent, pixel + offset)
                met[count] = root
                count += 1
                deeper = best < 0 or deep[root] > deep[best]
                if deeper or (deep[root] == deep[best] and root < best):
                    best = root
        for part in met[:count]:
            cut[pixel] |= part != best and deep[part] - deep[pixel] > depth
        if count == 0:
            cut[pixel] = beside  # what only a neck has reached belongs to it
        if not cut[pixel]:
            kept[pixel] = True
            parent[pixel] = pixel if count == 0 else best
            for part in met[:count]:
                parent[part] = best
