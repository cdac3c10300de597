"""Tiles that are cut where the network is trained: drawn by the CPU, applied by the GPU.

`numbers` (numpy) says what is uploaded of drawn tiles, `held` keeps the samples on the device and
reads them, `grey` varies grey values there, and `cutter` puts it together. What `augment.crop` says
of the result holds here too, within rounding; the device may be any of PyTorch's.
"""

from septum.training.on_device.cutter import Cutter, Placed, cutter_for

__all__ = ["Cutter", "Placed", "cutter_for"]
