"""Where nobody annotated a gold frame of the Cell Tracking Challenge, from the markers of cells."""

from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from scipy import ndimage

from septum.data.formats import read_labels
from septum.data.layouts.pair import Annotated
from septum.data.sample import equivalent_diameters
from septum.errors import DataError
from septum.evenly import evenly

_MARGINS = (50, 25)
"""Pixels at the edge in which the challenge does not annotate, by dataset; or none at all."""

_LOOKED_AT = 24  # frames
_ENOUGH = 50
"""Fewer markers may all lie inside by chance."""


class Markers:
    """The markers of one sequence.

    Parameters
    ----------
    files : mapping of int to Path
        For each frame an image with a marker in every cell (``01_GT/TRA``).
    """

    def __init__(self, files: Mapping[int, Path]) -> None:
        self.files = files

    def area(self, frame: int) -> Annotated | None:
        """Return what finds the annotated area of a frame, given its labels.

        None for a frame without markers. See `annotated_area`; raises DataError for markers of
        another shape than the labels.
        """
        return partial(self._area, self.files[frame]) if frame in self.files else None

    @cached_property
    def margin(self) -> int:
        """How many pixels at the edge the challenge leaves out: 50, 25, or 0.

        It annotates no cell that lies wholly within a margin, and the margin differs by dataset.
        It is the largest within which no cell lies in any of 24 frames, evenly spaced.
        """
        frames = evenly(sorted(self.files), _LOOKED_AT)
        found, count = list(_MARGINS), 0
        for frame in frames:
            markers = read_labels(self.files[frame]).array
            ids = np.unique(markers[markers > 0])
            count += len(ids)
            found = [m for m in found if np.isin(ids, markers[_inside(markers.shape, m)]).all()]
        return found[0] if found and count >= _ENOUGH else 0

    def _area(self, file: Path, labels: np.ndarray) -> tuple[np.ndarray | None, tuple[str, ...]]:
        markers = read_labels(file).array
        if markers.shape != labels.shape:
            raise DataError(
                f"{file}: sizes differ: the markers are {markers.shape}, the labels {labels.shape}"
            )
        return annotated_area(labels, markers, self.margin)


def annotated_area(
    labels: np.ndarray, markers: np.ndarray, margin: int = 0
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Find where a partially annotated frame means what it says.

    A cell that nobody outlined is stored as background. Its marker is known, its extent is not, so
    background is not trusted

    - within D of the marker of a missing cell, where D is the median equivalent diameter of
      the outlined cells: a centred ellipse of the same area and an aspect of up to 4 fits in;
    - within 2 D, where that marker is nearer than any outlined cell: what is left for a large
      cell to be;
    - within `margin` of the edge.

    Outlined cells are always trusted. On HeLa frame 067 (3 of 18 cells outlined) this covers every
    pixel that the silver truth gives to the 15 other cells; half of D would miss 19 % of them.

    Parameters
    ----------
    labels : numpy.ndarray, shape (*spatial)
        Instances, 0 background.
    markers : numpy.ndarray, shape (*spatial)
        A marker for every cell, 0 elsewhere. A cell is missing when less than half of its
        marker lies on outlined cells.
    margin : int, default 0
        Pixels at the edge of the image, along its last two axes, where nobody looked for cells.

    Returns
    -------
    annotated : numpy.ndarray, bool, or None
        None where no cell is missing, and no margin.
    notes : tuple of str
        How many cells are missing.
    """
    size = np.bincount(markers.ravel())
    covered = np.bincount(markers.ravel(), weights=labels.ravel() > 0)
    marked = np.flatnonzero(size[1:]) + 1
    missing = marked[covered[marked] < 0.5 * size[marked]]
    known = _inside(labels.shape, margin)
    if not missing.size:
        return (labels > 0) | known if margin else None, ()
    note = f"{missing.size} of {marked.size} cells are not outlined; their surroundings are ignored"
    if not labels.any():
        return np.zeros(labels.shape, bool), (note,)
    areas = np.bincount(labels.ravel())[1:]
    diameter = float(np.median(equivalent_diameters(areas[areas > 0], labels.ndim)))
    to_marker = np.asarray(ndimage.distance_transform_edt(~np.isin(markers, missing)))
    to_cell = np.asarray(ndimage.distance_transform_edt(labels == 0))
    doubtful = to_marker <= diameter
    doubtful |= (to_marker <= 2 * diameter) & (to_marker < to_cell)
    return (labels > 0) | (known & ~doubtful), (note,)


def _inside(shape: tuple[int, ...], margin: int) -> np.ndarray:
    """Return where an image is no margin, bool."""
    inside = np.zeros(shape, bool)
    rows, columns = (slice(margin, size - margin) for size in shape[-2:])
    inside[..., rows, columns] = True
    return inside
