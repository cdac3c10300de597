"""Choices that follow from the data: working resolution, border class, smallest object."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from septum.data.sample import Sample
from septum.plan import Plan

# The paper's network sees 188 px around a pixel. Where cells were about 100 px wide, full
# resolution left it unable to tell inside from outside; at about 50 px it can (docs/decisions.md).
_OBJECT_SIZE = 50

# Half width of the border class, and the share of cells that must touch another for it to be worth
# a class.
_BORDER = 2.0
_TOUCHING = 0.05


def propose(plan: Plan, samples: Sequence[Sample]) -> tuple[Plan, list[str]]:
    """Return the plan with every open choice made, and a sentence for each of them.

    Parameters
    ----------
    plan : Plan
        None stands for an open choice; what is set is kept.
    samples : sequence of Sample
        The training data, with labels.

    Returns
    -------
    plan : Plan
        Without open choices.
    reasons : list of str
        What was chosen and why.
    """
    reasons = []
    areas = np.array([area for sample in samples for area in _areas(sample)])
    ndim = samples[0].ndim
    if plan.data.scale is None:
        diameter = _diameter(float(np.median(areas)), ndim)
        scale = 1 / max(1, round(diameter / _OBJECT_SIZE))
        plan = replace(plan, data=replace(plan.data, scale=scale))
        reasons.append(
            f"working resolution {scale:.3g}: the median object is {diameter:.0f} px wide, and the "
            f"network learns best where objects are {_OBJECT_SIZE} px wide or less"
        )
    if plan.targets.border is None:
        touching = np.mean([flag for sample in samples for flag in _touching(sample)])
        border = _BORDER if touching > _TOUCHING else 0.0
        plan = replace(plan, targets=replace(plan.targets, border=border))
        classes = "a third class for the border between them" if border else "the paper's 2 classes"
        reasons.append(f"{classes}: {touching:.0%} of the objects touch another")
    if plan.instances.min_size is None:
        smallest = int(np.percentile(areas, 5) / 4)
        plan = replace(plan, instances=replace(plan.instances, min_size=smallest))
        reasons.append(
            f"objects under {smallest} px dropped: a quarter of the 5th percentile in training"
        )
    return plan, reasons


def _areas(sample: Sample) -> np.ndarray:
    assert sample.labels is not None
    _, counts = np.unique(sample.labels[sample.labels > 0], return_counts=True)
    return counts


def _touching(sample: Sample) -> Iterator[bool]:
    """Yield for each object whether it meets another with no gap."""
    labels = sample.labels
    assert labels is not None
    met = set()
    for axis in range(labels.ndim):
        ahead = np.moveaxis(labels, axis, 0)
        pairs = (ahead[1:] != ahead[:-1]) & (ahead[1:] > 0) & (ahead[:-1] > 0)
        met |= set(ahead[1:][pairs].tolist()) | set(ahead[:-1][pairs].tolist())
    for number in np.unique(labels[labels > 0]).tolist():
        yield number in met


def _diameter(area: float, ndim: int) -> float:
    """Return the diameter of the disc or ball of that area or volume."""
    return 2 * (area / np.pi) ** 0.5 if ndim == 2 else (6 * area / np.pi) ** (1 / 3)
