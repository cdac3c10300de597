"""Scores of one class as a region: Dice, IoU, precision and sensitivity of two masks."""

from dataclasses import dataclass

import numpy as np

from septum.errors import DataError
from septum.metrics.overlap import annotated_pixels


@dataclass(frozen=True)
class Region:
    """How many pixels of a class were found.

    Add regions to pool the pixels of many images: `sum(regions[1:], regions[0])`. A score of
    nothing is nan: all of them where the class is nowhere in the truth nor in the prediction.
    """

    tp: int
    """Pixels of the class that were found."""
    fp: int
    """Pixels that were taken for the class."""
    fn: int
    """Pixels of the class that were missed."""

    def __add__(self, other: "Region") -> "Region":
        return Region(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def dice(self) -> float:
        """2 TP / (2 TP + FP + FN)."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float:
        """TP / (TP + FP + FN)."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def precision(self) -> float:
        """TP / (TP + FP)."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def sensitivity(self) -> float:
        """TP / (TP + FN)."""
        return _ratio(self.tp, self.tp + self.fn)


def region(
    truth: np.ndarray, prediction: np.ndarray, annotated: np.ndarray | None = None
) -> Region:
    """Count what two masks share.

    Parameters
    ----------
    truth, prediction : ndarray of bool, any rank
        Where the class is, and where it was found.
    annotated : ndarray of bool, same shape, optional
        Where the truth means something. Pixels elsewhere never count.

    Raises
    ------
    DataError
        The masks are not boolean, or not of one shape.
    """
    check_masks(truth, prediction)
    if annotated is not None:
        known = annotated_pixels(annotated, truth.shape)
        truth, prediction = truth[known], prediction[known]
    both = int(np.count_nonzero(truth & prediction))
    return Region(
        tp=both,
        fp=int(np.count_nonzero(prediction)) - both,
        fn=int(np.count_nonzero(truth)) - both,
    )


def check_masks(truth: np.ndarray, prediction: np.ndarray) -> None:
    """Raise DataError unless both are masks of one shape."""
    for name, mask in (("truth", truth), ("prediction", prediction)):
        if mask.dtype != bool:
            raise DataError(
                f"the {name} is {mask.dtype}, but the mask of a class is bool, True where it is; "
                "compare labels with the number of the class, or cut probabilities at 0.5"
            )
    if truth.shape != prediction.shape:
        raise DataError(
            f"truth has the shape {truth.shape} and the prediction {prediction.shape}; they must "
            "be the same, pixel on pixel"
        )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
