"""What people call: train, load, evaluate, with paths or plain numpy arrays.

The command line calls the same functions and adds only pictures.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import cast

import numpy as np

from septum import evaluation
from septum.atomic import write_text
from septum.config import override, to_toml
from septum.data.layouts import find
from septum.data.sample import Sample, instances_from, is_mask
from septum.data.scores import cell_score
from septum.data.summary import summarise
from septum.data.truth import Comparison, Scored, Truth, compare, instances_of
from septum.duration import seconds
from septum.errors import DataError
from septum.instances import instances
from septum.model import Model, load
from septum.plan import Plan
from septum.predict.precision import choose_device
from septum.training import Step, calibrated, check, preset, propose, train_model
from septum.training.log import StepLog

__all__ = ["evaluate", "load", "samples_of", "train"]

Images = Sequence[np.ndarray]
Data = str | Path | Sequence[Sample] | tuple[Images, Images]


def train(
    data: Data,
    out: str | Path,
    preset: str = "default",
    steps: int | None = None,
    max_time: str | float | None = None,
    seed: int = 0,
    settings: Iterable[str] = (),
    device: str | None = None,
    on_note: Callable[[str], None] | None = None,
    on_step: Callable[[Step], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Model:
    """Train a U-Net on annotated images and write it to a run folder.

    Parameters
    ----------
    data : str, Path, sequence of Sample or (images, labels)
        A dataset folder in any layout that `septum.data.layouts` knows, or the arrays themselves:
        images of shape ``spatial`` or ``(C, *spatial)`` and label images of shape ``spatial``.
    out : str or Path
        The run folder: new, or without a model in it.
    preset : {"default", "paper"} or path, default "default"
        The plan to start from; the ``plan.toml`` of an earlier run for the same choices.
    steps : int, optional
        Optimiser steps; by default the preset's, or as many as `max_time` allows.
    max_time : str or float, optional
        ``"20m"``, or seconds: stop after that, if the steps are not done earlier.
    seed : int, default 0
        The same seed gives the same model, if it is stopped by steps and not by time.
    settings : iterable of str, optional
        Choices to change, as ``"network.width=16"``; every key of ``plan.toml``.
    device : {"cpu", "cuda"}, optional
        By default the fastest at hand.
    on_note, on_step : callable, optional
        Called with each sentence about how data were understood, and after every step.
    stop : callable, optional
        Asked after every step whether to end the training there and keep what has been learnt.

    Returns
    -------
    Model
        Also written to ``out/model``, beside ``plan.toml`` with every choice and ``log.jsonl``.

    Raises
    ------
    DataError
        If the data cannot be trained on, or `out` already holds a model.
    ConfigError
        If a setting does not exist or has a value that it cannot take.
    """
    say = on_note or (lambda _note: None)
    out = Path(out)
    refuse_existing(out)
    if isinstance(data, str | Path) and Path(data).resolve() == out.resolve():
        raise DataError(f"{out} is the folder of the data; give another folder for the run")
    # What needs no data comes first: reading them may take minutes.
    limit, place = seconds(max_time), str(choose_device(device))
    chosen = _chosen(preset, settings, steps, limit)
    samples = samples_of(data, say)
    check(samples)
    plan, reasons = propose(chosen, samples)
    for reason in reasons:
        say(reason)
    write_text(out / "plan.toml", to_toml(plan))
    with StepLog(out / "log.jsonl") as log:

        def record(step: Step) -> None:
            log.write(step)
            if on_step is not None:
                on_step(step)

        model = train_model(samples, plan, seed, limit, record, place, stop)
    # What took long to learn is safe before the thresholds are chosen.
    model.save(out / "model")
    model = calibrated(model, samples)
    threshold, certain, _ = model.description.plan.instances.values
    seeds = f", their seeds above {certain:g}" if model.description.classes == 3 else ""
    say(f"cells are where their probability is above {threshold:g}{seeds}")
    write_text(out / "plan.toml", to_toml(model.description.plan))
    model.save(out / "model")
    # Training predicts with PyTorch wherever it runs; who uses the model wants the fastest engine.
    return Model(model.network, model.description, device)


def samples_of(data: Data, say: Callable[[str], None] = lambda _note: None) -> list[Sample]:
    """Return the annotated samples in a dataset folder or in arrays, saying how it was understood.

    Raises
    ------
    DataError
        If the data cannot be understood.
    """
    if isinstance(data, str | Path):
        dataset = find(data)
        samples = dataset.load()
        say(f"{dataset.layout}: {len(samples)} annotated images")
        for note in summarise(dataset, samples)["notes"]:
            say(note)
        return samples
    samples = [item for item in data if isinstance(item, Sample)]
    if len(samples) == len(data):
        return samples
    if samples or len(data) != 2:
        raise DataError(
            f"{len(data)} items of which {len(samples)} are samples; give a dataset folder, "
            "samples alone, or two sequences of arrays: (images, labels)"
        )
    images, labels = cast(tuple[Images, Images], data)
    return _from_arrays(images, labels)


def refuse_existing(out: Path) -> None:
    """Raise DataError if there is a model in `out`: training never overwrites one."""
    if (out / "model" / "model.json").exists():
        raise DataError(f"{out} already holds a trained model; choose another folder, or remove it")
    if out.is_file():
        raise DataError(f"{out} is a file; give a folder for the run")


def evaluate(
    prediction: str | Path | np.ndarray,
    truth: str | Path | np.ndarray,
    metrics: str | Iterable[str] = evaluation.METRICS,
    on_note: Callable[[str], None] | None = None,
    on_plane: Callable[[int, int], None] | None = None,
) -> evaluation.Scores:
    """Measure predictions against the truth.

    Parameters
    ----------
    prediction : str, Path or numpy.ndarray
        A label image, a score of "cell" in [0, 1] or as 8 bits, a stack of either ``(N, Y, X)``, or
        a folder of files as `septum predict` writes them.
    truth : str, Path or numpy.ndarray
        Label images of the same shapes; for paths also a Cell Tracking Challenge ``01_GT`` folder
        or a whole dataset.
    metrics : str or iterable of {"isbi", "ctc", "matching"}, optional
        One, several with commas between them, or a list of them; all by default.
    on_note, on_plane : callable, optional
        Called with each sentence about how data were understood, once, and with the planes done
        and in all.

    Returns
    -------
    dict
        See `septum.evaluation.score`.

    Raises
    ------
    DataError
        If nothing can be compared, shapes differ, or one is a path and the other an array.
    ConfigError
        If a metric is unknown.
    """
    say = _once(on_note)
    if isinstance(prediction, str | Path) and isinstance(truth, str | Path):
        comparison = compare(prediction, truth, say)
    elif isinstance(prediction, str | Path) or isinstance(truth, str | Path):
        raise DataError(
            f"the prediction is a {type(prediction).__name__}, the truth a {type(truth).__name__}; "
            "give two paths or two arrays"
        )
    else:
        comparison = Comparison(_from_planes(np.asarray(prediction), np.asarray(truth), say))
    for note in comparison.notes:
        say(note)
    if isinstance(metrics, str):
        metrics = [name.strip() for name in metrics.split(",") if name.strip()]
    return evaluation.score(comparison.planes, metrics, on_plane, say)


def _once(say: Callable[[str], None] | None) -> Callable[[str], None]:
    """Return what says each sentence a single time, however many files it holds for."""
    said: set[str] = set()

    def once(note: str) -> None:
        if say is not None and note not in said:
            said.add(note)
            say(note)

    return once


def _chosen(name: str, settings: Iterable[str], steps: int | None, limit: float | None) -> Plan:
    plan = preset(name)
    if limit is not None:
        # Who gives a time wants it used: it ends the training, unless steps are asked for too.
        plan = replace(plan, training=replace(plan.training, steps=None))
    plan = override(plan, settings)
    if steps is not None:
        plan = override(plan, [f"training.steps={steps}"])
    return plan


def _from_arrays(images: Images, labels: Images) -> list[Sample]:
    if len(images) != len(labels):
        raise DataError(
            f"{len(images)} images and {len(labels)} label images; give one for each, in order"
        )
    samples = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        image, label = np.asarray(image), np.asarray(label)
        name = f"array {number}"
        instances, notes = instances_from(label, name)
        channels = image[np.newaxis] if image.ndim == label.ndim else image
        samples.append(Sample(image=channels, labels=instances, name=name, notes=notes))
    return samples


def _from_planes(
    prediction: np.ndarray, truth: np.ndarray, say: Callable[[str], None]
) -> tuple[Scored, ...]:
    if prediction.shape != truth.shape or truth.ndim not in (2, 3):
        raise DataError(
            f"the prediction has shape {prediction.shape}, the truth {truth.shape}; "
            "expected the same shape, (Y, X) or (N, Y, X)"
        )
    if truth.ndim == 2:
        prediction, truth = prediction[np.newaxis], truth[np.newaxis]
    is_foreground = is_mask(prediction)

    @cache
    def scores() -> np.ndarray:
        found, note = cell_score(prediction, "the prediction")
        say(note)
        return found

    return tuple(
        Scored(
            name=f"plane {number}",
            labels=partial(_instances, prediction[number], is_foreground),
            cells=lambda number=number: scores()[number],
            truth=Truth(known, None),
        )
        for number, known in enumerate(instances_of(truth, "the truth", say=say))
    )


def _instances(plane: np.ndarray, is_foreground: bool) -> np.ndarray:
    if plane.dtype.kind == "f":
        return instances(np.stack([1 - plane, plane]))
    return instances_from(plane, "the prediction", is_foreground)[0]
