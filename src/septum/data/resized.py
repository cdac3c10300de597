"""A sample with more or fewer pixels: what is known of each of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from septum.data.sample import Sample
from septum.resample import resample_labels, rescale

_UNKNOWN = -1
"""The label of what nobody annotated, while labels are resampled."""


def known_at(sample: Sample, shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the labels at another resolution, and where they are annotated.

    What nobody annotated has a vote of its own in what a coarser pixel is: left out, or taken for
    background, it would let a few annotated pixels say what the pixel is not. Of classes that
    overlap each is voted on by itself. Labels are 0 where nobody vouches for them: they must not
    bend the weights of their neighbours.
    """
    numbers = np.arange(len(sample.named.names)) if sample.named and sample.named.overlap else None
    layers = [sample.truth]
    if numbers is not None:
        layers = [sample.truth >> number & 1 for number in numbers]
    if sample.annotated is not None:
        layers = [np.where(sample.annotated, layer, _UNKNOWN) for layer in layers]
    layers = [resample_labels(layer, shape) for layer in layers]
    unknown = np.any([layer == _UNKNOWN for layer in layers], axis=0)
    labels = layers[0]
    if numbers is not None:
        labels = sum(layer << number for layer, number in zip(layers, numbers, strict=True))
    if sample.annotated is None:
        return np.asarray(labels), None
    return np.where(unknown, 0, labels), ~unknown


def resized(sample: Sample, factor: float) -> Sample:
    """Return a labelled sample with `factor` times as many pixels along each axis.

    Its objects look larger or smaller to a network, as if magnified; the type of its pixels and
    their spacing stay as they are.
    """
    if factor == 1:
        return sample
    image = _rescaled(sample.image, factor)
    labels, annotated = known_at(sample, image.shape[1:])
    return replace(sample, image=image, labels=labels.astype(np.int32), annotated=annotated)


def _rescaled(image: np.ndarray, factor: float) -> np.ndarray:
    """Return an image ``(C, *spatial)`` rescaled, in its own type.

    Resampling is in float32, in which 16 bits of contrast on a large offset would be lost.
    """
    axes = tuple(range(1, image.ndim))
    wide = image.astype(np.float64)
    black = wide.min(axis=axes, keepdims=True)
    span = np.maximum(wide.max(axis=axes, keepdims=True) - black, np.finfo(np.float64).tiny)
    values = rescale((wide - black) / span, factor) * span + black
    return (values if image.dtype.kind == "f" else np.rint(values)).astype(image.dtype)
