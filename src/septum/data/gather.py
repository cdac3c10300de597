"""Annotated samples from whatever people have: a dataset folder, samples, or plain arrays."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from septum.data.layouts import find
from septum.data.sample import Sample, instances_from
from septum.data.summary import summarise
from septum.errors import DataError

Images = Sequence[np.ndarray]
Data = str | Path | Sequence[Sample] | tuple[Images, Images]


def samples_of(data: Data, say: Callable[[str], None] = lambda _note: None) -> list[Sample]:
    """Return the annotated samples in a dataset folder or in arrays, saying how it was understood.

    Raises
    ------
    DataError
        If the data cannot be understood.
    """
    if isinstance(data, str | Path):
        dataset = find(data)
        samples = dataset.load()
        say(f"{dataset.layout}: {len(samples)} annotated images")
        for note in summarise(dataset, samples)["notes"]:
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
    return _from_arrays(images, labels)


def _from_arrays(images: Images, labels: Images) -> list[Sample]:
    if len(images) != len(labels):
        raise DataError(
            f"{len(images)} images and {len(labels)} label images; give one for each, in order"
        )
    samples = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        image, label = np.asarray(image), np.asarray(label)
        name = f"array {number}"
        instances, notes = instances_from(label, name)
        channels = image[np.newaxis] if image.ndim == label.ndim else image
        samples.append(Sample(image=channels, labels=instances, name=name, notes=notes))
    return samples
