"""What one DICOM file says of its frames: size, type, place in the patient, scale of the numbers.

A classical file is one slice and says it of itself. An enhanced (multi-frame) file says it once for
all frames or for each frame, in its functional groups. Names are those of the standard's part 3.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from septum.data.formats.medical import medical
from septum.errors import DataError

_FLOATS = {0x7FE00008: "f4", 0x7FE00009: "f8"}  # FloatPixelData, DoubleFloatPixelData
_PIXELS = (*_FLOATS, 0x7FE00010)
_DEFLATED = ("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.8.1")
_LEAST_FRAME = 8  # bytes that even an empty frame takes in a compressed file


@dataclass(frozen=True)
class Frame:
    """One plane of pixels.

    Attributes
    ----------
    path, number
        The file, and which of its frames.
    series, title : str
        The identifier of its series, and what people call it.
    shape : tuple of int
        Rows and columns.
    dtype, bits
        The type of a pixel as stored, and how many bits of it are used.
    slope, intercept : float
        Values are ``slope * stored + intercept``, such as Hounsfield units.
    orientation : tuple of float or None
        In patient axes (to the left, the back, the head): the direction in which the column index
        grows, then that in which the row index grows.
    position : tuple of float or None
        Of the centre of the first pixel, in mm.
    spacing : tuple of float or None
        Between rows and between columns, in mm.
    thickness : float or None
        Between slices as stated, or else of a slice, in mm.
    order : int or None
        The number of the file in its series.
    codec : str or None
        The compression.
    inverted : bool
        Whether small numbers are bright (MONOCHROME1), as in many radiographs.
    """

    path: Path
    number: int
    series: str
    title: str
    shape: tuple[int, int]
    dtype: np.dtype
    bits: int
    slope: float
    intercept: float
    orientation: tuple[float, ...] | None
    position: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    thickness: float | None
    order: int | None
    codec: str | None
    inverted: bool

    @property
    def limits(self) -> tuple[int, int]:
        """The smallest and the largest number that may be stored, of integers."""
        if self.dtype.kind == "i":
            return -(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1
        return 0, 2**self.bits - 1


def frames_of(path: Path) -> list[Frame]:
    """Read the frames of a file, but none of their pixels; none where it holds no image.

    Raises
    ------
    DataError
        When pydicom is not installed; when the file is no DICOM, is damaged or cut short, has
        colours, or is compressed in a way that nothing here can decode.
    """
    pydicom = medical("pydicom", str(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values that break the standard and do not matter
            syntax = _syntax(pydicom, path)
            dataset, pixels = _before_pixels(pydicom, path)
            if "Rows" not in dataset or "Columns" not in dataset:
                return []
            _refuse_colour(dataset, path)
            codec = _codec(pydicom, syntax, path)
            return _frames(dataset, path, codec, _pixel_type(dataset, pixels))
    except (FileNotFoundError, PermissionError, IsADirectoryError, DataError):
        raise
    # A damaged file can fail anywhere in the parser, with whatever it raises.
    except Exception as error:
        raise DataError(
            f"{path}: cannot be read as DICOM ({error or type(error).__name__}); the file is "
            "damaged, cut short, or something else that was called .dcm"
        ) from error


def _syntax(pydicom: Any, path: Path) -> Any:
    """Return how the file is encoded, from its first lines, which never are."""
    syntax = pydicom.filereader.read_file_meta_info(path).TransferSyntaxUID
    if str(syntax) in _DEFLATED:  # to read anything of it, all of it would be unpacked in memory
        raise DataError(
            f"{path}: is deflated as a whole (transfer syntax {syntax.name}), which is not read "
            "here; convert it with `dcmconv +te`"
        )
    return syntax


def _before_pixels(pydicom: Any, path: Path) -> tuple[Any, int | None]:
    """Return what the file states before its pixels, and the tag that these have, if any."""
    found = []

    def at_pixels(tag: int, *_: Any) -> bool:
        found.extend([int(tag)] if tag in _PIXELS else [])
        return bool(found)

    with path.open("rb") as file:
        dataset = pydicom.filereader.read_partial(file, at_pixels)
    return dataset, next(iter(found), None)


def _pixel_type(dataset: Any, pixels: int | None) -> np.dtype:
    """Return the type of a pixel as stored, which its tag says where it is no integer."""
    if pixels in _FLOATS:
        return np.dtype(_FLOATS[pixels])
    signed = int(dataset.get("PixelRepresentation", 0))
    return np.dtype(f"{'i' if signed else 'u'}{max(int(dataset.BitsAllocated), 8) // 8}")


def _codec(pydicom: Any, syntax: Any, path: Path) -> str | None:
    if not syntax.is_compressed:
        return None
    from pydicom.pixels.decoders.base import get_decoder

    name = str(syntax.name)
    try:
        usable = get_decoder(syntax).is_available
    except NotImplementedError:  # video, and what was invented after this version of pydicom
        usable = False
    if not usable:
        raise DataError(
            f"{path}: compressed as {name} (transfer syntax {syntax}), which nothing installed "
            "here decodes; `pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg`, or "
            "decompress it with `gdcmconv --raw`"
        )
    return name.split(" (")[0].split(",")[0]


def _refuse_colour(dataset: Any, path: Path) -> None:
    samples = int(dataset.get("SamplesPerPixel", 1))
    kind = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
    if samples != 1 or not kind.startswith("MONOCHROME"):
        raise DataError(
            f"{path}: a colour image ({kind}, {samples} samples a pixel): a screen shot, a "
            "photograph or an overlay, where a scan in grey values is expected; leave it out, or "
            "save it as PNG or TIFF to use its colours"
        )


def _frames(dataset: Any, path: Path, codec: str | None, dtype: np.dtype) -> list[Frame]:
    count = int(dataset.get("NumberOfFrames", None) or 1)
    shape = (int(dataset.Rows), int(dataset.Columns))
    allocated = int(dataset.BitsAllocated)
    _refuse_short(path, count, count * shape[0] * shape[1] * allocated // 8, codec)
    order = dataset.get("InstanceNumber", None)
    frames = []
    for number in range(count):
        stated = partial(_stated, dataset, count, number)
        slope = stated("PixelValueTransformationSequence", "RescaleSlope")
        intercept = stated("PixelValueTransformationSequence", "RescaleIntercept")
        between = stated("PixelMeasuresSequence", "SpacingBetweenSlices")
        thick = stated("PixelMeasuresSequence", "SliceThickness")
        frames.append(
            Frame(
                path,
                number,
                str(dataset.get("SeriesInstanceUID", "")),
                str(dataset.get("SeriesDescription", "") or dataset.get("Modality", "")),
                shape,
                dtype,
                int(dataset.get("BitsStored", allocated)),
                1.0 if slope is None else float(slope),
                0.0 if intercept is None else float(intercept),
                _numbers(stated("PlaneOrientationSequence", "ImageOrientationPatient"), 6),
                _numbers(stated("PlanePositionSequence", "ImagePositionPatient"), 3),
                _numbers(stated("PixelMeasuresSequence", "PixelSpacing"), 2),
                next((abs(float(step)) for step in (between, thick) if step), None),
                None if order is None else int(order),
                codec,
                dataset.get("PhotometricInterpretation", None) == "MONOCHROME1",
            )
        )
    return frames


def _refuse_short(path: Path, count: int, size: int, codec: str | None) -> None:
    """Refuse a header that promises more frames than the file can hold."""
    present, needed = path.stat().st_size, count * _LEAST_FRAME if codec else size
    if present < needed:
        raise DataError(
            f"{path}: its header promises {count} frames, at least {needed} bytes, and the file "
            f"has {present}; it is cut short or damaged: copy it again from its source"
        )


def _stated(dataset: Any, count: int, number: int, group: str, keyword: str) -> Any:
    """Return what is stated for one frame: of it alone, of all frames, or of the file."""
    each = dataset.get("PerFrameFunctionalGroupsSequence", None) or []
    shared = dataset.get("SharedFunctionalGroupsSequence", None) or []
    for place in (*each[number : number + 1], *shared[:1]):
        inside = place.get(group, None)
        if inside and inside[0].get(keyword, None) is not None:
            return inside[0].get(keyword)
    # A position of the whole file says nothing of where each of several frames lies.
    lone = count == 1 or keyword != "ImagePositionPatient"
    return dataset.get(keyword, None) if lone else None


def _numbers(values: Iterable[Any] | None, count: int) -> tuple[float, ...] | None:
    numbers = () if values is None else tuple(float(value) for value in values)
    return numbers if len(numbers) == count and np.isfinite(numbers).all() else None
