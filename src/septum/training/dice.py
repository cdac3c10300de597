"""How well named classes are found: the regions of each, pooled over images, and their Dice."""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add

import numpy as np

from septum.classes import Classes
from septum.data.sample import Sample
from septum.metrics import Region, region


def regions_of(sample: Sample, classes: np.ndarray, named: Classes) -> list[Region]:
    """Return how many pixels of each class were found; what nobody annotated is not counted.

    Parameters
    ----------
    sample : Sample
        With its truth.
    classes : numpy.ndarray of int
        What was predicted, as numbers; shape ``spatial``.
    named : Classes
        What the numbers are.
    """
    pairs = zip(named.masks(sample.truth), named.masks(classes), strict=True)
    return [region(truth, found, sample.annotated) for truth, found in pairs]


def pooled(images: Iterable[Sequence[Region]]) -> list[Region]:
    """Return the regions of each class over all images, of which there is one at least."""
    return [reduce(add, regions) for regions in zip(*images, strict=True)]


def mean_dice(regions: Sequence[Region]) -> float:
    """Return the mean Dice of the classes that are somewhere in the truth; 0 where none is.

    What is found of the others has no part in it: which classes count must not depend on what is
    found, or a single pixel would decide.
    """
    known = [each.dice for each in regions if each.tp + each.fn]
    return sum(known) / len(known) if known else 0.0
