"""The area under the ROC curve of one class, pooled over images in bounded memory."""

from dataclasses import dataclass

import numpy as np

from septum.errors import DataError
from septum.metrics.overlap import annotated_pixels

LEVELS = 2**16
"""Probabilities that are told apart: every one of 8 or 16 bits."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """How many pixels of a class, and of all others, have each probability.

    Add rankings to pool the pixels of many images.
    """

    of_class: np.ndarray
    """(LEVELS,) pixels of the class, by the level of their probability."""
    others: np.ndarray
    """(LEVELS,) all others."""

    def __add__(self, other: "Ranking") -> "Ranking":
        return Ranking(self.of_class + other.of_class, self.others + other.others)

    @property
    def auc(self) -> float:
        """The area under the ROC curve; nan unless there are pixels of both kinds.

        The probability that a pixel of the class has the higher probability than one of the
        others, where ties count half.
        """
        pairs = float(self.of_class.sum()) * float(self.others.sum())
        if not pairs:
            return float("nan")
        below = np.cumsum(self.others) - self.others
        # In floats: the pairs of two large volumes are more than 64 bits count.
        return float((self.of_class * (below + self.others / 2.0)).sum() / pairs)


def ranking(
    truth: np.ndarray, probability: np.ndarray, annotated: np.ndarray | None = None
) -> Ranking:
    """Count the probabilities of a class inside and outside of it.

    Probabilities are rounded to multiples of 1/65535. That is exact for 8 and 16 bits; for floats
    the AUC is off by half the share of pairs that fall into one level, at most.

    Parameters
    ----------
    truth : ndarray of bool, any rank
        Where the class is.
    probability : ndarray of the same shape
        Of the class: float in [0, 1], or uint8 or uint16 as shares of the largest number.
    annotated : ndarray of bool, same shape, optional
        Where the truth means something. Pixels elsewhere never count.

    Returns
    -------
    Ranking
        Its `auc` is the score.

    Raises
    ------
    DataError
        Shapes differ, the truth is no mask, or a probability is none.
    """
    if truth.dtype != bool or truth.shape != probability.shape:
        raise DataError(
            f"the truth is {truth.dtype} of shape {truth.shape}, the probability of shape "
            f"{probability.shape}; expected a mask (bool) and a probability of one shape"
        )
    if annotated is not None:
        known = annotated_pixels(annotated, truth.shape)
        truth, probability = truth[known], probability[known]
    levels = _levels(probability)
    everything = np.bincount(levels.ravel(), minlength=LEVELS)
    of_class = np.bincount(levels[truth], minlength=LEVELS)
    return Ranking(of_class, everything - of_class)


def _levels(probability: np.ndarray) -> np.ndarray:
    if probability.dtype == np.uint16:
        return probability
    if probability.dtype == np.uint8:
        return probability * np.uint16((LEVELS - 1) // 255)
    if probability.dtype.kind != "f":
        raise DataError(
            f"a probability is {probability.dtype}; expected floats in [0, 1], uint8 or uint16"
        )
    if not ((probability >= 0) & (probability <= 1)).all():
        raise DataError(
            f"a probability runs from {probability.min():g} to {probability.max():g}; expected "
            "numbers in [0, 1]"
        )
    return np.rint(probability * np.float64(LEVELS - 1)).astype(np.uint16)
