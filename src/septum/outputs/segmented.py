"""A segmented image file, as the files of its result are written from it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from septum.array import Source, View, Window, item


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
    labels : Source of uint16 or uint32, shape (N, *spatial)
        0 background, 1..counts[n] in image n.
    counts : tuple of int
        Objects in each of the N images.
    stack_axes : str
        The axes that N runs over in row-major order, such as "", "T", "TZ".
    stack_shape : tuple of int
        Their lengths.
    spacing : tuple of float or None
        µm per spatial axis, where known.
    channels : tuple of str or None
        Names of the channels of `image`, where known.
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

    @property
    def spatial(self) -> tuple[int, ...]:
        """The size of one image in pixels."""
        return tuple(self.labels.shape[1:])

    @property
    def axes(self) -> str:
        """The names of the spatial axes, YX or ZYX."""
        return "ZYX"[-len(self.spatial) :]

    @property
    def id_type(self) -> type[np.uint16] | type[np.uint32]:
        """The smallest type that holds the ids of every image."""
        return np.uint16 if max(self.counts, default=0) <= np.iinfo(np.uint16).max else np.uint32

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the channels of `probabilities` are."""
        return ("background", "cell", "border")[: self.probabilities.shape[1]]

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The names of the channels of `image`; numbers where they have none of their own each."""
        count = self.image.shape[1]
        if self.channels is not None and len(set(self.channels)) == count:
            return self.channels
        return tuple(f"channel_{number + 1}" for number in range(count))

    def places(self) -> Iterator[dict[str, int]]:
        """Yield where in the stack each image lies, as the index along each stack axis."""
        for index in np.ndindex(*self.stack_shape):
            yield dict(zip(self.stack_axes, index, strict=True))

    def label_image(self, number: int) -> Source:
        """Return the labels of one image, shape ``spatial``."""
        return item(self.labels, number)

    def cells(self, number: int) -> Source:
        """Return the probability that a pixel is no background, shape ``(1, *spatial)``."""
        planes = item(self.probabilities, number)

        def read(window: Window) -> np.ndarray:
            return 1 - planes[(slice(0, 1), *window[1:])]

        return View((1, *self.spatial), np.dtype(np.float32), read)
