"""Predictions and the truth they are to be measured against: by name, number or slice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from septum.classes import Classes
from septum.counted import counted
from septum.data.formats import is_zarr, stem_of, suffix_of
from septum.data.formats.own import LABELS, OVERLAY, PROBABILITIES, is_ours
from septum.data.layouts import AS_FOUND, Reading
from septum.data.layouts.files import image_entries, image_files
from septum.data.layouts.ome_zarr import label_names
from septum.data.pairing import base_stem, by_base_stem, pair_names
from septum.data.predicted import (
    Files,
    in_zarr,
    read_cells,
    read_instances,
    read_regions,
    refuse_classes,
)
from septum.data.reference import Say, Truth, read_references, references
from septum.data.regions import Regions
from septum.errors import DataError


@dataclass(frozen=True, eq=False)
class Scored:
    """One plane or volume of a prediction beside its truth.

    Attributes
    ----------
    name : str
        File stem, with its number where it is one of a stack.
    labels : callable
        Read the predicted instances, int32, of the shape of the truth.
    cells : callable
        Read the predicted score of "cell" in [0, 1], of the same shape.
    truth : Truth
        What was annotated.
    regions : callable or None
        Read the predicted classes, where the truth is of classes.
    """

    name: str
    labels: Callable[[], np.ndarray]
    cells: Callable[[], np.ndarray]
    truth: Truth
    regions: Callable[[], Regions] | None = None


@dataclass(frozen=True)
class Comparison:
    """All planes or volumes of a prediction that have a truth, and what was left out."""

    planes: tuple[Scored, ...]
    notes: tuple[str, ...] = field(default=())


def compare(
    prediction: str | Path,
    truth: str | Path,
    on_note: Callable[[str], None] | None = None,
    reading: Reading = AS_FOUND,
) -> Comparison:
    """Find the truth of each prediction.

    Parameters
    ----------
    prediction : str or Path
        A label image or a probability image, a stack of them, or a folder.
    truth : str or Path
        A label image, a stack of them, or a folder; a folder may also be a Cell Tracking Challenge
        ``01_GT`` or a whole dataset in any layout that is understood.
    on_note : callable, optional
        Called with a sentence about how the truth or the scores in a file were understood, when
        they are read.
    reading : Reading, optional
        How the truth is to be read where its files leave it open, as in a training.

    Returns
    -------
    Comparison
        Two files are compared as they are given. Those of a folder are paired by stem, else by the
        number at the end of the stem (``t013``, ``mask013``, ``man_seg013``). Slices of a stack are
        in order, and together one volume where the truth is one. What a dataset does not annotate
        (an ignored value, outside an annotated area, between scribbles) is not in the `annotated`
        of its truth.

    Raises
    ------
    DataError
        If nothing can be paired, or not in one way alone.
    """
    prediction, truth = Path(prediction), Path(truth)
    say = on_note or (lambda _note: None)
    predictions, (truths, reading) = _predictions(prediction, say), references(truth, reading)
    if _is_one(prediction) and _is_one(truth):
        pairs = dict(zip(predictions, truths, strict=True))
        notes = [f"{prediction.name} is measured against {truth.name}, as they were given"]
    else:
        files = {name: entry.any for name, entry in predictions.items()}
        groups = {name: entry.group for name, entry in truths.items()}
        pairs, notes = pair_names(files, groups, prediction, truth)
    known = read_references([truths[match] for match in pairs.values()], reading, say)
    read = _Read(reading, say)
    planes = [
        plane
        for name, match in pairs.items()
        for plane in _planes(name, predictions[name], known[match], truths[match].labels, read)
    ]
    return Comparison(tuple(planes), tuple(notes))


def _predictions(path: Path, say: Say) -> dict[str, Files]:
    """Return the prediction files by stem."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if is_zarr(path):
        return {base_stem(path): in_zarr(path)}
    files = image_files(path) if path.is_dir() else [path]
    zarrs = _zarrs_in(path, alone=not files)
    pictures = [file for file in files if stem_of(file).endswith(OVERLAY)]
    files = _without_copies([file for file in files if file not in pictures], say)
    stem = stem_of(path)
    beside = path.with_name(stem.removesuffix(LABELS) + f"{PROBABILITIES}.tif")
    if path.is_file() and stem.endswith(LABELS) and beside.exists():
        files.append(beside)
    if not files and not zarrs:
        held = "no image files"
        if pictures:
            held = f"a picture to look at, {pictures[0].name}, and no label image"
        raise DataError(
            f"{path}: {held}{' in this folder' * path.is_dir()}; give what `septum predict` wrote, "
            "as NAME_labels.tif"
        )
    scores = [file for file in files if stem_of(file).endswith(PROBABILITIES)]
    labels = by_base_stem(file for file in files if file not in scores)
    probabilities = by_base_stem(scores)
    stems = sorted(labels.keys() | probabilities.keys())
    found = {stem: Files(labels.get(stem), probabilities.get(stem)) for stem in stems}
    return _with_zarrs(found, zarrs, say)


