"""What a training makes small: the energy of cells, or of classes by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from septum.classes import Classes
from septum.data.prepared import Prepared
from septum.network import energy, overlapping_energy
from septum.targets import balanced


@dataclass(frozen=True)
class Objective:
    """The energy of a batch, and how scores are read while training.

    Attributes
    ----------
    energy : callable
        From scores, classes and weights of a batch to a scalar; see `septum.network.energy`.
    finds : callable
        From scores to whether any pixel is taken for more than background.
    """

    energy: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
    finds: Callable[[torch.Tensor], bool]


def _finds(scores: torch.Tensor) -> bool:
    return bool((scores[:, 1:] > scores[:, :1]).any())


OF_CELLS = Objective(energy, _finds)
"""Of exclusive classes, too: their weights are in the weight map."""


def objective_of(
    named: Classes | None, samples: Sequence[Prepared], power: float, device: torch.device
) -> Objective:
    """Return what a training on these samples makes small.

    Parameters
    ----------
    named : Classes or None
        What it learns; None: cells.
    samples : sequence of Prepared
        All that it learns from: how often each class occurs, decides what it weighs.
    power : float
        How far rare classes are lifted; see `septum.targets.class_balance`.
    device : torch.device
        Where energies are computed.
    """
    if named is None or not named.overlap:
        return OF_CELLS
    counts = sum(_counts(item, named) for item in samples)
    balance = np.stack([balanced(pair, power) for pair in np.transpose(counts)], axis=1)
    weights = torch.from_numpy(balance).to(device)
    return Objective(
        partial(overlapping_energy, balance=weights), lambda scores: bool((scores > 0).any())
    )


def _counts(item: Prepared, named: Classes) -> np.ndarray:
    """Return the annotated pixels where each class is absent, and where it is present."""
    present = named.masks(item.classes[item.weights > 0])
    return np.stack([(~present).sum(axis=1), present.sum(axis=1)])
