"""How many floating-point operations the convolutions of figure 1 take."""

from collections.abc import Sequence
from math import prod

from septum.geometry import depth_per_axis


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
    depths = depth_per_axis(depth, len(sizes))
    levels, total = max(depths), 0
    # The first levels leave an axis of a smaller depth alone, see `septum.network.UNet`.
    taking_part = [[level >= levels - own for own in depths] for level in range(levels + 1)]

    def convolution(before: int, after: int, kernel: list[int]) -> None:
        nonlocal sizes, total
        sizes = tuple(size - width + 1 for size, width in zip(sizes, kernel, strict=True))
        total += 2 * before * after * prod(kernel) * prod(sizes)

    def two_convolutions(before: int, after: int, level: int) -> None:
        kernel = [3 if takes_part else 1 for takes_part in taking_part[level]]
        convolution(before, after, kernel)
        convolution(after, after, kernel)

    before = in_channels
    for level in range(levels + 1):
        two_convolutions(before, width * 2**level, level)
        before = width * 2**level
        if level < levels:
            sizes = tuple(
                s // 2 if takes_part else s
                for s, takes_part in zip(sizes, taking_part[level], strict=True)
            )
    for level in reversed(range(levels)):
        # Kernel and stride are the same: every pixel is turned into prod(factor) others.
        factor = [2 if takes_part else 1 for takes_part in taking_part[level]]
        sizes = tuple(size * times for size, times in zip(sizes, factor, strict=True))
        total += 2 * before * (before // 2) * prod(sizes)
        two_convolutions(before, before // 2, level)
        before //= 2
    convolution(before, classes, [1] * len(sizes))
    return total
