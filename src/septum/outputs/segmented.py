"""A segmented image file, as the files of its result are written from it."""

from dataclasses import dataclass

import numpy as np

from septum.array import Source, View, Window
from septum.classes import Classes


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

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What was found, as labels that do not overlap."""
        named, count = self.named, len(self.counts)
        if named is None:
            return (Layer("cells", self.labels, self.counts),)
        if not named.overlap:
            return (Layer("classes", self.labels, self.counts, named.names),)
        return tuple(
            Layer(name, self._bit(number), (1,) * count, (name,))
            for number, name in enumerate(named.names)
        )

    def _bit(self, number: int) -> Source:
        def read(window: Window) -> np.ndarray:
            return (np.asarray(self.labels[window]) >> number & 1).astype(np.uint8)

        return View(tuple(self.labels.shape), np.dtype(np.uint8), read)

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
