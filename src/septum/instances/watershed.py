"""Flooding from seeds: each pixel goes to the seed that reaches it over the lowest pass.

Of two ways over the same pass the shorter one wins, counted in pixels from where the water last
rose. As numbers, with H the level of a pixel in units larger than any number of steps::

    cost(seed pixel) = H(seed pixel)
    cost(q)          = min over neighbours p of  max(cost(p), H(q)) + 1

so that ``cost // unit`` is the lowest pass and ``cost % unit`` the steps since. A pixel gets the
smallest label of the neighbours that give it its cost. Costs grow along every way, so costs and
labels are unique, whatever the order of the computation and however the image is cut: this is the
image foresting transform (Falcão, Stolfi, Lotufo, 2004, https://doi.org/10.1109/TPAMI.2004.1261076)
with ties decided.

There is one bucket per level, first in first out within it, so the time is linear in the pixels.
"""

from dataclasses import dataclass

import numpy as np

from septum.compile import kernel

LEVELS = 256
_SHIFT = 40  # more steps than any image has pixels; the level is in the bits above
STEPS = (1 << _SHIFT) - 1


def watershed(height: np.ndarray, seeds: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the seeds grown over `mask`, lowest `height` first (face-connected).

    Where two seeds reach a pixel equally early over equal heights, the smaller id wins.

    Parameters
    ----------
    height : numpy.ndarray of float
        In [0, 1], any rank; quantised to 256 levels.
    seeds : numpy.ndarray of int32
        0 where no seed is, ids above 0; every seed keeps its id. Seeds outside the mask count as
        inside.
    mask : numpy.ndarray of bool
        Where to grow.

    Returns
    -------
    numpy.ndarray of int32
        0 outside the mask and where no seed reaches.
    """
    return np.ascontiguousarray(flood(height, seeds, mask, NOTHING)[0])


@dataclass(frozen=True, eq=False)
class Inflow:
    """Water that comes from pixels beyond the array.

    Attributes
    ----------
    cost : numpy.ndarray of int64, shape (N,)
        Of the pixels beyond, in rising order.
    labels : numpy.ndarray of int32, shape (N,)
        Of the pixels beyond.
    places : numpy.ndarray of int64, shape (N,)
        Their neighbours in the array, as flat indices into the array with a rim of 1 px.
    """

    cost: np.ndarray
    labels: np.ndarray
    places: np.ndarray


NOTHING = Inflow(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int64))


def flood(
    height: np.ndarray, seeds: np.ndarray, mask: np.ndarray, inflow: Inflow
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and costs of the seeds and the `inflow` grown over `mask`; see `watershed`.

    Returns
    -------
    labels : numpy.ndarray of int32
        As of `watershed`.
    cost : numpy.ndarray of int64
        Below 0 where water could come but none did; 0 outside the mask.
    """
    # A rim outside the mask spares the flooding every test for the edge of the image.
    labels = np.pad(seeds, 1)
    scaled = height * (LEVELS - 1)
    levels = np.pad(np.clip(scaled, 0, LEVELS - 1, out=scaled).astype(np.uint8), 1)
    cost = np.empty(labels.shape, np.int64)
    _start(cost.ravel(), labels.ravel(), levels.ravel(), np.pad(mask, 1).ravel())
    strides = np.array(labels.strides) // labels.itemsize
    index = np.int32 if labels.size <= np.iinfo(np.int32).max else np.int64
    _flood(
        labels.ravel(),
        cost.ravel(),
        np.concatenate([-strides, strides]),
        np.empty(labels.size, index),
        inflow.cost,
        inflow.labels,
        inflow.places,
    )
    inside = tuple(slice(1, -1) for _ in range(labels.ndim))
    return labels[inside], cost[inside]


@kernel
def _start(cost, labels, levels, mask):
    """Set the cost of seeds; of dry pixels the complement of the level; elsewhere 0.

    At 0 nothing flows in, as at a seed that is as low as can be.
    """
    for pixel in range(cost.size):
        if labels[pixel]:
            cost[pixel] = np.int64(levels[pixel]) << _SHIFT
        elif mask[pixel]:
            cost[pixel] = ~np.int64(levels[pixel])
        else:
            cost[pixel] = 0


@kernel
def _flood(labels, cost, offsets, following, inflow_cost, inflow_labels, inflow_places):
    head, tail = np.full(LEVELS, -1, np.int64), np.full(LEVELS, -1, np.int64)
    _fill(labels, cost, offsets, following, head, tail)
    level, entry = 0, 0
    while level < LEVELS:
        pixel = head[level]
        waterline = cost[pixel] if pixel >= 0 else (np.int64(level) << _SHIFT) + STEPS
        flows_in = entry < inflow_cost.size and inflow_cost[entry] <= waterline
        if flows_in:
            here, label = inflow_cost[entry], inflow_labels[entry]
        elif pixel >= 0:
            here, label = cost[pixel], labels[pixel]
            head[level] = following[pixel]
        else:
            level += 1
            continue
        for way in range(1 if flows_in else offsets.size):
            place = inflow_places[entry] if flows_in else pixel + offsets[way]
            there = cost[place]
            if there < 0:
                there = max(here, ~there << _SHIFT) + 1
                cost[place] = there
                labels[place] = label
                # Queued in place: a call in here takes twice as long as all the rest.
                rises_to = there >> _SHIFT
                following[place] = -1
                if head[rises_to] < 0:
                    head[rises_to] = place
                else:
                    following[tail[rises_to]] = place
                tail[rises_to] = place
            elif there > here and label < labels[place] and there & STEPS:
                # Water comes in rising order, so whoever was reached before and still waits was
                # reached at the same cost; unless it is a seed, which has taken no step.
                labels[place] = label
        if flows_in:
            entry += 1


@kernel
def _fill(labels, cost, offsets, following, head, tail):
    """Queue the pixels of seeds that have somewhere to flow, which most have not."""
    for pixel in range(labels.size):
        if labels[pixel]:
            for offset in offsets:
                if cost[pixel + offset] < 0:
                    level = cost[pixel] >> _SHIFT
                    following[pixel] = -1
                    if head[level] < 0:
                        head[level] = pixel
                    else:
                        following[tail[level]] = pixel
                    tail[level] = pixel
                    break
