"""How many floating-point operations the convolutions of figure 1 take."""

from collections.abc import Sequence
from math import prod


def flops(
    sizes: Sequence[int], in_channels: int = 1, classes: int = 2, width: int = 64, depth: int = 4
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
    sizes, ndim = tuple(sizes), len(sizes)
    total = 0

    def convolution(before: int, after: int, kernel: int) -> None:
        nonlocal sizes, total
        sizes = tuple(size - kernel + 1 for size in sizes)
        total += 2 * before * after * kernel**ndim * prod(sizes)

    before = in_channels
    for level in range(depth + 1):
        if level:
            sizes = tuple(size // 2 for size in sizes)
        after = width * 2**level
        convolution(before, after, 3)
        convolution(after, after, 3)
        before = after
    for _ in range(depth):
        half = before // 2
        # Kernel and stride are 2: every pixel is turned into 2^ndim others.
        total += 2 * before * half * 2**ndim * prod(sizes)
        sizes = tuple(size * 2 for size in sizes)
        convolution(before, half, 3)
        convolution(half, half, 3)
        before = half
    convolution(before, classes, 1)
    return total
