"""Predictions and the truth they are to be measured against, found by name, number or slice."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from septum.data.formats import as_channels_first, read_image, read_labels
from septum.data.layouts import find
from septum.data.layouts.ctc import read_annotated_area
from septum.data.layouts.files import few, image_files, is_label_name
from septum.data.sample import instances_from, is_mask, refuse_smoothed
from septum.data.summary import touching_pairs
from septum.errors import DataError
from septum.targets import separate

LABELS, PROBABILITIES = "_labels", "_probabilities"
"""What `septum predict` adds to the name of the image."""

_ENDINGS = re.compile(r"_(labels?|masks?|seg|segmentation|probabilities|manual\d*)$", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+)$")


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


def compare(prediction: str | Path, truth: str | Path) -> Comparison:
    """Find the truth of each prediction.

    Parameters
    ----------
    prediction : str or Path
        A label image or a probability image, a stack of them, or a folder.
    truth : str or Path
        A label image, a stack of them, or a folder; a folder may also be a Cell Tracking Challenge
        ``01_GT`` or a whole dataset in any layout that is understood.

    Returns
    -------
    Comparison
        Files are paired by stem, else by the number at the end of the stem (``t013``,
        ``mask013``, ``man_seg013``), else by slice of a stack.

    Raises
    ------
    DataError
        If nothing can be paired.
    """
    prediction, truth = Path(prediction), Path(truth)
    predictions = _predictions(prediction)
    truths = _truths(truth)
    pairs, notes = _paired(predictions, truths, prediction, truth)
    planes = [plane for name, files, reader in pairs for plane in _planes(name, files, reader)]
    return Comparison(tuple(planes), tuple(notes))


def _predictions(path: Path) -> dict[str, Files]:
    """Return the prediction files by stem."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    found: dict[str, Files] = {}
    for file in image_files(path) if path.is_dir() else [path]:
        stem = _stem(file)
        entry = found.get(stem, Files())
        if file.stem.endswith(PROBABILITIES):
            found[stem] = Files(entry.labels, file)
        else:
            found[stem] = Files(file, entry.probabilities)
    if not found:
        raise DataError(f"{path}: no image files in this folder; give what `septum predict` wrote")
    return found


Reader = Callable[[], list[Truth]]


