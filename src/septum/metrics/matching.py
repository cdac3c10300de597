"""Instance matching: precision, recall, F1, average precision and panoptic quality."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from scipy.optimize import linear_sum_assignment

from septum.errors import ConfigError
from septum.metrics.overlap import Overlap, overlap


@dataclass(frozen=True)
class Matching:
    """What a one-to-one matching of two label images at one IoU threshold found.

    Add matchings of the same threshold to pool the objects of many images:
    `sum(matchings[1:], matchings[0])`.

    Where there is nothing to find and nothing was found (no true, no predicted object) every
    score is 1; where only one side is empty every score is 0.
    """

    iou: float
    """The least intersection over union of a match."""
    tp: int
    """Matched objects."""
    fp: int
    """Predicted objects without a match."""
    fn: int
    """True objects without a match."""
    iou_sum: float
    """Sum of the intersections over unions of the matches."""

    def __add__(self, other: "Matching") -> "Matching":
        if self.iou != other.iou:
            raise ConfigError(
                f"matchings at IoU {self.iou:g} and {other.iou:g} cannot be pooled; "
                "pool those of one threshold"
            )
        return Matching(
            self.iou,
            self.tp + other.tp,
            self.fp + other.fp,
            self.fn + other.fn,
            self.iou_sum + other.iou_sum,
        )

    @property
    def precision(self) -> float:
        """TP / (TP + FP)."""
        return self._ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """TP / (TP + FN)."""
        return self._ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN)."""
        return self._ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def ap(self) -> float:
        """TP / (TP + FP + FN), as the instance benchmarks define average precision."""
        return self._ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def pq(self) -> float:
        """Panoptic quality, iou_sum / (TP + FP/2 + FN/2)."""
        return self._ratio(self.iou_sum, self.tp + (self.fp + self.fn) / 2)

    def __getitem__(self, score: str) -> float:
        return self.as_dict()[score]

    def as_dict(self) -> dict[str, float]:
        """Return the five scores by name."""
        return {name: getattr(self, name) for name in ("precision", "recall", "f1", "ap", "pq")}

    def _ratio(self, part: float, whole: float) -> float:
        if whole > 0:
            return part / whole
        return 1.0 if self.tp + self.fp + self.fn == 0 else 0.0


@overload
def matching(
    truth: np.ndarray,
    prediction: np.ndarray,
    iou: float = 0.5,
    annotated: np.ndarray | None = None,
) -> Matching: ...


@overload
def matching(
    truth: np.ndarray,
    prediction: np.ndarray,
    iou: Sequence[float],
    annotated: np.ndarray | None = None,
) -> tuple[Matching, ...]: ...


def matching(
    truth: np.ndarray,
    prediction: np.ndarray,
    iou: float | Sequence[float] = 0.5,
    annotated: np.ndarray | None = None,
) -> Matching | tuple[Matching, ...]:
    """Match true and predicted objects one to one and count.

    Two objects can match if their intersection over union is >= `iou`. Among all one-to-one
    matchings the one with the most matches is taken, and among those the one with the largest
    sum of IoU; above 0.5 there is only one.

    Parameters
    ----------
    truth, prediction : ndarray of int, any rank
        Label images: 0 background, any other id one object.
    iou : float or sequence of float, default 0.5
        Threshold in (0, 1]. Several share one contingency table.
    annotated : ndarray of bool, same shape, optional
        Where the truth means something. Pixels elsewhere never count. True objects wholly
        outside are left out, and a predicted object that matches nothing is left out too,
        instead of being a false positive, if more than half of it lies outside.

    Returns
    -------
    Matching or tuple of Matching
        One for each threshold, in the order given.

    Raises
    ------
    ConfigError
        A threshold is not in (0, 1].
    DataError
        The images cannot be compared; see `septum.metrics.overlap.overlap`.
    """
    thresholds = (iou,) if isinstance(iou, int | float) else tuple(iou)
    for threshold in thresholds:
        if not 0 < threshold <= 1:
            raise ConfigError(
                f"an IoU threshold of {threshold!r} matches everything or nothing; "
                "it lies in (0, 1], 0.5 is usual"
            )
    table = overlap(truth, prediction, annotated)
    found = tuple(_match(table, threshold) for threshold in thresholds)
    return found[0] if isinstance(iou, int | float) else found


def _match(table: Overlap, threshold: float) -> Matching:
    iou = table.iou
    pairs = np.flatnonzero(iou >= threshold)
    pairs = _one_to_one(table, iou, pairs)
    alone = np.ones(len(table.prediction_ids), bool)
    alone[table.prediction_index[pairs]] = False
    judged = table.prediction_ignored <= table.prediction_sizes
    return Matching(
        iou=threshold,
        tp=len(pairs),
        fp=int(np.count_nonzero(alone & judged)),
        fn=len(table.truth_ids) - len(pairs),
        iou_sum=float(iou[pairs].sum()),
    )


def _one_to_one(table: Overlap, iou: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Choose among candidate pairs so that no object is in two of them."""
    rows, columns = table.truth_index[pairs], table.prediction_index[pairs]
    contested = (np.bincount(rows)[rows] > 1) | (np.bincount(columns)[columns] > 1)
    if not contested.any():
        return pairs
    # Only objects with several candidates need the assignment, and they are few.
    open_pairs = pairs[contested]
    row_ids, row = np.unique(rows[contested], return_inverse=True)
    column_ids, column = np.unique(columns[contested], return_inverse=True)
    gain = np.zeros((len(row_ids), len(column_ids)))
    # One match more outweighs any gain in IoU, since the IoU of all matches sum to at most 1.
    gain[row, column] = 1 + iou[open_pairs] / len(open_pairs)
    number = np.full(gain.shape, -1)
    number[row, column] = open_pairs
    chosen = number[linear_sum_assignment(gain, maximize=True)]
    return np.sort(np.concatenate([pairs[~contested], chosen[chosen >= 0]]))
