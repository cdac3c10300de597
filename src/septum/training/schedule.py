"""The optimiser and the learning rate as a function of how far the run is."""

import math

import torch
from torch import nn
from torch.optim import Optimizer

from septum.errors import ConfigError
from septum.plan import TrainingPlan

_WARM_UP = 0.05


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
