"""Augmentation in two steps: draw all randomness into a small value, then apply it, purely."""

from septum.augment.apply import coordinates, crop, elastic
from septum.augment.intensity import vary
from septum.augment.policy import Augmentation, Drawn, Varied, draw
from septum.augment.resampling import resample

__all__ = [
    "Augmentation",
    "Drawn",
    "Varied",
    "coordinates",
    "crop",
    "draw",
    "elastic",
    "resample",
    "vary",
]
