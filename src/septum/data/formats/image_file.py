"""What an image file held, its axes by name, and the one place that makes them channel-first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite, prod
from typing import Generic, TypeVar, overload

import numpy as np

from septum.array import Source, View, Window, load
from septum.errors import DataError

STACK_AXES = "TZQIRPVLEHA"  # everything that tifffile may call an axis besides Y, X, C and S

COLOURS = ("R", "G", "B")
"""The names of three samples of a pixel."""

_CHANNELS = 4
"""An unnamed axis of more than this is none of channels."""

BY_PLANE = "the file is tagged as a colour image stored plane by plane"
"""What a reader notes of colours that may be slices; see `perhaps_slices`."""

ALPHA_DROPPED = "the alpha channel (transparency) was dropped"
"""What a reader notes that left out the opacity of pixels, which says nothing of the specimen."""


def perhaps_slices(axes: str) -> str:
    """Say how planes that are tagged as colours are read as slices; "" where colours are no planes.

    Programs tag a stack of 3 or 4 slices of 8 bits so, as tifffile does unless it is told better.
    """
    if "Z" in axes or not 0 <= axes.find("S") < axes.find("Y"):
        return ""
    wished = f"--axes {axes.replace('S', 'Z')}"
    return f"; if its planes are slices, septum predict and train take {wished}"


Pixels = TypeVar("Pixels", bound=Source, covariant=True)
"""A numpy array where the pixels have been read, any source where they may still be on disk."""


@dataclass(frozen=True)
class Storage:
    """How a file keeps its pixels: what people ask before they copy or convert it.

    Attributes
    ----------
    format : str
        As people call it, such as ``"OME-TIFF"``.
    compression : str or None
        The codec where the pixels are compressed.
    levels : tuple of tuple of int
        The shape of each level of the pyramid, full resolution first; one where there is none.
    """

    format: str
    compression: str | None = None
    levels: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, eq=False)
class ImageFile(Generic[Pixels]):
    """An array as stored, with one letter per axis.

    Attributes
    ----------
    array : Source
        The pixels, in the shape and type of the file: a numpy array from
        :func:`septum.data.formats.read_image`, and what reads them window by window from
        :func:`septum.data.formats.open_image`.
    axes : str
        One letter per axis, as in OME and tifffile: X, Y, Z, T (time), C (channel), S (samples of
        one pixel: RGB), Q or I (pages of which the file does not say what they are).
    spacing : tuple of float or None
        Distance between neighbouring pixels in µm, for those of Z, Y, X that are in `axes`, in
        that order; for Y and X only where that of Z is not known, and None where nothing is.
    source : str
        The file, for messages.
    notes : tuple of str
        What a reader of the file should know, such as a dropped alpha channel or assumed axes.
    channels : tuple of str or None
        Names of the channels where the file states one for each.
    assumed : bool
        Whether the file does not state its axes, so that `axes` are the likeliest.
    storage : Storage or None
        How the file keeps the pixels.
    placement : bytes or None
        The NIfTI header that says where the voxels lie in the scanner, for the formats that know
        (NIfTI, DICOM); see :mod:`septum.data.formats.nifti_header`. Pixels are as stored, whatever
        it says: nothing is turned or resampled.
    scan : bool
        Whether the file is of a scanner (NIfTI, DICOM), so that values may be Hounsfield units.
    """

    array: Pixels
    axes: str
    spacing: tuple[float, ...] | None = None
    source: str = ""
    notes: tuple[str, ...] = ()
    channels: tuple[str, ...] | None = None
    assumed: bool = False
    storage: Storage | None = None
    placement: bytes | None = None
    scan: bool = False

    def __post_init__(self) -> None:
        shape, name = tuple(self.array.shape), self.source or "image"
        if len(self.axes) != len(shape) or len(set(self.axes)) != len(self.axes):
            raise DataError(
                f"{name}: axes {self.axes!r} do not name the {len(shape)} axes of shape {shape}; "
                "one different letter per axis is expected, such as YX, CYX, ZYX or YXS"
            )
        if not {"Y", "X"} <= set(self.axes):
            raise DataError(
                f"{name}: axes {self.axes!r} of shape {shape} "
                "have no Y and X; an image has at least these two"
            )


def assumption(image: ImageFile) -> str:
    """Return the sentence that says which axes are assumed, where the file does not state them."""
    shape = " x ".join(map(str, image.array.shape))
    return (
        f"axes {image.axes} ({shape}) are assumed, as the file does not state them; give "
        "--axes if they are others"
    )


def as_volume(image: ImageFile[Pixels]) -> ImageFile[Pixels]:
    """Return an image whose pages are Z where it has no other third spatial axis.

    A plain TIFF stack has no way to say Z: its pages (Q or I) are slices for who asks for a volume,
    and so are the frames of a film (T) if there is nothing else. Of two such axes, an inner one of
    up to 4 pages is taken for channels, which is the order of ImageJ.

    Raises
    ------
    DataError
        If there are no pages.
    """
    if "Z" in image.axes:
        return image
    shape, axes = tuple(image.array.shape), image.axes
    pages = next((axis for axis in "QIT" if axis in axes), None)
    if pages is None:
        way = perhaps_slices(axes)
        tagged = ", as the file is tagged as a colour image stored plane by plane" * bool(way)
        raise DataError(
            f"{image.source or 'image'}: axes {axes} of shape {shape} have no third spatial axis"
            f"{tagged}{way or '; a 3D network takes stacks (ZYX), a 2D network takes this image'}"
        )
    inner = shape[axes.index("Q")] if "Q" in axes else 0
    if image.assumed and "IQ" in axes and inner <= _CHANNELS < shape[axes.index("I")]:
        taken = f"the {shape[axes.index('I')]} pages are taken as Z, of {inner} channels each"
        axes = axes.replace("IQ", "ZC")
    else:
        taken = f"the {shape[axes.index(pages)]} pages are taken as Z"
        axes = axes.replace(pages, "Z")
    if image.assumed:
        taken += ", as the file does not say what they are; give --axes if they are not"
    notes = (*(note for note in image.notes if note != assumption(image)), taken)
    return replace(image, axes=axes, notes=notes, assumed=False)


def known_steps(steps: Sequence[float | None]) -> tuple[float, ...] | None:
    """Return the spacing from what is known along (Z,) Y, X: of all, of Y and X, or None."""
    numbers = [step if step is not None and isfinite(step) and step > 0 else None for step in steps]
    for wanted in (numbers, numbers[-2:]):
        found = tuple(step for step in wanted if step is not None)
        if len(found) == len(wanted):
            return found
    return None


@dataclass(frozen=True, eq=False)
class ChunkedView(View):
    """A view that knows what its source reads at once; see `septum.data.formats.stored.Stored`."""

    chunks: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class Planes(Generic[Pixels]):
    """The images of a file, channel-first: what a network of a given rank takes.

    Attributes
    ----------
    array : Source, shape (N, C, [Z,] Y, X)
        N images; N is 1 for a file that holds one. A numpy array if the file's was one.
    stack_axes : str
        The axes that N runs over in row-major order, "" for a single image.
    stack_shape : tuple of int
        Their lengths, so that results can be laid out as the file was.
    spacing : tuple of float or None
        In µm, for the spatial axes of `array`.
    notes : tuple of str
        How the axes were understood where the file leaves it open.
    channels : tuple of str or None
        Their names, C of them, where the file states them; R, G, B for three samples of a pixel.
    axes : str
        Those of the file, as they were understood.
    """

    array: Pixels
    stack_axes: str
    stack_shape: tuple[int, ...]
    spacing: tuple[float, ...] | None
    notes: tuple[str, ...]
    channels: tuple[str, ...] | None = None
    axes: str = ""


@overload
def as_channels_first(image: ImageFile[np.ndarray], ndim: int = 2) -> Planes[np.ndarray]: ...
@overload
def as_channels_first(image: ImageFile[Source], ndim: int = 2) -> Planes[Source]: ...
def as_channels_first(image: ImageFile, ndim: int = 2) -> Planes:
    """Lay a file out as N images of shape (C, Y, X), or (C, Z, Y, X) for three dimensions.

    C (or S, the samples of an RGB pixel) becomes the channel axis. For ``ndim=2`` every other axis
    is a stack of separate images; for ``ndim=3`` Z is a spatial axis (see `as_volume`).
    Nothing is read: the result is a source that reads each window from the file, or a numpy array
    if `image` holds one.

    Parameters
    ----------
    image : ImageFile
        As read by :func:`septum.data.formats.read_image` or opened by
        :func:`septum.data.formats.open_image`.
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
    image = as_volume(image) if ndim == 3 else image
    shape, axes, notes = tuple(image.array.shape), image.axes, image.notes
    channel, single = _channel_axis(shape, axes, image.source)
    spatial = "ZYX"[-ndim:]
    stack = "".join(axis for axis in axes if axis not in channel + single + spatial)
    planes = _channels_first(image.array, axes, single + stack, channel, spatial)
    stack_shape = tuple(shape[axes.index(axis)] for axis in stack)
    if stack and ndim == 2:
        notes += (f"{prod(stack_shape)} planes along {stack} are separate 2D images",)
    if stack and ndim == 3:
        notes += (f"{prod(stack_shape)} volumes along {stack} are separate 3D images",)
    known = image.spacing is not None and len(image.spacing) >= ndim
    names = image.channels or (COLOURS if channel == "S" else None)
    return Planes(
        load(planes) if isinstance(image.array, np.ndarray) else planes,
        stack,
        stack_shape,
        image.spacing[-ndim:] if image.spacing and known else None,
        notes,
        names if names and len(names) == planes.shape[1] else None,
        axes,
    )


