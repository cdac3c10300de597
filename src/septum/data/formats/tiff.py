"""TIFF: plain, ImageJ and OME, with the axes and the spacing that the file states."""

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import tifffile

from septum.array import Source, Window
from septum.atomic import replacing
from septum.data.formats.image_file import (
    ALPHA_DROPPED,
    BY_PLANE,
    ChunkedView,
    ImageFile,
    Storage,
    known_steps,
    perhaps_slices,
)
from septum.data.formats.tiff_pages import pixels_of
from septum.data.formats.tiff_tags import tags
from septum.errors import DataError

SUFFIXES = (".tif", ".tiff")

_PAGES = "IRPVLEHA"  # letters for pages of which the file does not say what they are

_COLOURS: dict[int, int] = {tifffile.PHOTOMETRIC.RGB: 3, tifffile.PHOTOMETRIC.MINISBLACK: 1}
_ALPHA = (tifffile.EXTRASAMPLE.ASSOCALPHA, tifffile.EXTRASAMPLE.UNASSALPHA)

_UM = {
    "µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "microns": 1.0, "\\u00b5m": 1.0,
    "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6, "pm": 1e-6, "å": 1e-4,
}  # fmt: skip


def open_tiff(path: Path, wished: str | None = None) -> ImageFile[Source]:
    """Open the first series of a TIFF at full resolution, without an alpha channel.

    Parameters
    ----------
    path : Path
        The file.
    wished : str, optional
        The axes that the caller will give the image in place of its own. What they call slices or
        channels has no alpha, whatever the file says of it.

    Raises
    ------
    DataError
        When the file is damaged, cut short or no TIFF at all.
    """
    try:
        with tifffile.TiffFile(path) as tiff:
            if not tiff.series:
                raise DataError(f"{path}: a TIFF without an image in it")
            series = tiff.series[0]
            axes, notes = _told_apart(series.axes), []
            if len(tiff.series) > 1:
                notes.append(f"the first of {len(tiff.series)} image series was read")
            notes += _missing(series, path)
            pixels, colours = pixels_of(series, path), _before_alpha(series)
            # Who gave axes has said what the planes are.
            slices = perhaps_slices(axes) if wished is None else ""
            if colours is not None and (wished is None or "S" in wished):
                pixels = _first(pixels, axes.index("S"), colours)
                notes.append(ALPHA_DROPPED + slices)
            elif slices:
                notes.append(BY_PLANE + slices)
            return ImageFile(
                pixels,
                axes,
                _spacing(tiff, axes),
                str(path),
                tuple(notes),
                _channels(tiff, series),
                assumed=not {"Q", "I"}.isdisjoint(axes),  # pages, and nothing says of what
                storage=_storage(tiff, series),
            )
    except (FileNotFoundError, PermissionError, IsADirectoryError, DataError):
        raise
    # A damaged file can fail anywhere in the parser, with whatever it raises.
    except Exception as error:
        raise DataError(
            f"{path}: cannot be read as TIFF ({error}); the file is damaged or cut short. "
            "Copy it again from its source, or open and save it in Fiji"
        ) from error


def write_tiff(
    path: str | Path,
    array: np.ndarray,
    axes: str,
    spacing: tuple[float, ...] | None = None,
) -> None:
    """Write an array as a zlib-compressed TIFF that appears only when it is complete.

    For ImageJ where it can have it, see :func:`septum.data.formats.tiff_tags.tags`.

    Parameters
    ----------
    path : str or Path
        Ends in .tif or .tiff. Missing folders are made.
    array : numpy.ndarray
        Stored in its own type; bool is stored as uint8 0 and 1.
    axes : str
        One letter per axis of `array`, such as ``"YX"``, ``"CYX"``, ``"ZYX"``.
    spacing : tuple of float, optional
        In µm, for those of Z, Y, X that are in `axes`, in that order, or for Y and X only.

    Raises
    ------
    SeptumError
        When the disk is full or the folder cannot be written to. Nothing is left behind.
    """
    path = Path(path)
    array = np.asarray(array)
    if array.dtype == bool:
        array = array.view(np.uint8)
    ImageFile(array, axes, spacing, str(path))  # names axes that do not fit
    with replacing(path, size=array.nbytes) as temporary:
        tifffile.imwrite(
            temporary,
            array,
            compression="zlib",
            photometric="rgb" if "S" in axes else "minisblack",
            **tags(array.shape, array.dtype, axes, spacing),
        )


def _missing(series: tifffile.TiffPageSeries, path: Path) -> list[str]:
    """Say how many planes an OME-TIFF states and has not got: of frames that were never taken.

    Raises
    ------
    DataError
        If a frame lacks some of its planes: it would be a volume with a hole in it.
    """
    there = np.array([page is not None for page in series])
    if there.all():
        return []
    outer = series.axes[: len(series.axes) - len(series.keyframe.axes)]
    planes = there.reshape(series.shape[: len(outer)])
    within = tuple(place for place, axis in enumerate(outer) if axis in "ZC")
    some = planes.any(axis=within, keepdims=True) & ~planes
    if some.any():
        where = zip(outer, np.argwhere(some)[0], strict=True)
        raise DataError(
            f"{path}: {np.count_nonzero(some)} of {planes.size} planes are missing, the first at "
            f"{', '.join(f'{axis} {index}' for axis, index in where)} (counted from 0); copy the "
            "files that lie beside it too, or save what there is as a stack of its own in Fiji"
        )
    return [f"{np.count_nonzero(~there)} of {there.size} planes are missing and were taken as 0"]


