"""What people call: train, load, evaluate, with paths or plain numpy arrays.

The command line calls the same functions and adds only pictures.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import NoReturn

import numpy as np

from septum import evaluation
from septum.classes import Classes
from septum.data.gather import Data, samples_of
from septum.data.labels import instances_from, is_mask
from septum.data.layouts import AS_FOUND, Reading
from septum.data.reference import Truth, truths_in
from septum.data.regions import regions_of_array
from septum.data.scores import cell_score
from septum.data.truth import Comparison, Scored, compare
from septum.errors import DataError
from septum.instances import instances
from septum.model import load
from septum.tracking import score as score_tracks
from septum.tracking import track
from septum.training import Machine, planned, resume, train, train_seeds

__all__ = [
    "Data",
    "Machine",
    "Reading",
    "evaluate",
    "load",
    "planned",
    "resume",
    "samples_of",
    "track",
    "train",
    "train_seeds",
]


def evaluate(
    prediction: str | Path | np.ndarray,
    truth: str | Path | np.ndarray,
    metrics: str | Iterable[str] | None = None,
    on_note: Callable[[str], None] | None = None,
    on_plane: Callable[[int, int], None] | None = None,
    reading: Reading = AS_FOUND,
    tolerance: float | None = None,
) -> evaluation.Scores:
    """Measure predictions against the truth.

    Parameters
    ----------
    prediction : str, Path or numpy.ndarray
        A label image, a score of "cell" in [0, 1] or as 8 bits, a stack of either ``(N, Y, X)``, or
        a folder of files as `septum predict` writes them. Of classes, the labels or probabilities
        that `septum.model.Model.predict` gives.
    truth : str, Path or numpy.ndarray
        Label images of the same shapes; a stack is a volume ``(Z, Y, X)`` where its objects go on
        from slice to slice, or if `reading` says so. For paths also a Cell Tracking Challenge
        ``01_GT`` folder or a whole dataset.
    metrics : str or iterable of {"isbi", "ctc", "matching", "tracking", "classes"}, optional
        One, several with commas between them, or a list of them; by default the first three, or
        ``classes`` where `reading` or the dataset names classes.
        ``tracking`` takes two folders: what `track` wrote, and ``01_GT``.
    on_note, on_plane : callable, optional
        Called with each sentence about how data were understood, once, and with the planes done
        and in all.
    reading : Reading, optional
        How the truth is to be read where it leaves it open, as in a training.
    tolerance : float, optional
        Of the surfaces of classes, in µm; see `septum.evaluation.score`.

    Returns
    -------
    dict
        See `septum.evaluation.score` and, for ``tracking``, `septum.tracking.score`.

    Raises
    ------
    DataError
        If nothing can be compared, shapes differ, or one is a path and the other an array.
    ConfigError
        If a metric is unknown.
    """
    if isinstance(metrics, str):
        metrics = [name.strip() for name in metrics.split(",") if name.strip()]
    metrics = None if metrics is None else list(metrics)
    if metrics is not None and "tracking" in metrics:
        return _with_tracks(prediction, truth, metrics, on_note, on_plane, reading)
    say = _once(on_note)
    if isinstance(prediction, str | Path) and isinstance(truth, str | Path):
        comparison = compare(prediction, truth, say, reading)
    elif isinstance(prediction, str | Path) or isinstance(truth, str | Path):
        raise DataError(
            f"the prediction is a {type(prediction).__name__}, the truth a {type(truth).__name__}; "
            "give two paths or two arrays"
        )
    else:
        comparison = Comparison(
            _from_arrays(np.asarray(prediction), np.asarray(truth), say, reading)
        )
    for note in comparison.notes:
        say(note)
    return evaluation.score(comparison.planes, metrics, on_plane, say, tolerance)


def _with_tracks(
    prediction: str | Path | np.ndarray,
    truth: str | Path | np.ndarray,
    metrics: list[str],
    on_note: Callable[[str], None] | None,
    on_plane: Callable[[int, int], None] | None,
    reading: Reading,
) -> evaluation.Scores:
    """Return the scores of planes, as far as wanted, and those of their links over time."""
    if not (isinstance(prediction, str | Path) and isinstance(truth, str | Path)):
        raise DataError(
            "tracking is measured on folders: what `septum.track` wrote, and the 01_GT folder of "
            "the Cell Tracking Challenge; for arrays there is septum.metrics.corrections"
        )
    others = [name for name in metrics if name != "tracking"]
    scores = evaluate(prediction, truth, others, on_note, on_plane, reading) if others else {}
    return {**scores, "tracking": score_tracks(prediction, truth, on_plane, on_note)}


def _once(say: Callable[[str], None] | None) -> Callable[[str], None]:
    """Return what says each sentence a single time, however many files it holds for."""
    said: set[str] = set()

    def once(note: str) -> None:
        if say is not None and note not in said:
            said.add(note)
            say(note)

    return once


def _from_arrays(
    prediction: np.ndarray, truth: np.ndarray, say: Callable[[str], None], reading: Reading
) -> tuple[Scored, ...]:
    channels = reading.classes is not None and prediction.ndim == truth.ndim + 1
    if prediction.shape[channels:] != truth.shape or truth.ndim not in (2, 3):
        raise DataError(
            f"the prediction has shape {prediction.shape}, the truth {truth.shape}; "
            "expected the same shape, (Y, X) or (N, Y, X)"
            + (", or probabilities with their channels before it" if reading.classes else "")
        )
    if truth.ndim == 2 and reading.ndim == 3:
        raise DataError(f"the truth has shape {truth.shape}; expected (Z, Y, X) for ndim 3")
    truths = truths_in(truth, "the truth", reading, say)
    if reading.classes is not None:
        return _of_classes(prediction, truth.shape, truths, reading.classes, reading)
    prediction = prediction.reshape(-1, *truths[0].labels.shape)
    is_foreground = is_mask(prediction)

    @cache
    def scores() -> np.ndarray:
        planes = prediction.reshape(-1, *truth.shape[-2:])  # of a volume too, as isbi takes it
        found, note = cell_score(planes, "the prediction")
        say(note)
        return found.reshape(prediction.shape)

    return tuple(
        Scored(
            name=_numbered(number, known),
            labels=partial(_instances, prediction[number], is_foreground),
            cells=lambda number=number: scores()[number],
            truth=known,
        )
        for number, known in enumerate(truths)
    )


def _of_classes(
    prediction: np.ndarray,
    shape: tuple[int, ...],
    truths: list[Truth],
    named: Classes,
    reading: Reading,
) -> tuple[Scored, ...]:
    one = truths[0].labels.shape
    stack = regions_of_array(prediction, shape, one, named, reading.spacing_of(len(one)))
    return tuple(
        Scored(_numbered(number, known), _no_objects, _no_objects, known, lambda found=found: found)
        for number, (known, found) in enumerate(zip(truths, stack, strict=True))
    )


def _no_objects() -> NoReturn:
    raise AssertionError("classes are scored by their pixels, and never asked for objects")


def _numbered(number: int, truth: Truth) -> str:
    return f"volume {number}" if truth.labels.ndim == 3 else f"plane {number}"


def _instances(plane: np.ndarray, is_foreground: bool) -> np.ndarray:
    if plane.dtype.kind == "f":
        return instances(np.stack([1 - plane, plane]))
    return instances_from(plane, "the prediction", is_foreground)[0]