def _channel_axis(shape: tuple[int, ...], axes: str, source: str) -> tuple[str, str]:
    """Return the axis of the channels, and one of length 1 that could have been."""
    both = [axis for axis in "CS" if axis in axes]
    if len(both) < 2:
        return "".join(both), ""
    for single, channel in ("CS", "SC"):
        if shape[axes.index(single)] == 1:
            return channel, single
    raise DataError(
        f"{source or 'image'}: axes {axes} of shape {shape} have channels (C) of colour "
        "samples (S); save the channels as separate grey images, or merge them into one axis"
    )


def _channels_first(
    array: Source, axes: str, stack: str, channel: str, spatial: str
) -> ChunkedView:
    """Return `array` as (N, C, *spatial), where N runs over the axes `stack` in row-major order."""
    order = [axes.index(axis) for axis in stack + channel + spatial]
    lengths = tuple(array.shape[axis] for axis in order)
    stack_shape, inner = lengths[: len(stack)], lengths[len(stack) :]

    def read(window: Window) -> np.ndarray:
        rest = window[1:] if channel else window[2:]
        parts = []
        for box in _boxes(window[0].start, window[0].stop, stack_shape):
            place = dict(zip(order, (*box, *rest), strict=True))
            pixels = np.asarray(array[tuple(place[axis] for axis in range(len(order)))])
            pixels = pixels.transpose(order)
            pixels = pixels.reshape(-1, *pixels.shape[len(stack) :])
            parts.append(pixels if channel else pixels[:, np.newaxis][:, window[1]])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    chunks = getattr(array, "chunks", None)
    if chunks is not None:
        inner_chunks = tuple(chunks[axis] for axis in order[len(stack) :])
        chunks = (1, *(() if channel else (1,)), *inner_chunks)
    return ChunkedView(
        (prod(stack_shape), *(() if channel else (1,)), *inner), array.dtype, read, chunks
    )


def _boxes(start: int, stop: int, shape: tuple[int, ...]) -> Iterator[Window]:
    """Yield the windows that make up ``start:stop`` of an array counted through in row-major order.

    As few as possible: at most two at each depth, one for the whole.
    """
    if not shape:
        yield ()
        return
    inner = prod(shape[1:])
    first, last = -(-start // inner), stop // inner
    if first > last:  # within one row
        row = slice(last, first)
        yield from ((row, *box) for box in _boxes(start % inner, stop - last * inner, shape[1:]))
        return
    if start < first * inner:
        head = _boxes(start % inner, inner, shape[1:])
        yield from ((slice(first - 1, first), *box) for box in head)
    if first < last:
        yield (slice(first, last), *(slice(0, size) for size in shape[1:]))
    if stop > last * inner:
        tail = _boxes(0, stop % inner, shape[1:])
        yield from ((slice(last, last + 1), *box) for box in tail)
