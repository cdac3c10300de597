"""Predictions and the truth they are to be measured against, found by name, number or slice."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from septum.data.formats import as_channels_first, read_image, read_labels
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
    """One plane of a prediction beside its truth.

    Attributes
    ----------
    name : str
        File stem, with the slice where it is one of a stack.
    labels : callable
        Read the predicted instances, int32, shape ``(Y, X)``.
    cells : callable
        Read the predicted score of "cell" in [0, 1], shape ``(Y, X)``.
    truth : Truth
        What was annotated.
    """

    name: str
    labels: Callable[[], np.ndarray]
    cells: Callable[[], np.ndarray]
    truth: Truth


@dataclass(frozen=True)
class Comparison:
    """All planes of a prediction that have a truth, and what was left out."""

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
        in order. What a dataset does not annotate (an ignored value, outside an annotated area,
        between scribbles) is not in the `annotated` of its truth.

    Raises
    ------
    DataError
        If nothing can be paired, or not in one way alone.
    """
    prediction, truth = Path(prediction), Path(truth)
    predictions, (truths, reading) = _predictions(prediction), references(truth, reading)
    if prediction.is_file() and truth.is_file():
        pairs = dict(zip(predictions, truths, strict=True))
        notes = [f"{prediction.name} is measured against {truth.name}, as they were given"]
    else:
        files = {name: entry.any for name, entry in predictions.items()}
        groups = {name: entry.group for name, entry in truths.items()}
        pairs, notes = pair_names(files, groups, prediction, truth)
    # One file is labels and scores: no more than those of one prediction are held at a time.
    say = on_note or (lambda _note: None)
    known = read_references([truths[match] for match in pairs.values()], reading, say)
    read = lru_cache(maxsize=2)(partial(_read_stack, say=say))
    planes = [
        plane
        for name, match in pairs.items()
        for plane in _planes(name, predictions[name], known[match], read)
    ]
    return Comparison(tuple(planes), tuple(notes))


def _predictions(path: Path) -> dict[str, Files]:
    """Return the prediction files by stem."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    files = image_files(path) if path.is_dir() else [path]
    pictures = [file for file in files if file.stem.endswith(OVERLAY)]
    files = [file for file in files if file not in pictures]
    beside = path.with_name(path.stem.removesuffix(LABELS) + f"{PROBABILITIES}.tif")
    if path.is_file() and path.stem.endswith(LABELS) and beside.exists():
        files.append(beside)
    if not files:
        held = "no image files"
        if pictures:
            held = f"a picture to look at, {pictures[0].name}, and no label image"
        raise DataError(
            f"{path}: {held}{' in this folder' * path.is_dir()}; give what `septum predict` wrote, "
            "as NAME_labels.tif"
        )
    scores = [file for file in files if file.stem.endswith(PROBABILITIES)]
    labels = by_base_stem(file for file in files if file not in scores)
    probabilities = by_base_stem(scores)
    stems = sorted(labels.keys() | probabilities.keys())
    return {stem: Files(labels.get(stem), probabilities.get(stem)) for stem in stems}


def _planes(
    name: str, files: Files, truths: list[Truth], read: Callable[[Files, str], np.ndarray]
) -> Iterator[Scored]:
    single = len(truths) == 1

    def plane(kind: str, number: int) -> np.ndarray:
        stack = read(files, kind)
        if len(stack) != len(truths):
            raise DataError(
                f"{files.any} holds {len(stack)} plane(s), its truth {len(truths)}; "
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


def _read_stack(files: Files, kind: str, say: Say) -> np.ndarray:
    """Return the instances ("labels") or the scores ("cells") of a prediction, (N, Y, X)."""
    return _read_instances(files.any, say) if kind == "labels" else _read_cells(files, say)


def _read_instances(path: Path, say: Say, ids: bool = False) -> np.ndarray:
    """Return the instances of a file, shape ``(N, Y, X)``; masks give connected components."""
    planes = as_channels_first(read_labels(path)).array
    if planes.shape[1] != 1:
        raise DataError(
            f"{path} has {planes.shape[1]} channels, where a label image has one; "
            "for probabilities, ask for --metrics isbi"
        )
    return instances_of(planes[:, 0], str(path), ids, say)


def instances_of(
    planes: np.ndarray,
    where: str,
    ids: bool = False,
    say: Say = lambda _note: None,
) -> np.ndarray:
    """Return the instances in planes ``(N, Y, X)`` of ids or, unless `ids`, of a mask."""
    mask = not ids and is_mask(planes)
    if mask:
        say(MEANING["mask"])
    return np.stack([instances_from(plane, where, mask)[0] for plane in planes])


def _read_cells(files: Files, say: Say) -> np.ndarray:
    """Return the score of "cell" in [0, 1], shape ``(N, Y, X)``.

    The second class where there are several.
    """
    path = files.probabilities or files.any
    planes = as_channels_first(read_image(path)).array
    scores, note = cell_score(
        planes[:, 1 if planes.shape[1] > 1 else 0], str(path), path == files.probabilities
    )
    if files.labels and files.probabilities:
        note = f"isbi takes the probabilities beside the labels, as NAME{PROBABILITIES}.tif"
    say(note)
    return scores
