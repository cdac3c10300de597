"""The U-Net of figure 1, for any width, depth and number of spatial axes."""

from collections.abc import Sequence

import torch
from torch import nn

from septum.geometry import depth_per_axis, kernels_and_factors, output_size
from septum.network.blocks import (
    CONVOLUTION,
    NORMALISATION,
    Convolutions,
    Expansion,
    MaxPooling,
)
from septum.network.init import initialise


class UNet(nn.Module):
    """Contracting path, expansive path and the skip connections between them.

    With the defaults this is the paper's network: 23 convolutional layers, 31,030,658 parameters,
    572×572 px in and 388×388 px out. Convolutions are unpadded, so every score is computed from
    real context only; see `septum.geometry` for the sizes that fit.

    Parameters
    ----------
    in_channels : int, default 1
        Channels of the image.
    classes : int, default 2
        Channels of the scores.
    width : int, default 64
        Feature channels of the first level; each level below has twice as many.
    depth : int or sequence of int, default 4
        Number of poolings, of all axes or of each. An axis with fewer than the others is left alone
        by the first levels: they neither convolve nor pool along it. That is for flat voxels, as
        ``(1, 4, 4)``: in the plane first, until they are about as wide as they are high.
    ndim : {2, 3}, default 2
        Number of spatial axes.
    dropout : float, default 0.5
        Share of features dropped, in training, at the end of the contracting path: after the last
        ReLU of its two deepest levels, as in the authors' release.
    norm : {None, "batch", "renorm"}, default None
        Normalisation after each 3×3 convolution, which then has no bias of its own: batch norm, or
        batch renormalisation, which is the same in prediction. None is the paper's. Layers that
        look at the statistics of a tile do not exist here: with them, tiled prediction would depend
        on the tiling.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """

    def __init__(
        self,
        in_channels: int = 1,
        classes: int = 2,
        width: int = 64,
        depth: int | Sequence[int] = 4,
        ndim: int = 2,
        dropout: float = 0.5,
        norm: str | None = None,
    ) -> None:
        super().__init__()
        _check(in_channels, classes, width, depth, ndim, dropout, norm)
        self.in_channels, self.classes, self.ndim = in_channels, classes, ndim
        self.depths = depth_per_axis(depth, ndim)
        levels = max(self.depths)
        kernels, factors = kernels_and_factors(self.depths)

        widths = [width * 2**level for level in range(levels + 1)]
        self.contracting = nn.ModuleList(
            Convolutions(before, after, kernel, norm, dropout=dropout if level >= levels - 1 else 0)
            for level, (before, after, kernel) in enumerate(
                zip([in_channels, *widths[:-1]], widths, kernels, strict=True)
            )
        )
        self.poolings = nn.ModuleList(map(MaxPooling, factors))
        self.expansive = nn.ModuleList(
            Expansion(widths[level + 1], kernels[level], factors[level], norm)
            for level in reversed(range(levels))
        )
        self.scores = CONVOLUTION[ndim](width, classes, kernel_size=1)
        initialise(self)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the scores of a batch of tiles.

        Parameters
        ----------
        image : torch.Tensor
            Shape ``(N, in_channels, *sizes)``, each size legal for the depth.

        Returns
        -------
        torch.Tensor
            Shape ``(N, classes, *sizes - 2 · context)``; a softmax over axis 1 makes them
            probabilities.

        Raises
        ------
        ValueError
            If a size is not legal; the message names the nearest legal sizes.
        """
        if image.ndim != self.ndim + 2 or image.shape[1] != self.in_channels:
            raise ValueError(
                f"the batch has shape {tuple(image.shape)}; expected (N, {self.in_channels}, "
                + ", ".join("ZYX"[-self.ndim :])
                + ")"
            )
        self.output_shape(image.shape[2:])
        skips = []
        features = self.contracting[0](image)
        for pool, convolutions in zip(self.poolings, self.contracting[1:], strict=True):
            skips.append(features)
            features = convolutions(pool(features))
        for expansion in self.expansive:
            features = expansion(features, skips.pop())
        return self.scores(features)

    def output_shape(self, sizes: Sequence[int]) -> tuple[int, ...]:
        """Return the spatial shape of the scores for an input of `sizes` px.

        Raises
        ------
        ValueError
            If a size is not legal.
        """
        axes = zip(sizes, self.depths, strict=True)
        return tuple(output_size(int(size), depth) for size, depth in axes)


def _check(
    in_channels: int,
    classes: int,
    width: int,
    depth: int | Sequence[int],
    ndim: int,
    dropout: float,
    norm: str | None,
) -> None:
    for name, value in [
        ("in_channels", in_channels),
        ("classes", classes),
        ("width", width),
    ]:
        if value < 1:
            raise ValueError(f"{name} is {value}; it must be at least 1")
    if ndim not in CONVOLUTION:
        raise ValueError(f"ndim is {ndim}; the number of spatial axes is 2 or 3")
    depths = depth_per_axis(depth, ndim)
    if max(depths) < 1 or min(depths) < 0:
        raise ValueError(f"depth is {depth}; expected at least 1, and 0 or more along each axis")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout is {dropout}; it is a share, 0 or more and less than 1")
    if norm is not None and norm not in NORMALISATION:
        raise ValueError(
            f"norm is {norm!r}; it is None (the paper's), 'batch' or 'renorm'. Layers that look at "
            "the statistics of a tile would make tiled prediction depend on the tiling"
        )
