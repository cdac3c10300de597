"""Cell Tracking Challenge as downloaded: ``01/t*.tif`` and ``01_GT/SEG/man_seg*.tif``."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from scipy import ndimage

from septum.data.formats import read_labels
from septum.data.layouts.dataset import Dataset
from septum.data.layouts.files import few, image_files
from septum.data.layouts.pair import Pair
from septum.data.sample import equivalent_diameters
from septum.errors import DataError

_NUMBER = re.compile(r"(\d+)$")
_SLICE = re.compile(r"man_seg_\d+_\d+$")  # one annotated z slice of a 3D frame


def find_ctc(root: Path) -> Dataset | None:
    """Pair the frames of each sequence with their segmentation truth.

    Gold truth (``01_GT/SEG``) covers a few frames; the others are left out. (The silver truth in
    ``01_ST`` is computed, not drawn.) The markers in ``01_GT/TRA`` tell which cells a frame leaves
    out; see :func:`annotated_area`.

    Parameters
    ----------
    root : Path
        The dataset folder, or one sequence folder in it (``.../01``).

    Returns
    -------
    Dataset or None
        None where there is no sequence with a ``_GT`` folder beside it.

    Raises
    ------
    DataError
        Truth without its frame, sequences without any truth.
    """
    sequences = _sequences(root)
    if not sequences:
        return None
    pairs: list[Pair] = []
    notes: list[str] = []
    for sequence in sequences:
        more, said = _pairs(sequence)
        pairs += more
        notes += said
    if not pairs:
        raise DataError(
            f"{root}: Cell Tracking Challenge layout, but no man_seg*.tif in "
            f"{sequences[0].name}_GT/SEG; download the training data with its gold truth"
        )
    names = ", ".join(sequence.name for sequence in sequences)
    layout = f"Cell Tracking Challenge: sequence {names}, frames with gold truth"
    return Dataset(layout, root, tuple(pairs), (), tuple(notes))


def _sequences(root: Path) -> list[Path]:
    if _has_truth(root.resolve()):  # the name of the folder counts, also where it is given as "."
        return [root.resolve()]
    return [path for path in sorted(root.iterdir()) if path.is_dir() and _has_truth(path)]


def _has_truth(sequence: Path) -> bool:
    return sequence.name.isdigit() and _seg(sequence).is_dir()


def _seg(sequence: Path) -> Path:
    return sequence.with_name(f"{sequence.name}_GT") / "SEG"


def _pairs(sequence: Path) -> tuple[list[Pair], list[str]]:
    frames = _numbered(image_files(sequence))
    notes: list[str] = []
    gold_files = image_files(_seg(sequence))
    slices = [path for path in gold_files if _SLICE.search(path.stem)]
    if slices:
        notes.append(f"{len(slices)} annotated single slices of 3D frames left out: {few(slices)}")
    truth = _numbered(path for path in gold_files if path not in slices)
    lost = [path for number, path in truth.items() if number not in frames]
    if lost:
        raise DataError(
            f"{sequence}: {len(lost)} truth images have no frame: {few(lost)}; "
            f"t{_NUMBER.findall(lost[0].stem)[0]}.tif is expected in {sequence}"
        )
    markers = _numbered(image_files(_seg(sequence).with_name("TRA")))
    pairs = [
        Pair(
            name=f"{sequence.name}_{frames[number].stem}",
            image=frames[number],
            labels=truth[number],
            annotated=_area_reader(markers[number]) if number in markers else None,
            kind="instances",
            group=sequence.name,
            index=number,
        )
        for number in sorted(truth)
    ]
    unused = len(frames) - len(pairs)
    if unused:
        notes.append(f"{unused} of {len(frames)} frames of {sequence.name} have no gold truth")
    if not markers and pairs:
        notes.append(f"no {sequence.name}_GT/TRA: whether cells are missing cannot be told")
    return pairs, notes


def _numbered(paths) -> dict[int, Path]:
    found = ((_NUMBER.search(path.stem), path) for path in paths)
    return {int(match.group(1)): path for match, path in found if match}


def _area_reader(markers: Path) -> Callable:
    return partial(read_annotated_area, markers)


def read_annotated_area(
    markers: Path, labels: np.ndarray
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return `annotated_area` for the markers in a file.

    Raises
    ------
    DataError
        If the markers have another shape than the labels.
    """
    values = read_labels(markers).array
    if values.shape != labels.shape:
        raise DataError(
            f"{markers}: sizes differ: the markers are {values.shape}, the labels {labels.shape}"
        )
    return annotated_area(labels, values)


def annotated_area(
    labels: np.ndarray, markers: np.ndarray
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Find where a partially annotated frame means what it says.

    A cell that nobody outlined is stored as background. Its marker is known, its extent is not, so
    background is not trusted

    - within D of the marker of a missing cell, where D is the median equivalent diameter of
      the outlined cells: a centred ellipse of the same area and an aspect of up to 4 fits in;
    - within 2 D, where that marker is nearer than any outlined cell: what is left for a large
      cell to be.

    Outlined cells are always trusted. On HeLa frame 067 (3 of 18 cells outlined) this covers every
    pixel that the silver truth gives to the 15 other cells; half of D would miss 19 % of them.

    Parameters
    ----------
    labels : numpy.ndarray, shape (*spatial)
        Instances, 0 background.
    markers : numpy.ndarray, shape (*spatial)
        A marker for every cell, 0 elsewhere. A cell is missing when less than half of its
        marker lies on outlined cells.

    Returns
    -------
    annotated : numpy.ndarray, bool, or None
        None where no cell is missing.
    notes : tuple of str
        How many cells are missing.
    """
    size = np.bincount(markers.ravel())
    covered = np.bincount(markers.ravel(), weights=labels.ravel() > 0)
    marked = np.flatnonzero(size[1:]) + 1
    missing = marked[covered[marked] < 0.5 * size[marked]]
    if not missing.size:
        return None, ()
    note = f"{missing.size} of {marked.size} cells are not outlined; their surroundings are ignored"
    if not labels.any():
        return np.zeros(labels.shape, bool), (note,)
    areas = np.bincount(labels.ravel())[1:]
    diameter = float(np.median(equivalent_diameters(areas[areas > 0], labels.ndim)))
    to_marker = np.asarray(ndimage.distance_transform_edt(~np.isin(markers, missing)))
    to_cell = np.asarray(ndimage.distance_transform_edt(labels == 0))
    doubtful = to_marker <= diameter
    doubtful |= (to_marker <= 2 * diameter) & (to_marker < to_cell)
    return (labels > 0) | ~doubtful, (note,)
