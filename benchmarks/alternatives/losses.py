"""Terms beside the energy of the paper."""

from collections.abc import Callable

import torch
from torch.nn import functional

from septum.network import energy

Energy = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def probabilities(
    scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what is predicted and what is true of each class; 0 where nobody annotated."""
    known = (weights > 0).unsqueeze(1)
    true = functional.one_hot(classes, scores.shape[1]).movedim(-1, 1)
    return scores.float().softmax(1) * known, (true * known).float()


def dice(scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return 1 - the soft Dice, mean over classes (Milletari et al. 2016, with plain sums)."""
    found, true = probabilities(scores, classes, weights)
    axes = (0, *range(2, found.ndim))
    both, either = (found * true).sum(axes), (found + true).sum(axes)
    return 1 - ((2 * both + 1) / (either + 1)).mean()


def lovasz(scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the Lovász-softmax over the classes that are there (Berman et al. 2018)."""
    found, true = probabilities(scores, classes, weights)
    terms = []
    for f, t in zip(found.movedim(1, 0), true.movedim(1, 0), strict=True):
        if not t.any():
            continue
        errors, order = (t - f).abs().flatten().sort(descending=True)
        wanted = t.flatten()[order]
        missed = wanted.sum() - wanted.cumsum(0)
        jaccard = 1 - missed / (wanted.sum() + (1 - wanted).cumsum(0))
        terms.append((errors * torch.diff(jaccard, prepend=jaccard.new_zeros(1))).sum())
    return torch.stack(terms).mean()


def skeleton(mask: torch.Tensor, rounds: int = 6) -> torch.Tensor:
    """Return the soft skeleton of a mask of shape ``(N, 1, Y, X)`` (Shit et al. 2021).

    Eroded by squares of 3 px.
    """

    def eroded(values: torch.Tensor) -> torch.Tensor:
        return -functional.max_pool2d(-values, 3, 1, 1)

    def thin(values: torch.Tensor) -> torch.Tensor:
        return functional.relu(values - functional.max_pool2d(eroded(values), 3, 1, 1))

    found = thin(mask)
    for _ in range(rounds):
        mask = eroded(mask)
        found = found + functional.relu(thin(mask) - found * thin(mask))
    return found


def centreline(scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return 1 - the clDice of what is no cell: of the membranes of EM, whether they are closed."""
    found, true = (each[:, :1] for each in probabilities(scores, classes, weights))
    thin_found, thin_true = skeleton(found), skeleton(true)
    precise = ((thin_found * true).sum() + 1) / (thin_found.sum() + 1)
    complete = ((thin_true * found).sum() + 1) / (thin_true.sum() + 1)
    return 1 - 2 * precise * complete / (precise + complete)


def with_term(term: Energy) -> Energy:
    """Return the energy of the paper with a term beside it."""
    return lambda *batch: energy(*batch) + term(*batch)
