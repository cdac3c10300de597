"""Predictions and the truth they are to be measured against: by name, number or slice."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from septum.data.formats import (
    ImageFile,
    as_channels_first,
    read_image,
    read_labels,
    stem_of,
    suffix_of,
)
from septum.data.labels import instances_from, is_mask
from septum.data.layouts import AS_FOUND, Reading
from septum.data.layouts.files import image_files
from septum.data.pairing import by_base_stem, pair_names
from septum.data.reference import MEANING, Say, Truth, read_references, references
from septum.data.scores import cell_score
from septum.errors import DataError

LABELS, PROBABILITIES, OVERLAY = "_labels", "_probabilities", "_overlay"
"""What `septum predict` adds to the name of the image, in images that it writes."""


@dataclass(frozen=True)
class Files:
    """The files that one prediction consists of, as `septum predict` writes them or alone."""

    labels: Path | None = None
    probabilities: Path | None = None

    @property
    def any(self) -> Path:
        """One of them."""
        path = self.labels or self.probabilities
        assert path is not None, "an entry is made from a file"
        return path


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
    """

    name: str
    labels: Callable[[], np.ndarray]
    cells: Callable[[], np.ndarray]
    truth: Truth


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
    if prediction.is_file() and truth.is_file():
        pairs = dict(zip(predictions, truths, strict=True))
        notes = [f"{prediction.name} is measured against {truth.name}, as they were given"]
    else:
        files = {name: entry.any for name, entry in predictions.items()}
        groups = {name: entry.group for name, entry in truths.items()}
        pairs, notes = pair_names(files, groups, prediction, truth)
    # One file is labels and scores: no more than those of one prediction are held at a time.
    known = read_references([truths[match] for match in pairs.values()], reading, say)
    read = lru_cache(maxsize=2)(partial(_read_stack, say=say))
    planes = [
        plane
        for name, match in pairs.items()
        for plane in _planes(name, predictions[name], known[match], read)
    ]
    return Comparison(tuple(planes), tuple(notes))


def _predictions(path: Path, say: Say) -> dict[str, Files]:
    """Return the prediction files by stem."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    files = image_files(path) if path.is_dir() else [path]
    pictures = [file for file in files if stem_of(file).endswith(OVERLAY)]
    files = _without_copies([file for file in files if file not in pictures], say)
    stem = stem_of(path)
    beside = path.with_name(stem.removesuffix(LABELS) + f"{PROBABILITIES}.tif")
    if path.is_file() and stem.endswith(LABELS) and beside.exists():
        files.append(beside)
    if not files:
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
    return {stem: Files(labels.get(stem), probabilities.get(stem)) for stem in stems}


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


def _planes(
    name: str, files: Files, truths: list[Truth], read: Callable[[Files, str, int], np.ndarray]
) -> Iterator[Scored]:
    single, ndim = len(truths) == 1, truths[0].labels.ndim
    unit = "volume(s)" if ndim == 3 else "plane(s)"

    def plane(kind: str, number: int) -> np.ndarray:
        stack = read(files, kind, ndim)
        if len(stack) != len(truths):
            raise DataError(
                f"{files.any} holds {len(stack)} {unit}, its truth {len(truths)}; "
                "give the same slices in the same order"
            )
        result, expected = stack[number], truths[number].labels.shape
        if result.shape != expected:
            raise DataError(
                f"{files.any} is {result.shape} px, its truth {expected}; "
                "both must show the same field of view"
            )
        return result

    for number, truth in enumerate(truths):
        yield Scored(
            name=name if single else f"{name}[{number:02}]",
            labels=partial(plane, "labels", number),
            cells=partial(plane, "cells", number),
            truth=truth,
        )


def _read_stack(files: Files, kind: str, ndim: int, say: Say) -> np.ndarray:
    """Return the instances ("labels") or scores ("cells") of a prediction, (N, *spatial)."""
    if kind == "labels":
        return _read_instances(files.any, ndim, say)
    return _read_cells(files, ndim, say)


def _laid_out(image: ImageFile[np.ndarray], ndim: int) -> np.ndarray:
    """Return the planes or volumes of a file, shape ``(N, C, *spatial)``."""
    if ndim == 3 and not set("ZQIT") & set(image.axes):
        size = " x ".join(map(str, image.array.shape))
        raise DataError(
            f"{image.source} is {size} ({image.axes}), its truth a volume (ZYX); give the whole "
            "stack, or --ndim 2 if the truth is slices"
        )
    return as_channels_first(image, ndim).array


def _read_instances(path: Path, ndim: int, say: Say) -> np.ndarray:
    """Return the instances of a file, ``(N, *spatial)``; masks give connected components."""
    planes = _laid_out(read_labels(path), ndim)
    if planes.shape[1] != 1:
        raise DataError(
            f"{path} has {planes.shape[1]} channels, where a label image has one; "
            "for probabilities, ask for --metrics isbi"
        )
    mask = is_mask(planes)
    if mask:
        say(MEANING["mask"])
    return np.stack([instances_from(plane, str(path), mask)[0] for plane in planes[:, 0]])


def _read_cells(files: Files, ndim: int, say: Say) -> np.ndarray:
    """Return the score of "cell" in [0, 1], shape ``(N, *spatial)``.

    The second class where there are several.
    """
    path = files.probabilities or files.any
    images = _laid_out(read_image(path), ndim)
    cells = images[:, 1 if images.shape[1] > 1 else 0]
    planes = cells.reshape(-1, *cells.shape[-2:])  # of a volume too: isbi is a score of planes
    scores, note = cell_score(planes, str(path), path == files.probabilities)
    if files.labels and files.probabilities:
        note = f"isbi takes the probabilities beside the labels, as NAME{PROBABILITIES}.tif"
    say(note)
    return scores.reshape(cells.shape)
