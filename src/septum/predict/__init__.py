"""Seamless prediction of images of any size."""

from septum.predict.orientations import averaged, orientations
from septum.predict.overlap_tile import overlap_tile, read
from septum.predict.softmax import Softmaxed, softmax

__all__ = ["Softmaxed", "averaged", "orientations", "overlap_tile", "read", "softmax"]
