"""The threshold from probabilities to instances, chosen on the training images.

Class balancing (equation 2) makes rare classes more probable than they are, by how much depends on
the data; so the threshold that separates best is measured and not assumed.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from septum.data.sample import Sample
from septum.instances import instances
from septum.metrics import Matching, matching
from septum.model import Model
from septum.plan import InstancePlan

THRESHOLDS = (0.5, 0.4, 0.6, 0.3, 0.7, 0.8, 0.9)

# Enough to choose among a dozen values; more images would only take longer.
_IMAGES = 8


def calibrated(model: Model, samples: Sequence[Sample]) -> Model:
    """Return the model with its open threshold chosen; see `calibrate`."""
    plan = replace(model.description.plan, instances=calibrate(model, samples))
    return model.described(replace(model.description, plan=plan))


def calibrate(model: Model, samples: Sequence[Sample]) -> InstancePlan:
    """Return how the model's probabilities become instances, an open threshold chosen.

    The one with the highest panoptic quality at IoU 0.5 over (at most 8, evenly spaced) training
    images. Of equals the one nearest the default wins.

    Parameters
    ----------
    model : Model
        Trained; what its plan sets is kept.
    samples : sequence of Sample
        The training images, with labels.
    """
    plan = model.description.plan.instances
    if plan.threshold is not None:
        return plan
    chosen = np.linspace(0, len(samples) - 1, min(len(samples), _IMAGES)).round().astype(int)
    few = [samples[number] for number in chosen]
    probabilities = [model.predict(sample.image).probabilities for sample in few]

    def quality(candidate: InstancePlan) -> float:
        found = [
            matching(sample.truth, instances(image, *candidate.values), 0.5, sample.annotated)
            for sample, image in zip(few, probabilities, strict=True)
        ]
        return sum(found, Matching(0.5, tp=0, fp=0, fn=0, iou_sum=0.0)).pq

    return max((replace(plan, threshold=value) for value in THRESHOLDS), key=quality)
