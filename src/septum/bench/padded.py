"""The U-Net that most people use: padded convolutions, so that a tile comes out as it went in."""

from collections.abc import Sequence

from torch.nn.modules.conv import _ConvNd

from septum.network import UNet
from septum.network.blocks import Convolutions


class PaddedUNet(UNet):
    """Figure 1 with every 3×3 convolution padded by zeros; the same layers and parameters.

    Only peers get it: what a pixel becomes depends on where the edge of its tile is, which is why
    they must average overlapping tiles. Sizes are multiples of 2^depth.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for block in self.modules():
            if isinstance(block, Convolutions):
                for layer in block:
                    if isinstance(layer, _ConvNd):
                        layer.padding = (1,) * self.ndim

    def output_shape(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """Return `sizes`: nothing is lost."""
        return tuple(int(size) for size in sizes)
