"""Batch renormalisation (Ioffe 2017): batch norm that trains with what it will predict with.

Batch norm trains on the statistics of a batch and predicts with those of the whole training. With a
tile a step the former are those of one image; where images differ much, the network that predicts
is then not the one that was trained. (A deviation from the paper, which has no normalisation.)
"""

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

_MOMENTUM = 0.02
"""Share of a batch in the running statistics: of about 50 tiles, less noisy than of torch's 10."""

_WARM, _FULL = 100, 300
"""Batches of plain batch norm, until the running statistics mean something, and those after which
the corrections have all their room."""

_SCALE, _SHIFT = 3.0, 5.0
"""The most by which a batch is stretched and moved, as Ioffe has it."""


class BatchRenorm(_BatchNorm):
    """Normalise features by running statistics in training, too; in prediction, as batch norm does.

    In training, with the mean m and the standard deviation s of a batch and the running M and S,
    features become ``(x - m) / s · r + d``, with ``r = s / S`` and ``d = (m - M) / S``. That is
    ``(x - M) / S``, but gradients flow through m and s, and not through r and d, which are clipped:
    to 1 and 0 at first, as in batch norm, and to ``1/3 … 3`` and ``±5`` in the end.

    It is a batch norm to all who ask, since after training nothing tells the two apart.

    Parameters
    ----------
    channels : int
        Of the features, which have the shape ``(N, channels, *sizes)`` with any number of sizes.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__(channels)

    def _check_input_dim(self, input: Tensor) -> None:
        """Take any number of spatial axes: only the second axis of the features is looked at."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the features, normalised, scaled and shifted."""
        if not self.training:
            return super().forward(input)
        r, d = self._corrections(input.detach())
        # What batch norm makes of the batch is stretched and moved with its own scale and shift.
        weight, bias = self.weight * r, self.bias + self.weight * d
        return functional.batch_norm(input, None, None, weight, bias, training=True, eps=self.eps)

    @torch.no_grad()
    def _corrections(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return r and d of a batch, and count it among the running statistics."""
        axes = [0, *range(2, features.ndim)]
        var, mean = torch.var_mean(features.float(), axes, correction=0)
        spread, seen = torch.sqrt(self.running_var + self.eps), self.num_batches_tracked
        room = ((seen - _WARM) / (_FULL - _WARM)).clamp(0, 1)
        most, furthest = 1 + room * (_SCALE - 1), room * _SHIFT
        r = torch.sqrt(var + self.eps) / spread
        r = torch.minimum(torch.maximum(r, 1 / most), most)
        d = (mean - self.running_mean) / spread
        d = torch.minimum(torch.maximum(d, -furthest), furthest)
        share = (1 / (seen + 1)).clamp(min=_MOMENTUM)  # the first batches count alike
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(var, share)
        seen += 1
        return r, d
