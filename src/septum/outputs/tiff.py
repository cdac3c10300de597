"""Results as TIFF, written strip by strip from a source that may not fit into memory.

Strips, not tiles, because ImageJ and Fiji open a tiled TIFF only through Bio-Formats.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile

from septum.ahead import ahead
from septum.array import Source, View, Window, whole
from septum.atomic import replacing
from septum.data.formats.own import writer
from septum.data.formats.tiff_tags import tags
from septum.outputs.segmented import Segmented

_HELD, _STRIP = 2**24, 2**18  # pixels read at a time, and bytes of one strip
_WORKERS = 2


def write_labels(segmented: Segmented, path: Path) -> None:
    """Write the labels as uint16, or as uint32 where an image has more than 65,535 objects.

    ImageJ takes the uint16, with axes and spacing; it has no 32-bit integers. Named classes are
    uint8: their numbers or, where they may overlap, a channel for each, 1 where it is.
    """
    layers = [layer.labels for layer in segmented.layers]
    if len(layers) > 1:
        labels, channels, letter = _beside(layers), (len(layers),), "C"
    else:
        labels = _converted(layers[0], segmented.id_type, lambda ids: ids.astype(segmented.id_type))
        channels, letter = (), ""
    shape = (*segmented.stack_shape, *channels, *segmented.spatial)
    axes = segmented.stack_axes + letter + segmented.axes
    write_tiff(path, labels, shape, axes, segmented.full_spacing, 6, _names(segmented))


def _names(segmented: Segmented) -> tuple[str, ...]:
    return () if segmented.named is None else segmented.named.names


def _beside(layers: list[Source]) -> Source:
    """Return layers ``(N, *spatial)`` as the channels of one source, ``(N, layers, *spatial)``."""
    images, *spatial = layers[0].shape

    def read(window: Window) -> np.ndarray:
        here, which, *space = window
        return np.stack([np.asarray(layer[(here, *space)]) for layer in layers[which]], axis=1)

    return View((images, len(layers), *spatial), layers[0].dtype, read)


def write_probabilities(segmented: Segmented, path: Path) -> None:
    """Write the probabilities as float32, one channel for each class."""
    _write_classes(segmented, segmented.probabilities, path)


def write_probabilities8(segmented: Segmented, path: Path) -> None:
    """Write the probabilities as uint8 in shares of 255, one channel for each class."""
    _write_classes(segmented, as_bytes(segmented.probabilities), path)


def _write_classes(segmented: Segmented, probabilities: Source, path: Path) -> None:
    classes = probabilities.shape[1]
    shape = (*segmented.stack_shape, classes, *segmented.spatial)
    axes = f"{segmented.stack_axes}C{segmented.axes}"
    # Fractions hardly shrink; a higher level would only take longer.
    write_tiff(path, probabilities, shape, axes, segmented.full_spacing, 1, _names(segmented))


def as_bytes(probabilities: Source) -> Source:
    """Return probabilities in [0, 1] as uint8 in shares of 255, computed when they are read."""
    return _converted(probabilities, np.uint8, lambda share: np.rint(share * 255).astype(np.uint8))


def _converted(source: Source, dtype: type, convert) -> Source:
    def read(window: Window) -> np.ndarray:
        return convert(np.asarray(source[window]))

    return View(tuple(source.shape), np.dtype(dtype), read)


def write_tiff(
    path: Path,
    source: Source,
    shape: tuple[int, ...],
    axes: str,
    spacing: tuple[float, ...] | None,
    level: int = 6,
    names: Sequence[str] = (),
) -> None:
    """Write a source as a zlib-compressed TIFF that appears only when it is complete.

    As ImageJ knows it (axes and spacing) where ImageJ can have it: uint8, uint16 or float32, axes
    in the order TZCYX, none of length 1, below 4 GB. Else as a plain TIFF, which carries its axes
    and spacing in the description and the spacing in its resolution too; BigTIFF from 4 GB.

    Parameters
    ----------
    path : Path
        Missing folders are made.
    source : Source
        Its last two axes are Y and X. At most 2^24 pixels are read at a time, or 64 rows.
    shape : tuple of int
        The shape to write down: that of `source`, with its first axes laid out as the stack was.
    axes : str
        One letter for each of `shape`.
    spacing : tuple of float or None
        In µm, for the spatial axes.
    level : int, default 6
        Of the compression, 1 to 9.
    names : sequence of str, optional
        Of the classes in it; see `septum.data.formats.own`.

    Raises
    ------
    SeptumError
        When the disk is full or the folder cannot be written to. Nothing is left behind.
    """
    itemsize = source.dtype.itemsize
    size = int(np.prod(shape, dtype=np.int64)) * itemsize
    rows = min(_power_of_two(_STRIP // (shape[-1] * itemsize)), shape[-2])
    strips = _compressed(_strips(source, rows), level)
    # tifffile stores columns side by side, in strips of its own; they are never many.
    pixels = np.asarray(source[whole(source.shape)]).reshape(shape) if shape[-1] == 1 else strips
    with replacing(path, size) as temporary:
        tifffile.imwrite(
            temporary,
            pixels,
            shape=shape,
            dtype=source.dtype,
            photometric="minisblack",
            compression="zlib",
            rowsperstrip=rows,
            software=writer(names),
            **tags(shape, source.dtype, axes, spacing),
        )


def _strips(source: Source, rows: int) -> Iterator[np.ndarray]:
    """Yield strips of `rows` rows, page by page, reading many of them at once."""
    *outer, height, width = source.shape
    pages = max(1, _HELD // (height * width))  # of the last outer axis, where chunks may be deep
    band = max(64, rows, _power_of_two(_HELD // width))  # so that it is of whole chunks mostly
    for index in np.ndindex(*outer[:-1]):
        lead = tuple(slice(place, place + 1) for place in index)
        for first in range(0, outer[-1], pages):
            deep = slice(first, min(first + pages, outer[-1]))
            step = height if deep.stop - first > 1 else band
            for top in range(0, height, step):
                down = slice(top, min(top + step, height))
                block = np.asarray(source[(*lead, deep, down, slice(0, width))])
                for plane in block.reshape(-1, down.stop - top, width):
                    for start in range(0, len(plane), rows):
                        yield np.ascontiguousarray(plane[start : start + rows])


def _power_of_two(number: int) -> int:
    """Return the largest power of two up to `number`, at least 1."""
    return 1 << max(number, 1).bit_length() - 1


def _compressed(strips: Iterator[np.ndarray], level: int) -> Iterator[bytes]:
    """Return the strips compressed, in order, a few ahead of the one that is being written."""

    def encode(strip: np.ndarray) -> bytes:
        return bytes(imagecodecs.deflate_encode(strip.tobytes(), level=level, raw=False))

    return ahead(encode, strips, lead=4 * _WORKERS, workers=_WORKERS)
