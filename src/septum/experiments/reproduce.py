"""Cross-validate one of the paper's experiments and put the result into the paper's table."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from septum import evaluation
from septum.atomic import write_text
from septum.counted import counted
from septum.data.context import with_context
from septum.data.layouts import find
from septum.data.sample import Sample
from septum.data.truth import Scored, Truth
from septum.errors import ConfigError, DataError
from septum.experiments.folds import Fold, blocks, interleaved
from septum.experiments.table import EM, HELA, U373, PaperTable
from septum.model import Model, Prediction, load
from septum.predict import orientations as orientations_of


@dataclass(frozen=True)
class Experiment:
    """One of the paper's experiments.

    Attributes
    ----------
    table : PaperTable
        Where the result belongs.
    folder : str
        Name of the dataset's folder as it is downloaded.
    folds : callable
        How the samples are split.
    split : str
        The split in words.
    metric : {"isbi", "ctc"}
        What is measured.
    orientations : str
        Views that the paper averages over in prediction.
    """

    table: PaperTable
    folder: str
    folds: Callable[[Sequence[Sample], int], list[Fold]]
    split: str
    metric: str
    orientations: str


EXPERIMENTS = {
    "em": Experiment(
        EM, "isbi2012", interleaved, "every n-th slice held out", "isbi", orientations="all"
    ),
    "hela": Experiment(
        HELA, "DIC-C2DH-HeLa", blocks, "contiguous blocks of gold frames held out", "ctc", "flips"
    ),
    "u373": Experiment(
        U373, "PhC-C2DH-U373", blocks, "contiguous blocks of gold frames held out", "ctc", "flips"
    ),
}


@dataclass(frozen=True)
class FoldResult:
    """What one fold gave: its test images by name, its scores, its steps and seconds."""

    images: tuple[str, ...]
    scores: dict[str, float]
    steps: int
    seconds: float


def reproduce(
    name: str,
    data: Path,
    out: Path,
    train: Callable[[Sequence[Sample], Path], Model],
    folds: int = 3,
    orientations: str | None = None,
    on_note: Callable[[str], None] = lambda _text: None,
) -> dict[str, float]:
    """Run one of the paper's experiments by cross-validation.

    Every annotated image is predicted once, by a model that has not seen it; the scores are pooled
    over all of them as the challenge pools its test images. Folds that an earlier call finished in
    the same folder are not trained again.

    Parameters
    ----------
    name : {"em", "hela", "u373"}
        Which.
    data : Path
        The dataset's folder as downloaded, or the folder that holds it.
    out : Path
        Folder for the models of the folds and for ``scores.json``.
    train : callable
        Samples and a run folder in, a trained model out.
    folds : int, default 3
        Number of folds.
    orientations : {"none", "flips", "all"}, optional
        Views to average over; the paper's by default.
    on_note : callable, optional
        Called with sentences about what is done.

    Returns
    -------
    dict
        The pooled scores by name, in the order of the paper's table.

    Raises
    ------
    ConfigError
        If there is no such experiment, or too many folds.
    DataError
        If the data are not there, or `out` holds a fold that was trained on other images.
    """
    if name not in EXPERIMENTS:
        raise ConfigError(
            f"there is no experiment {name!r}; the paper has {', '.join(EXPERIMENTS)}"
        )
    experiment = EXPERIMENTS[name]
    inner = data / experiment.folder
    samples = find(inner if inner.is_dir() else data).load()
    views = experiment.orientations if orientations is None else orientations
    on_note(f"{counted(len(samples), 'annotated image')} in {folds} folds, {experiment.split}")
    list(orientations_of(views, 2))  # a set that does not exist is refused before any training
    planes: list[Scored] = []
    results: list[FoldResult] = []
    for number, fold in enumerate(experiment.folds(samples, folds)):
        model = _finished(out / f"fold-{number}", fold) or train(fold.train, out / f"fold-{number}")
        tested = predicted(model, fold.test, views)
        facts = model.description.training
        result = FoldResult(
            images=tuple(sample.name for sample in fold.test),
            scores=evaluation.score(tested, [experiment.metric])[experiment.metric],
            steps=facts["steps"],
            seconds=facts["seconds"],
        )
        shown = ", ".join(f"{key} {value:.4f}" for key, value in result.scores.items())
        on_note(f"fold {number + 1} of {folds}: {shown} after {counted(result.steps, 'step')}")
        planes += tested
        results.append(result)
    pooled = evaluation.score(planes, [experiment.metric])[experiment.metric]
    _write(out / "scores.json", name, views, pooled, results)
    return pooled


def _finished(run: Path, fold: Fold) -> Model | None:
    """Return the model of an earlier, interrupted call, if it was trained on the same images."""
    if not (run / "model").is_dir():
        return None
    model = load(run)
    if model.description.interrupted:
        return None
    if model.description.training.get("images") != [sample.name for sample in fold.train]:
        raise DataError(
            f"{run} holds a model of other training images; choose another folder, or remove it"
        )
    return model


def predicted(model: Model, samples: Sequence[Sample], orientations: str) -> list[Scored]:
    """Return what a model makes of samples, beside their truth, as `evaluation.score` takes it."""
    return [
        _scored(sample, model.predict(sample.image, orientations=orientations))
        for sample in with_context(samples, model.description.reach)
    ]


def _scored(sample: Sample, prediction: Prediction) -> Scored:
    return Scored(
        name=sample.name,
        labels=partial(np.asarray, prediction.labels),
        cells=partial(np.asarray, prediction.probabilities[1], dtype=np.float64),
        truth=Truth(sample.truth, sample.annotated),
    )


def _write(
    path: Path, name: str, views: str, pooled: dict[str, float], results: Sequence[FoldResult]
) -> None:
    content = {
        "experiment": name,
        "orientations": views,
        "pooled": pooled,
        "folds": [vars(result) for result in results],
    }
    write_text(path, json.dumps(content, indent=2) + "\n")