def _truths(path: Path) -> dict[str, Reader]:
    """Return what reads the planes of each truth file, by stem."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.is_file():
        return {_stem(path): partial(_read_truth, path, None)}
    seg = path / "SEG" if (path / "SEG").is_dir() else path
    files = image_files(seg)
    if seg.name == "SEG" and files:
        markers = {_number(file.stem): file for file in image_files(seg.with_name("TRA"))}
        return {
            _stem(file): partial(_read_truth, file, markers.get(_number(file.stem)))
            for file in files
        }
    # Images beside labels, in folders or in one, are a dataset; files of one kind are the truth.
    alike = len({is_label_name(file) for file in files}) == 1
    if alike and not any((path / folder).is_dir() for folder in ("images", "masks", "labels")):
        return {_stem(file): partial(_read_truth, file, None) for file in files}
    dataset = find(path)
    return {pair.name: partial(_read_pair, pair) for pair in dataset.pairs}


def _paired(
    predictions: Mapping[str, Files], truths: Mapping[str, Reader], where: Path, truth: Path
) -> tuple[list[tuple[str, Files, Reader]], list[str]]:
    if len(predictions) == len(truths) == 1:
        (name, files), reader = next(iter(predictions.items())), next(iter(truths.values()))
        return [(name, files, reader)], []
    pairs = {name: name for name in predictions if name in truths}
    how = "file stem"
    if not pairs:
        numbered, wanted = _by_number(truths), _by_number(predictions)
        for number in numbered.keys() & wanted.keys():
            for place, names in ((where, wanted[number]), (truth, numbered[number])):
                if len(names) > 1:
                    raise DataError(
                        f"{place}: {names[0]} and {names[1]} both have the number {number}; "
                        "give the frames of one sequence at a time"
                    )
            pairs[wanted[number][0]] = numbered[number][0]
        how = "frame number"
    if not pairs:
        raise DataError(
            f"no prediction in {where} ({few([f.any for f in predictions.values()])}) has a truth "
            f"in {truth} of the same stem or frame number"
        )
    notes = [f"{len(pairs)} predictions found their truth by {how}"]
    for kind, count in (
        ("predictions have no truth", len(predictions) - len(pairs)),
        ("truth images have no prediction", len(truths) - len(pairs)),
    ):
        if count:
            notes.append(f"{count} {kind} and are left out")
    return [(name, predictions[name], truths[key]) for name, key in sorted(pairs.items())], notes


def _planes(name: str, files: Files, reader: Reader) -> Iterator[Scored]:
    truths = reader()
    single = len(truths) == 1
    cache: dict[str, np.ndarray] = {}

    def plane(kind: str, number: int) -> np.ndarray:
        if kind not in cache:
            stack = _read_instances(files.any) if kind == "labels" else _read_cells(files)
            if len(stack) != len(truths):
                raise DataError(
                    f"{files.any} holds {len(stack)} plane(s), its truth {len(truths)}; "
                    "give the same slices in the same order"
                )
            cache[kind] = stack
        result, expected = cache[kind][number], truths[number].labels.shape
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


def _read_truth(path: Path, markers: Path | None) -> list[Truth]:
    planes = _read_instances(path, ids=markers is not None)
    return [
        Truth(labels, None if markers is None else read_annotated_area(markers, labels)[0])
        for labels in planes
    ]


def _read_pair(pair) -> list[Truth]:
    planes = _read_instances(pair.labels, ids=pair.ids)
    read = pair.annotated
    return [Truth(labels, None if read is None else read(labels)[0]) for labels in planes]


def _read_instances(path: Path, ids: bool = False) -> np.ndarray:
    """Return the instances of a file, shape ``(N, Y, X)``; masks give connected components."""
    planes = as_channels_first(read_labels(path)).array
    if planes.shape[1] != 1:
        raise DataError(
            f"{path} has {planes.shape[1]} channels, where a label image has one; "
            "for probabilities, ask for --metrics isbi"
        )
    return instances_of(planes[:, 0], str(path), ids)


def instances_of(planes: np.ndarray, where: str, ids: bool = False) -> np.ndarray:
    """Return the instances in planes ``(N, Y, X)`` of ids or, unless `ids`, of a mask."""
    mask = not ids and is_mask(planes)
    return np.stack([instances_from(plane, where, mask)[0] for plane in planes])


def _read_cells(files: Files) -> np.ndarray:
    """Return the score of "cell" in [0, 1], shape ``(N, Y, X)``.

    The second class where there are several.
    """
    path = files.probabilities or files.any
    planes = as_channels_first(read_image(path)).array
    return cell_score(planes[:, 1 if planes.shape[1] > 1 else 0])


def cell_score(array: np.ndarray) -> np.ndarray:
    """Return the score of "cell" in [0, 1] of planes ``(N, Y, X)`` of scores, ids or masks.

    8-bit grey values are shares of 255, as in the challenge's submissions; patches of one value
    are ids, of which any is a cell.
    """
    if array.dtype.kind == "f":
        return array.astype(np.float64)
    if array.dtype == np.uint8 and _is_grey_scale(array):
        return array / 255.0
    return np.stack([with_membranes(plane) > 0 for plane in array]).astype(np.float64)


def with_membranes(labels: np.ndarray) -> np.ndarray:
    """Return instances that have background between them, as the ISBI metrics tell cells apart.

    The components of a mask have it already and are left as they are, to the pixel.
    """
    return separate(labels) if len(touching_pairs(labels)) else labels


def _is_grey_scale(array: np.ndarray) -> bool:
    try:
        refuse_smoothed(array, "")
    except DataError:
        return True
    return False


def _stem(path: Path) -> str:
    return _ENDINGS.sub("", path.stem)


def _number(stem: str) -> int | None:
    match = _NUMBER.search(stem)
    return int(match.group(1)) if match else None


def _by_number(stems: Iterable[str]) -> dict[int, list[str]]:
    """Return the stems by the number at their end."""
    numbered: dict[int, list[str]] = {}
    for stem in stems:
        number = _number(stem)
        if number is not None:
            numbered.setdefault(number, []).append(stem)
    return numbered
