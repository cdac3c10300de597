"""Figure 1 as a graph of operations, for libraries that are not PyTorch.

The graph is written down and not traced: a crop is a number of pixels that follows from the depth
alone, so one graph serves tiles of every legal size.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, cast

import numpy as np
from torch import Tensor, nn

from septum.geometry import context
from septum.network import UNet
from septum.network.blocks import CONVOLUTION, Convolutions, Expansion, MaxPooling
from septum.predict.engines.torch import folded


class Operations(Protocol):
    """What a library must be able to do; tensors ``(N, C, *spatial)`` are of its own type."""

    def convolve(self, features: Any, weights: np.ndarray, bias: np.ndarray) -> Any:
        """Return the unpadded convolution; weights ``(out, in, *kernel)``."""
        ...

    def up_convolve(self, features: Any, weights: np.ndarray, bias: np.ndarray) -> Any:
        """Return the up-convolution whose stride is its kernel; weights ``(in, out, *kernel)``."""
        ...

    def relu(self, features: Any) -> Any:
        """Return the features where they are positive, else 0."""
        ...

    def pool(self, features: Any, factor: Sequence[int]) -> Any:
        """Return the largest of each `factor` pixels, as 2×2."""
        ...

    def crop(self, features: Any, margins: Sequence[int]) -> Any:
        """Return the features without ``margins[axis]`` px at both ends of each spatial axis."""
        ...

    def concatenate(self, parts: Sequence[Any]) -> Any:
        """Return the channels of all parts, one after another."""
        ...


def write(network: UNet, operations: Operations, image: Any) -> Any:
    """Return the scores of `image`, both in terms of `operations`.

    Parameters
    ----------
    network : UNet
        With its trained weights; normalisation becomes part of the convolutions.
    operations : Operations
        Of the library.
    image : tensor of the library
        Shape ``(N, in_channels, *sizes)``.
    """
    network = folded(network)
    skips = []
    features = image
    for level, convolutions in enumerate(cast(Iterable[Convolutions], network.contracting)):
        if level:
            skips.append(features)
            pooling = cast(MaxPooling, network.poolings[level - 1])
            features = operations.pool(features, pooling.factor)
        features = _convolutions(convolutions, operations, features)
    for below, expansion in enumerate(cast(Iterable[Expansion], network.expansive)):
        upsampled = operations.relu(operations.up_convolve(features, *_numbers(expansion.up)))
        skip = operations.crop(skips.pop(), [_margin(depth, below) for depth in network.depths])
        both = operations.concatenate([skip, upsampled])
        features = _convolutions(expansion.convolutions, operations, both)
    return operations.convolve(features, *_numbers(network.scores))


def _margin(depth: int, below: int) -> int:
    """Return what a network of `below` poolings takes on each side of an axis, in pixels above it.

    They are twice as many up here where the axis is pooled between the two.
    """
    return 2 * context(below) if depth > below else context(depth)


def _convolutions(block: Convolutions, operations: Operations, features: Any) -> Any:
    for layer in block:
        if isinstance(layer, tuple(CONVOLUTION.values())):
            features = operations.convolve(features, *_numbers(layer))
        elif isinstance(layer, nn.ReLU):
            features = operations.relu(features)
        elif not isinstance(layer, nn.Identity | nn.Dropout):
            raise TypeError(f"a layer of type {type(layer).__name__} cannot be written as a graph")
    return features


def _numbers(layer: nn.Module) -> tuple[np.ndarray, np.ndarray]:
    weights, bias = cast(Tensor, layer.weight), cast(Tensor, layer.bias)
    return weights.detach().cpu().numpy(), bias.detach().cpu().numpy()