def _told_apart(axes: str) -> str:
    """Return axes with a letter of its own for each: tifffile calls all pages of a file Q.

    The innermost stays Q, which a 3D network takes for Z.
    """
    letters = iter([letter for letter in _PAGES if letter not in axes])
    outer = axes.count("Q") - 1
    return "".join(
        next(letters) if axis == "Q" and axes[:at].count("Q") < outer else axis
        for at, axis in enumerate(axes)
    )


def _storage(tiff: tifffile.TiffFile, series: tifffile.TiffPageSeries) -> Storage:
    kind = "OME-TIFF" if tiff.is_ome else "ImageJ TIFF" if tiff.is_imagej else "TIFF"
    codec = tifffile.COMPRESSION(series.keyframe.compression)
    name = {"ADOBE_DEFLATE": "zlib", "DEFLATE": "zlib", "NONE": None}.get(codec.name, codec.name)
    levels = tuple(tuple(level.shape) for level in series.levels)
    return Storage(f"{kind}, BigTIFF" if tiff.is_bigtiff else kind, name, levels)


def _before_alpha(series: tifffile.TiffPageSeries) -> int | None:
    """Return how many samples of a pixel are its colour if the only other one is its opacity.

    The file must say so: four channels of fluorescence may be samples of a pixel as well.
    """
    key = series.keyframe
    colours = _COLOURS.get(key.photometric)
    said = len(key.extrasamples) == 1 and key.extrasamples[0] in _ALPHA
    if colours is None or not said or "S" not in series.axes:
        return None
    return colours if series.shape[series.axes.index("S")] == colours + 1 else None


def _first(source: Source, axis: int, count: int) -> ChunkedView:
    """Return the first `count` along an axis; of the others only what is read with them."""

    def shortened(lengths: tuple[int, ...]) -> tuple[int, ...]:
        return (*lengths[:axis], min(lengths[axis], count), *lengths[axis + 1 :])

    def read(window: Window) -> np.ndarray:
        return np.asarray(source[window])

    chunks = getattr(source, "chunks", None)
    return ChunkedView(
        shortened(tuple(source.shape)),
        source.dtype,
        read,
        None if chunks is None else shortened(chunks),
    )


def _channels(tiff: tifffile.TiffFile, series: tifffile.TiffPageSeries) -> tuple[str, ...] | None:
    if "C" not in series.axes:
        return None
    names: list[str | None] = []
    if tiff.is_ome and tiff.ome_metadata:
        pixels = _ome_pixels(tiff.ome_metadata)
        nodes = [] if pixels is None else [n for n in pixels if n.tag.endswith("}Channel")]
        names = [node.get("Name") for node in nodes]
    elif tiff.is_imagej and tiff.imagej_metadata:
        # One label a plane: names of channels where each channel is one plane.
        names = list(tiff.imagej_metadata.get("Labels") or [])
    stated = tuple(name for name in names if name)
    count = series.shape[series.axes.index("C")]
    return stated if len(stated) == len(names) == count else None


def _ome_pixels(xml: str) -> ElementTree.Element | None:
    nodes = ElementTree.fromstring(xml).iter()
    return next((node for node in nodes if node.tag.endswith("}Pixels")), None)


def _spacing(tiff: tifffile.TiffFile, axes: str) -> tuple[float, ...] | None:
    if tiff.is_ome and tiff.ome_metadata:
        steps = _ome_steps(tiff.ome_metadata)
    elif tiff.is_imagej and tiff.imagej_metadata:
        steps = _imagej_steps(tiff)
    else:
        return _own_steps(tiff)
    return known_steps([steps.get(axis) for axis in "ZYX" if axis in axes])


def _ome_steps(xml: str) -> dict[str, float | None]:
    pixels = _ome_pixels(xml)
    if pixels is None:
        return {}
    steps = {}
    for axis in "ZYX":
        value = pixels.get(f"PhysicalSize{axis}")
        unit = _UM.get(pixels.get(f"PhysicalSize{axis}Unit", "µm").lower())
        steps[axis] = float(value) * unit if value and unit else None
    return steps


def _imagej_steps(tiff: tifffile.TiffFile) -> dict[str, float | None]:
    metadata = tiff.imagej_metadata or {}
    unit = _UM.get(str(metadata.get("unit", "")).lower())
    if unit is None:  # "pixel", "inch", or nothing: the numbers then say nothing of the sample
        return {}
    steps: dict[str, float | None] = {}
    tags = tiff.pages.first.tags
    for axis, name in (("X", "XResolution"), ("Y", "YResolution")):
        if name in tags:
            numerator, denominator = tags[name].value
            steps[axis] = unit * denominator / numerator if numerator else None
    if "spacing" in metadata:
        steps["Z"] = unit * abs(float(metadata["spacing"]))
    return steps


def _own_steps(tiff: tifffile.TiffFile) -> tuple[float, ...] | None:
    description = tiff.pages.first.description
    if not description.startswith("{") or "spacing_um" not in description:
        return None
    return known_steps([float(step) for step in json.loads(description)["spacing_um"]])
