"""Choices that follow from the data: working resolution, border class, smallest object."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np

from septum.data.sample import Sample, equivalent_diameters
from septum.data.summary import touching_pairs
from septum.plan import Plan

# The paper's network sees 188 px around a pixel. Cells 70 and 110 px wide were learnt faster and
# better at half the resolution (docs/decisions.md).
_LARGEST = 60

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
    if plan.data.context is None:
        slices = all(sample.slice for sample in samples)
        plan = replace(plan, data=replace(plan.data, context=int(slices)))
        if slices:
            reasons.append(
                "the slices before and behind as channels: the images are slices of stacks"
            )
    whole = [sample for sample in samples if sample.kind != "scribbles"]
    if not any(sample.known.any() for sample in whole):
        plan, reason = _of_strokes(plan)
        return plan, [*reasons, reason]
    areas = np.concatenate([_areas(sample) for sample in whole])
    if plan.data.scale is None:
        diameter = float(np.median(equivalent_diameters(areas, samples[0].ndim)))
        scale = 1 / max(1, ceil(diameter / _LARGEST))
        plan = replace(plan, data=replace(plan.data, scale=scale))
        large = f"learnt best at {_LARGEST} px or less" if scale < 1 else "small enough"
        reasons.append(
            f"working resolution {scale:.3g}: the median object is {diameter:.0f} px wide, {large}"
        )
    if plan.targets.border is None:
        touching = _touching(whole, len(areas))
        border = _BORDER if touching > _TOUCHING else 0.0
        plan = replace(plan, targets=replace(plan.targets, border=border))
        classes = "a third class for the border between them" if border else "the paper's 2 classes"
        reasons.append(f"{classes}: {touching:.0%} of the objects touch another")
    if plan.instances.min_size is None:
        smallest = int(np.percentile(areas, 5) / 2)
        plan = replace(plan, instances=replace(plan.instances, min_size=smallest))
        reasons.append(f"objects under {smallest} px dropped: half the 5th percentile in training")
    return plan, reasons


def _of_strokes(plan: Plan) -> tuple[Plan, str]:
    """Return the plan for scribbles, which tell neither how large objects are nor if they touch."""
    scale, border, smallest = plan.data.scale, plan.targets.border, plan.instances.min_size
    plan = replace(
        plan,
        data=replace(plan.data, scale=1.0 if scale is None else scale),
        targets=replace(plan.targets, border=0.0 if border is None else border),
        instances=replace(plan.instances, min_size=0 if smallest is None else smallest),
    )
    reason = (
        f"working resolution {plan.data.scale:g}, {3 if plan.targets.border else 2} classes, "
        f"objects under {plan.instances.min_size} px dropped: strokes do not tell how large "
        "objects are; --set data.scale=0.5, targets.border=2 or instances.min_size=50 do"
    )
    return plan, reason


def _areas(sample: Sample) -> np.ndarray:
    return np.unique(sample.known[sample.known > 0], return_counts=True)[1]


def _touching(samples: Sequence[Sample], objects: int) -> float:
    """Return the share of objects that meet another with no gap."""
    return sum(len(np.unique(touching_pairs(sample.known))) for sample in samples) / objects
