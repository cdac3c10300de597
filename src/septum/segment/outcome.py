"""What was found in a file, in a number or a few."""

from dataclasses import dataclass, field
from math import prod

import numpy as np

from septum.array import item
from septum.instances import BLOCK
from septum.instances.measure import windows
from septum.outputs import Segmented


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