def _with_zarrs(files: dict[str, Files], zarrs: list[Path], say: Say) -> dict[str, Files]:
    """Return the predictions with those in zarrs; a file of the same name comes first."""
    found, left = dict(files), []
    for path in zarrs:
        stem = base_stem(path)
        other = found.get(stem)
        if other is None:
            found[stem] = in_zarr(path)
        elif other.labels is None:
            found[stem] = Files(in_zarr(path).labels, other.probabilities)
        else:
            left.append(f"{other.any.name} is taken, and {path.name} of the same name left out")
    if left:
        more = f", and so with {counted(len(left) - 1, 'other')}" * (len(left) > 1)
        say(f"{left[0]}{more}")
    return found


def _zarrs_in(folder: Path, alone: bool) -> list[Path]:
    """Return septum's zarrs in a folder; where there is nothing else, those with labels, or all."""
    zarrs = [entry for entry in image_entries(folder) if is_zarr(entry)]
    found = [path for path in zarrs if is_ours(path)]
    if found or not alone:
        return found
    return [path for path in zarrs if label_names(path)] or zarrs


def _is_one(path: Path) -> bool:
    """Tell whether a path is an image, in a file or in a zarr, and no folder of images."""
    return path.is_file() or is_zarr(path)


def _without_copies(files: list[Path], say: Say) -> list[Path]:
    """Leave out the NIfTI that `septum predict` wrote of labels that are there as TIFF, too."""
    written = {stem_of(file): file for file in files if suffix_of(file) == ".tif"}
    kept = []
    for file in files:
        stem = stem_of(file)
        if suffix_of(file) == ".nii.gz" and stem.endswith(LABELS) and stem in written:
            say(f"{written[stem].name} is taken, and {file.name} of the same name left out")
        else:
            kept.append(file)
    return kept


class _Read:
    """Reads predictions, of which it holds no more than one at a time: its labels and scores."""

    def __init__(self, reading: Reading, say: Say) -> None:
        self.labels = lru_cache(maxsize=1)(partial(_read_labels, axes=reading.axes, say=say))
        self.cells = lru_cache(maxsize=1)(partial(read_cells, say=say))
        self.regions = lru_cache(maxsize=1)(partial(_read_regions, reading=reading, say=say))


def _read_labels(
    files: Files, ndim: int, truth_file: Path, axes: str | None, say: Say
) -> np.ndarray:
    refuse_classes(files.any, truth_file, axes)
    return read_instances(files.any, ndim, say)


def _read_regions(
    files: Files, ndim: int, classes: Classes, reading: Reading, say: Say
) -> list[Regions]:
    return read_regions(files, classes, ndim, reading.spacing_of(ndim), say)


def _planes(
    name: str, files: Files, truths: list[Truth], truth_file: Path, read: _Read
) -> Iterator[Scored]:
    single, first = len(truths) == 1, truths[0]
    ndim = first.labels.ndim

    def labels(number: int) -> np.ndarray:
        stack = read.labels(files, ndim, truth_file)
        _refuse_sizes(files, stack.shape, truths, number)
        return stack[number]

    def cells(number: int) -> np.ndarray:
        stack = read.cells(files, ndim)
        _refuse_sizes(files, stack.shape, truths, number)
        return stack[number]

    def regions(number: int) -> Regions:
        assert first.named is not None, "asked for where the truth is of classes"
        stack = read.regions(files, ndim, first.named)
        _refuse_sizes(files, (len(stack), *stack[0].masks.shape[1:]), truths, number)
        return stack[number]

    for number, truth in enumerate(truths):
        yield Scored(
            name=name if single else f"{name}[{number:02}]",
            labels=partial(labels, number),
            cells=partial(cells, number),
            truth=truth,
            regions=partial(regions, number) if truth.named else None,
        )


def _refuse_sizes(
    files: Files, found: tuple[int, ...], truths: Sequence[Truth], number: int
) -> None:
    """Refuse a prediction ``(N, *spatial)`` that does not show what its truth shows."""
    expected = truths[number].labels.shape
    if found[0] != len(truths):
        unit = ("volume" if len(expected) == 3 else "plane") + "s" * (found[0] != 1)
        raise DataError(
            f"{files.any} holds {found[0]} {unit}, its truth {len(truths)}; "
            "give the same slices in the same order"
        )
    if found[1:] != expected:
        raise DataError(
            f"{files.any} is {found[1:]} px, its truth {expected}; "
            "both must show the same field of view"
        )
