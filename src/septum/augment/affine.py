"""The affine part: rotation, scale and mirroring about the centre of the crop."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Voxels up to this many times as long as they are wide can be turned about any axis: beyond, what
# was fine in the plane would be shown at the resolution between the planes.
_TURNED = 1.5


def draw_matrix(
    rng: np.random.Generator,
    ndim: int,
    rotate: float,
    scale: float,
    mirror: bool,
    voxel: Sequence[float] | None = None,
    in_plane: bool = False,
) -> NDArray[np.float64]:
    """Draw the matrix that maps an offset from the crop's centre to one in the source.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness; the same numbers are taken from it whatever the strengths are.
    ndim : int
        Number of spatial axes.
    rotate : float
        Largest angle in degrees, either way: of images in their plane, of volumes about an axis
        drawn at random or, where voxels are flat, in the plane of their two sides most alike.
    scale : float
        Largest relative change of size, the same for all axes: the factor is drawn between
        ``1 / (1 + scale)`` and ``1 + scale``, evenly on a logarithmic scale.
    mirror : bool
        Whether each axis is mirrored with probability 1/2.
    voxel : sequence of float, optional
        How long a pixel is along each axis; see `septum.voxel`. Isotropic by default.
    in_plane : bool, default False
        Turn volumes in the plane of the last two axes, whatever their voxels.

    Returns
    -------
    ndarray of float64, shape (ndim, ndim)
        Exactly the identity if all three are off.
    """
    angle = np.deg2rad(rng.uniform(-1.0, 1.0) * rotate)
    factor = (1.0 + scale) ** rng.uniform(-1.0, 1.0)
    flips = rng.integers(0, 2, ndim)
    lengths = np.ones(ndim) if voxel is None else np.asarray(voxel, float)
    turned = np.eye(ndim)
    if ndim == 3:
        axis = rng.standard_normal(3)
        if in_plane:
            axis = np.array([1.0, 0.0, 0.0])
        elif lengths.max() > _TURNED * lengths.min():
            axis = np.eye(3)[_odd_one_out(lengths)]
        turned = _rotation(axis / np.linalg.norm(axis), angle)
    elif ndim == 2:
        cosine, sine = np.cos(angle), np.sin(angle)
        turned = np.array([[cosine, -sine], [sine, cosine]])
    # Turned in space, where pixels have lengths, and not among their numbers.
    matrix = factor * turned * lengths / lengths[:, np.newaxis]
    if mirror:
        matrix = matrix * np.where(flips, -1.0, 1.0)
    return matrix


def _odd_one_out(lengths: NDArray[np.float64]) -> int:
    """Return the axis without which the lengths of the two others are most alike."""
    ratios = [max(rest) / min(rest) for rest in (np.delete(lengths, axis) for axis in range(3))]
    return int(np.argmin(ratios))


def _rotation(axis: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """Return the rotation by `angle` about a unit vector (Rodrigues' formula)."""
    z, y, x = axis
    cross = np.array([[0, -x, y], [x, 0, -z], [-y, z, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
