"""Labels as NIfTI, which lie over the image that they are of in ITK-SNAP and 3D Slicer."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from septum.array import item
from septum.atomic import replacing
from septum.data.formats.nifti_header import for_labels
from septum.outputs.segmented import Segmented
from septum.version import __version__

_OURS = "septum"
_HELD = 2**24  # pixels read at a time
_LEVEL = 4  # of the compression: labels shrink to little at any

# A gzip header with a comment, and without a name and a time: the same labels are the same bytes.
_GZIP = b"\x1f\x8b\x08\x10\0\0\0\0\0\xff"


def is_ours(path: Path) -> bool:
    """Tell whether a NIfTI file was written here, and so may be replaced by a newer result.

    The comment of the gzip stream says so. The header of the NIfTI says it too, but there it stays
    when somebody corrects the labels and saves them; then the stream is a new one.
    """
    mark = _GZIP + _OURS.encode()
    try:
        with path.open("rb") as file:
            return file.read(len(mark)) == mark
    except OSError:
        return False


def write_nifti(segmented: Segmented, path: Path) -> None:
    """Write ``NAME_labels.nii.gz``: uint16, or uint32 above 65,535 objects.

    Axes are X, Y, and Z and time where there are any; see `Segmented.frames` for which axis of a
    stack becomes which. The labels take the place of the image in the scanner (qform, sform, units)
    where it has one, and else the spacing. NIfTI-2 where an axis is longer than NIfTI-1 allows.

    Raises
    ------
    SeptumError
        If nibabel is not installed, the disk is full, or the folder cannot be written to.
    """
    dtype = np.dtype(segmented.id_type).newbyteorder("<")
    shape = _shape(segmented)
    writer = f"{_OURS} {__version__}"
    header = for_labels(shape, dtype, segmented.placement, segmented.full_spacing, writer)
    voxels = (pixels.astype(dtype).tobytes() for pixels in _in_order(segmented))
    with (
        replacing(path, int(np.prod(shape, dtype=np.int64)) * dtype.itemsize) as temporary,
        temporary.open("wb") as file,
    ):
        file.writelines(_packed(chain([header], voxels), writer))


def _packed(parts: Iterable[bytes], comment: str) -> Iterator[bytes]:
    """Yield a gzip stream with a comment, which Python's gzip does not write (RFC 1952)."""
    yield _GZIP + comment.encode("latin-1") + b"\0"
    deflate = zlib.compressobj(_LEVEL, wbits=-zlib.MAX_WBITS)
    checksum = size = 0
    for part in parts:
        checksum, size = zlib.crc32(part, checksum), size + len(part)
        yield deflate.compress(part)
    yield deflate.flush() + struct.pack("<II", checksum, size % 2**32)


def _shape(segmented: Segmented) -> tuple[int, ...]:
    """Return the shape with the fastest axis last: ([T,] Z, Y, X), or (Y, X) of a single plane."""
    times, slices = segmented.frames
    if len(segmented.spatial) == 3:
        return (*((times,) if times > 1 else ()), *segmented.spatial)
    flat = not segmented.stack_axes
    return (*((times,) if times > 1 else ()), *(() if flat else (slices,)), *segmented.spatial)


def _in_order(segmented: Segmented) -> Iterator[np.ndarray]:
    """Yield the labels band by band, time by time and within it slice by slice."""
    places = {segmented.frame(number): number for number in range(len(segmented.counts))}
    size, *rest = segmented.spatial
    band = max(1, _HELD // int(np.prod(rest)))
    for place in sorted(places):
        labels = item(segmented.labels, places[place])
        for first in range(0, size, band):
            window = (slice(first, min(first + band, size)), *(slice(0, n) for n in rest))
            yield np.asarray(labels[window])
