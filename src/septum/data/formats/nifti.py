"""NIfTI: volumes of scanners, with their voxel size and their place in the scanner.

The voxels are taken as stored: nothing is turned or resampled, so that what is found lies where the
image has it. nibabel reads the header; the voxels are read here, window by window.
"""

from itertools import product
from math import prod
from pathlib import Path

import numpy as np

from septum.array import Source, Window
from septum.data.formats import nifti_header
from septum.data.formats.gzipped import BLOCK, LARGEST_RATIO, Unzipped
from septum.data.formats.image_file import ChunkedView, ImageFile, Storage, known_steps
from septum.data.formats.names import suffix_of
from septum.data.formats.stored import Stored, native, raw
from septum.errors import DataError

SUFFIXES = (".nii", ".nii.gz")

_COLOUR = ("R", "G", "B")


def open_nifti(path: Path) -> ImageFile[Source]:
    """Open a NIfTI-1 or NIfTI-2 file, packed with gzip or not.

    Axes are (C, T,) Z, Y, X, and S for the samples of a colour; the spacing is in µm, whatever unit
    the file has it in. Where the file scales its numbers, the pixels are float32 (float64 for
    stored types that float32 does not hold).

    Parameters
    ----------
    path : Path
        Ends in .nii or .nii.gz.

    Raises
    ------
    DataError
        When nibabel is not installed; when the file is no NIfTI, damaged or cut short, or has more
        axes than x, y, z, time and channels. Of a packed file, damage shows where it is read.
    """
    packed = suffix_of(path) == ".nii.gz"
    header = nifti_header.parse(_start(path, packed), path)
    shape, axes = nifti_header.shape_and_axes(header, path)
    stored = nifti_header.pixel_type(header, path)
    if stored.names == _COLOUR:
        shape, axes, stored = (*shape, 3), f"{axes}S", np.dtype(np.uint8)
    offset = nifti_header.voxel_offset(header, path)
    _refuse_short(path, packed, offset + prod(shape) * stored.itemsize, shape, stored)
    if packed:
        pixels = _packed(path, offset, shape, axes, stored)
    else:
        pixels = raw(path, offset, shape, stored)
    scale = nifti_header.scale(header, path)
    sizes, notes = nifti_header.steps(header, path)
    return ImageFile(
        native(pixels) if scale is None else _scaled(native(pixels), *scale),
        axes,
        known_steps([sizes.get(axis) for axis in "ZYX" if axis in axes]),
        str(path),
        notes,
        storage=Storage(f"NIfTI-{str(header['magic'].item())[-2]}", "gzip" if packed else None),
        placement=header.binaryblock,
        scan=True,
    )


def _start(path: Path, packed: bool) -> bytes:
    """Return the bytes that the header is in, or fewer where the file has no more."""
    if not packed:
        with path.open("rb") as file:
            return file.read(nifti_header.BYTES)
    for length in (nifti_header.BYTES, 348):
        try:
            return Unzipped(path, length).read(0, length).tobytes()
        except EOFError:
            continue
        except (FileNotFoundError, PermissionError, IsADirectoryError):
            raise
        except Exception as error:  # of zlib, whose error is no subclass of anything
            raise DataError(
                f"{path}: cannot be unpacked as gzip ({error}); the file is damaged, or is a .nii "
                "that was called .nii.gz"
            ) from error
    return b""


def _refuse_short(
    path: Path, packed: bool, needed: int, shape: tuple[int, ...], dtype: np.dtype
) -> None:
    """Refuse a header that promises more voxels than the file can hold, before memory is asked."""
    size = path.stat().st_size
    if size * (LARGEST_RATIO if packed else 1) < needed:
        of = f"{size} bytes, which unpack to {size * LARGEST_RATIO} at most" if packed else size
        raise DataError(
            f"{path}: its NIfTI header promises {' x '.join(map(str, shape))} voxels of type "
            f"{dtype}, {needed} bytes, and the file has {of}; it is cut short or damaged: copy it "
            "again from its source"
        )


def _packed(path: Path, offset: int, shape: tuple[int, ...], axes: str, dtype: np.dtype) -> Stored:
    """Return the voxels that follow byte `offset` of a gzip file, read by rows."""
    unzipped = Unzipped(path, offset + prod(shape) * dtype.itemsize)
    depth = axes.index("Y")
    outer, height, inner = shape[:depth], shape[depth], shape[depth + 1 :]
    row = prod(inner) * dtype.itemsize

    def read(window: Window) -> np.ndarray:
        result = np.empty([part.stop - part.start for part in window], dtype)
        rows, count = window[depth], result.shape[depth]
        for index in product(*(range(part.start, part.stop) for part in window[:depth])):
            plane = int(np.ravel_multi_index(index, outer)) if outer else 0
            first = offset + (plane * height + rows.start) * row
            pixels = unzipped.read(first, first + count * row).view(dtype).reshape(count, *inner)
            place = tuple(at - part.start for at, part in zip(index, window, strict=False))
            result[place] = pixels[(slice(None), *window[depth + 1 :])]
        return result

    at_once = min(height, max(1, BLOCK // row))
    return Stored(shape, dtype, read, str(path), (*(1 for _ in outer), at_once, *inner))


def _scaled(source: Stored, slope: float, inter: float) -> ChunkedView:
    """Return the values that the stored numbers stand for, computed when they are read."""
    small = source.dtype.itemsize <= 2 or source.dtype == np.float32
    dtype = np.dtype(np.float32 if small else np.float64)

    def read(window: Window) -> np.ndarray:
        return (source[window] * slope + inter).astype(dtype)

    return ChunkedView(source.shape, dtype, read, source.chunks)
