"""How many floating-point operations the convolutions of figure 1 take."""

from collections.abc import Sequence
from math import prod

from septum.geometry import depth_per_axis, kernels_and_factors


def flops(
    sizes: Sequence[int],
    in_channels: int = 1,
    classes: int = 2,
    width: int = 64,
    depth: int | Sequence[int] = 4,
) -> int:
    """Return the operations for one tile: two for each multiplication with an addition.

    Biases, ReLUs, pooling and normalisation (which becomes part of the convolutions) do not count.

    Parameters
    ----------
    sizes : sequence of int
        Of the input tile, in pixels; legal. Any rank.
    in_channels, classes, width, depth : int
        Of the network, see `septum.network.UNet`.

    Examples
    --------
    >>> flops((572, 572))
    300856848896
    """
    sizes = tuple(sizes)
    kernels, factors = kernels_and_factors(depth_per_axis(depth, len(sizes)))
    total = 0

    def convolution(before: int, after: int, kernel: Sequence[int]) -> None:
        nonlocal sizes, total
        sizes = tuple(size - width + 1 for size, width in zip(sizes, kernel, strict=True))
        total += 2 * before * after * prod(kernel) * prod(sizes)

    def two_convolutions(before: int, after: int, level: int) -> None:
        convolution(before, after, kernels[level])
        convolution(after, after, kernels[level])

    before = in_channels
    for level in range(len(kernels)):
        two_convolutions(before, width * 2**level, level)
        before = width * 2**level
        if level < len(factors):
            sizes = tuple(size // by for size, by in zip(sizes, factors[level], strict=True))
    for level, factor in reversed(list(enumerate(factors))):
        # Kernel and stride are the same: every pixel is turned into prod(factor) others.
        sizes = tuple(size * times for size, times in zip(sizes, factor, strict=True))
        total += 2 * before * (before // 2) * prod(sizes)
        two_convolutions(before, before // 2, level)
        before //= 2
    convolution(before, classes, [1] * len(sizes))
    return total
