"""The surface of objects in a volume, by Crofton's formula: crossings are counted, not faces.

The faces of its voxels say nothing of an area: those of a ball add up to half as much again,
however fine the voxels are. By Crofton's formula the area is twice the mean, over all directions,
of how often parallel lines cross the surface times the area that each line stands for. Here the
lines run through the voxels in the 13 directions to their 26 neighbours, each direction with the
share of the sphere that is nearest to it (Lehmann and Legland 2012, Efficient N-dimensional surface
estimation using Crofton formula and run-length encoding, Insight Journal, hdl:10380/3342).

A crossing is a pair of neighbours of which one is in the object: a whole number, so that it can be
added up block by block.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.spatial import SphericalVoronoi

from septum.array import Source, Window
from septum.compile import kernel

# One of each two opposite ways to the 26 neighbours.
DIRECTIONS = np.array([way for way in itertools.product((-1, 0, 1), repeat=3) if way > (0, 0, 0)])

# The same ways as pairs among the eight voxels of a cube of 2 × 2 × 2, whose numbers are zyx in
# binary: both ends of a way are in one cube.
PAIRS = np.array([np.where(DIRECTIONS < 0, 1, 0), np.where(DIRECTIONS > 0, 1, 0)]) @ [4, 2, 1]


def with_rim(labels: Source, window: Window) -> np.ndarray:
    """Read a block with a rim of one voxel before it, and behind it where the volume ends.

    The cubes of 2 × 2 × 2 in it are those that end in the block, so that the blocks of a volume
    have each cube once. Beyond the volume is background.

    Parameters
    ----------
    labels : Source of int, shape ``(Z, Y, X)``
    window : tuple of slice
        Of the block.
    """
    seen = tuple(slice(max(part.start - 1, 0), part.stop) for part in window)
    beyond = [
        (int(part.start == 0), int(part.stop == size))
        for part, size in zip(window, labels.shape, strict=True)
    ]
    return np.pad(np.asarray(labels[seen]), beyond)


@kernel
def add_crossings(labels, pairs, crossings):
    """Add the crossings of each of the 13 directions to those of the objects that are left.

    `labels` is a block with its rim, `crossings` of shape (objects, 13).
    """
    cube = np.empty(8, np.int64)
    for z in range(labels.shape[0] - 1):
        for y in range(labels.shape[1] - 1):
            for x in range(labels.shape[2] - 1):
                alike = True
                for corner in range(8):
                    cube[corner] = labels[
                        z + (corner >> 2), y + (corner >> 1 & 1), x + (corner & 1)
                    ]
                    alike &= cube[corner] == cube[0]
                if alike:  # inside of an object, or outside of all
                    continue
                for way in range(pairs.shape[1]):
                    one, other = cube[pairs[0, way]], cube[pairs[1, way]]
                    if one != other:
                        if one:
                            crossings[one - 1, way] += 1
                        if other:
                            crossings[other - 1, way] += 1


def areas(crossings: np.ndarray, spacing: Sequence[float]) -> np.ndarray:
    """Return the surface areas of objects.

    For balls of a radius of three voxels it is about 3 % too small, of five and more within 1 %;
    a flat face that lies along the axes is up to 10 % too small, and so are small objects of voxels
    that are five times as long as they are wide. Where an object meets the end of the volume, the
    cut counts as surface.

    Parameters
    ----------
    crossings : numpy.ndarray of int, shape (objects, 13)
        Pairs of neighbours in each of `DIRECTIONS` of which one is in the object.
    spacing : sequence of float
        Size of a voxel along each axis.

    Returns
    -------
    numpy.ndarray of float64, shape (objects,)
        In the square of the unit of `spacing`.
    """
    lengths = np.linalg.norm(DIRECTIONS * np.asarray(spacing), axis=1)
    # A line stands for the volume of a voxel over the length of its step.
    return 4 * crossings @ (_shares(spacing) * np.prod(spacing) / lengths)


def _shares(spacing: Sequence[float]) -> np.ndarray:
    """Return the share of the sphere that is nearest to each of `DIRECTIONS`, one way of two."""
    # Of needles a thousand times as long as wide, directions could not be told from each other.
    steps = DIRECTIONS * np.minimum(spacing, 1000 * min(spacing))
    both = np.concatenate([steps, -steps])
    unit = both / np.linalg.norm(both, axis=1, keepdims=True)
    return SphericalVoronoi(unit).calculate_areas()[: len(DIRECTIONS)] / (4 * np.pi)
