"""Seamless prediction of images of any size."""

from septum.predict.engine import TorchEngine
from septum.predict.orientations import average, orientations
from septum.predict.overlap_tile import overlap_tile, read

__all__ = ["TorchEngine", "average", "orientations", "overlap_tile", "read"]
