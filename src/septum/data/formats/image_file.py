"""What an image file held, its axes by name, and the one place that makes them channel-first."""

from dataclasses import dataclass

import numpy as np

from septum.errors import DataError

STACK_AXES = "TZQIRPVLEHA"  # everything that tifffile may call an axis besides Y, X, C and S


@dataclass(frozen=True, eq=False)
class ImageFile:
    """An array as stored, with one letter per axis.

    Attributes
    ----------
    array : numpy.ndarray
        The pixels, in the shape and type of the file.
    axes : str
        One letter per axis, as in OME and tifffile: X, Y, Z, T (time), C (channel), S (samples of
        one pixel: RGB), Q or I (pages of which the file does not say what they are).
    spacing : tuple of float or None
        Distance between neighbouring pixels in µm, for those of Z, Y, X that are in `axes`, in
        that order; None where the file does not say.
    source : str
        The file, for messages.
    notes : tuple of str
        What a reader of the file should know, such as a dropped alpha channel.
    """

    array: np.ndarray
    axes: str
    spacing: tuple[float, ...] | None = None
    source: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.axes) != self.array.ndim or len(set(self.axes)) != len(self.axes):
            raise DataError(
                f"{self.source or 'image'}: axes {self.axes!r} do not name the "
                f"{self.array.ndim} axes of shape {self.array.shape}; one different letter per "
                "axis is expected, such as YX, CYX, ZYX or YXS"
            )
        if not {"Y", "X"} <= set(self.axes):
            raise DataError(
                f"{self.source or 'image'}: axes {self.axes!r} of shape {self.array.shape} "
                "have no Y and X; an image has at least these two"
            )


@dataclass(frozen=True, eq=False)
class Planes:
    """The images of a file, channel-first: what a network of a given rank takes.

    Attributes
    ----------
    array : numpy.ndarray, shape (N, C, [Z,] Y, X)
        N images; N is 1 for a file that holds one.
    stack_axes : str
        The axes that N runs over in row-major order, "" for a single image.
    stack_shape : tuple of int
        Their lengths, so that results can be laid out as the file was.
    spacing : tuple of float or None
        In µm, for the spatial axes of `array`.
    notes : tuple of str
        How the axes were understood where the file leaves it open.
    """

    array: np.ndarray
    stack_axes: str
    stack_shape: tuple[int, ...]
    spacing: tuple[float, ...] | None
    notes: tuple[str, ...]


def as_channels_first(image: ImageFile, ndim: int = 2) -> Planes:
    """Lay a file out as N images of shape (C, Y, X), or (C, Z, Y, X) for three dimensions.

    C (or S, the samples of an RGB pixel) becomes the channel axis. For ``ndim=2`` every other axis
    is a stack of separate images; for ``ndim=3`` Z is a spatial axis, and so are the pages of a
    plain TIFF stack (Q or I), which has no other way to say Z.

    Parameters
    ----------
    image : ImageFile
        As read by :func:`septum.data.formats.read_image`.
    ndim : int, default 2
        Spatial axes of the network, 2 or 3.

    Returns
    -------
    Planes

    Raises
    ------
    DataError
        For ``ndim=3`` and a file without a third spatial axis; for both C and S of more than one.
    """
    array, axes, notes = image.array, image.axes, image.notes
    if ndim == 3 and "Z" not in axes:
        pages = next((axis for axis in "QIT" if axis in axes), None)
        if pages is None:
            raise DataError(
                f"{image.source or 'image'}: axes {axes} of shape {array.shape} have no third "
                "spatial axis; a 3D network takes stacks (ZYX), a 2D network takes this image"
            )
        axes = axes.replace(pages, "Z")
        notes += (f"the {array.shape[axes.index('Z')]} pages were taken as Z",)
    if "C" in axes and "S" in axes:
        array, axes = _one_channel_axis(array, axes, image.source)
    axes = axes.replace("S", "C")
    spatial = "ZYX" if ndim == 3 else "YX"
    stack = "".join(axis for axis in axes if axis not in "C" + spatial)
    if "C" not in axes:
        array, axes = array[np.newaxis], "C" + axes
    array = array.transpose([axes.index(axis) for axis in stack + "C" + spatial])
    stack_shape = array.shape[: len(stack)]
    if stack and ndim == 2:
        count = int(np.prod(stack_shape))
        notes += (f"{count} planes along {stack} are separate 2D images",)
    spacing = image.spacing[-ndim:] if image.spacing and len(image.spacing) >= ndim else None
    return Planes(array.reshape(-1, *array.shape[len(stack) :]), stack, stack_shape, spacing, notes)


def _one_channel_axis(array: np.ndarray, axes: str, source: str) -> tuple[np.ndarray, str]:
    for axis in "CS":
        place = axes.index(axis)
        if array.shape[place] == 1:
            return array.take(0, axis=place), axes.replace(axis, "")
    raise DataError(
        f"{source or 'image'}: axes {axes} of shape {array.shape} have channels (C) of colour "
        "samples (S); save the channels as separate grey images, or merge them into one axis"
    )
