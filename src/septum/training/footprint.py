"""How much memory a training step takes, from the layers of the network and what each keeps.

For the way back, the autograd of PyTorch keeps of every convolution its result and what
normalisation and ReLU make of it; of a pooling its result and where each largest pixel was (8
bytes); of an up-convolution its result after the ReLU and the copy of that beside the skip. All of
it is there when the way back begins. What is given back on that way does not count: much of it
comes in blocks that the allocator keeps, and none of them is large enough for the gradients of the
first level, which come last::

    bytes = kept by all layers
          + gradients at the end of the first level: of its pooling, of its skip, and their sum
          + copies in which a float32 convolution of the first level reads and writes
          + 20 · weights
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from septum.geometry import kernels_and_factors

# Weight, gradient, two moments of the optimiser and the moving average, float32 each.
_BYTES_OF_A_WEIGHT = 20
_FLOAT, _BFLOAT, _INDEX = 4, 2, 8


@dataclass(frozen=True)
class Layer:
    """One layer of the network for one tile.

    Attributes
    ----------
    kind : {"convolution", "pooling", "up"}
        A convolution comes with its normalisation and ReLU, an up-convolution with the skip that is
        put beside it.
    before, after : int
        Features that it reads and writes: channels times pixels. Of an up-convolution, `after` is
        without the skip, which is as large.
    weights : int
    """

    kind: str
    before: int
    after: int
    weights: int = 0


def training_bytes(
    sizes: Sequence[int], depths: Sequence[int], width: int, batch: int, bf16: bool
) -> int:
    """Return about how many bytes a training step takes beside the program.

    Parameters
    ----------
    sizes : sequence of int
        Of the input tile, legal.
    depths : sequence of int
        Poolings along each axis.
    width : int
        Of the network.
    batch : int
        Tiles of a step.
    bf16 : bool
        Whether features are bfloat16 and not float32.
    """
    steps = list(layers(sizes, depths, width))
    features = sum(kept_bytes(layer, bf16) for layer in steps) + _passing_bytes(steps, bf16)
    return batch * features + _BYTES_OF_A_WEIGHT * sum(layer.weights for layer in steps)


def kept_bytes(layer: Layer, bf16: bool) -> int:
    """Return the bytes that a layer leaves behind for the way back."""
    size = _BFLOAT if bf16 else _FLOAT
    if layer.kind == "convolution":
        return 2 * size * layer.after
    if layer.kind == "up":
        return 3 * size * layer.after
    return (_INDEX + size) * layer.after


def _passing_bytes(steps: Sequence[Layer], bf16: bool) -> int:
    """Return the largest bytes that come and go: at the first pooling, on the way back."""
    first, second = steps[:2]  # what the second one makes is pooled
    if bf16:
        return 3 * _BFLOAT * second.after
    # oneDNN reads and writes float32 in blocks of channels of its own.
    return _FLOAT * (first.after + 4 * second.after)


def layers(sizes: Sequence[int], depths: Sequence[int], width: int) -> Iterator[Layer]:
    """Yield the layers of a U-Net for a tile of one channel, in the order of figure 1.

    The last one, from features to scores, is left out: its share is small.

    Parameters
    ----------
    sizes, depths, width
        See `training_bytes`.
    """
    kernels, factors = kernels_and_factors(depths)
    here, channels = list(sizes), 1

    def two(level: int) -> Iterator[Layer]:
        nonlocal channels
        for _ in range(2):
            before = channels * prod(here)
            here[:] = [size - reach + 1 for size, reach in zip(here, kernels[level], strict=True)]
            after = width * 2**level
            weights = channels * after * prod(kernels[level])
            yield Layer("convolution", before, after * prod(here), weights)
            channels = after

    for level in range(len(kernels)):
        yield from two(level)
        if level < len(factors):
            before = channels * prod(here)
            here[:] = [size // by for size, by in zip(here, factors[level], strict=True)]
            yield Layer("pooling", before, channels * prod(here))
    for level, factor in reversed(list(enumerate(factors))):
        before, half = channels * prod(here), channels // 2
        here[:] = [size * by for size, by in zip(here, factor, strict=True)]
        yield Layer("up", before, half * prod(here), channels * half * prod(factor))
        yield from two(level)
