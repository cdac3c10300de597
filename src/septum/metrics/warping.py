"""The warping error: how often the topology of a segmentation is wrong, not how many pixels are.

The truth is deformed towards the thresholded proposal as far as its topology allows, by flipping
simple points: pixels whose flip neither merges, splits, creates nor deletes a cell or a hole
(cells 4-connected, background 8-connected). The pixels on which the two still differ are errors
of topology, each of one kind. Jain et al., Boundary learning by optimization with topological
constraints, CVPR 2010, doi:10.1109/CVPR.2010.5539950, in the variant of the ISBI 2012 challenge.
"""

from typing import NamedTuple

import numpy as np

from septum.compile import kernel
from septum.metrics.components import components
from septum.metrics.thresholds import WARPING_THRESHOLDS, slices

KINDS = ("merge", "split", "hole_addition", "hole_deletion", "object_addition", "object_deletion")
MERGE, SPLIT, HOLE_ADDITION, HOLE_DELETION, OBJECT_ADDITION, OBJECT_DELETION = range(len(KINDS))

RADIUS = 20
"""How far the challenge looks, in pixels, to tell a split from a deleted hole."""


def warping_error(truth: np.ndarray, proposal: np.ndarray) -> float:
    """Count the splits and mergers that remain at the best threshold, per pixel.

    min over thresholds of (mismatches that split + mismatches that merge) / pixels, thresholds
    0.0, 0.1 … 0.9, as in the ISBI 2012 challenge.

    Parameters
    ----------
    truth : ndarray, (Y, X) or (Z, Y, X)
        Cells are > 0, membrane is 0.
    proposal : ndarray, same shape
        Score of "cell", in [0, 1].

    Returns
    -------
    float
        0 is perfect. The errors of a stack are averaged over its slices before the best threshold
        is taken: one for all.

    Raises
    ------
    DataError
        The pair cannot be scored; see `septum.metrics.isbi`.
    """
    errors = [warping_errors(*pair) for pair in slices(truth, proposal)]
    return float(np.mean(errors, axis=0).min())


