"""The optimiser, how long a run is, and the learning rate as a function of how far it is."""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim import Optimizer

from septum.errors import ConfigError
from septum.plan import TrainingPlan

_WARM_UP = 0.05


@dataclass(frozen=True)
class Length:
    """How long a run is; it ends with the steps or the time, whichever is over first.

    Attributes
    ----------
    steps : int or None
        The number of the last step.
    max_time : float or None
        Seconds.
    from_step : int
        Where the schedule begins: at 0, or where a finished run was extended.
    from_seconds : float
        Of training that lie before it.
    """

    steps: int | None
    max_time: float | None = None
    from_step: int = 0
    from_seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.steps is None and self.max_time is None:
            raise ConfigError("training has no end: set training.steps, or a time with --max-time")

    def share(self, step: int, seconds: float) -> float:
        """Return how much of the schedule is done after `step` steps and `seconds`, 0 to 1."""
        by_steps, by_time = 0.0, 0.0
        if self.steps is not None:
            by_steps = (step - self.from_step) / max(1, self.steps - self.from_step)
        if self.max_time is not None:
            by_time = (seconds - self.from_seconds) / self.max_time
        return min(1.0, max(0.0, by_steps, by_time))


def build_optimiser(network: nn.Module, plan: TrainingPlan) -> Optimizer:
    """Return the optimiser of the plan: SGD with momentum (the paper's) or AdamW.

    Raises
    ------
    ConfigError
        If the plan names another.
    """
    parameters = network.parameters()
    if plan.optimiser == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=plan.learning_rate,
            momentum=plan.momentum,
            weight_decay=plan.weight_decay,
        )
    if plan.optimiser == "adamw":
        return torch.optim.AdamW(
            parameters,
            lr=plan.learning_rate,
            betas=(plan.momentum, 0.999),
            weight_decay=plan.weight_decay,
            fused=True,
        )
    raise ConfigError(f"training.optimiser is {plan.optimiser!r}; it is 'sgd' or 'adamw'")


def learning_rate(plan: TrainingPlan, progress: float) -> float:
    """Return the learning rate when `progress` (0 to 1) of the run is done.

    Raises
    ------
    ConfigError
        If the plan names an unknown schedule.
    """
    if plan.schedule == "constant":
        return plan.learning_rate
    if plan.schedule == "cosine":
        if progress < _WARM_UP:
            return plan.learning_rate * max(progress, 0.01 * _WARM_UP) / _WARM_UP
        cosine = math.cos(math.pi * (progress - _WARM_UP) / (1 - _WARM_UP))
        return plan.learning_rate * (1 + cosine) / 2
    raise ConfigError(f"training.schedule is {plan.schedule!r}; it is 'constant' or 'cosine'")
