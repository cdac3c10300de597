"""Where nobody annotated a gold frame of the Cell Tracking Challenge, from the markers of cells."""

from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from scipy import ndimage

from septum.data.formats import read_labels
from septum.data.labels import whole_numbers
from septum.data.layouts.pair import Annotated
from septum.data.sample import equivalent_diameters
from septum.errors import DataError
from septum.evenly import evenly

_MARGINS = {
    50: {
        *("DIC-C2DH-HeLa", "Fluo-C2DL-MSC", "Fluo-C3DH-H157", "Fluo-N2DH-GOWT1"),
        *("Fluo-N3DH-CE", "Fluo-N3DH-CHO", "PhC-C2DH-U373"),
    },
    25: {"Fluo-C3DL-MDA231", "Fluo-N2DL-HeLa", "PhC-C2DL-PSC"},
}
"""Pixels at the edge outside the challenge's field of interest, with the names of the datasets."""

_LOOKED_AT = 24  # frames


class Markers:
    """The markers of one sequence.

    Parameters
    ----------
    files : mapping of int to Path
        For each frame an image with a marker in every cell (``01_GT/TRA``).
    dataset : str
        The name under which the challenge offers the dataset.
    """

    def __init__(self, files: Mapping[int, Path], dataset: str = "") -> None:
        self.files = files
        self._dataset = dataset

    def area(self, frame: int) -> Annotated | None:
        """Return what finds the annotated area of a frame, given its labels.

        None for a frame without markers of a sequence without a margin. See `annotated_area`;
        raises DataError for markers of another shape than the labels.
        """
        if frame in self.files:
            return partial(self._area, self.files[frame])
        return self._unmarked if self.margin else None

    @cached_property
    def margin(self) -> int:
        """How many pixels at the edge the challenge leaves out: 50, 25, or 0.

        Cells that lie wholly within it are not annotated. The challenge states it for each of its
        datasets; here, in addition, no marker may lie within in any of 24 frames, evenly spaced, so
        that other truth under the same name is believed.
        """
        margin = next((px for px, names in _MARGINS.items() if self._dataset in names), 0)
        for frame in evenly(sorted(self.files), _LOOKED_AT) if margin else ():
            markers = _read(self.files[frame])
            if not np.isin(markers, np.append(markers[inside(markers.shape, margin)], 0)).all():
                return 0
        return margin

    def _unmarked(self, labels: np.ndarray) -> tuple[np.ndarray | None, tuple[str, ...]]:
        return annotated_area(labels, np.zeros_like(labels), self.margin)

    def _area(self, file: Path, labels: np.ndarray) -> tuple[np.ndarray | None, tuple[str, ...]]:
        markers = _read(file)
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
    known = inside(labels.shape, margin)
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


def inside(shape: tuple[int, ...], margin: int) -> np.ndarray:
    """Return where an image is no margin, bool: its last two axes have one."""
    found = np.zeros(shape, bool)
    rows, columns = (slice(margin, max(margin, size - margin)) for size in shape[-2:])
    found[..., rows, columns] = True
    return found


def _read(file: Path) -> np.ndarray:
    markers = whole_numbers(read_labels(file).array, str(file))
    if markers.min(initial=0) < 0:
        raise DataError(f"{file}: a marker is {markers.min()}; expected 0 and the numbers of cells")
    return markers
