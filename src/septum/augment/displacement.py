"""The elastic part: random displacement vectors on a coarse grid, bicubic in between.

The paper (section 3.1): "We generate smooth deformations using random displacement vectors on a
coarse 3 by 3 grid. The displacements are sampled from a Gaussian distribution with 10 pixels
standard deviation. Per-pixel displacements are then computed using bicubic interpolation."
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

# Where the nodes are closer than this many sigma, neighbours cross and the image folds.
_SIGMAS_BETWEEN_NODES = 8


def draw_displacement(
    rng: np.random.Generator,
    ndim: int,
    sigma: float,
    grid: int,
    size: Sequence[int] | None = None,
    voxel: Sequence[float] | None = None,
) -> NDArray[np.float64]:
    """Draw one displacement vector per grid node.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness; the same numbers are taken from it whatever sigma is.
    ndim : int
        Number of spatial axes.
    sigma : float
        Standard deviation of each component, in lengths of a pixel's shortest side.
    grid : int
        Nodes along each axis, 2 or more.
    size : sequence of int, optional
        Size of the crop that the grid will be stretched over. Where given, sigma is limited to an
        eighth of the distance between nodes along each axis, so that small crops and thin stacks
        do not fold. With a 3-node grid and 10 px the paper's value is kept from 161 px on.
    voxel : sequence of float, optional
        How long a pixel is along each axis; see `septum.voxel`. Along an axis of longer pixels, as
        many µm are fewer pixels.

    Returns
    -------
    ndarray of float64, shape (ndim, *[grid] * ndim)
        Component k of the vectors, in pixels along axis k.
    """
    limits = float(sigma) / (np.ones(ndim) if voxel is None else np.asarray(voxel, float))
    if size is not None:
        limits = np.minimum(limits, (np.asarray(size) - 1) / (grid - 1) / _SIGMAS_BETWEEN_NODES)
    vectors = rng.standard_normal((ndim, *[grid] * ndim))
    return vectors * limits.reshape(ndim, *[1] * ndim)


@lru_cache(maxsize=64)
def spline_basis(pixels: int, grid: int) -> NDArray[np.float64]:
    """Compute the matrix that interpolates node values to pixels along one axis.

    Natural cubic splines; applied along each of two axes it is bicubic interpolation.

    Parameters
    ----------
    pixels : int
        Pixels along the axis; the outer nodes lie on the outer pixels.
    grid : int
        Nodes along the axis, 2 or more.

    Returns
    -------
    ndarray of float64, shape (pixels, grid)
        Read-only. A row of the identity where a pixel lies on a node.
    """
    places = np.linspace(0.0, 1.0, pixels) if pixels > 1 else np.array([0.5])
    basis = CubicSpline(np.linspace(0.0, 1.0, grid), np.eye(grid), bc_type="natural")(places)
    basis.setflags(write=False)
    return basis
