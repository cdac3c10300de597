"""How well named classes are found: Dice from counts of pixels that add up over images."""

import numpy as np

from septum.classes import Classes
from septum.data.sample import Sample


def pixel_counts(sample: Sample, classes: np.ndarray, named: Classes) -> np.ndarray:
    """Return true positive, false positive and false negative pixels of each class.

    Parameters
    ----------
    sample : Sample
        With its truth; what nobody annotated is not counted.
    classes : numpy.ndarray of int
        What was predicted, as numbers; shape ``spatial``.
    named : Classes
        What the numbers are.

    Returns
    -------
    numpy.ndarray of int
        Shape ``(3, classes)``.
    """
    truth = sample.truth
    if sample.annotated is not None:
        truth, classes = truth[sample.annotated], classes[sample.annotated]
    true, found = (named.masks(array).reshape(len(named.names), -1) for array in (truth, classes))
    return np.stack([(true & found).sum(1), (~true & found).sum(1), (true & ~found).sum(1)])


def dice(counts: np.ndarray) -> np.ndarray:
    """Return the Dice of each class from its counts: ``2 TP / (2 TP + FP + FN)``.

    Not a number for a class that is neither in the truth nor in the prediction.
    """
    hits, false, missed = counts
    total = 2 * hits + false + missed
    return np.divide(2 * hits, total, out=np.full(total.shape, np.nan), where=total > 0)


def mean_dice(counts: np.ndarray) -> float:
    """Return the mean Dice of the classes that occur; 0 where none does."""
    known = dice(counts)
    known = known[np.isfinite(known)]
    return float(known.mean()) if known.size else 0.0
