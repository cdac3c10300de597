"""The energy of the paper: weighted cross-entropy over the pixel-wise softmax (equation 1)."""

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
