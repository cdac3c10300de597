"""One annotated image, validated once, here, whatever file it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from septum.classes import Classes
from septum.counted import counted
from septum.data.finite import not_finite
from septum.errors import DataError


@dataclass(frozen=True, eq=False)
class Sample:
    """An image with what is known about it.

    Attributes
    ----------
    image : numpy.ndarray, shape (C, *spatial)
        The pixels in the type in which they were stored; finite numbers.
    labels : numpy.ndarray or None, int32, shape (*spatial)
        Instances: 0 background, any positive ids. Or classes as numbers, see `named`. None where
        the image has no annotation.
    annotated : numpy.ndarray or None, bool, shape (*spatial)
        Where `labels` mean something; None is everywhere. A pixel that nobody annotated is not
        background.
    spacing : tuple of float or None
        Distance between pixels in µm for each spatial axis, where the file says.
    name : str
        Unique in its dataset; safe as a file name but for a slice, ``train-volume[03]``.
    notes : tuple of str
        How the files were understood.
    source : str
        The files, for messages.
    group : str
        What must not be split freely between training and test: the sequence or stack it is of.
    index : int or None
        The frame or slice number within `group`.
    kind : str
        What the annotation was made of: "instances", "mask" (its components are the labels),
        "classes" (likewise, unless `named`) or "scribbles", whose sizes and touching say nothing
        of the objects.
    slice : bool
        Whether the samples next to it in `group` are the next slices of the same volume.
    reach : int
        Neighbouring slices on each side whose channels are in `image` too, before and behind its
        own; see `septum.data.context`.
    channels : tuple of str or None
        Names of its own channels, where the file states one for each.
    scan : bool
        Whether the file is of a scanner (NIfTI, DICOM), so that values may be Hounsfield units.
    named : Classes or None
        The classes that `labels` are of; see there for their numbers. None: they are instances.
    image_files, label_files : tuple of str
        What the image and its labels were read from; several where each channel, or class, has a
        file of its own. Empty for arrays.
    axes : str
        Those of the image's file as they were understood, one letter for each, such as ``ZYX``.

    Raises
    ------
    DataError
        Shapes that disagree, pixels that are not finite numbers, an image without pixels.
    """

    image: np.ndarray
    labels: np.ndarray | None = None
    annotated: np.ndarray | None = None
    spacing: tuple[float, ...] | None = None
    name: str = "image"
    notes: tuple[str, ...] = ()
    source: str = ""
    group: str = ""
    index: int | None = None
    kind: str = "instances"
    slice: bool = False
    reach: int = 0
    channels: tuple[str, ...] | None = None
    scan: bool = False
    named: Classes | None = None
    image_files: tuple[str, ...] = ()
    label_files: tuple[str, ...] = ()
    axes: str = ""

    def __post_init__(self) -> None:
        where = self.source or self.name
        if self.image.ndim not in (3, 4) or self.image.size == 0:
            raise DataError(
                f"{where}: an image of shape {self.image.shape}; (C, Y, X) or (C, Z, Y, X) "
                "with at least one pixel is expected"
            )
        _check_pixels(self.image, where)
        for what, array in (("labels", self.labels), ("annotated area", self.annotated)):
            if array is not None and array.shape != self.shape:
                raise DataError(
                    f"{where}: sizes differ: the image is {_size(self.shape)}, the {what} "
                    f"{_size(array.shape)} pixels; both must show the same field of view"
                )
        if self.labels is not None and self.labels.dtype != np.int32:
            raise DataError(f"{where}: labels are {self.labels.dtype}, int32 is expected")
        if self.named is not None and self.labels is not None:
            _check_numbers(self.labels, self.named, where)
        if self.annotated is not None and self.annotated.dtype != bool:
            raise DataError(f"{where}: annotated is {self.annotated.dtype}, bool is expected")
        if self.spacing is not None and len(self.spacing) != self.ndim:
            raise DataError(f"{where}: spacing {self.spacing} for {self.ndim} spatial axes")
        if self.spacing is not None and not all(0 < step < inf for step in self.spacing):
            raise DataError(
                f"{where}: spacing {self.spacing}; expected sizes in µm above 0, or None"
            )
        if self.channels is not None and len(self.channels) != len(self.own):
            raise DataError(
                f"{where}: {counted(len(self.channels), 'name')} ({', '.join(self.channels)}) for "
                f"{counted(len(self.own), 'channel')}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """The spatial shape, without channels."""
        return self.image.shape[1:]

    @property
    def own(self) -> np.ndarray:
        """The channels of the image itself, without those of neighbouring slices."""
        count = len(self.image) // (2 * self.reach + 1)
        return self.image[self.reach * count : (self.reach + 1) * count]

    @property
    def truth(self) -> np.ndarray:
        """The labels of a sample that must have some; DataError where it has none."""
        if self.labels is None:
            raise DataError(f"{self.source or self.name} has no labels")
        return self.labels

    @property
    def known(self) -> np.ndarray:
        """The labels that somebody vouches for: 0 outside the annotated area."""
        return self.truth if self.annotated is None else np.where(self.annotated, self.truth, 0)

    @property
    def ndim(self) -> int:
        """The number of spatial axes, 2 or 3."""
        return self.image.ndim - 1


def _check_numbers(labels: np.ndarray, named: Classes, where: str) -> None:
    highest = 2 ** len(named.names) - 1 if named.overlap else len(named.names)
    if labels.min(initial=0) < 0 or labels.max(initial=0) > highest:
        raise DataError(
            f"{where}: labels from {labels.min()} to {labels.max()}, where the numbers of "
            f"{', '.join(named.names)} are 0 to {highest}"
        )


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _check_pixels(image: np.ndarray, where: str) -> None:
    if image.dtype.kind not in "buif":
        raise DataError(f"{where}: pixels of type {image.dtype}; real numbers are expected")
    broken = not_finite(image)
    if broken:
        raise DataError(f"{where}: {broken}")


def refuse_empty(samples: Sequence[Sample], where: str, first: str) -> None:
    """Refuse a dataset in which no image has a single object; one empty image is legitimate.

    Raises
    ------
    DataError
        Naming the dataset, `where`, and its `first` label file.
    """
    labelled = [sample for sample in samples if sample.labels is not None]
    if any(sample.labels is not None and sample.labels.any() for sample in labelled):
        return
    named = labelled[0].named if labelled else None
    what = "object" if named is None else f"pixel of {', '.join(named.names)}"
    hint = "Was the right file saved?"
    if named is not None and any(sample.annotated is not None for sample in labelled):
        hint = (
            "Values of no class, such as 255, were taken as not annotated: if they are the class, "
            f"name their value, as --classes {named.names[0]}=255"
        )
    raise DataError(
        f"{where}: empty labels: not one {what} in {counted(len(labelled), 'label image')}, such "
        f"as {first}; there is nothing to learn. {hint}"
    )


def equivalent_diameters(sizes: np.ndarray, ndim: int) -> np.ndarray:
    """Return the diameters of the discs (balls) of the given areas (volumes)."""
    return 2 * np.sqrt(sizes / np.pi) if ndim == 2 else 2 * np.cbrt(sizes * 0.75 / np.pi)
