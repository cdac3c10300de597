"""What was found in a file, in a number or a few."""

from collections.abc import Collection
from dataclasses import dataclass, field
from math import prod

import numpy as np

from septum.array import item
from septum.description import Description
from septum.instances import BLOCK
from septum.instances.measure import windows
from septum.outputs import Segmented

_LOW_THRESHOLD, _LOW_SEED = 0.3, 0.6
"""Shares that find more than the usual ones do; below them little is left to find."""


@dataclass(frozen=True)
class Outcome:
    """What was found in a file.

    Attributes
    ----------
    objects : int
        In all its images; of a model of named classes, how many of these occur.
    shares : dict of str to float
        Of named classes, the share of all pixels that is of each; empty for objects.
    """

    objects: int
    shares: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.shares:
            return ", ".join(f"{name} {share:.2%}" for name, share in self.shares.items())
        return f"{self.objects:,} {'object' if self.objects == 1 else 'objects'}"


def outcome(result: Segmented) -> Outcome:
    """Return what was found; classes are counted block by block."""
    if result.named is None:
        return Outcome(sum(result.counts))
    pixels = np.zeros(len(result.named.names), np.int64)
    for number in range(len(result.counts)):
        for window in windows(result.spatial, BLOCK[len(result.spatial)]):
            masks = result.named.masks(np.asarray(item(result.labels, number)[window]))
            pixels += masks.reshape(len(pixels), -1).sum(axis=1)
    shares = pixels / (len(result.counts) * prod(result.spatial))
    return Outcome(
        int((pixels > 0).sum()), dict(zip(result.named.names, shares.tolist(), strict=True))
    )


def nothing_found(known: Description, save: Collection[str]) -> str:
    """Say what may help where no image has an object, or a class: only what is not so already.

    Parameters
    ----------
    known : Description
        Of the model, with the thresholds and sizes that the user gave in place of its own.
    save : collection of str
        The kinds of results that were written.
    """
    plan, lower = known.plan.instances, []
    if known.bordered and plan.values[1] > _LOW_SEED:
        lower.append(f"--set instances.seed={_LOW_SEED}")
    if max(plan.thresholds) > _LOW_THRESHOLD:
        lower.append(f"--set instances.threshold={_LOW_THRESHOLD}")
    ways = ["train longer"]
    if lower:
        ways.append(f"lower the thresholds, as {' '.join(lower)}")
    if max(plan.smallest) > 0:
        ways.append("keep what is small with --set instances.min_size=0")
    either = ", or ".join([", ".join(ways[:-1]), ways[-1]] if ways[1:] else ways)
    saved = {"probabilities", "probabilities8", "zarr"} & {*save}
    seen = "the probabilities show" if saved else "--save probabilities shows"
    what = "object" if known.named is None else "class"
    return f"no {what} in any image: {either}; {seen} what it saw"
