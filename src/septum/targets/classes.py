"""The class of every pixel: background, interior and, where wanted, the touching border."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from septum.errors import ConfigError
from septum.targets.distances import two_nearest
from septum.targets.instances import as_labels
from septum.targets.separation import separate


def class_map(
    labels: ArrayLike, border: float = 0.0, spacing: float | Sequence[float] | None = None
) -> NDArray[np.uint8]:
    """Turn instances into the classes that the network learns.

    With ``border=0`` there are the paper's two: background and cell, with the ridge of
    `separate` between cells that touch. With a border there is a third class for the band along
    which two cells meet or nearly meet: all pixels, of cells or background, that have two
    different cells within the border's distance. A cell counts as at distance 0 from its own
    pixels. The ridge always belongs to the band, so interiors never touch. (The third class is a
    deviation from the paper.)

    Parameters
    ----------
    labels : array_like of int, shape (*spatial)
        Instances as annotated (not separated), 0 for background; any rank.
    border : float
        Half-width of the band, in pixels or in the unit of `spacing`; 0 for no third class.
    spacing : float or sequence of float, optional
        Size of a pixel along each axis; 1 by default.

    Returns
    -------
    ndarray of uint8, shape (*spatial)
        0 background, 1 interior, 2 touching border.

    Raises
    ------
    DataError
        If labels are not whole numbers, or negative.
    ConfigError
        If the border is negative or the spacing is not valid.
    """
    labels = as_labels(labels)
    if not (border >= 0 and np.isfinite(border)):
        raise ConfigError(f"border is {border}; expected 0 (no border class) or a width in pixels")
    interior = separate(labels) > 0
    classes = interior.astype(np.uint8)
    if border > 0:
        _, second = two_nearest(labels, border, spacing)
        ridge = (labels > 0) & ~interior
        classes[np.isfinite(second) | ridge] = 2
    return classes
