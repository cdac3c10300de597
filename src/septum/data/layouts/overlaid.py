"""Classes that may overlap: the masks of each, as one number per pixel."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from septum.classes import Classes
from septum.data.layouts.annotation import Annotation, Plane
from septum.errors import DataError


def overlaid(masks: Sequence[Annotation], files: Sequence[Path], classes: Classes) -> Annotation:
    """Return the masks of all classes as the bits of one number per pixel.

    Parameters
    ----------
    masks : sequence of Annotation
        Of each class, in order; labels of 0 and 1.
    files : sequence of Path
        What they were read from, for messages.
    classes : Classes
        Their names.

    Returns
    -------
    Annotation
        Annotated is what is so in the masks of all classes: of a pixel that one of them leaves open
        the number is not known.

    Raises
    ------
    DataError
        If the masks have different shapes.
    """
    sizes = [(len(mask.planes), *mask.planes[0].labels.shape) for mask in masks]
    for size, file in zip(sizes, files, strict=True):
        if size != sizes[0]:
            raise DataError(
                f"{files[0]} and {file}: sizes differ: {_size(sizes[0])} and {_size(size)} pixels; "
                "the masks of all classes must show the same field of view"
            )
    planes = zip(*(mask.planes for mask in masks), strict=True)
    ignored = next((mask.ignored for mask in masks if mask.ignored is not None), None)
    return Annotation(
        tuple(_plane(several, classes.names) for several in planes),
        "classes",
        ignored=ignored,
        named=classes,
    )


def _plane(masks: Sequence[Plane], names: Sequence[str]) -> Plane:
    labels = np.zeros_like(masks[0].labels)
    for bit, mask in enumerate(masks):
        labels |= mask.labels << bit
    known = [mask.annotated for mask in masks if mask.annotated is not None]
    annotated = np.logical_and.reduce(known) if known else None
    return Plane(labels, annotated, _notes(masks, names))


def _notes(masks: Sequence[Plane], names: Sequence[str]) -> tuple[str, ...]:
    """Return what was said of all masks once, and what was said of some with their names."""
    notes = []
    for name, mask in zip(names, masks, strict=True):
        for note in mask.notes:
            shared = all(note in other.notes for other in masks)
            notes.append(note if shared else f"{name}: {note}")
    return tuple(dict.fromkeys(notes))


def _size(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape[1:] if shape[0] == 1 else shape))
