"""OME-Zarr images (NGFF 0.4 in zarr 2, 0.5 in zarr 3) and plain zarr arrays."""

from pathlib import Path

from septum.array import Source
from septum.data.formats.image_file import ImageFile
from septum.errors import DataError

SUFFIXES = (".zarr",)


def is_zarr(path: Path) -> bool:
    """Whether a folder is a zarr array or group and not one that holds images."""
    return any((path / name).is_file() for name in (".zarray", ".zgroup", "zarr.json"))


def open_zarr(path: Path) -> ImageFile[Source]:
    """Open an OME-Zarr image or a zarr array."""
    raise DataError(f"{path}: zarr is not read yet")


def refuse_plate(path: Path) -> None:
    """Raise a DataError if the folder is a plate."""
