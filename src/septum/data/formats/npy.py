"""NumPy's .npy: an array without axes or spacing. Pickled objects are never loaded."""

from pathlib import Path

import numpy as np

from septum.data.formats.image_file import ImageFile
from septum.errors import DataError

SUFFIXES = (".npy",)


def read_npy(path: Path) -> ImageFile:
    """Read a .npy array; two axes are YX, three QYX (pages) or YXS (RGB), four ZCYX.

    Raises
    ------
    DataError
        When the file is damaged, holds Python objects, or has fewer than two or over four axes.
    """
    try:
        with path.open("rb") as file:
            # Not numpy.load, which takes a renamed .npz for an archive of arrays.
            array = np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(
            f"{path}: cannot be read as a plain array ({error}); save it with "
            "numpy.save from an array of numbers"
        ) from error
    if array.ndim == 3 and array.dtype == np.uint8 and array.shape[-1] in (3, 4):
        return ImageFile(array, "YXS", None, str(path))
    axes = {2: "YX", 3: "QYX", 4: "ZCYX"}.get(array.ndim)
    if axes is None:
        raise DataError(f"{path}: an array of shape {array.shape}; 2, 3 or 4 axes are expected")
    return ImageFile(array, axes, None, str(path))
