"""Image files: one file per format, chosen by the suffix."""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import cast

import numpy as np

from septum.array import Source, load
from septum.data.formats.dicom import SUFFIXES as DICOM
from septum.data.formats.dicom import is_dicom, open_dicom
from septum.data.formats.image_file import (
    ImageFile,
    Planes,
    Storage,
    as_channels_first,
    as_volume,
    assumption,
    known_steps,
)
from septum.data.formats.names import stem_of, suffix_of
from septum.data.formats.nifti import SUFFIXES as NIFTI
from septum.data.formats.nifti import open_nifti
from septum.data.formats.npy import SUFFIXES as NPY
from septum.data.formats.npy import open_npy
from septum.data.formats.ome_zarr import SUFFIXES as ZARR
from septum.data.formats.ome_zarr import is_zarr, open_zarr, refuse_plate
from septum.data.formats.png import SUFFIXES as PICTURES
from septum.data.formats.png import read_png
from septum.data.formats.tiff import SUFFIXES as TIFF
from septum.data.formats.tiff import open_tiff, write_tiff
from septum.errors import DataError

SUFFIXES = (*TIFF, *PICTURES, *NPY, *ZARR, *NIFTI, *DICOM)

__all__ = [
    "SUFFIXES",
    "ImageFile",
    "Planes",
    "Storage",
    "as_channels_first",
    "is_image_folder",
    "is_image_name",
    "is_zarr",
    "open_image",
    "read_image",
    "read_labels",
    "refuse_plate",
    "stem_of",
    "suffix_of",
    "write_labels",
    "write_tiff",
]


def is_image_name(path: Path) -> bool:
    """Whether the name of a file is that of an image that can be read; hidden files are none."""
    return suffix_of(path) in SUFFIXES and not path.name.startswith(".")


def is_image_folder(path: Path) -> bool:
    """Whether a folder is one image: a zarr, or a series of DICOM slices."""
    try:
        return path.is_dir() and (is_zarr(path) or is_dicom(path))
    except PermissionError:
        return False


def open_image(
    path: str | Path,
    axes: str | None = None,
    spacing: float | Sequence[float] | None = None,
    ndim: int | None = None,
) -> ImageFile[Source]:
    """Open an image of any size: its shape, type, axes and spacing, but none of its pixels yet.

    The array reads each window from the file when it is asked for one, and holds no file open in
    between, so that there is nothing to close. Pictures (PNG, JPEG, GIF, BMP) are simply read.

    Parameters
    ----------
    path : str or Path
        TIFF (OME, ImageJ, BigTIFF, pyramids at full resolution), OME-Zarr and zarr arrays, PNG,
        JPEG, GIF, BMP, NPY, NIfTI or DICOM, told by the suffix; or a folder of DICOM slices.
    axes : str, optional
        Overrides the axes that the file states, one letter per axis. What they do not call S is
        no colour; in a TIFF it then has no alpha channel that would be dropped, while that of a
        picture (PNG, GIF) is dropped whatever the axes are.
    spacing : float or sequence of float, optional
        Overrides the spacing that the file states, in µm: one number for all spatial axes, or one
        for each of those of Z, Y, X that the image has, in that order.
    ndim : int, optional
        3: the pages of a stack are Z if it has no other, see
        :func:`septum.data.formats.image_file.as_volume`; and so `spacing` has one for them.

    Returns
    -------
    ImageFile
        With notes on what the file does not state and what was assumed instead.

    Raises
    ------
    DataError
        When the file is missing, damaged, empty or of another format, when its pixels are no real
        numbers, or `axes`, `spacing` or `ndim` do not fit. Reading a window that is damaged raises
        it, too.
    """
    image = _open(Path(path), False, axes)
    if axes is not None:
        image = _with_axes(image, axes.upper())
    elif image.assumed:
        image = replace(image, notes=(*image.notes, assumption(image)))
    if ndim == 3:
        image = as_volume(image)
    return image if spacing is None else replace(image, spacing=_steps(image, spacing))


