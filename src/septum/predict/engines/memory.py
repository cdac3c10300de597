"""How much memory a tile takes in the network at its peak.

The peak is where the expansive path arrives at full resolution: the skip connection, the upsampled
features, both of them side by side, and what the convolution writes, each with as many channels as
the network is wide (twice as many where they lie side by side)::

    bytes = copies · width · bytes of an element · pixels + 4 · (channels + 2 · classes) · pixels

`copies`, the number of such images alive at once, is a property of the library.
"""

from collections.abc import Sequence
from math import prod

ELEMENT = {"fp32": 4, "bf16": 2, "int8": 1}
"""Bytes of one feature."""


def tile_bytes(
    sizes: Sequence[int], copies: float, width: int, element: float, channels: int, classes: int
) -> int:
    """Return the bytes that a tile of `sizes` px takes at the peak.

    Parameters
    ----------
    sizes : sequence of int
        Of the input tile, in pixels.
    copies : float
        Images of `width` channels that are alive at once; measured for each library.
    width : int
        Feature channels of the first level.
    element : float
        Bytes of one feature.
    channels, classes : int
        Of the tile and of the scores, which are float32.
    """
    return int(prod(sizes) * (copies * width * element + 4 * (channels + 2 * classes)))
