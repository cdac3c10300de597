"""Other blocks, and networks that learn something else beside the classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, gaussian_filter
from torch import nn
from torch.nn import functional

from septum.network import UNet, energy
from septum.network.blocks import CONVOLUTION, Convolutions, crop_like


class Residual(nn.Module):
    """Two convolutions with a way around them, in place of `Convolutions`."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: Sequence[int], *given: Any, **named: Any
    ) -> None:
        super().__init__()
        convolutions = list(Convolutions(in_channels, out_channels, kernel, *given, **named))
        last = max(n for n, layer in enumerate(convolutions) if isinstance(layer, nn.ReLU))
        self.inner, self.after = nn.Sequential(*convolutions[:last]), nn.Sequential()
        self.after.extend(convolutions[last:])
        self.around = CONVOLUTION[len(kernel)](in_channels, out_channels, kernel_size=1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the features of a level."""
        inner = self.inner(features)
        return self.after(inner + crop_like(self.around(features), inner))


class TwoHeads(UNet):
    """A U-Net that also says something else while it is trained; `energy` takes it from there."""

    said: torch.Tensor
    last = -1
    channels = 1

    def __init__(self, *given: Any, **choices: Any) -> None:
        super().__init__(*given, **choices)
        wide = self.scores.in_channels * 2 ** (-1 - self.last)
        self.head = CONVOLUTION[self.ndim](wide, self.channels or self.classes, kernel_size=1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the scores; keep what else it says, in training."""
        seen = []
        hook = self.expansive[self.last].register_forward_hook(lambda *given: seen.append(given[2]))
        scores = super().forward(image)
        hook.remove()
        if self.training:
            type(self).said = self.head(seen[0])
        return scores


class Distance(TwoHeads):
    """How far a pixel of a cell lies from what is none, beside the classes."""

    reach = 20.0

    @classmethod
    def energy(
        cls, scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Return the energy, and how far the distances are off, in twenties of pixels."""
        far = [distance_transform_edt(cells.cpu().numpy() == 1) for cells in classes]
        wanted = torch.stack([torch.from_numpy(each).to(scores) for each in far]) / cls.reach
        off = (cls.said[:, 0].float() - wanted.clamp(max=1)).abs()
        return energy(scores, classes, weights) + (off * (weights > 0)).mean()


class Flows(TwoHeads):
    """Which way the middle of its cell lies from a pixel of a cell, beside the classes.

    A unit vector up the distance from what is no cell (blurred, for it to have no kinks), which is
    what flows follow (Stringer et al. 2021, from a diffusion). Cells are found by the classes.
    """

    channels = 2
    blur = 2.0

    @classmethod
    def energy(
        cls, scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Return the energy, and how far the directions are off: the mean squared difference."""
        cells = (classes == 1) & (weights > 0)
        wanted = torch.stack([cls._directions(each) for each in cells]).to(scores)
        off = ((cls.said.float() - wanted) ** 2).sum(1) * cells
        return energy(scores, classes, weights) + off.sum() / cells.sum().clamp(min=1)

    @classmethod
    def _directions(cls, cells: torch.Tensor) -> torch.Tensor:
        far = gaussian_filter(distance_transform_edt(cells.cpu().numpy()), cls.blur)
        up = np.stack(np.gradient(far))
        return torch.from_numpy(up / np.maximum(np.linalg.norm(up, axis=0), 1e-6))


class Deep(TwoHeads):
    """The classes at half the resolution, too: deep supervision."""

    last = -2
    channels = 0

    @classmethod
    def energy(
        cls, scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Return the energy, and half of that of the coarse scores."""
        coarse = functional.interpolate(cls.said.float(), scale_factor=2.0)
        halfway = energy(crop_like(coarse, scores), classes, weights)
        return energy(scores, classes, weights) + halfway / 2
