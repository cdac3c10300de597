"""How much memory a tile takes in the network at its peak.

That is at full resolution, where an image of features has as many channels as the network is wide:
either in the contracting path, where a convolution reads one such image and writes another, or at
the end of the expansive path, where the skip connection waits as it was (input size), and the
upsampled features, their copy beside the skip, and the result (output size) lie beside it::

    bytes = width · bytes of a feature · max(2 · input pixels,
                                             input pixels + beside · pixels that are upsampled)
          + 4 · (3 · channels · input pixels + 8 · classes · output pixels)

`beside` is a property of the library, measured as the growth of resident memory for tiles of 1036²,
1532² and 2236² px, and 140³ and 204³ px. The last line is what waits: tiles that have been read
ahead, scores that have not been written yet and what becomes of them; all are float32.
"""

from collections.abc import Sequence
from math import prod

from septum.geometry import context
from septum.network import UNet

ELEMENT = {"fp32": 4, "bf16": 2, "int8": 2}
"""Bytes of one feature. In an int8 model, what a convolution writes may still be bfloat16."""


def tile_bytes(
    sizes: Sequence[int], depths: Sequence[int], width: int, precision: str, beside: float
) -> int:
    """Return the bytes that the features of a tile of `sizes` px take at the peak.

    Parameters
    ----------
    sizes : sequence of int
        Of the input tile, in pixels.
    depths : sequence of int
        Poolings of the network along each axis.
    width : int
        Of the network.
    precision : {"fp32", "bf16", "int8"}
        Of the features.
    beside : float
        Images of `width` channels that are alive beside the skip connection, see above.
    """
    # The last two convolutions take 2 px on each side, unless that level leaves the axis alone.
    upsampled = prod(
        max(0, size - 2 * context(depth) + (4 if depth == max(depths) else 0))
        for size, depth in zip(sizes, depths, strict=True)
    )
    images = max(2 * prod(sizes), prod(sizes) + beside * upsampled)
    return int(width * ELEMENT[precision] * images)


def waiting_bytes(sizes: Sequence[int], depths: Sequence[int], channels: int, classes: int) -> int:
    """Return the bytes of the tiles and the scores that wait in main memory, for one tile."""
    outputs = prod(
        max(0, size - 2 * context(depth)) for size, depth in zip(sizes, depths, strict=True)
    )
    return 4 * (3 * channels * prod(sizes) + 8 * classes * outputs)


class InMainMemory:
    """What engines that compute on the CPU, one tile at a time, have in common.

    Parameters
    ----------
    network : UNet
        What they compute.
    beside : float
        See `tile_bytes`.
    """

    precision: str

    def __init__(self, network: UNet, beside: float) -> None:
        self.in_channels, self.classes = network.in_channels, network.classes
        self.depths = network.depths
        self._width, self._beside = network.scores.in_channels, beside

    def bytes_for(self, sizes: Sequence[int]) -> int:
        """Return how many bytes one tile of `sizes` px takes at its peak, rather too many."""
        features = tile_bytes(sizes, self.depths, self._width, self.precision, self._beside)
        return features + waiting_bytes(sizes, self.depths, self.in_channels, self.classes)

    def free_memory(self) -> int | None:
        """Return None: the features lie in main memory."""
        return None

    def batch_size(self, sizes: Sequence[int], memory: int) -> int:
        """Return 1: a tile keeps all cores busy."""
        return 1
