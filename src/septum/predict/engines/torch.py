"""PyTorch: the network itself, on any device; the reference for the other engines."""

import copy
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.fusion import fuse_conv_bn_eval

from septum.network import UNet
from septum.network.blocks import Convolutions
from septum.predict.engines.memory import tile_bytes, waiting_bytes
from septum.predict.precision import resolve

_BESIDE = 6.5  # see septum.predict.engines.memory
# Kernels and other programs want some of a GPU's memory too.
_SHARE = 0.7
_LARGEST_BATCH = 64
# So that copies overlap with computing: while one part is computed, the next one is on its way.
_PARTS = 4


class TorchEngine:
    """Run a `UNet` in PyTorch.

    The network is copied: later changes of it do not reach the engine.

    Parameters
    ----------
    network : UNet
        With its trained weights; left as it is.
    device : str or torch.device
        Where to compute.
    precision : {"auto", "fp32", "bf16"}
        See `septum.predict.precision`.

    Raises
    ------
    ConfigError
        If there is no such precision.
    """

    name = "torch"

    def __init__(
        self, network: UNet, device: str | torch.device = "cpu", precision: str = "auto"
    ) -> None:
        self._device = torch.device(device)
        self.device = self._device.type
        self.precision = resolve(precision, self._device)
        self.in_channels, self.classes, self.depths = (
            network.in_channels,
            network.classes,
            network.depths,
        )
        self._width = network.scores.in_channels
        self._dtype = torch.bfloat16 if self.precision == "bf16" else torch.float32
        # Convolutions are faster with the channels last in memory; the values are the same.
        self._layout = torch.channels_last if network.ndim == 2 else torch.channels_last_3d
        self._network = folded(network).to(device=self._device, dtype=self._dtype)
        self._network.to(memory_format=self._layout)  # pyright: ignore[reportCallIssue]

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """Return the scores of a batch of tiles; see `septum.predict.engines.Engine`."""
        with torch.inference_mode(), _exact():
            if self.device == "cuda":
                return self._overlapped(torch.from_numpy(tiles)).numpy()
            return self._scores(torch.from_numpy(tiles).to(self._device)).cpu().numpy()

    def _scores(self, tiles: torch.Tensor) -> torch.Tensor:
        return self._network(tiles.to(dtype=self._dtype, memory_format=self._layout)).float()

    def _overlapped(self, tiles: torch.Tensor) -> torch.Tensor:
        """Return the scores of a batch; parts of it are copied while others are computed."""
        computing = torch.cuda.current_stream(self._device)
        arriving, leaving = (torch.cuda.Stream(self._device) for _ in range(2))
        shape = (len(tiles), self.classes, *self._network.output_shape(tiles.shape[2:]))
        scores = torch.empty(shape, pin_memory=True)
        tiles = tiles.pin_memory()
        size = -(-len(tiles) // _PARTS)
        for start in range(0, len(tiles), size):
            part = slice(start, start + size)
            with torch.cuda.stream(arriving):
                here = tiles[part].to(self._device, non_blocking=True)
            computing.wait_stream(arriving)
            # The allocator must not hand out memory that another stream still reads.
            here.record_stream(computing)
            result = self._scores(here)
            leaving.wait_stream(computing)
            result.record_stream(leaving)
            with torch.cuda.stream(leaving):
                scores[part].copy_(result, non_blocking=True)
        leaving.synchronize()
        return scores

    def release(self) -> None:
        """Keep everything: the library gives features back by itself."""

    def bytes_for(self, sizes: Sequence[int]) -> int:
        """Return how many bytes one tile of `sizes` px takes at its peak, rather too many."""
        features = tile_bytes(sizes, self.depths, self._width, self.precision, _BESIDE)
        return features + waiting_bytes(sizes, self.depths, self.in_channels, self.classes)

    def free_memory(self) -> int | None:
        """Return what prediction may take of the GPU's memory; None where it has none."""
        if self.device != "cuda":
            return None
        free, _ = torch.cuda.mem_get_info(self._device)
        # What PyTorch has set aside and does not use is free for it.
        own = torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        return int((free + own) * _SHARE)

    def batch_size(self, sizes: Sequence[int], memory: int) -> int:
        """Return 1 on a CPU, where a batch wins nothing; on a GPU what fits into its memory."""
        free = self.free_memory()
        if free is None:
            return 1
        in_main = memory // waiting_bytes(sizes, self.depths, self.in_channels, self.classes)
        return max(1, min(free // self.bytes_for(sizes), in_main, _LARGEST_BATCH))


def folded(network: UNet) -> UNet:
    """Return a copy for prediction, each batch normalisation folded into its convolution.

    Once trained, normalisation is one factor and one offset a channel; as part of the convolution's
    weights it costs nothing, and in bfloat16 rounds once less.
    """
    network = copy.deepcopy(network).eval().requires_grad_(False)
    for block in network.modules():
        if isinstance(block, Convolutions):
            for number, (layer, after) in enumerate(itertools.pairwise(list(block))):
                if isinstance(layer, _ConvNd) and isinstance(after, _BatchNorm):
                    block[number] = fuse_conv_bn_eval(layer, after)
                    block[number + 1] = nn.Identity()
    return network


@contextmanager
def _exact() -> Iterator[None]:
    """Keep float32 convolutions on a GPU float32: not TF32, which keeps 10 bits of 23."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False):
        yield