def read_image(
    path: str | Path,
    axes: str | None = None,
    spacing: float | Sequence[float] | None = None,
) -> ImageFile[np.ndarray]:
    """Read an image in its own shape and type, with its axes and spacing, into memory.

    Parameters
    ----------
    path, axes, spacing
        As for :func:`open_image`.

    Returns
    -------
    ImageFile
        RGBA pictures come without the alpha channel, and a note says so.

    Raises
    ------
    DataError
        As :func:`open_image`.
    """
    return _loaded(open_image(path, axes, spacing))


def read_labels(path: str | Path, axes: str | None = None) -> ImageFile[np.ndarray]:
    """Read a label image or a mask as stored; a palette gives its indices, not its colours.

    What the numbers mean is for :func:`septum.data.labels.instances_from` to say.

    Parameters
    ----------
    path, axes
        As for :func:`read_image`.
    """
    image = _open(Path(path), True, axes)
    return _loaded(image if axes is None else _with_axes(image, axes.upper()))


def write_labels(
    path: str | Path,
    labels: np.ndarray,
    axes: str,
    spacing: tuple[float, ...] | None = None,
) -> None:
    """Write a label image as uint16 where the ids fit (ImageJ opens it), else as uint32.

    Parameters
    ----------
    path, axes, spacing
        As for :func:`septum.data.formats.tiff.write_tiff`.
    labels : numpy.ndarray
        Integer, 0 background.
    """
    fits = labels.max(initial=0) <= np.iinfo(np.uint16).max
    write_tiff(path, labels.astype(np.uint16 if fits else np.uint32), axes, spacing)


def _loaded(image: ImageFile[Source]) -> ImageFile[np.ndarray]:
    return cast(ImageFile[np.ndarray], replace(image, array=load(image.array)))


def _open(path: Path, indices: bool, axes: str | None) -> ImageFile[Source]:
    suffix = suffix_of(path)
    try:
        if path.is_file() and not path.stat().st_size:
            raise DataError(
                f"{path}: an empty file (0 bytes); saving or copying it was interrupted: copy it "
                "again from its source"
            )
        if suffix in TIFF:
            image = open_tiff(path, None if axes is None else axes.upper())
        elif suffix in PICTURES:
            image = read_png(path, indices)
        elif suffix in NPY:
            image = open_npy(path)
        elif suffix in NIFTI:
            image = open_nifti(path)
        elif suffix in ZARR or is_zarr(path):
            image = open_zarr(path)
        elif suffix in DICOM or is_dicom(path):
            image = open_dicom(path)
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
    shape, dtype = image.array.shape, image.array.dtype
    if 0 in shape:
        raise DataError(f"{path}: an image without pixels, of shape {shape}")
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise DataError(f"{path}: pixels of type {dtype}; expected real numbers of at most 64 bits")
    return image


def _with_axes(image: ImageFile[Source], axes: str) -> ImageFile[Source]:
    """Return the image with other letters; the spacing stays with the axis it was stated for."""
    stated = [axis for axis in "ZYX" if axis in image.axes]
    known = dict(zip(stated[-len(image.spacing or ()) :], image.spacing or (), strict=False))
    same = axes == image.axes  # where voxels lie is stated for the axes as they were
    placement = image.placement if same else None
    renamed = replace(image, axes=axes, spacing=None, assumed=False, placement=placement)
    steps = [known.get(image.axes[axes.index(axis)]) for axis in "ZYX" if axis in axes]
    return replace(renamed, spacing=known_steps(steps))


def _steps(image: ImageFile[Source], spacing: float | Sequence[float]) -> tuple[float, ...]:
    spatial = [axis for axis in "ZYX" if axis in image.axes]
    steps = (spacing,) if isinstance(spacing, int | float) else tuple(spacing)
    steps = steps * len(spatial) if len(steps) == 1 else steps
    if len(steps) != len(spatial) or not all(isfinite(step) and step > 0 for step in steps):
        raise DataError(
            f"{image.source}: the spacing {spacing} does not fit axes {image.axes}; expected one "
            f"size in µm above 0, or {len(spatial)} for {', '.join(spatial)} in that order"
        )
    return tuple(float(step) for step in steps)
