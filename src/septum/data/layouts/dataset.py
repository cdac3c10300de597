"""A dataset as found on disk: which files belong together, and how to read them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from septum.data.formats import ImageFile, as_channels_first, read_image, read_labels
from septum.data.sample import Sample, instances_from, is_mask, refuse_empty, whole_numbers
from septum.errors import DataError

Annotated = Callable[[np.ndarray], tuple[np.ndarray | None, tuple[str, ...]]]


@dataclass(frozen=True)
class Pair:
    """Files that show the same field of view.

    Attributes
    ----------
    name : str
        Unique in the dataset.
    image : Path
        The image.
    labels : Path
        Instance ids or a foreground mask.
    annotated : callable, optional
        Given the instance image, returns where it means something (bool, or None for
        everywhere) and notes. By default everywhere.
    ids : bool
        True where the layout promises instance ids, so that an image with a single cell is
        not mistaken for a mask.
    group, index
        As in :class:`septum.data.sample.Sample`.
    """

    name: str
    image: Path
    labels: Path
    annotated: Annotated | None = None
    ids: bool = False
    group: str = ""
    index: int | None = None


@dataclass(frozen=True)
class Dataset:
    """The pairs that a layout found in a folder; nothing is read until :meth:`load`.

    Attributes
    ----------
    layout : str
        The layout and how its pairs were found, in one line.
    root : Path
        The folder.
    pairs : tuple of Pair
        In the order of their names.
    orphans : tuple of Path
        Image files that are in no pair and will not be used.
    notes : tuple of str
        What was left out, and why.
    """

    layout: str
    root: Path
    pairs: tuple[Pair, ...]
    orphans: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pairs)

    def samples(self, ndim: int = 2) -> Iterator[Sample]:
        """Read pair by pair; a stack gives one sample per plane for ``ndim=2``.

        Raises
        ------
        DataError
            As :func:`load_pair`.
        """
        for pair in self.pairs:
            yield from load_pair(pair, ndim)

    def load(self, ndim: int = 2) -> list[Sample]:
        """Read every pair.

        Parameters
        ----------
        ndim : int, default 2
            Spatial axes of the samples: 2 splits stacks into planes, 3 keeps them as volumes.

        Returns
        -------
        list of Sample

        Raises
        ------
        DataError
            For a file that cannot be used, and when not one label image has an object in it.
        """
        samples = list(self.samples(ndim))
        refuse_empty(samples, str(self.root))
        return samples


def load_pair(pair: Pair, ndim: int = 2) -> list[Sample]:
    """Read the image and the labels of one pair.

    Returns
    -------
    list of Sample
        One, or one per plane of a stack, named ``name[00]``, ``name[01]``, ...

    Raises
    ------
    DataError
        Files that cannot be read, sizes that differ, labels that are not labels.
    """
    image, label_file = read_image(pair.image), read_labels(pair.labels)
    planes = as_channels_first(image, ndim)
    labels = _label_planes(label_file, ndim)
    source = f"{pair.image} and {pair.labels.name}"
    stack, sizes = planes.array, (planes.array[:, 0].shape, labels.shape)
    if sizes[0] != sizes[1]:
        one, two = (" x ".join(map(str, s[1:] if s[0] == 1 else s)) for s in sizes)
        raise DataError(
            f"{source}: sizes differ: the image is {one}, the labels are {two} pixels; both must "
            "show the same field of view, so crop or export one of them again"
        )
    mask = False if pair.ids else is_mask(labels)
    single = len(stack) == 1
    width = max(2, len(str(len(stack) - 1)))
    found = []
    for index, (pixels, values) in enumerate(zip(stack, labels, strict=True)):
        instances, notes = instances_from(values, str(pair.labels), mask)
        annotated = None
        if pair.annotated is not None:
            annotated, more = pair.annotated(instances)
            notes += more
        found.append(
            Sample(
                image=pixels,
                labels=instances,
                annotated=annotated,
                spacing=planes.spacing,
                name=pair.name if single else f"{pair.name}[{index:0{width}}]",
                notes=(*planes.notes, *label_file.notes, *notes),
                source=source,
                group=pair.group if single else pair.name,
                index=pair.index if single else index,
            )
        )
    return found


def _label_planes(file: ImageFile, ndim: int) -> np.ndarray:
    """Return the label values as (N, *spatial) integers."""
    axis = next((axis for axis in "SC" if axis in file.axes), "")
    values = whole_numbers(file.array, file.source, file.axes.index(axis) if axis else None)
    axes = file.axes.replace(axis, "") if axis else file.axes
    return as_channels_first(ImageFile(values, axes, None, file.source), ndim).array[:, 0]
