"""The moving average of the weights, which is steadier than the weights of any one step."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from septum.network import UNet


def moving_average(network: UNet, decay: float) -> AveragedModel | None:
    """Return a moving average of the weights and buffers of `network`; None for a `decay` of 0."""
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
