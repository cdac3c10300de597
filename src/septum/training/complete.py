"""A training that has begun, run from where it is to its model, its log and its report."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from septum.counted import counted
from septum.data.sample import Sample
from septum.errors import SeptumError
from septum.evenly import evenly
from septum.model import Model
from septum.plan import Plan
from septum.training import folder
from septum.training.board import Board
from septum.training.calibrate import FEW, calibrated, quality
from septum.training.guards import Diverged, save_batch
from septum.training.log import StepLog
from septum.training.loop import Step, Watch
from septum.training.machine import Machine
from septum.training.report import write_report
from septum.training.run import train_model
from septum.training.sides import Sides
from septum.training.standing import holds_finished_model
from septum.training.state import progress_of


def complete(
    out: Path,
    plan: Plan,
    facts: folder.Facts,
    sides: Sides,
    fabric: Fabric,
    machine: Machine,
    watch: Watch,
    board: AbstractContextManager[Board | None],
) -> Model:
    """Run a training that has been begun, from where it is, and write its model.

    Parameters
    ----------
    out : Path
        The run folder, as `folder.begin` leaves it.
    plan : Plan
        Without open choices.
    facts : Facts
        How the run began.
    sides : Sides
        What teaches, and what validates.
    fabric : Fabric
        Of all processes.
    machine : Machine
        On what the model computes afterwards, and how many threads draw tiles.
    watch : Watch
        Whom to tell, and whom to ask whether to stop.
    board : context manager of Board or None
        Where curves go beside the log.

    Raises
    ------
    SeptumError
        If the loss is no number any more, with the file of the tiles.
    """
    samples, validation = sides.split(plan.data.context or 0)
    watch, warnings = _with_warnings(watch)
    with _recorded(out, watch, fabric, board) as recording:
        try:
            model = train_model(
                samples,
                plan,
                facts.seed,
                facts.length,
                recording,
                validation,
                out / folder.STATE,
                fabric,
                machine.threads,
            )
        except Diverged as error:
            process = f"-{fabric.global_rank}" if fabric.world_size > 1 else ""
            kept = save_batch(error.batch, out / f"diverged-{error.number}{process}")
            raise SeptumError(f"{error}. The tiles are in {kept}") from None
    model = _told(model, begun=facts.begun, data=facts.data, command=facts.command)
    if facts.continued:
        model = _told(model, continued=[asdict(later) for later in facts.continued])
    if fabric.is_global_zero:
        model = _written(out, model, samples, validation, facts.seed, watch, warnings)
    # Training predicts with PyTorch wherever it runs; who uses the model wants the fastest engine.
    return Model(model.network, model.description, machine.device)


@contextmanager
def _recorded(
    out: Path, watch: Watch, fabric: Fabric, board: AbstractContextManager[Board | None]
) -> Iterator[Watch]:
    """Give a watch that writes every step to the log, and to the board, before it tells of it."""
    after = progress_of(out / folder.STATE).number
    with StepLog(out / folder.LOG, after, fabric.is_global_zero) as log, board as curves:

        def record(step: Step) -> None:
            log.write(step)
            if curves is not None:
                curves.write(step)
            watch.on_step(step)

        yield replace(watch, on_step=record)


def _written(
    out: Path,
    model: Model,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    seed: int,
    watch: Watch,
    warnings: Sequence[str],
) -> Model:
    """Write the model with its thresholds and the report; without both, where the user says so."""
    unfinished = _told(model, interrupted=True)
    try:
        model = _concluded(model, samples, validation, _stoppable(watch))
    except _Stopped:
        kept = _keep_unfinished(out, unfinished)
        steps = model.description.training["steps"]
        watch.on_note(
            f"ended early, after {counted(steps, 'step')}; {kept}. --resume goes on, and --finish "
            "ends the run here and chooses the thresholds"
        )
        return unfinished
    except Exception:
        _keep_unfinished(out, unfinished)  # what took long to learn, whatever went wrong
        raise
    model.save(out / folder.MODEL)
    page, log = out / folder.REPORT, out / folder.LOG
    watch.on_stage("drawing the report", 1, 1)
    found = write_report(page, model, samples, validation, log, seed, warnings)
    for note in (found.sentence, *found.warnings):
        watch.on_note(note)
    watch.on_note(f"how it went, in pictures: {page}")
    return _told(model, found_nothing=True) if found.nothing else model


def _with_warnings(watch: Watch) -> tuple[Watch, list[str]]:
    """Return the watch, and the list in which it keeps what is called out, for the report."""
    warnings: list[str] = []

    def on_note(note: str) -> None:
        if note.startswith("WARNING"):
            warnings.append(note)
        watch.on_note(note)

    return replace(watch, on_note=on_note), warnings


class _Stopped(Exception):
    """The user ended the run before its model was finished."""


def _stoppable(watch: Watch) -> Watch:
    """Return the watch, which ends what follows the steps where the user says so."""

    def on_stage(stage: str, done: int, total: int) -> None:
        watch.on_stage(stage, done, total)
        if watch.stop():
            raise _Stopped

    return replace(watch, on_stage=on_stage)


def _keep_unfinished(out: Path, model: Model) -> str:
    """Write what was learnt so far, unless there is a finished model; say which of the two."""
    if holds_finished_model(out):  # it is better than an extension that has just begun
        return "the finished model stays as it was"
    model.save(out / folder.MODEL)
    return "the model has the default thresholds so far"


def _concluded(
    model: Model, samples: Sequence[Sample], validation: Sequence[Sample], watch: Watch
) -> Model:
    """Return the model with the thresholds that do best, and its score on validation images."""
    watch.on_stage("choosing thresholds", 0, 1)
    looked = partial(watch.on_stage, "choosing thresholds")
    model = calibrated(model, samples, validation, looked)
    if validation:
        model = _told(model, best_score=quality(model, evenly(validation, FEW)))
    watch.on_note(model.description.rule)
    return model


def _told(model: Model, **facts: Any) -> Model:
    """Return the model with more facts of its training."""
    known = model.description
    return model.described(replace(known, training={**known.training, **facts}))
