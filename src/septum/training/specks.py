"""How small a piece of a class is in the annotation, so that smaller ones are specks."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from septum.classes import Classes
from septum.counted import counted
from septum.data.sample import Sample
from septum.instances import find_pieces, layers_of

_FEWEST = 10
"""Of fewer pieces a percentile says nothing."""


def whole_pieces(samples: Sequence[Sample], named: Classes) -> list[np.ndarray]:
    """Return the sizes of the pieces of each class, in pixels.

    Only whole ones: those that the edge of the image, or of what is annotated, cuts may be larger.
    Strokes say nothing of sizes.

    Parameters
    ----------
    samples : sequence of Sample
        With labels, which are numbers of `named`.
    named : Classes
        What they are told apart as.
    """
    sizes: list[list[np.ndarray]] = [[np.empty(0, np.int64)] for _ in named.names]
    for sample in samples:
        if sample.kind == "scribbles":
            continue
        cut = _cut(sample)
        for layer, (classes, names) in enumerate(layers_of(sample.known.astype(np.uint8), named)):
            pieces = find_pieces(classes)
            labels = np.empty(sample.shape, np.int32)
            pieces.write(labels)
            areas = np.bincount(labels.ravel(), minlength=len(pieces.values) + 1)
            areas[labels[cut]] = 0
            for place in range(len(names)):
                own = areas[1:][pieces.values == place + 1]
                sizes[layer + place].append(own[own > 0])
    return [np.concatenate(of_class) for of_class in sizes]


def smallest_pieces(sizes: Sequence[np.ndarray]) -> tuple[int, ...]:
    """Return for each class half the 5th percentile of `sizes`; 0 where there are too few."""
    return tuple(
        int(np.percentile(of_class, 5) / 2) if len(of_class) >= _FEWEST else 0 for of_class in sizes
    )


def in_words(named: Classes, sizes: Sequence[np.ndarray], unit: str) -> str:
    """Return which pieces are dropped, and of which classes none is, in a sentence."""
    dropped, kept = [], []
    for name, of_class, size in zip(named.names, sizes, smallest_pieces(sizes), strict=True):
        if size > 1:
            dropped.append(f"{size} {unit} ({name})")
        else:
            few = counted(len(of_class), "whole piece") if len(of_class) else "no whole piece"
            kept.append(f"{name} ({few if len(of_class) < _FEWEST else 'some are tiny'})")
    why = "half the 5th percentile in training"
    none = f"none of {', '.join(kept)}"
    if not dropped:
        return f"pieces of classes dropped: {none}; --set instances.min_size=20 drops small ones"
    return f"pieces under {', '.join(dropped)} dropped: {why}" + (f"; {none}" if kept else "")


def _cut(sample: Sample) -> np.ndarray:
    """Return the pixels, bool, beyond which nobody knows how a piece goes on."""
    annotated = np.ones(sample.shape, bool) if sample.annotated is None else sample.annotated
    return np.logical_not(ndimage.binary_erosion(annotated))
