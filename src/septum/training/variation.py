"""How far sizes and grey values are varied, by whether all images are of one stack."""

from collections.abc import Sequence
from dataclasses import replace

from septum.augment import Varied
from septum.data.sample import Sample
from septum.plan import Plan

# Cells of other frames and dishes are dimmer, larger, and in other contrast than what teaches.
# Slices of one stack look alike, and what makes dim cells whole opens their faint membranes
# (docs/decisions.md).
_APART = Varied(scale=0.3, brightness=0.2, contrast=0.5, gamma=0.5)
_ALIKE = Varied(scale=0.1, brightness=0.1, contrast=0.2, gamma=0.2)


def with_variation(plan: Plan, samples: Sequence[Sample]) -> tuple[Plan, list[str]]:
    """Return the plan with the strengths of augmentation that it leaves open.

    Parameters
    ----------
    plan : Plan
        What it sets is kept.
    samples : sequence of Sample
        The training data.

    Returns
    -------
    plan : Plan
    reasons : list of str
    """
    alike = all(sample.slice for sample in samples) and len({one.group for one in samples}) == 1
    wished = (_ALIKE if alike else _APART)._asdict()
    still = {name: by for name, by in wished.items() if getattr(plan.augment, name) is None}
    if not still:
        return plan, []
    strengths = ", ".join(f"{name} by {by:.0%}" for name, by in still.items())
    why = "slices of one stack look alike" if alike else "images of other days look different"
    plan = replace(plan, augment=replace(plan.augment, **still))
    return plan, [f"tiles vary in {strengths}: {why}"]
