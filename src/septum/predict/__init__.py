"""Seamless prediction of images of any size."""

from septum.predict.classify import check_choices, classified
from septum.predict.orientations import averaged, orientations
from septum.predict.overlap_tile import overlap_tile, read
from septum.predict.probabilities import Probabilities, sigmoid, softmax

__all__ = [
    "Probabilities",
    "averaged",
    "check_choices",
    "classified",
    "orientations",
    "overlap_tile",
    "read",
    "sigmoid",
    "softmax",
]
