"""The metrics of the challenges, exact and fast.

ISBI 2012 (membranes): `warping_error`, `rand_error`, `pixel_error`, `v_rand`, `v_info`, all five
at once as `isbi`, and `topology_errors` by kind. Cell Tracking Challenge: `seg`, and `seg_scores`
to pool frames; `corrections` of tracks, with DET, TRA and LNK. Instance matching: `matching`.
Classes: `region` (Dice, IoU), `surface_dice` and `ranking` (AUC), all three in `class_score`.
"""

from septum.metrics.classes import ClassScore, class_score
from septum.metrics.ctc import seg, seg_scores
from septum.metrics.isbi import (
    at_best_threshold,
    isbi,
    isbi_by_threshold,
    pixel_error,
    rand_error,
    v_info,
    v_rand,
)
from septum.metrics.matching import Matching, matching
from septum.metrics.regions import Region, region
from septum.metrics.roc import Ranking, ranking
from septum.metrics.surfaces import Surfaces, surface_dice
from septum.metrics.tracking import Corrections, corrections
from septum.metrics.warping import topology_errors, warping_error

__all__ = [
    "ClassScore",
    "Corrections",
    "Matching",
    "Ranking",
    "Region",
    "Surfaces",
    "at_best_threshold",
    "class_score",
    "corrections",
    "isbi",
    "isbi_by_threshold",
    "matching",
    "pixel_error",
    "rand_error",
    "ranking",
    "region",
    "seg",
    "seg_scores",
    "surface_dice",
    "topology_errors",
    "v_info",
    "v_rand",
    "warping_error",
]
