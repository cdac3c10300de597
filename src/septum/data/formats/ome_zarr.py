"""OME-Zarr images (NGFF 0.4 in zarr 2, 0.5 in zarr 3) and plain zarr arrays.

See https://ngff.openmicroscopy.org: a group of arrays, one for each level of a pyramid of which
the first is full resolution, with names, types and units of the axes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from septum.array import Source, Window
from septum.counted import counted
from septum.data.formats.image_file import ImageFile, Storage, known_steps
from septum.data.formats.npy import assumed
from septum.data.formats.stored import Stored
from septum.data.formats.zarr_chunks import WholeChunks
from septum.errors import DataError

SUFFIXES = (".zarr",)

_UM = {
    "angstrom": 1e-4, "picometer": 1e-6, "nanometer": 1e-3, "micrometer": 1.0, "µm": 1.0,
    "micron": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3, "millimeter": 1e3, "centimeter": 1e4,
    "meter": 1e6,
}  # fmt: skip
_BEFORE_AXES = "TCZYX"  # versions 0.1 and 0.2 know no other


def is_zarr(path: Path) -> bool:
    """Whether a folder is a zarr array or group, and not one that merely holds images."""
    return any((path / name).is_file() for name in (".zarray", ".zgroup", "zarr.json"))


def open_zarr(path: Path) -> ImageFile[Source]:
    """Open an OME-Zarr image at full resolution, or a zarr array.

    Axes, spacing and names of channels are those of the OME metadata. A plain array has the names
    of its dimensions as axes, where they are single letters; otherwise they are assumed.

    Parameters
    ----------
    path : Path
        The folder of the image or of the array.

    Raises
    ------
    DataError
        When there is no image, several, or the metadata is damaged; for a plate.
    """
    node = _open(path)
    if isinstance(node, zarr.Array):
        return _plain(node, path)
    ome = _metadata(node)
    if "multiscales" not in ome and "bioformats2raw.layout" in ome:
        node, path = _only_image(node, path), path / "0"
        ome = _metadata(node)
    _refuse_others(node, ome, path)
    try:
        return _image(node, ome, path)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise DataError(
            f"{path}: its OME-Zarr metadata cannot be understood ({type(error).__name__}: {error})"
            "; open one of its arrays, such as its folder 0, with --axes and --spacing"
        ) from error


def refuse_plate(path: Path) -> None:
    """Raise an error if a zarr folder is no single image: a plate, a well or a group of images.

    Parameters
    ----------
    path : Path
        A zarr folder, see `is_zarr`.

    Raises
    ------
    DataError
        That says which folders in it are images.
    """
    node = _open(path)
    if isinstance(node, zarr.Group):
        ome = _metadata(node)
        if "multiscales" not in ome and "bioformats2raw.layout" in ome:
            _only_image(node, path)
        else:
            _refuse_others(node, ome, path)


def _open(path: Path) -> Any:
    if not path.exists():
        raise FileNotFoundError(path)
    try:
        return zarr.open(path, mode="r")
    except PermissionError:
        raise
    # Damaged metadata can fail anywhere, with whatever the parser raises.
    except Exception as error:
        raise DataError(
            f"{path}: cannot be opened as zarr ({type(error).__name__}: {error}); the folder of an "
            "OME-Zarr image or of a zarr array is expected"
        ) from error


def _metadata(group: Any) -> Mapping[str, Any]:
    """Return the attributes that NGFF defines: of the group itself, or under "ome" since 0.5."""
    attributes = dict(group.attrs)
    ome = attributes.get("ome")
    return ome if isinstance(ome, Mapping) else attributes


def _only_image(group: Any, path: Path) -> Any:
    """Return the image of a folder that bioformats2raw wrote: image 0, if it is the only one."""
    images = sorted((name for name, _ in group.groups() if name.isdigit()), key=int)
    if images != ["0"]:
        raise DataError(
            f"{path}: holds {counted(len(images), 'image')}; give them one by one, as "
            f"{_some(path, images)}"
        )
    return group["0"]


def _refuse_others(group: Any, ome: Mapping[str, Any], path: Path) -> None:
    if ome.get("multiscales"):
        return
    if "plate" in ome:
        wells = [str(well.get("path")) for well in ome["plate"].get("wells", [])]
        raise DataError(
            f"{path}: a plate of {counted(len(wells), 'well')}, not an image; give the images of "
            f"the wells, as {_some(path, [f'{well}/0' for well in wells])}"
        )
    if "well" in ome:
        images = [str(image.get("path")) for image in ome["well"].get("images", [])]
        raise DataError(f"{path}: a well, not an image; give its images, as {_some(path, images)}")
    inside = sorted(name for name, _ in group.members())
    hint = f"; in it are {', '.join(inside[:5])}" if inside else ""
    raise DataError(
        f"{path}: a zarr group that is no OME-Zarr image, as it has no multiscales{hint}; give an "
        "image or an array"
    )


def _some(path: Path, names: Sequence[str]) -> str:
    shown = [str(path / name) for name in names[:2]]
    return ", ".join(shown) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def _image(group: Any, ome: Mapping[str, Any], path: Path) -> ImageFile[Source]:
    scales = ome["multiscales"]
    first = scales[0]["datasets"][0]
    array = group[first["path"]]
    axes = scales[0].get("axes") or [{"name": letter} for letter in _BEFORE_AXES.lower()]
    named = [axis if isinstance(axis, Mapping) else {"name": axis} for axis in axes]
    letters = "".join(_letter(axis) for axis in named)
    scale = np.ones(len(named))
    stated = False
    for place in (first, scales[0]):
        for transform in place.get("coordinateTransformations", []):
            if transform["type"] == "scale":
                scale, stated = scale * np.asarray(transform["scale"], float), True
    steps = {
        letter: float(size) * _UM[unit]
        for letter, axis, size in zip(letters, named, scale, strict=True)
        if stated and (unit := str(axis.get("unit", "")).lower()) in _UM
    }
    notes = ()
    if len(scales) > 1:
        notes = (f"the first of {counted(len(scales), 'multiscale image')} was read",)
    return ImageFile(
        _stored(array, path / first["path"]),
        letters,
        known_steps([steps.get(axis) for axis in "ZYX" if axis in letters]),
        str(path),
        notes,
        _channels(ome, dict(zip(letters, array.shape, strict=True)).get("C")),
        storage=_storage(
            array,
            f"OME-Zarr {ome.get('version') or scales[0].get('version', '')}",
            [group[dataset["path"]].shape for dataset in scales[0]["datasets"]],
        ),
    )


def _storage(array: Any, name: str, levels: Sequence[Sequence[int]]) -> Storage:
    codecs = [type(codec).__name__.removesuffix("Codec") for codec in array.compressors]
    return Storage(
        name.strip(), ", ".join(codecs).lower() or None, tuple(tuple(shape) for shape in levels)
    )


def _letter(axis: Mapping[str, Any]) -> str:
    kinds = {"time": "T", "channel": "C"}  # which NGFF lets have any name
    name = str(axis["name"]).upper()
    return kinds.get(str(axis.get("type")), name)


def _channels(ome: Mapping[str, Any], count: int | None) -> tuple[str, ...] | None:
    channels = ome.get("omero", {}).get("channels", [])
    names = tuple(str(channel["label"]) for channel in channels if channel.get("label"))
    return names if names and len(names) == count else None


def _plain(array: Any, path: Path) -> ImageFile[Source]:
    stored, storage = _stored(array, path), _storage(array, "zarr", [array.shape])
    names = getattr(array.metadata, "dimension_names", None)
    names = names or array.attrs.get("_ARRAY_DIMENSIONS") or []  # so xarray says it in zarr 2
    letters = "".join(str(name) for name in names).upper()
    if len(letters) == len(names) == len(stored.shape) and {"Y", "X"} <= set(letters):
        return ImageFile(stored, letters, None, str(path), storage=storage)
    return assumed(stored, str(path), storage)


def _stored(array: Any, path: Path) -> Stored:
    check = WholeChunks(array)

    def read(window: Window) -> np.ndarray:
        check(window)
        return np.asarray(array[window])

    return Stored(tuple(array.shape), np.dtype(array.dtype), read, str(path), tuple(array.chunks))
