"""The U-Net and its energy: pure torch, no files, no tiles, no numpy."""

from septum.network.init import initialise
from septum.network.loss import energy, overlapping_energy
from septum.network.unet import UNet

__all__ = ["UNet", "energy", "initialise", "overlapping_energy"]
