"""From scores to probabilities: the pixel-wise softmax of section 3 of the paper.

Classes that overlap are a deviation from the paper: each has a sigmoid of its own.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from septum.array import Sink, Window
from septum.compile import kernel


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return the softmax over axis 0, float32.

    Parameters
    ----------
    scores : numpy.ndarray
        Shape ``(classes, *spatial)``.
    """
    flat = np.ascontiguousarray(scores, dtype=np.float32).reshape(len(scores), -1)
    return _softmax(flat).reshape(scores.shape)


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """Return the sigmoid of each score, float32: the probability of each class by itself."""
    return expit(np.asarray(scores, np.float32))


class Probabilities:
    """A sink that takes scores and writes their probabilities to another.

    Parameters
    ----------
    into : Sink
        Of the same shape.
    of : callable
        `softmax`, or `sigmoid` for classes that overlap.
    """

    def __init__(self, into: Sink, of: Callable[[np.ndarray], np.ndarray] = softmax) -> None:
        self.into, self.shape, self.dtype = into, into.shape, into.dtype
        self._of = of

    def __setitem__(self, window: Window, scores: np.ndarray) -> None:
        """Write the probabilities of `scores` to `window`."""
        self.into[window] = self._of(scores)


@kernel
def _softmax(scores):
    classes, pixels = scores.shape
    result = np.empty((classes, pixels), np.float32)
    for pixel in range(pixels):
        highest = scores[0, pixel]
        for c in range(1, classes):
            highest = max(highest, scores[c, pixel])
        total = np.float32(0)
        for c in range(classes):
            # Shifting by the highest score changes nothing and keeps exp from overflowing.
            result[c, pixel] = np.exp(scores[c, pixel] - highest)
            total += result[c, pixel]
        for c in range(classes):
            result[c, pixel] /= total
    return result
