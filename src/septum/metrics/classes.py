"""All scores of one class of pixels, which pool over images."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from scipy import ndimage

from septum.metrics.matching import Matching, matching
from septum.metrics.regions import Region, region
from septum.metrics.roc import Ranking, ranking
from septum.metrics.surfaces import Surfaces, surface_dice


@dataclass(frozen=True, eq=False)
class ClassScore:
    """What the scores of one class are computed from. Add them to pool many images."""

    region: Region
    surfaces: Surfaces
    ranking: Ranking | None
    """None where probabilities are not known. Pooled, it is of the images where they are."""
    pieces: Matching
    """Of what is annotated and connected face to face, at IoU 0.5."""

    def __add__(self, other: "ClassScore") -> "ClassScore":
        rankings = [known for known in (self.ranking, other.ranking) if known is not None]
        return ClassScore(
            self.region + other.region,
            self.surfaces + other.surfaces,
            sum(rankings[1:], rankings[0]) if rankings else None,
            self.pieces + other.pieces,
        )

    @property
    def occurs(self) -> bool:
        """Whether any pixel of the truth is of the class."""
        return self.region.tp + self.region.fn > 0

    def as_dict(self) -> dict[str, float]:
        """Return the scores by name; nan for one of nothing, no ``auc`` without probabilities."""
        auc = {} if self.ranking is None else {"auc": self.ranking.auc}
        any_piece = self.pieces.tp + self.pieces.fp + self.pieces.fn > 0
        return {
            "dice": self.region.dice,
            "iou": self.region.iou,
            "precision": self.region.precision,
            "sensitivity": self.region.sensitivity,
            **auc,
            "surface_dice": self.surfaces.dice,
            "ap": self.pieces.ap if any_piece else nan,
        }


def class_score(
    truth: np.ndarray,
    prediction: np.ndarray,
    probability: np.ndarray | None,
    tolerance: float,
    spacing: Sequence[float] | None = None,
    annotated: np.ndarray | None = None,
) -> ClassScore:
    """Compare where a class is with where it was found.

    Parameters
    ----------
    truth, prediction : ndarray of bool, any rank
        Where the class is, and where it was found.
    probability : ndarray of the same shape or None
        As for `septum.metrics.ranking`.
    tolerance, spacing
        As for `septum.metrics.surface_dice`.
    annotated : ndarray of bool, same shape, optional
        Where the truth means something. Pixels elsewhere never count.

    Raises
    ------
    ConfigError, DataError
        As the functions named.
    """
    return ClassScore(
        region(truth, prediction, annotated),
        surface_dice(truth, prediction, tolerance, spacing, annotated),
        None if probability is None else ranking(truth, probability, annotated),
        matching(_pieces(truth, annotated), _pieces(prediction, annotated)),
    )


def _pieces(mask: np.ndarray, annotated: np.ndarray | None) -> np.ndarray:
    """Return the connected pieces of what is annotated as labels: no other pixel counts."""
    labels, _ = ndimage.label(mask if annotated is None else mask & annotated)  # pyright: ignore[reportGeneralTypeIssues]
    return np.asarray(labels)
