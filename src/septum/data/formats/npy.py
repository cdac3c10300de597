"""NumPy's .npy: an array without axes or spacing. Pickled objects are never loaded."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from septum.array import Source
from septum.data.formats.image_file import ImageFile, Storage
from septum.data.formats.stored import raw
from septum.errors import DataError

SUFFIXES = (".npy",)


def open_npy(path: Path) -> ImageFile[Source]:
    """Open a .npy array; its axes are assumed, see `likely_axes`.

    Raises
    ------
    DataError
        When the file is damaged, holds Python objects, or has fewer than two or over five axes.
    """
    try:
        with path.open("rb") as file:
            # Not numpy.load, which takes a renamed .npz for an archive of arrays.
            version = np.lib.format.read_magic(file)
            header = np.lib.format.read_array_header_1_0
            if version > (1, 0):
                header = np.lib.format.read_array_header_2_0
            shape, fortran, dtype = header(file)
            if dtype.hasobject:
                raise ValueError("it holds Python objects")
            offset, size = file.tell(), path.stat().st_size
    except (ValueError, EOFError) as error:
        raise DataError(
            f"{path}: cannot be read as a plain array ({error}); save it with "
            "numpy.save from an array of numbers"
        ) from error
    needed = offset + dtype.itemsize * int(np.prod(shape, dtype=object))
    if size < needed:
        raise DataError(
            f"{path}: an array of shape {shape} and type {dtype} takes {needed} bytes and the file "
            f"has {size}; it is cut short: copy it again from its source"
        )
    pixels = raw(path, offset, shape, dtype, fortran)
    return assumed(pixels, str(path), Storage("NPY"))


def assumed(array: Source, source: str, storage: Storage) -> ImageFile[Source]:
    """Return an array without axes with the likeliest ones.

    Two axes are YX, three QYX (pages) or, if of 3 or 4 bytes, YXS (RGB), four ZCYX, five TCZYX.

    Raises
    ------
    DataError
        For fewer than two or over five axes.
    """
    shape = tuple(array.shape)
    axes = _likely_axes(shape, array.dtype)
    if axes is None:
        raise DataError(f"{source}: an array of shape {shape}; 2 to 5 axes are expected")
    return ImageFile(array, axes, None, source, assumed=len(axes) > 2, storage=storage)


def _likely_axes(shape: Sequence[int], dtype: np.dtype) -> str | None:
    if len(shape) == 3 and dtype == np.uint8 and shape[-1] in (3, 4):
        return "YXS"
    return {2: "YX", 3: "QYX", 4: "ZCYX", 5: "TCZYX"}.get(len(shape))
