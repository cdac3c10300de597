"""Image files: one file per format, chosen by the suffix."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from septum.data.formats.image_file import ImageFile, Planes, as_channels_first
from septum.data.formats.npy import SUFFIXES as NPY
from septum.data.formats.npy import read_npy
from septum.data.formats.png import SUFFIXES as PICTURES
from septum.data.formats.png import read_png
from septum.data.formats.tiff import SUFFIXES as TIFF
from septum.data.formats.tiff import read_tiff, write_tiff
from septum.errors import DataError

SUFFIXES = (*TIFF, *PICTURES, *NPY)

__all__ = [
    "SUFFIXES",
    "ImageFile",
    "Planes",
    "as_channels_first",
    "read_image",
    "read_labels",
    "write_labels",
    "write_tiff",
]


def read_image(path: str | Path, axes: str | None = None) -> ImageFile:
    """Read an image in its own shape and type, with its axes and spacing.

    Parameters
    ----------
    path : str or Path
        TIFF, PNG, JPEG, GIF, BMP or NPY, told by the suffix.
    axes : str, optional
        Overrides the axes that the file states, one letter per axis.

    Returns
    -------
    ImageFile
        RGBA pictures come without the alpha channel, and a note says so.

    Raises
    ------
    DataError
        When the file is missing, damaged, empty or of another format, when its pixels are no real
        numbers, or `axes` do not fit.
    """
    return _read(Path(path), axes, indices=False)


def read_labels(path: str | Path, axes: str | None = None) -> ImageFile:
    """Read a label image or a mask as stored; a palette gives its indices, not its colours.

    What the numbers mean is for :func:`septum.data.sample.instances_from` to say.

    Parameters
    ----------
    path, axes
        As for :func:`read_image`.
    """
    return _read(Path(path), axes, indices=True)


def write_labels(
    path: str | Path,
    labels: np.ndarray,
    axes: str,
    spacing: tuple[float, ...] | None = None,
) -> None:
    """Write a label image as uint16 where the ids fit (ImageJ opens it), else as int32.

    Parameters
    ----------
    path, axes, spacing
        As for :func:`septum.data.formats.tiff.write_tiff`.
    labels : numpy.ndarray
        Integer, 0 background.
    """
    fits = labels.size == 0 or (labels.min() >= 0 and labels.max() <= np.iinfo(np.uint16).max)
    write_tiff(path, labels.astype(np.uint16 if fits else np.int32), axes, spacing)


def _read(path: Path, axes: str | None, indices: bool) -> ImageFile:
    suffix = path.suffix.lower()
    try:
        if suffix in TIFF:
            image = read_tiff(path)
        elif suffix in PICTURES:
            image = read_png(path, indices)
        elif suffix in NPY:
            image = read_npy(path)
        else:
            raise DataError(
                f"{path}: {suffix or 'a name without a suffix'} is not an image format known "
                f"here; understood are {' '.join(SUFFIXES)}"
            )
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except IsADirectoryError as error:
        raise DataError(f"{path}: a folder, where one image file is expected") from error
    except PermissionError as error:
        raise DataError(f"{path}: no permission to read it") from error
    if image.array.size == 0:
        raise DataError(f"{path}: an image without pixels, of shape {image.array.shape}")
    if image.array.dtype.kind not in "biuf" or image.array.dtype.itemsize > 8:
        raise DataError(
            f"{path}: pixels of type {image.array.dtype}; expected real numbers of at most 64 bits"
        )
    return image if axes is None else replace(image, axes=axes.upper())
