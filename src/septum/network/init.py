"""Initial weights as the paper asks: every feature map of about unit variance."""

import math

import torch
from torch import nn


def initialise(network: nn.Module, generator: torch.Generator | None = None) -> None:
    """Draw all weights from N(0, √(2/N)) and set all biases to 0 (section 3 of the paper).

    N is the number of incoming nodes of one neuron: 9 · 64 = 576 for a 3×3 convolution of 64
    channels. In the up-convolution, of kernel and stride 2, every output pixel sees exactly one
    input pixel, so N is the number of channels alone.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    generator : torch.Generator, optional
        Source of the random numbers; torch's own by default.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.ConvTranspose3d):
            incoming = layer.in_channels
            if isinstance(layer, nn.Conv2d | nn.Conv3d):
                incoming *= math.prod(layer.kernel_size)
            nn.init.normal_(layer.weight, std=math.sqrt(2 / incoming), generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
