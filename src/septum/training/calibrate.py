"""The thresholds from probabilities to instances, chosen on images, and the score of a model.

Class balancing (equation 2) makes rare classes more probable than they are, and how sharp a border
gets depends on the size of the cells; so the thresholds that separate best are measured and not
assumed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from septum.data.sample import Sample
from septum.evenly import evenly
from septum.instances import instances
from septum.metrics import Matching, matching
from septum.model import Model
from septum.plan import InstancePlan

THRESHOLDS = (0.5, 0.4, 0.6, 0.3, 0.7, 0.8, 0.9)
SEEDS = (0.8, 0.7, 0.9, 0.6, 0.95, 0.5)

# Enough to choose among a dozen values; more images would only take longer.
FEW = 12


def calibrated(model: Model, samples: Sequence[Sample]) -> Model:
    """Return the model with its open thresholds chosen; see `calibrate`."""
    plan = replace(model.description.plan, instances=calibrate(model, samples))
    return model.described(replace(model.description, plan=plan))


def calibrate(model: Model, samples: Sequence[Sample]) -> InstancePlan:
    """Return how the model's probabilities become instances, open thresholds chosen.

    Those with the highest panoptic quality at IoU 0.5 over (at most 12, evenly spaced) images: with
    a border class first that of the seeds, then that of the cells. Of equals the one nearest the
    default wins.

    Parameters
    ----------
    model : Model
        Trained; what its plan sets is kept.
    samples : sequence of Sample
        The validation images, or else those of the training, with labels.
    """
    plan = model.description.plan.instances
    seeds = SEEDS if plan.seed is None and model.description.classes == 3 else ()
    thresholds = THRESHOLDS if plan.threshold is None else ()
    if not seeds and not thresholds:
        return plan
    few = evenly(samples, FEW)
    probabilities = [model.predict(sample.image).probabilities for sample in few]

    def reached(candidate: InstancePlan) -> float:
        found = (instances(image, *candidate.values) for image in probabilities)
        return _quality(few, found)

    for name, values in (("seed", seeds), ("threshold", thresholds)):
        if values:
            plan = max((replace(plan, **{name: value}) for value in values), key=reached)
    return plan


def reachable(model: Model, samples: Sequence[Sample]) -> float:
    """Return the best panoptic quality that one choice of an open threshold gives.

    That of the seeds where there is a border class, else that of the cells; the others are as in
    the plan. Between two steps of a training, no threshold has been chosen yet.
    """
    plan = model.description.plan.instances
    name, values = "threshold", THRESHOLDS
    if model.description.classes == 3:
        name, values = "seed", SEEDS
    values = values if getattr(plan, name) is None else (getattr(plan, name),)
    probabilities = [model.predict(sample.image).probabilities for sample in samples]
    candidates = [replace(plan, **{name: value}).values for value in values]
    return max(
        _quality(samples, (instances(image, *candidate) for image in probabilities))
        for candidate in candidates
    )


def quality(model: Model, samples: Sequence[Sample]) -> float:
    """Return the panoptic quality at IoU 0.5 of a model over all samples together."""
    return _quality(samples, (model.predict(sample.image).labels for sample in samples))


def _quality(samples: Sequence[Sample], found: Iterable[np.ndarray]) -> float:
    matched = [
        matching(sample.truth, labels, 0.5, sample.annotated)
        for sample, labels in zip(samples, found, strict=True)
    ]
    return sum(matched, Matching(0.5, tp=0, fp=0, fn=0, iou_sum=0.0)).pq
