"""A training from its data to its model: begun, gone on with after an interruption, extended."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from septum.config import override
from septum.counted import counted
from septum.data.gather import Data, Tell
from septum.data.layouts import AS_FOUND, Reading
from septum.data.sample import Sample
from septum.data.split import digest_of_all
from septum.duration import readable, seconds
from septum.errors import ConfigError, DataError
from septum.invocation import invocation
from septum.model import Model, load
from septum.plan import Plan
from septum.predict.precision import choose_device, resolve
from septum.training import folder
from septum.training.apart import refuse_among_data
from septum.training.board import Board
from septum.training.complete import complete
from septum.training.fits import refuse_too_large
from septum.training.loop import Step, Watch
from septum.training.machine import Machine
from septum.training.presets import preset as preset_of
from septum.training.propose import propose, refuse_thin
from septum.training.schedule import Length
from septum.training.sides import read_sides
from septum.training.standing import (
    ended_here,
    extended,
    is_complete,
    is_over,
    refuse_existing,
)
from septum.training.state import progress_of


def train(
    data: Data,
    out: str | Path,
    preset: str = "default",
    steps: int | None = None,
    max_time: str | float | None = None,
    seed: int = 0,
    settings: Iterable[str] = (),
    val: Data | float | None = None,
    reading: Reading = AS_FOUND,
    machine: Machine | None = None,
    on_note: Callable[[str], None] | None = None,
    on_step: Callable[[Step], None] | None = None,
    stop: Callable[[], bool] | None = None,
    on_stage: Callable[[str, int, int], None] | None = None,
    tensorboard: bool = False,
    on_facts: Tell | None = None,
) -> Model:
    """Train a U-Net on annotated images and write it to a run folder.

    Parameters
    ----------
    data : str, Path, sequence of Sample or (images, labels)
        A dataset folder in any layout that `septum.data.layouts` knows, or the arrays themselves:
        images of shape ``spatial`` or ``(C, *spatial)`` and label images of shape ``spatial``.
    out : str or Path
        The run folder: new, or without a run in it.
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
    val : as `data`, or float, optional
        What to validate with: other annotated images, or the share of `data` to hold out (see
        `septum.data.split.hold_out`). The model that finds their objects best is kept, and its
        threshold chosen on them. By default all of `data` teaches, and the last model is kept.
    reading : Reading, optional
        How the folders are to be read where they leave it open; see `septum.data.layouts`.
    machine : Machine, optional
        Devices, processes and threads.
    on_note, on_step : callable, optional
        Called with each sentence about how data were understood, and after every step.
    stop : callable, optional
        Asked after every step, and while thresholds are chosen, whether to end there. What has been
        learnt is kept, with the default thresholds, and `resume` goes on with it or finishes it.
    on_stage : callable, optional
        Called after the last step with what is being done then, and how much of how much of it.
    tensorboard : bool, default False
        Write the curves for TensorBoard, too.
    on_facts : callable, optional
        Called with what is known of a dataset folder before anything is learnt from it, as
        `septum.data.summary.summarise` returns it.

    Returns
    -------
    Model
        Also written to ``out/model``, beside ``plan.toml`` with every choice, ``log.jsonl``, and
        what `resume` and `extend` need.

    Raises
    ------
    DataError
        If the data cannot be trained on, or `out` lies among them or already holds a run.
    ConfigError
        If a setting does not exist or has a value that it cannot take.
    """
    command = invocation(train, locals())
    out = Path(out)
    refuse_existing(out)
    # What needs no data comes first: reading them may take minutes.
    if seed < 0:
        raise ConfigError(f"seed is {seed}; expected 0 or more")
    limit = seconds(max_time)
    chosen = _chosen(preset, settings, steps, limit)
    if chosen.training.patience is not None and val is None:
        raise ConfigError("patience counts validations, and there are none without --val")
    length = Length(chosen.training.steps, limit)
    refuse_among_data(out, (data, val), reading)
    machine = machine or Machine()
    board = Board(out / "tensorboard") if tensorboard else nullcontext()
    fabric = machine.launch(chosen.training.precision)
    say = on_note if on_note is not None and fabric.is_global_zero else _silent
    tell = on_facts if on_facts is not None and fabric.is_global_zero else _silent
    sides = read_sides(data, val, reading, say, tell)
    sides.refuse_reach(chosen.data.context or 0)
    samples, held_out = sides.split()
    plan = _proposed(chosen, samples, fabric.device, say)
    refuse_thin(held_out, plan)
    images = sides.digests(plan.data.context or 0)
    facts = folder.Facts(
        seed,
        length,
        digest_of_all(images),
        _shared(command, machine, fabric.world_size),
        _in_words(val),
        reading,
        fabric.world_size,
        images=images,
    )
    if fabric.is_global_zero:
        folder.begin(out, plan, facts)
    watch = _watch(on_step, say, on_stage, stop)
    return complete(out, plan, facts, sides, fabric, machine, watch, board)


def planned(
    data: Data,
    preset: str = "default",
    settings: Iterable[str] = (),
    reading: Reading = AS_FOUND,
    on_note: Callable[[str], None] | None = None,
    on_facts: Tell | None = None,
) -> Plan:
    """Return the plan with which `train` would train on `data`, without training.

    Parameters
    ----------
    data, preset, settings, reading, on_note, on_facts
        As in `train`.

    Raises
    ------
    DataError
        If the data cannot be trained on.
    ConfigError
        If a setting does not exist or has a value that it cannot take, or the training would not
        fit into memory.
    """
    say = on_note or _silent
    chosen, device = _chosen(preset, settings, None, None), choose_device()
    resolve(chosen.training.precision, device)  # as a training would refuse it
    sides = read_sides(data, None, reading, say, on_facts or _silent)
    sides.refuse_reach(chosen.data.context or 0)
    samples, _ = sides.split()
    return _proposed(chosen, samples, device, say)


def resume(
    data: Data,
    out: str | Path,
    extend: str | int | None = None,
    val: Data | None = None,
    machine: Machine | None = None,
    on_note: Callable[[str], None] | None = None,
    on_step: Callable[[Step], None] | None = None,
    stop: Callable[[], bool] | None = None,
    on_stage: Callable[[str, int, int], None] | None = None,
    tensorboard: bool = False,
    on_facts: Tell | None = None,
    finish: bool = False,
) -> Model:
    """Go on with a training that was interrupted, or train a finished one for longer.

    An interrupted training that is ended by steps ends with the same weights, bit for bit, as if it
    had never been interrupted (on the same CPU).

    Parameters
    ----------
    data : as in `train`
        The same images and annotations as when the run began.
    out : str or Path
        The run folder.
    extend : int or str, optional
        Steps, or a time as ``"20m"``, to add to a run after its last step. The schedule of the
        learning rate begins anew with them.
    val : as `data`, optional
        Needed only if the run began with validation images that are not in a folder.
    machine, on_note, on_step, stop, on_stage, tensorboard, on_facts
        As in `train`.
    finish : bool, default False
        Take no further step: end a run that was interrupted where it is, thresholds chosen.

    Returns
    -------
    Model
        Also written to ``out/model``.

    Raises
    ------
    DataError
        If `out` holds no run, or the data are not those that it began with.
    """
    command = invocation(resume, locals())
    out = Path(out)
    plan, facts = folder.begun(out)
    machine = machine or Machine()
    board = Board(out / "tensorboard") if tensorboard else nullcontext()
    fabric = machine.launch(plan.training.precision)
    say = on_note if on_note is not None and fabric.is_global_zero else _silent
    tell = on_facts if on_facts is not None and fabric.is_global_zero else _silent
    sides = read_sides(data, facts.val if val is None else val, facts.reading, say, tell)
    folder.refuse_other_data(out, facts, sides.digests(plan.data.context or 0))
    for side in sides.split():
        refuse_thin(side, plan)
    done = progress_of(out / folder.STATE)
    if not done.number and (out / folder.MODEL / "model.json").exists():
        raise DataError(
            f"{out} holds a model and no state any more ({out / folder.STATE}); it cannot go on. "
            "Begin a new run with another folder"
        )
    folder.refuse_other_processes(out, facts, fabric.world_size)
    if finish:
        facts = replace(facts, length=ended_here(out, done, facts.length))
    if extend is not None:
        facts = replace(facts, length=extended(extend, done, facts.length, plan))
        say(
            f"{counted(extend, 'step') if isinstance(extend, int) else extend} more after step "
            f"{done.number}; the learning rate begins anew at {plan.training.learning_rate:g}"
        )
    if extend is None and is_over(done, facts.length, plan):
        steps = counted(done.number, "step")
        if is_complete(out):
            say(f"the run is finished, after {steps}; --extend trains it for longer")
            return load(out, machine.device)
        say(f"the run ends after {steps}; thresholds are chosen now")
    else:
        say(f"going on after step {done.number}, {readable(done.seconds)} into the training")
        later = folder.Continued(done.number, _shared(command, machine, fabric.world_size))
        facts = replace(facts, continued=(*facts.continued, later))
        if fabric.is_global_zero:
            folder.begin(out, plan, facts)
    watch = _watch(on_step, say, on_stage, stop)
    model = complete(out, plan, facts, sides, fabric, machine, watch, board)
    if finish and fabric.is_global_zero and not model.description.interrupted:
        folder.begin(out, plan, facts)  # not before: until then it can go on as it began
    return model


def _shared(command: str, machine: Machine, processes: int) -> str:
    """Return a command with the number of processes, where a launcher and not itself says it."""
    if processes == 1 or machine.devices is not None:
        return command
    return f"{command}  # in {processes} processes"


def _in_words(val: Data | float | None) -> float | str | None:
    """Return what a run folder can say of the validation images: a share, a folder, or nothing."""
    if isinstance(val, int | float):
        return float(val)
    return str(Path(val).resolve()) if isinstance(val, str | Path) else None


def _proposed(
    chosen: Plan, samples: list[Sample], device: torch.device, say: Callable[[str], None]
) -> Plan:
    """Return the plan without open choices, said why, if its training fits into memory."""
    plan, reasons = propose(chosen, samples)
    refuse_too_large(plan, samples, device)
    for reason in reasons:
        say(reason)
    return plan


def _silent(_: object) -> None:
    """Say nothing."""


def _watch(
    on_step: Callable[[Step], None] | None,
    say: Callable[[str], None],
    on_stage: Callable[[str, int, int], None] | None,
    stop: Callable[[], bool] | None,
) -> Watch:
    given = {"on_step": on_step, "on_note": say, "on_stage": on_stage, "stop": stop}
    return Watch(**{name: call for name, call in given.items() if call is not None})  # pyright: ignore[reportArgumentType]


def _chosen(name: str, settings: Iterable[str], steps: int | None, limit: float | None) -> Plan:
    plan = preset_of(name)
    if limit is not None:
        # Who gives a time wants it used: it ends the training, unless steps are asked for too.
        plan = replace(plan, training=replace(plan.training, steps=None))
    plan = override(plan, settings)
    if steps is not None:
        plan = override(plan, [f"training.steps={steps}"])
    return plan
