"""The energy of the paper: weighted cross-entropy over the pixel-wise softmax (equation 1).

Classes that overlap are a deviation from the paper: each has a sigmoid, and an energy, of its own.
"""

import torch
from torch.nn import functional


def energy(scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the mean over all pixels of -w(x) · log p(x), p being that of the true class.

    The paper's E is the sum; dividing it by the number of pixels of the tile, a constant, changes
    nothing but the unit of the learning rate.

    Parameters
    ----------
    scores : torch.Tensor
        Network output, shape ``(N, classes, *sizes)``. The softmax is computed in float32.
    classes : torch.Tensor
        True class of each pixel, int64, shape ``(N, *sizes)``.
    weights : torch.Tensor
        w(x), float32, shape ``(N, *sizes)``; 0 where nobody annotated.

    Returns
    -------
    torch.Tensor
        Scalar.
    """
    losses = functional.cross_entropy(scores.float(), classes, reduction="none")
    return (weights * losses).mean()


def overlapping_energy(
    scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor, balance: torch.Tensor
) -> torch.Tensor:
    """Return the mean cross-entropy of classes of which a pixel may have several.

    Equation 1 for two classes, present and absent, once for each class: the mean over pixels and
    classes of -w(x) · v · log p(x), p being the sigmoid of the score where the class is and one
    minus it elsewhere, and v what that weighs.

    Parameters
    ----------
    scores : torch.Tensor
        Network output, shape ``(N, classes, *sizes)``. The sigmoid is computed in float32.
    classes : torch.Tensor
        Whole numbers whose k-th bit says whether a pixel is of class k, shape ``(N, *sizes)``.
    weights : torch.Tensor
        w(x), float32, shape ``(N, *sizes)``; 0 where nobody annotated.
    balance : torch.Tensor
        Shape ``(2, classes)``: v where each class is absent, and where it is present.

    Returns
    -------
    torch.Tensor
        Scalar.
    """
    each = (1, -1, *(1,) * (classes.ndim - 1))
    bits = torch.arange(scores.shape[1], device=classes.device).reshape(each)
    present = (classes.unsqueeze(1) >> bits) & 1
    losses = functional.binary_cross_entropy_with_logits(
        scores.float(), present.float(), reduction="none"
    )
    absent_weight, present_weight = (values.reshape(each) for values in balance)
    losses = losses * torch.where(present.bool(), present_weight, absent_weight)
    return (weights.unsqueeze(1) * losses).mean()
