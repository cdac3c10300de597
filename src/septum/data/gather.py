"""Annotated samples from whatever people have: a dataset folder, samples, or plain arrays."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from septum.counted import counted
from septum.data.channels import named
from septum.data.layouts import AS_FOUND, Reading, find, understand
from septum.data.sample import Sample
from septum.data.summary import summarise
from septum.errors import DataError
from septum.rank import IMAGES

Images = Sequence[np.ndarray]
Data = str | Path | Sequence[Sample] | tuple[Images, Images]
Say = Callable[[str], None]
Tell = Callable[[Mapping[str, Any]], None]


def samples_of(
    data: Data, say: Say = lambda _note: None, reading: Reading = AS_FOUND
) -> list[Sample]:
    """Return the annotated samples in a dataset folder or in arrays, saying how it was understood.

    Parameters, results and errors are those of `read_samples` and `annotated`.
    """
    return annotated(read_samples(data, say, reading), say)


def read_samples(
    data: Data,
    say: Say = lambda _note: None,
    reading: Reading = AS_FOUND,
    on_facts: Tell = lambda _facts: None,
) -> list[Sample]:
    """Return all samples in a dataset folder or in arrays, saying how it was understood.

    Parameters
    ----------
    data : str, Path, sequence of Sample or (images, labels)
        A dataset in any layout that `septum.data.layouts` knows, or the arrays themselves.
    say : callable, optional
        Called with each sentence about how the data was understood.
    reading : Reading, optional
        The user's wishes; samples are taken as they are, but for the names of their channels.
    on_facts : callable, optional
        Called with what `septum.data.summary.summarise` finds in a folder, before its notes are
        said.

    Returns
    -------
    list of Sample
        Also those in which nobody annotated anything.

    Raises
    ------
    DataError
        If the data cannot be understood.
    """
    samples = _found(data, say, reading, on_facts)
    return samples if reading.channels is None else named(samples, reading.channels)


def _found(data: Data, say: Say, reading: Reading, on_facts: Tell) -> list[Sample]:
    if isinstance(data, str | Path):
        dataset = find(data, reading)
        samples = dataset.load()
        kind = f"annotated {IMAGES[samples[0].ndim].removesuffix('s')}"
        say(f"{dataset.layout}: {counted(len(samples), kind)}")
        facts = summarise(dataset, samples)
        on_facts(facts)
        for note in facts["notes"]:
            say(note)
        return samples
    samples = [item for item in data if isinstance(item, Sample)]
    if len(samples) == len(data):
        return samples
    if samples or len(data) != 2:
        raise DataError(
            f"{len(data)} items of which {len(samples)} are samples; give a dataset folder, "
            "samples alone, or two sequences of arrays: (images, labels)"
        )
    images, labels = cast(tuple[Images, Images], data)
    return _from_arrays(images, labels, reading)


def annotated(samples: Sequence[Sample], say: Say = lambda _note: None) -> list[Sample]:
    """Leave out the samples in which nobody annotated a pixel: there is no tile to draw.

    Raises
    ------
    DataError
        If none is left of several.
    """
    kept = [sample for sample in samples if _taught(sample)]
    if samples and all(sample.labels is None for sample in samples):
        raise DataError(f"{samples[0].source or samples[0].name} has no labels; nothing to learn")
    if not kept and samples:
        raise DataError(
            f"not one pixel of {counted(len(samples), 'image')} is annotated; nothing to learn"
        )
    if len(kept) < len(samples):
        first = next(sample.name for sample in samples if not _taught(sample))
        count = len(samples) - len(kept)
        say(
            f"{counted(count, 'image', 'have')} no annotated pixel and cannot be learnt from, "
            f"such as {first}"
        )
    return kept


def _taught(sample: Sample) -> bool:
    if sample.labels is None:
        return False
    return sample.annotated is None or bool(sample.annotated.any())


def _from_arrays(images: Images, labels: Images, reading: Reading) -> list[Sample]:
    if len(images) != len(labels):
        raise DataError(
            f"{counted(len(images), 'image')} and {counted(len(labels), 'label image')}; give "
            "one for each, in order"
        )
    samples = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        image, label = np.asarray(image), np.asarray(label)
        name = f"array {number}"
        found = understand(label[np.newaxis], name, reading)
        (plane,) = found.planes
        channels = image[np.newaxis] if image.ndim == label.ndim else image
        samples.append(
            Sample(
                image=channels,
                labels=plane.labels,
                annotated=plane.annotated,
                name=name,
                notes=plane.notes,
                kind=found.kind,
                named=found.named,
            )
        )
    return samples
