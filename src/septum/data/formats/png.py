"""PNG, JPEG, GIF and BMP: one plane, grey or colour."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from septum.data.formats.image_file import ALPHA_DROPPED, ImageFile, Storage
from septum.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp")

_COLOUR = ("RGBA", "CMYK", "YCbCr", "LAB", "HSV", "RGBX", "RGBa")  # what Pillow calls them
_LIMIT = Lock()


def read_png(path: Path, indices: bool = False) -> ImageFile:
    """Read a picture without losing bits, colours or palette indices.

    Parameters
    ----------
    path : Path
        A PNG, JPEG, GIF or BMP file.
    indices : bool, default False
        Of a picture with a palette, return the indices (a label image) and not the colours.

    Raises
    ------
    DataError
        When the file is damaged or no picture.
    """
    try:
        if _is_deep_colour_png(path):
            return _read_deep(path)
        with _any_size(), Image.open(path) as picture:
            return _read_picture(picture, path, indices)
    except UnidentifiedImageError as error:
        raise DataError(f"{path}: not an image, or damaged; copy it again") from error
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read ({error}); the file is damaged or cut short"
        ) from error


@contextmanager
def _any_size() -> Iterator[None]:
    # Pillow takes a picture of more than 179 million pixels for an attack; here it is a mosaic.
    # The limit is one for the process: the lock keeps two readers from restoring each other's.
    with _LIMIT:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _read_picture(picture: Image.Image, path: Path, indices: bool) -> ImageFile:
    notes: list[str] = []
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        notes.append(f"the first of {frames} frames was read")
    mode, storage = picture.mode, Storage(picture.format or "picture")
    transparent = mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if transparent and not (indices and mode == "P"):
        notes.append(ALPHA_DROPPED)
    if mode in _COLOUR or (mode in ("P", "PA") and not indices):
        picture = picture.convert("RGB")
    elif mode in ("LA", "La"):
        picture = picture.getchannel("L")
    elif mode == "PA":
        picture = picture.getchannel("P")
    array = np.array(picture)
    if mode == "P" and not indices and (array == array[..., :1]).all():
        array = array[..., 0]  # a grey palette: the usual way for GIF to say grey
    if array.dtype == np.int32 and path.suffix.lower() == ".png":
        array = array.astype(np.uint16)  # mode I: Pillow's name for 16-bit PNG in older versions
    axes = "YXS" if array.ndim == 3 else "YX"
    return ImageFile(array, axes, None, str(path), tuple(notes), storage=storage)


def _is_deep_colour_png(path: Path) -> bool:
    # Bytes 24 and 25 of the PNG header: bits per sample and colour type (0 is grey).
    with path.open("rb") as file:
        head = file.read(26)
    return head.startswith(b"\x89PNG") and len(head) == 26 and head[24] == 16 and head[25] != 0


def _read_deep(path: Path) -> ImageFile:
    # Pillow reduces 16-bit colour to 8 bits without a word; OpenCV keeps it (as BGR).
    array = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None:
        raise DataError(f"{path}: cannot be read; the PNG is damaged or cut short")
    notes = (ALPHA_DROPPED,) if array.shape[-1] == 4 else ()
    array = np.ascontiguousarray(array[..., 2::-1])
    return ImageFile(array, "YXS", None, str(path), notes, storage=Storage("PNG"))
