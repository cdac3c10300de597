"""The pieces of figure 1: two unpadded convolutions, and the up-convolution that meets a skip.

Where voxels are flat, a level may leave an axis alone: its `kernel` is 1 wide there, and so is the
pooling (`factor`) below it.
"""

from collections.abc import Sequence

import torch
from torch import nn

from septum.network.renorm import BatchRenorm

CONVOLUTION = {2: nn.Conv2d, 3: nn.Conv3d}
UP_CONVOLUTION = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
MAX_POOLING = {2: nn.MaxPool2d, 3: nn.MaxPool3d}
# Only layers that treat every tile alike: group and instance norm would look at the tile's own
# statistics, and a pixel's score would depend on how the image was cut.
NORMALISATION = {
    "batch": {2: nn.BatchNorm2d, 3: nn.BatchNorm3d},
    "renorm": {2: BatchRenorm, 3: BatchRenorm},
}


class Convolutions(nn.Sequential):
    """Two unpadded 3×3 convolutions, each followed by normalisation (if any) and a ReLU.

    Parameters
    ----------
    in_channels, out_channels : int
        Feature channels before and after.
    kernel : sequence of int
        Width of the convolutions along each spatial axis: 3, or 1 along an axis left alone.
    norm : {None, "batch", "renorm"}
        None is the paper's.
    dropout : float
        Share of the features dropped after the last ReLU, 0 for none.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Sequence[int],
        norm: str | None,
        dropout: float = 0.0,
    ) -> None:
        layers: list[nn.Module] = []
        ndim = len(kernel)
        for channels in (in_channels, out_channels):
            layers.append(
                CONVOLUTION[ndim](channels, out_channels, kernel_size=tuple(kernel), bias=not norm)
            )
            if norm:
                layers.append(NORMALISATION[norm][ndim](out_channels))
            layers.append(nn.ReLU(inplace=True))
        if dropout:
            layers.append(nn.Dropout(dropout))
        super().__init__(*layers)


class Expansion(nn.Module):
    """Up-convolution that halves the channels, the cropped skip beside it, two convolutions.

    The paper's text names no activation after the up-convolution; the authors' release has a ReLU
    there, and so has this.

    Parameters
    ----------
    channels : int
        Feature channels of the input; the output has half as many.
    kernel : sequence of int
        Width of the convolutions along each spatial axis.
    factor : sequence of int
        How many pixels become of one along each axis: what the pooling has taken, 2 or 1.
    norm : {None, "batch", "renorm"}
        None is the paper's.
    """

    def __init__(
        self, channels: int, kernel: Sequence[int], factor: Sequence[int], norm: str | None
    ) -> None:
        super().__init__()
        half, factor = channels // 2, tuple(factor)
        self.up = UP_CONVOLUTION[len(factor)](channels, half, kernel_size=factor, stride=factor)
        self.convolutions = Convolutions(channels, half, kernel, norm)

    def forward(self, features: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Return the features one level up; shapes ``(N, C, *s)`` and ``(N, C/2, *t)``."""
        upsampled = torch.relu(self.up(features))
        return self.convolutions(torch.cat([crop_like(skip, upsampled), upsampled], dim=1))


class MaxPooling(nn.Module):
    """The largest of each block of pixels, of the type that the features have.

    Autocast would pool volumes in float32 and keep a copy of them in it. The largest number is the
    same in any type.

    Parameters
    ----------
    factor : sequence of int
        Pixels that become one, along each spatial axis.
    """

    def __init__(self, factor: Sequence[int]) -> None:
        super().__init__()
        self.factor = tuple(factor)
        self._pool = MAX_POOLING[len(factor)](self.factor)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the pooled features; shapes ``(N, C, *s)`` and ``(N, C, *(s / factor))``."""
        if features.dtype == torch.float32:
            return self._pool(features)
        with torch.autocast(features.device.type, enabled=False):
            return self._pool(features)


def crop_like(larger: torch.Tensor, smaller: torch.Tensor) -> torch.Tensor:
    """Return the centre of `larger` with the spatial shape of `smaller` (copy and crop)."""
    for axis in range(2, larger.ndim):
        surplus = larger.shape[axis] - smaller.shape[axis]
        larger = larger.narrow(axis, surplus // 2, smaller.shape[axis])
    return larger
