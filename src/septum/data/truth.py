"""Predictions and the truth they are to be measured against, found by name, number or slice."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from septum.data.formats import as_channels_first, read_image, read_labels
from septum.data.labels import instances_from, is_mask
from septum.data.layouts import Pair, Reading, annotation_of, find
from septum.data.layouts.ctc import read_annotated_area
from septum.data.layouts.files import by_key, image_files, is_label_name
from septum.data.pairing import base_stem, frame_number, pair_names
from septum.data.scores import cell_score
from septum.errors import DataError

LABELS, PROBABILITIES = "_labels", "_probabilities"
"""What `septum predict` adds to the name of the image."""

_MEANING = {
    "mask": "a mask of two values: its connected components are the objects, cells that touch one",
    "classes": "classes in the truth: the connected components of each are the objects",
    "scribbles": "scribbles in the truth: nothing is known but what lies on their strokes",
}

Say = Callable[[str], None]
"""Takes a sentence about how a file was understood."""


@dataclass(frozen=True, eq=False)
class Truth:
    """One annotated plane: `labels` int32, `annotated` bool or None for everywhere."""

    labels: np.ndarray
    annotated: np.ndarray | None


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
    prediction: str | Path, truth: str | Path, on_note: Callable[[str], None] | None = None
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
    predictions, truths = _predictions(prediction), _truths(truth)
    if prediction.is_file() and truth.is_file():
        pairs = dict(zip(predictions, truths, strict=True))
        notes = [f"{prediction.name} is measured against {truth.name}, as they were given"]
    else:
        files = {name: entry.any for name, entry in predictions.items()}
        groups = {name: entry.group for name, entry in truths.items()}
        pairs, notes = pair_names(files, groups, prediction, truth)
    # One file is labels and scores: no more than those of one prediction are held at a time.
    say = on_note or (lambda _note: None)
    read = lru_cache(maxsize=2)(partial(_read_stack, say=say))
    planes = [
        plane
        for name, match in pairs.items()
        for plane in _planes(name, predictions[name], truths[match].read(say), read)
    ]
    return Comparison(tuple(planes), tuple(notes))


def _predictions(path: Path) -> dict[str, Files]:
    """Return the prediction files by stem."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    files = image_files(path) if path.is_dir() else [path]
    beside = path.with_name(path.stem.removesuffix(LABELS) + f"{PROBABILITIES}.tif")
    if path.is_file() and path.stem.endswith(LABELS) and beside.exists():
        files.append(beside)
    if not files:
        raise DataError(f"{path}: no image files in this folder; give what `septum predict` wrote")
    scores = [file for file in files if file.stem.endswith(PROBABILITIES)]
    labels = _by_stem(file for file in files if file not in scores)
    probabilities = _by_stem(scores)
    stems = sorted(labels.keys() | probabilities.keys())
    return {stem: Files(labels.get(stem), probabilities.get(stem)) for stem in stems}


def _by_stem(files: Iterable[Path]) -> dict[str, Path]:
    files = list(files)
    return by_key(files, {file: base_stem(file) for file in files})


@dataclass(frozen=True)
class Annotation:
    """A truth file: what reads its planes, and the sequence that it is of, if any."""

    read: Callable[[Say], list[Truth]]
    group: str = ""


def _truths(path: Path) -> dict[str, Annotation]:
    """Return the truth files by stem."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.is_dir():
        seg = path / "SEG" if (path / "SEG").is_dir() else path
        files = image_files(seg)
    else:
        seg, files = path.parent, [path]
    if seg.name == "SEG" and files:
        markers = {frame_number(file.stem): file for file in image_files(seg.with_name("TRA"))}
        return {
            stem: Annotation(partial(_read_seg, file, markers.get(frame_number(file.stem))))
            for stem, file in _by_stem(files).items()
        }
    # Images beside labels, in folders or in one, are a dataset; files of one kind are the truth.
    alike = len({is_label_name(file) for file in files}) == 1
    if alike and not any((path / folder).is_dir() for folder in ("images", "masks", "labels")):
        return {
            stem: Annotation(partial(_read_truth, file)) for stem, file in _by_stem(files).items()
        }
    dataset = find(path)
    return {
        pair.name: Annotation(partial(_read_pair, pair, dataset.reading), pair.group)
        for pair in dataset.pairs
    }


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


def _read_truth(path: Path, say: Say) -> list[Truth]:
    return [Truth(labels, None) for labels in _read_instances(path, say)]


def _read_seg(path: Path, markers: Path | None, say: Say) -> list[Truth]:
    """Read a truth of the Cell Tracking Challenge: ids, even where a frame has a single cell."""
    return [
        Truth(labels, None if markers is None else read_annotated_area(markers, labels)[0])
        for labels in _read_instances(path, say, ids=True)
    ]


def _read_pair(pair: Pair, reading: Reading, say: Say) -> list[Truth]:
    """Read the truth of a dataset as a training on it would."""
    found = annotation_of(pair, reading=reading)
    if found.kind in _MEANING:
        say(_MEANING[found.kind])
    if found.ignored is not None:
        say(f"{found.ignored} in the truth is taken as not annotated")
    if any(plane.annotated is not None for plane in found.planes):
        say("the truth is annotated in part: matching counts nothing elsewhere")
    return [Truth(plane.labels, plane.annotated) for plane in found.planes]


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
        say(_MEANING["mask"])
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
