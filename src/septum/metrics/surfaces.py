"""The normalised surface Dice: how much of two surfaces lies within a tolerance of the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from septum.errors import ConfigError
from septum.metrics.overlap import annotated_pixels
from septum.metrics.regions import check_masks

_HAIR = 1e-9
"""Relative; so that 3 pixels of 0.1 µm, 0.30000000000000004 µm, are within 0.3 µm."""


@dataclass(frozen=True)
class Surfaces:
    """How many elements two surfaces have, and how many lie near the other surface.

    Add them to pool many images.
    """

    near: int
    """Elements of either surface within the tolerance of the other."""
    elements: int
    """Elements of both surfaces."""

    def __add__(self, other: "Surfaces") -> "Surfaces":
        return Surfaces(self.near + other.near, self.elements + other.elements)

    @property
    def dice(self) -> float:
        """The normalised surface Dice; nan where neither mask has a surface."""
        return self.near / self.elements if self.elements else float("nan")


def surface_dice(
    truth: np.ndarray,
    prediction: np.ndarray,
    tolerance: float,
    spacing: Sequence[float] | None = None,
    annotated: np.ndarray | None = None,
) -> Surfaces:
    """Compare the surfaces of two masks.

    The share of both surfaces that lies within the tolerance of the other: Nikolov et al.,
    Clinically applicable segmentation of head and neck anatomy, 2018, arXiv 1809.04430. An element
    of a surface is here a pixel of the mask with a face neighbour outside it, and counts one;
    distances are those between the centres of pixels. (Deviation: the paper weights elements by
    their areas.) Where an image or its annotation ends, a mask may go on, so that no surface is
    there.

    Parameters
    ----------
    truth, prediction : ndarray of bool, any rank
        Where the class is, and where it was found.
    tolerance : float
        In the unit of `spacing`; 0 or more.
    spacing : sequence of float, optional
        Distance between pixels along each axis, as in µm; by default 1.
    annotated : ndarray of bool, same shape, optional
        Where the truth means something. There is no surface elsewhere, nor towards there.

    Returns
    -------
    Surfaces
        Its `dice` is the score.

    Raises
    ------
    ConfigError
        A tolerance below 0, or a spacing of other length than there are axes.
    DataError
        The masks are not boolean, or not of one shape.
    """
    check_masks(truth, prediction)
    spacing = tuple(spacing or (1.0,) * truth.ndim)
    if not 0 <= tolerance < np.inf:
        raise ConfigError(f"the tolerance is {tolerance}; expected a distance of 0 or more")
    if len(spacing) != truth.ndim:
        raise ConfigError(f"the spacing is {spacing}; expected {truth.ndim} sizes, one an axis")
    known = None if annotated is None else annotated_pixels(annotated, truth.shape)
    surfaces = [_surface(mask, known) for mask in (truth, prediction)]
    # Far from both there is nothing to measure, and distances are the costly part.
    box = _box(surfaces[0] | surfaces[1])
    a, b = (surface[box] for surface in surfaces)
    limit = tolerance * (1 + _HAIR)
    near = _near(a, b, spacing, limit) + _near(b, a, spacing, limit)
    return Surfaces(near, int(np.count_nonzero(a)) + int(np.count_nonzero(b)))


def _surface(mask: np.ndarray, known: np.ndarray | None) -> np.ndarray:
    """Return the pixels of a mask with a face neighbour that is known to be outside."""
    outside = ~mask if known is None else ~mask & known
    faces = ndimage.generate_binary_structure(mask.ndim, 1)
    touched = np.asarray(ndimage.binary_dilation(outside, faces), bool)
    inside = mask if known is None else mask & known
    return inside & touched


def _box(mask: np.ndarray) -> tuple[slice, ...]:
    """Return the smallest box around what is True; an empty one where nothing is."""
    found = ndimage.find_objects(mask.astype(np.uint8))
    return found[0] if found else (slice(0, 0),) * mask.ndim


def _near(a: np.ndarray, b: np.ndarray, spacing: tuple[float, ...], limit: float) -> int:
    """Count the elements of `a` within the limit of one of `b`."""
    if not a.any() or not b.any():
        return 0
    distance = np.asarray(ndimage.distance_transform_edt(~b, sampling=spacing))
    return int(np.count_nonzero(distance[a] <= limit))
