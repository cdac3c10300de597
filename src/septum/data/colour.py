"""Grey and colour images in one training: grey ones become colour, which loses nothing."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from septum.counted import counted
from septum.data.sample import Sample

_RGB = 3

_NAMED = 3
"""Of more images only so many are named."""


def in_colour(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples with as many channels each: grey ones beside colour ones become colour.

    Only images of one channel beside images of three are taken for grey beside colour; all others
    stay as they are.
    """
    if not _is_mixed(samples):
        return list(samples)
    return [_coloured(sample) if len(sample.image) == 1 else sample for sample in samples]


def mixture(samples: Sequence[Sample]) -> str | None:
    """Say how many images are grey beside colour ones, and which are the fewer; None for none."""
    if not _is_mixed(samples):
        return None
    grey = [sample.name for sample in samples if len(sample.image) == 1]
    colour = [sample.name for sample in samples if len(sample.image) == _RGB]
    which = ["", ""]
    which[len(grey) > len(colour)] = f" ({_few(min(grey, colour, key=len))})"
    return (
        f"{counted(len(grey), 'image', 'are', len(samples))} grey{which[0]} "
        f"and the others colour{which[1]}: grey is taken as colour"
    )


def _is_mixed(samples: Sequence[Sample]) -> bool:
    return {len(sample.image) for sample in samples} == {1, _RGB}


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def is_grey(sample: Sample) -> bool:
    """Tell whether all channels of a sample are the same."""
    return bool((sample.own == sample.own[:1]).all())


def _coloured(sample: Sample) -> Sample:
    # Its one channel may have had a name, which is that of none of the three.
    return replace(sample, image=np.repeat(sample.image, _RGB, axis=0), channels=None)
