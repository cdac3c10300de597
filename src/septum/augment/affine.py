"""The affine part: rotation, scale and mirroring about the centre of the crop."""

import numpy as np
from numpy.typing import NDArray


def draw_matrix(
    rng: np.random.Generator, ndim: int, rotate: float, scale: float, mirror: bool
) -> NDArray[np.float64]:
    """Draw the matrix that maps an offset from the crop's centre to one in the source.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness; the same numbers are taken from it whatever the strengths are.
    ndim : int
        Number of spatial axes.
    rotate : float
        Largest angle in degrees, either way, in the plane of the last two axes.
    scale : float
        Largest relative change of size, the same for all axes: the factor is drawn between
        ``1 / (1 + scale)`` and ``1 + scale``, evenly on a logarithmic scale.
    mirror : bool
        Whether each axis is mirrored with probability 1/2.

    Returns
    -------
    ndarray of float64, shape (ndim, ndim)
        Exactly the identity if all three are off.
    """
    angle = np.deg2rad(rng.uniform(-1.0, 1.0) * rotate)
    factor = (1.0 + scale) ** rng.uniform(-1.0, 1.0)
    flips = rng.integers(0, 2, ndim)
    matrix = np.eye(ndim) * factor
    if ndim >= 2:
        cosine, sine = np.cos(angle), np.sin(angle)
        matrix[-2:, -2:] = factor * np.array([[cosine, -sine], [sine, cosine]])
    if mirror:
        matrix = matrix * np.where(flips, -1.0, 1.0)
    return matrix
