"""A segmented image file, as the files of its result are written from it."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from septum.array import Source, item
from septum.classes import Classes
from septum.instances import BLOCK, find_pieces, layers_of
from septum.workspace import Workspace


def _in_memory() -> Workspace:
    return Workspace(Path(), 2**62)


@dataclass(frozen=True, eq=False)
class Layer:
    """Labels of which no two share a pixel: the objects, all classes, or one that may overlap.

    Attributes
    ----------
    name : str
        What it holds.
    labels : Source of int, shape (N, *spatial)
        0 background, 1..counts[n] in image n.
    counts : tuple of int
        The highest label of each of the N images.
    classes : tuple of str
        Names of the labels 1, 2, …; empty where they are objects.
    """

    name: str
    labels: Source
    counts: tuple[int, ...]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Pieces:
    """The connected pieces of the classes of a layer.

    Attributes
    ----------
    labels : Source of uint32, shape (N, *spatial)
        0 background, 1..n the pieces in each image.
    classes : tuple of numpy.ndarray of int
        For each image: the class of each piece, by its place in the names of the classes.
    numbers : tuple of numpy.ndarray of int
        For each image: the number of each piece among those of its class, from 1.
    """

    labels: Source
    classes: tuple[np.ndarray, ...]
    numbers: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Segmented:
    """The images of one file with what the network and the instances made of them.

    Sources may lie on disk and be far larger than memory.

    Attributes
    ----------
    name : str
        Stem of the image file.
    image : Source, shape (N, C, *spatial)
        As stored, any real type. `spatial` is (Y, X) or (Z, Y, X).
    probabilities : Source of float32, shape (N, classes, *spatial)
        At the resolution of the image.
    labels : Source of unsigned int, shape (N, *spatial)
        0 background, 1..counts[n] in image n; of named classes, their numbers.
    counts : tuple of int
        Objects in each of the N images; named classes, where there are some.
    stack_axes : str
        The axes that N runs over in row-major order, such as "", "T", "TZ".
    stack_shape : tuple of int
        Their lengths.
    spacing : tuple of float or None
        µm per spatial axis, where known.
    z_step : float or None
        µm between the planes of a stack along Z, where known.
    placement : bytes or None
        Where the image lies in the scanner; see `septum.data.formats.ImageFile`.
    channels : tuple of str or None
        Names of the channels of `image`, where known.
    named : Classes or None
        What `labels` are numbers of. None: they are objects.
    space : Workspace
        Where the pieces of named classes lie once something asks for them.
    """

    name: str
    image: Source
    probabilities: Source
    labels: Source
    counts: tuple[int, ...]
    stack_axes: str = ""
    stack_shape: tuple[int, ...] = ()
    spacing: tuple[float, ...] | None = None
    channels: tuple[str, ...] | None = None
    z_step: float | None = None
    placement: bytes | None = None
    named: Classes | None = None
    space: Workspace = field(default_factory=_in_memory)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What was found, as labels that do not overlap."""
        named, count = self.named, len(self.counts)
        if named is None:
            return (Layer("cells", self.labels, self.counts),)
        if not named.overlap:
            return (Layer("classes", self.labels, self.counts, named.names),)
        return tuple(
            Layer(names[0], labels, (1,) * count, names)
            for labels, names in layers_of(self.labels, named)
        )

    @cached_property
    def pieces(self) -> tuple[Pieces, ...]:
        """The pieces of the classes of each layer; found when they are asked for first."""
        return tuple(
            self._pieces_of(layer.labels, place) for place, layer in enumerate(self.layers)
        )

    def _pieces_of(self, classes: Source, place: int) -> Pieces:
        chunk = BLOCK[len(self.spatial)]
        chunks = (1, *(chunk,) * len(self.spatial))
        labels = self.space.array(tuple(classes.shape), np.uint32, chunks)
        owners, numbers = [], []
        for number in range(len(self.counts)):
            found = find_pieces(item(classes, number), block=chunk)
            found.write(item(labels, number))
            owners.append(found.values - 1 + place)
            numbers.append(_among_their_own(found.values))
        return Pieces(labels, tuple(owners), tuple(numbers))

    @property
    def spatial(self) -> tuple[int, ...]:
        """The size of one image in pixels."""
        return tuple(self.labels.shape[1:])

    @property
    def full_spacing(self) -> tuple[float, ...] | None:
        """The spacing with the step along Z of a stack in front, where both are known."""
        if self.spacing is None or self.z_step is None or "Z" not in self.stack_axes:
            return self.spacing
        return (self.z_step, *self.spacing)

    @property
    def axes(self) -> str:
        """The names of the spatial axes, YX or ZYX."""
        return "ZYX"[-len(self.spatial) :]

    @property
    def id_type(self) -> type[np.uint8] | type[np.uint16] | type[np.uint32]:
        """The smallest type that holds the ids of every image; classes are in 8 bits."""
        if self.named is not None:
            return np.uint8
        return np.uint16 if max(self.counts, default=0) <= np.iinfo(np.uint16).max else np.uint32

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the channels of `probabilities` are."""
        if self.named is None:
            return ("background", "cell", "border")[: self.probabilities.shape[1]]
        return self.named.score_names

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The names of the channels of `image`; numbers where they have none of their own each."""
        count = self.image.shape[1]
        if self.channels is not None and len(set(self.channels)) == count:
            return self.channels
        return tuple(f"channel_{number + 1}" for number in range(count))

    @property
    def places(self) -> tuple[dict[str, int], ...]:
        """Where in the stack each image lies: its index along each stack axis."""
        indices = np.ndindex(*self.stack_shape)
        return tuple(dict(zip(self.stack_axes, index, strict=True)) for index in indices)

    @property
    def frames(self) -> tuple[int, int]:
        """How many time points and, besides the spatial axes, how many slices the stack has.

        Viewers know no stack axes but these: T is time, all others of planes are slices, and
        volumes are a series, whatever they are a series of.
        """
        if len(self.spatial) == 3:
            return len(self.counts), 1
        times = dict(zip(self.stack_axes, self.stack_shape, strict=True)).get("T", 1)
        return times, len(self.counts) // times

    def frame(self, number: int) -> tuple[int, int]:
        """Return the time point and the slice of one image; see `frames`."""
        if len(self.spatial) == 3:
            return number, 0
        place = self.places[number]
        time = place.get("T", 0)
        depth = 0
        for axis, size in zip(self.stack_axes, self.stack_shape, strict=True):
            if axis != "T":
                depth = depth * size + place[axis]
        return time, depth


def _among_their_own(values: np.ndarray) -> np.ndarray:
    """Return how many of the same value there are up to each, itself included."""
    numbers = np.zeros(len(values), np.int64)
    for value in np.unique(values):
        own = values == value
        numbers[own] = np.arange(1, own.sum() + 1)
    return numbers
