"""Where no image of a training is annotated, as beyond a field of view: nothing is learnt there."""

from collections.abc import Sequence

import numpy as np

from septum.data.sample import Sample

_MATTERS = 0.05
"""A smaller share of an image is not worth a word."""


def never_annotated(samples: Sequence[Sample]) -> float:
    """Return the share of the places that no image is annotated in; 0 where it is small.

    Images of different sizes have no places in common, and one image alone does not tell what is
    left out by rule; strokes leave nearly everything out, and the network learns it nevertheless.
    """
    masks = [sample.annotated for sample in samples if sample.kind != "scribbles"]
    shapes = {sample.shape for sample in samples}
    if len(samples) < 2 or len(masks) < len(samples) or len(shapes) > 1:
        return 0.0
    known = np.zeros(samples[0].shape, bool)
    for mask in masks:
        if mask is None:
            return 0.0
        known |= mask
    share = 1 - float(known.mean())
    return share if share > _MATTERS else 0.0


def in_words(share: float) -> str:
    """Say what a share of places that are annotated nowhere means for predictions."""
    return (
        f"{share:.0%} of the image is annotated in none of the training images. If it looks "
        "otherwise there than elsewhere, as beyond a field of view, what is found there means "
        "nothing: it was never learnt"
    )
