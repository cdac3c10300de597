"""The pieces of figure 1: two unpadded convolutions, and the up-convolution that meets a skip."""

import torch
from torch import nn

CONVOLUTION = {2: nn.Conv2d, 3: nn.Conv3d}
UP_CONVOLUTION = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
MAX_POOLING = {2: nn.MaxPool2d, 3: nn.MaxPool3d}
# Only layers that treat every tile alike: group and instance norm would look at the tile's own
# statistics, and a pixel's score would depend on how the image was cut.
NORMALISATION = {"batch": {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}}


class Convolutions(nn.Sequential):
    """Two unpadded 3×3 convolutions, each followed by normalisation (if any) and a ReLU.

    Parameters
    ----------
    in_channels, out_channels : int
        Feature channels before and after.
    ndim : int
        Number of spatial axes.
    norm : {None, "batch"}
        None is the paper's.
    dropout : float
        Share of the features dropped after the last ReLU, 0 for none.
    """

    def __init__(
        self, in_channels: int, out_channels: int, ndim: int, norm: str | None, dropout: float = 0.0
    ) -> None:
        layers: list[nn.Module] = []
        for channels in (in_channels, out_channels):
            layers.append(CONVOLUTION[ndim](channels, out_channels, kernel_size=3, bias=not norm))
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
    ndim : int
        Number of spatial axes.
    norm : {None, "batch"}
        None is the paper's.
    """

    def __init__(self, channels: int, ndim: int, norm: str | None) -> None:
        super().__init__()
        half = channels // 2
        self.up = UP_CONVOLUTION[ndim](channels, half, kernel_size=2, stride=2)
        self.convolutions = Convolutions(channels, half, ndim, norm)

    def forward(self, features: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Return the features one level up; shapes ``(N, C, *s)`` and ``(N, C/2, *t)``."""
        upsampled = torch.relu(self.up(features))
        return self.convolutions(torch.cat([crop_like(skip, upsampled), upsampled], dim=1))


def crop_like(larger: torch.Tensor, smaller: torch.Tensor) -> torch.Tensor:
    """Return the centre of `larger` with the spatial shape of `smaller` (copy and crop)."""
    for axis in range(2, larger.ndim):
        surplus = larger.shape[axis] - smaller.shape[axis]
        larger = larger.narrow(axis, surplus // 2, smaller.shape[axis])
    return larger
