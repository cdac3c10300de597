"""Objects that look like the strokes of a pen: scribbles that were saved as labels."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from septum.voxel import proportions

_STROKE = 4
"""How many squares (cubes) of its own width an object is long that looks like a stroke."""


def perhaps_strokes(labels: np.ndarray, spacing: Sequence[float] | None) -> tuple[str, ...]:
    """Say so where the few objects are long and thin and cover little, as scribbles do.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape ``(Y, X)`` or ``(Z, Y, X)``
        0 background, 1, 2, … the objects.
    spacing : sequence of float or None
        Size of a pixel in µm; where it is known, a ball in flat voxels is no stroke.
    """
    ids, share = int(labels.max()), float((labels > 0).mean())
    if not 1 < ids <= 20 or share > 0.2:
        return ()
    voxel = proportions(spacing, labels.ndim)
    radius = np.asarray(ndimage.distance_transform_edt(labels > 0, voxel))
    areas = np.bincount(labels.ravel())[1:] * np.prod(voxel)
    widths = 2 * ndimage.maximum(radius, labels, np.arange(1, ids + 1))
    if np.median(areas / np.maximum(widths, 1) ** labels.ndim) < _STROKE:
        return ()
    return (
        f"the {ids} objects are long and thin and cover {share:.1%} of the image; if they are "
        "strokes (0 unknown, 1 background, 2, 3, … objects), put them into scribbles/ in place of "
        "masks/, or call them x_scribbles",
    )
