"""The training loop: one step is one batch of tiles, and the loop can be read in one go."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from septum.ahead import ahead
from septum.data.crops import Batch
from septum.errors import ConfigError, SeptumError
from septum.network import UNet, energy
from septum.plan import TrainingPlan
from septum.predict.precision import resolve
from septum.training.schedule import build_optimiser, learning_rate

_FABRIC_PRECISION: dict[str, Literal["32-true", "bf16-mixed"]] = {
    "fp32": "32-true",
    "bf16": "bf16-mixed",
}


@dataclass(frozen=True)
class Step:
    """What one step reports: its `number` from 1, and the `progress` of the run from 0 to 1."""

    number: int
    progress: float
    loss: float
    learning_rate: float
    seconds: float
    waited: float


def fit(
    network: UNet,
    batch_of: Callable[[int], Batch],
    plan: TrainingPlan,
    max_time: float | None = None,
    on_step: Callable[[Step], None] | None = None,
    device: str | None = None,
    stop: Callable[[], bool] | None = None,
) -> UNet:
    """Train `network` and return the one to keep: the moving average of its weights, if wished.

    Parameters
    ----------
    network : UNet
        Trained in place.
    batch_of : callable
        The batch of a step, from its number alone: 0, 1, ….
    plan : TrainingPlan
        Optimiser, schedule, length and precision.
    max_time : float, optional
        Seconds after which to stop, if the steps of the plan are not done earlier. The schedule
        follows whichever of the two is further on.
    on_step : callable, optional
        Called after every step.
    device : str, optional
        ``"cpu"`` or ``"cuda"``; the fastest at hand by default.
    stop : callable, optional
        Asked after every step whether to end the training there.

    Raises
    ------
    SeptumError
        If the loss is no longer a number.
    ConfigError
        If neither steps nor time end the training.
    """
    if plan.steps is None and max_time is None:
        raise ConfigError("training has no end: set training.steps, or a time with --max-time")
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    precision = _FABRIC_PRECISION[resolve(plan.precision, torch.device(device))]
    _quiet()
    fabric = Fabric(accelerator=device, devices=1, precision=precision)
    network.train().to(memory_format=_channels_last(network))  # pyright: ignore[reportCallIssue]
    optimiser = build_optimiser(network, plan)
    average = _moving_average(network.to(fabric.device), plan.average)
    model, optimiser = fabric.setup(network, optimiser)

    started = time.monotonic()
    for number, (batch, waited) in enumerate(_waited(batch_of, plan.steps), start=1):
        begun = time.monotonic()
        progress = _progress(number - 1, plan.steps, begun - started, max_time)
        rate = _set_learning_rate(optimiser, learning_rate(plan, progress))
        loss = _step(fabric, model, optimiser, batch)
        if loss != loss or loss == float("inf"):
            raise SeptumError(
                f"the loss is {loss} at step {number}: training has diverged. Lower the learning "
                f"rate, for example --set training.learning_rate={plan.learning_rate / 10:g}"
            )
        if average is not None:
            average.update_parameters(network)
        elapsed = time.monotonic() - started
        progress = _progress(number, plan.steps, elapsed, max_time)
        if on_step is not None:
            on_step(Step(number, progress, loss, rate, elapsed, waited))
        if progress >= 1 or (stop is not None and stop()):
            break
    return cast(UNet, average.module) if average is not None else network


def _step(fabric: Fabric, model: torch.nn.Module, optimiser: Optimizer, batch: Batch) -> float:
    images, classes, weights = (
        torch.from_numpy(part).to(fabric.device)
        for part in (batch.images, batch.classes.astype("int64"), batch.weights)
    )
    loss = energy(model(images), classes, weights)
    optimiser.zero_grad(set_to_none=True)
    fabric.backward(loss)
    optimiser.step()
    return loss.item()


def _waited(batch_of: Callable[[int], Batch], steps: int | None) -> Iterator[tuple[Batch, float]]:
    """Yield each batch and the seconds waited for it; the next one is drawn meanwhile."""
    batches = ahead(batch_of, count() if steps is None else range(steps))
    while True:
        begun = time.monotonic()
        batch = next(batches, None)
        if batch is None:
            return
        yield batch, time.monotonic() - begun


def _progress(number: int, steps: int | None, elapsed: float, max_time: float | None) -> float:
    by_steps = number / steps if steps else 0.0
    by_time = elapsed / max_time if max_time else 0.0
    return min(1.0, max(by_steps, by_time))


def _set_learning_rate(optimiser: Optimizer, rate: float) -> float:
    for group in optimiser.param_groups:
        group["lr"] = rate
    return rate


def _moving_average(network: UNet, decay: float) -> AveragedModel | None:
    if not decay:
        return None

    @torch.no_grad()
    def approach(
        averaged: Sequence[Tensor], current: Sequence[Tensor], updates: Tensor | int
    ) -> None:
        # Early on the average follows quickly: the first weights are noise and must be forgotten.
        number = int(updates)
        share = 1 - min(decay, (1 + number) / (10 + number))
        for kept, new in zip(averaged, current, strict=True):
            kept.lerp_(new, share) if kept.is_floating_point() else kept.copy_(new)

    # Buffers too: the statistics of batch norm must belong to the weights that are kept.
    return AveragedModel(network, multi_avg_fn=approach, use_buffers=True)


def _quiet() -> None:
    # Fabric announces the precision on the terminal, where the progress bar is.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)


def _channels_last(network: UNet) -> torch.memory_format:
    return torch.channels_last if network.ndim == 2 else torch.channels_last_3d
