"""The boundary between numpy and torch: a tile in, its scores out."""

import numpy as np
import torch

from septum.network import UNet
from septum.predict.precision import autocast


class TorchEngine:
    """Run a `UNet` on one tile at a time.

    Parameters
    ----------
    network : UNet
        Put into evaluation mode and moved to `device`.
    device : str or torch.device
        Where to compute.
    precision : {"auto", "32", "bf16"}
        See `septum.predict.precision`.
    """

    def __init__(
        self, network: UNet, device: str | torch.device = "cpu", precision: str = "auto"
    ) -> None:
        self.device = torch.device(device)
        self.precision = precision
        # 2D convolutions are faster with the channels last in memory; the values are the same.
        layout = torch.channels_last if network.ndim == 2 else torch.channels_last_3d
        self.network = network.eval().to(device=self.device)
        self.network.to(memory_format=layout)  # pyright: ignore[reportCallIssue]
        self.layout = layout

    def __call__(self, tile: np.ndarray) -> np.ndarray:
        """Return the scores ``(classes, *sizes)``, float32, of one tile ``(C, *sizes)``."""
        batch = torch.from_numpy(tile)[None].to(self.device, memory_format=self.layout)
        with torch.inference_mode(), autocast(self.device, self.precision):
            scores = self.network(batch)
        return scores[0].float().cpu().numpy()
