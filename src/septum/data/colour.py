"""Grey and colour images in one training: grey ones become colour, which loses nothing."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from septum.data.sample import Sample

_RGB = 3


def in_colour(samples: Sequence[Sample]) -> tuple[list[Sample], int]:
    """Return the samples with as many channels each, and how many grey ones became colour.

    Only images of one channel beside images of three are taken for grey beside colour; all others
    stay as they are.
    """
    if {len(sample.image) for sample in samples} != {1, _RGB}:
        return list(samples), 0
    coloured = [_coloured(sample) if len(sample.image) == 1 else sample for sample in samples]
    return coloured, sum(len(sample.image) == 1 for sample in samples)


def is_grey(sample: Sample) -> bool:
    """Tell whether all channels of a sample are the same."""
    return bool((sample.own == sample.own[:1]).all())


def _coloured(sample: Sample) -> Sample:
    # Its one channel may have had a name, which is that of none of the three.
    return replace(sample, image=np.repeat(sample.image, _RGB, axis=0), channels=None)