def warping_errors(cells: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Score one slice, as `septum.metrics.thresholds.slices` yields it, at every threshold."""
    kinds = (classify(warp(cells, score, threshold)) for threshold in WARPING_THRESHOLDS)
    wrong = [np.count_nonzero((kind == MERGE) | (kind == SPLIT)) for kind in kinds]
    return np.array(wrong) / cells.size


def topology_errors(
    truth: np.ndarray, proposal: np.ndarray, threshold: float = 0.5
) -> dict[str, int]:
    """Count the mismatches that warping cannot remove at one threshold, by kind.

    Parameters
    ----------
    truth, proposal : ndarray, (Y, X) or (Z, Y, X)
        As in `warping_error`.
    threshold : float, default 0.5
        A pixel is proposed as cell where the score is > threshold.

    Returns
    -------
    dict of str to int
        How many pixels of each of `KINDS`, summed over the slices.
    """
    counts = np.zeros(len(KINDS), int)
    for cells, score in slices(truth, proposal):
        kinds = classify(warp(cells, score, threshold))
        counts += np.bincount(kinds, minlength=len(KINDS))
    return dict(zip(KINDS, counts.tolist(), strict=True))


class Warped(NamedTuple):
    """The truth after warping, and the pixels that could not follow the proposal."""

    cells: np.ndarray
    """bool, (Y, X)."""
    mismatches: np.ndarray
    """(n, 2) pixels as y, x."""


def warp(cells: np.ndarray, score: np.ndarray, threshold: float) -> Warped:
    """Deform the cells towards `score > threshold` without changing their topology.

    Mismatching pixels are flipped where they are simple points, the surest first (descending
    |score − threshold|, in float32; ties column by column), pass after pass until none flips.

    Parameters
    ----------
    cells : ndarray of bool, (Y, X)
    score : ndarray of float64, (Y, X)
    threshold : float
    """
    # Transposed, so that the order of memory is column by column; background all around.
    image = np.zeros((cells.shape[1] + 2, cells.shape[0] + 2), np.uint8)
    image[1:-1, 1:-1] = cells.T
    target = np.zeros_like(image)
    target[1:-1, 1:-1] = (score > threshold).T
    pixels = np.flatnonzero(image != target)
    x, y = np.divmod(pixels, image.shape[1])
    sureness = np.abs(score[y - 1, x - 1] - threshold).astype(np.float32)
    pixels = pixels[np.argsort(-sureness, kind="stable")]
    left = pixels[: _flip_simple_points(image.ravel(), image.shape[1], pixels, SIMPLE)]
    x, y = np.divmod(left, image.shape[1])
    return Warped(image[1:-1, 1:-1].T.astype(bool), np.stack([y - 1, x - 1], axis=1))


def classify(warped: Warped, radius: int = RADIUS) -> np.ndarray:
    """Name what each mismatch of a warped truth would do if it were flipped.

    Returns
    -------
    ndarray of int, (n,)
        Positions in `KINDS`.
    """
    height, width = warped.cells.shape
    if radius > min(height, width):
        radius = max(height, width)
    labels = np.pad(components(warped.cells), 1, constant_values=-1)
    window = np.zeros((2 * radius + 1, 2 * radius + 1), np.int64)
    queue = np.empty((window.size, 2), np.int64)
    kinds = np.empty(len(warped.mismatches), np.int64)
    _classify(labels, warped.mismatches, radius, window, queue, kinds)
    return kinds


def _simple_points() -> np.ndarray:
    """Tell for each of the 256 neighbourhoods whether its centre is a simple point.

    Bit k is the k-th neighbour in the order of `_flip_simple_points`, once around. The cells
    around the centre form (4-neighbours) − (corners that join two of them) components; the
    centre is simple if that is one.
    """
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    edges, corners = bits[:, 0::2], bits[:, 1::2]
    joined = edges & corners & np.roll(edges, -1, axis=1)
    return edges.sum(axis=1) - joined.sum(axis=1) == 1


SIMPLE = _simple_points()


@kernel
def _flip_simple_points(image, stride, pixels, simple):
    """Flip until nothing flips; what is left is moved to the front of `pixels` and counted."""
    around = (-1, stride - 1, stride, stride + 1, 1, 1 - stride, -stride, -stride - 1)
    count = pixels.size
    while True:
        left = 0
        for index in range(count):
            pixel = pixels[index]
            code = 0
            for bit in range(8):
                code |= image[pixel + around[bit]] << bit
            if simple[code]:
                image[pixel] = 1 - image[pixel]
            else:
                pixels[left] = pixel
                left += 1
        if left == count:
            return count
        count = left


@kernel
def _classify(labels, mismatches, radius, window, queue, kinds):
    """Fill in `kinds`; `labels` has a frame of −1, `window` and `queue` are room to work in."""
    for index in range(mismatches.shape[0]):
        y, x = mismatches[index, 0] + 1, mismatches[index, 1] + 1
        background, first, several = False, 0, False
        for j in range(y - 1, y + 2):
            for i in range(x - 1, x + 2):
                label = labels[j, i]
                if (j == y and i == x) or label < 0:
                    continue
                if label == 0:
                    background = True
                elif first == 0:
                    first = label
                elif label != first:
                    several = True
        cell = labels[y, x] > 0
        if several:
            kinds[index] = SPLIT if cell else MERGE
        elif first == 0:
            kinds[index] = OBJECT_DELETION if cell else OBJECT_ADDITION
        elif not background:
            kinds[index] = HOLE_ADDITION if cell else HOLE_DELETION
        elif not cell:
            kinds[index] = HOLE_ADDITION
        elif _falls_apart(labels, y, x, radius, window, queue, index + 1):
            kinds[index] = SPLIT
        else:
            kinds[index] = HOLE_DELETION


@kernel
def _falls_apart(labels, y, x, radius, window, queue, stamp):
    """Tell whether the 8-neighbours that are cells lose touch when the centre is taken out.

    Only paths of 4-connected cells that stay within `radius` of the centre count. `window`
    remembers what was reached by a `stamp` of its own for every call.
    """
    floods = 0
    window[radius, radius] = stamp
    for start_y in range(y - 1, y + 2):
        for start_x in range(x - 1, x + 2):
            if labels[start_y, start_x] <= 0:
                continue
            if window[start_y - y + radius, start_x - x + radius] == stamp:
                continue
            floods += 1
            if floods == 2:
                return True
            window[start_y - y + radius, start_x - x + radius] = stamp
            queue[0, 0], queue[0, 1] = start_y, start_x
            head, tail = 0, 1
            while head < tail:
                here_y, here_x = queue[head, 0], queue[head, 1]
                head += 1
                for dy, dx in ((-1, 0), (0, -1), (1, 0), (0, 1)):
                    j, i = here_y + dy, here_x + dx
                    if abs(j - y) > radius or abs(i - x) > radius or labels[j, i] <= 0:
                        continue
                    if window[j - y + radius, i - x + radius] != stamp:
                        window[j - y + radius, i - x + radius] = stamp
                        queue[tail, 0], queue[tail, 1] = j, i
                        tail += 1
    return False
