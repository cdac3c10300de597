"""The training loop: one step is one batch of tiles, and the loop can be read in one go."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch.optim import Optimizer

from septum.ahead import ahead
from septum.data.crops import Batch
from septum.network import UNet
from septum.plan import TrainingPlan
from septum.training.descent import Descent
from septum.training.guards import Background, check_loss
from septum.training.objective import OF_CELLS, Objective
from septum.training.on_device import Placed
from septum.training.schedule import Length, learning_rate
from septum.training.state import State

_VALIDATIONS = 20
"""Of one run, evenly over its steps or its time."""


@dataclass(frozen=True)
class Step:
    """What one step reports.

    Attributes
    ----------
    number : int
        From 1.
    progress : float
        Of the run, 0 to 1.
    loss, learning_rate : float
        Of this step.
    seconds : float
        Since the run began, over all sessions.
    waited : float
        Seconds until the batch was there.
    validation : float or None
        The score after the step, where there was one.
    tiles : int
        Of its batch, of all processes together.
    """

    number: int
    progress: float
    loss: float
    learning_rate: float
    seconds: float
    waited: float
    validation: float | None = None
    tiles: int = 1


@dataclass(frozen=True)
class Watch:
    """What is done beside the steps; everything is optional.

    Attributes
    ----------
    on_step : callable
        Called after every step.
    on_note : callable
        Called with a sentence when something goes wrong that need not end the training.
    stop : callable
        Asked after every step whether to end the training there.
    validate : callable or None
        From a network to its score; the network with the highest is the best.
    save : callable
        Called with the state every `TrainingPlan.save_every` seconds, and at the end.
    on_stage : callable
        Called after the last step with what is being done then, and how much of how much of it.
    """

    on_step: Callable[[Step], None] = lambda _step: None
    on_note: Callable[[str], None] = lambda _note: None
    on_stage: Callable[[str, int, int], None] = lambda _stage, _done, _all: None
    stop: Callable[[], bool] = lambda: False
    validate: Callable[[UNet], float] | None = None
    save: Callable[[State], None] = lambda _state: None


def fit(
    fabric: Fabric,
    state: State,
    batch_of: Callable[[int], Any],
    plan: TrainingPlan,
    length: Length,
    seed: int = 0,
    watch: Watch | None = None,
    workers: int = 1,
    objective: Objective = OF_CELLS,
    cut: Callable[[Any], Batch | Placed] = lambda batch: batch,
) -> None:
    """Train until the steps are done, the time is up, or nothing is gained any more.

    Parameters
    ----------
    fabric : Fabric
        Launched. Each of several processes computes its share of a step; the first one watches.
    state : State
        Where to start from; afterwards, where the training ended.
    batch_of : callable
        This process's share of the batch of a step, or what `cut` makes it of, from the number of
        the step alone: 0, 1, ….
    plan : TrainingPlan
        Optimiser, schedule and patience.
    length : Length
        When to end.
    seed : int, default 0
        Of the drop-out, together with the number of the step.
    watch : Watch, optional
        What else to do.
    workers : int, default 1
        Threads that draw batches ahead of the steps; 0: each is drawn when it is needed.
    objective : Objective, optional
        What is made small; by default the energy of cells.
    cut : callable, optional
        From what `batch_of` returned to the batch, between the steps; by default it is one.

    Raises
    ------
    Diverged
        If the loss is no longer a number.
    SeptumError
        If not even one tile fits into memory.
    """
    watch = watch if watch is not None and fabric.is_global_zero else Watch()
    model, optimiser = fabric.setup(state.network, state.optimiser)
    descent = Descent(fabric, model, optimiser, watch.on_note, objective)
    background = Background(watch.on_note)
    begun = time.monotonic() - state.progress.seconds
    saved = time.monotonic()
    share = length.share(state.progress.number, state.progress.seconds)
    if share >= 1 or state.progress.exhausted(plan.patience):
        return  # who continues a finished run gets the run
    numbers = state.progress.number, length.steps
    for number, batch, waited in _batches(batch_of, *numbers, workers, cut):
        state.network.train()
        torch.manual_seed(_dropout_seed(seed, number, fabric.global_rank))
        rate = _set_learning_rate(optimiser, learning_rate(plan, share))
        loss, found = descent.step(batch)
        if fabric.world_size > 1:  # if one diverges, all must know
            together = fabric.all_reduce(torch.tensor(loss, device=fabric.device))
            loss = cast(torch.Tensor, together).item()
        check_loss(loss, number + 1, batch, plan.learning_rate)
        optimiser.step()
        if state.average is not None:
            state.average.update_parameters(state.network)
        background.look(batch, found, share)
        # All processes must end together, so the clock and the wish of the first one count.
        elapsed = fabric.broadcast(time.monotonic() - begun)
        state.progress = replace(state.progress, number=number + 1, seconds=elapsed)
        before, share = share, length.share(number + 1, elapsed)
        score = None
        if watch.validate is not None and int(share * _VALIDATIONS) > int(before * _VALIDATIONS):
            score = watch.validate(state.candidate)
            state.validated(score)
        tiles = len(batch.images) * fabric.world_size
        watch.on_step(Step(number + 1, share, loss, rate, elapsed, waited, score, tiles))
        ends = share >= 1 or state.progress.exhausted(plan.patience) or watch.stop()
        goes_on = fabric.broadcast(not ends)
        if not goes_on or time.monotonic() - saved >= plan.save_every:
            watch.save(state)
            saved = time.monotonic()
        if not goes_on:
            break


def _batches(
    batch_of: Callable[[int], Any],
    first: int,
    steps: int | None,
    workers: int,
    cut: Callable[[Any], Batch | Placed],
) -> Iterator[tuple[int, Batch | Placed, float]]:
    """Yield the number of each step, its batch and the seconds waited for it."""

    def numbers() -> Iterator[int]:
        return count(first) if steps is None else iter(range(first, steps))

    drawn = ahead(batch_of, numbers(), workers, workers) if workers else map(batch_of, numbers())
    for number in numbers():
        begun = time.monotonic()
        batch = cut(next(drawn))
        yield number, batch, time.monotonic() - begun


def _dropout_seed(seed: int, number: int, rank: int) -> int:
    return int(np.random.SeedSequence([seed, number, rank]).generate_state(1, np.uint64)[0])


def _set_learning_rate(optimiser: Optimizer, rate: float) -> float:
    for group in optimiser.param_groups:
        group["lr"] = rate
    return rate
