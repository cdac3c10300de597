"""Results as OME-Zarr: the probabilities, and the labels beside them, as pyramids.

Version 0.4 (Zarr 2), because it is what all of napari, QuPath, Fiji, ngio and ome-zarr open: QuPath
and whatever else reads through Bio-Formats do not read 0.5 (Zarr 3) yet. Compressed with zlib, the
codec that every reader has without a library beside it.
"""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numcodecs import Zlib

from septum.array import Source, Window, item
from septum.atomic import replacing_folder
from septum.data.formats.own import is_ours
from septum.errors import SeptumError
from septum.instances.measure import windows
from septum.outputs.segmented import Layer, Segmented
from septum.outputs.tiff import as_bytes
from septum.version import __version__

_CHUNK = {2: 512, 3: 64}
_BLOCK = {2: 1024, 3: 128}  # read at a time: whole chunks
_COLOURS = ("FFFFFF", "00FF00", "FF00FF")
_VERSION = "0.4"

Reduce = Callable[[np.ndarray, int], np.ndarray]
"""Pixels, and how many of the last axes are space, to pixels of half the size."""


def write_zarr(segmented: Segmented, path: Path) -> None:
    """Write ``NAME.ome.zarr``: probabilities as uint8 in shares of 255, and ``labels/cells``.

    Of named classes ``labels/classes``, or a label image by its name for each that may overlap.

    Axes are those of t, c, z, y, x that there are; see `Segmented.frames` for which axis of a stack
    becomes which. Spacing is in micrometer where it is known. Each level of a pyramid is half the
    size of the one before, until it is one chunk: means of the probabilities, every second label.

    Raises
    ------
    SeptumError
        If there is such a folder that septum did not write, which could be the user's own image;
        if the disk is full or the folder cannot be written to.
    """
    _refuse_foreign(path)
    size = int(np.prod(segmented.probabilities.shape, dtype=np.int64))
    with replacing_folder(path, size) as folder:
        root = zarr.open_group(folder, mode="w", zarr_format=2)
        scales = _write_levels(root, segmented, as_bytes(segmented.probabilities), halved_by_mean)
        root.attrs.update(
            {
                "multiscales": [_multiscale(segmented, scales, segmented.name, True)],
                "omero": _display(segmented),
                "_creator": {"name": "septum", "version": __version__},
            }
        )
        root.create_group("labels").attrs["labels"] = [layer.name for layer in segmented.layers]
        for layer in segmented.layers:
            group = root.create_group(f"labels/{layer.name}")
            scales = _write_levels(group, segmented, layer.labels, halved_by_stride)
            group.attrs.update(
                {
                    "multiscales": [_multiscale(segmented, scales, layer.name, False)],
                    "image-label": _explained(layer),
                }
            )


def _explained(layer: Layer) -> dict[str, Any]:
    """Return the metadata of a label image, with what its values are called."""
    known: dict[str, Any] = {"version": _VERSION, "source": {"image": "../../"}}
    names = enumerate(layer.classes, start=1)
    properties = [{"label-value": value, "class": name} for value, name in names]
    return known | ({"properties": properties} if properties else {})


def halved_by_mean(pixels: np.ndarray, rank: int) -> np.ndarray:
    """Return uint8 pixels as means of 2 along each of the last `rank` axes, of 1 at an odd end."""
    total = pixels.astype(np.float32)
    for axis in range(-rank, 0):
        total = np.moveaxis(total, axis, 0)
        even, odd = total[::2], total[1::2]
        mean = even.copy()
        mean[: len(odd)] = (even[: len(odd)] + odd) / 2
        total = np.moveaxis(mean, 0, axis)
    return np.rint(total).astype(np.uint8)


def halved_by_stride(labels: np.ndarray, rank: int) -> np.ndarray:
    """Return every second label along each of the last `rank` axes."""
    return labels[(..., *(slice(None, None, 2) for _ in range(rank)))]


def _refuse_foreign(path: Path) -> None:
    if path.exists() and not is_ours(path):
        raise SeptumError(
            f"{path} is there, and septum did not write it: it could be your own image; "
            "move it away or give another folder, as -o results"
        )


def _write_levels(
    group: zarr.Group, segmented: Segmented, source: Source, reduce: Reduce
) -> list[tuple[int, ...]]:
    """Write the pyramid of (N, [C,] *spatial); return the shrinkage of each level in z, y, x."""
    times, slices = segmented.frames
    rank = len(segmented.spatial)
    channels = source.shape[1:-rank]
    depth = (slices,) if "z" in _axes(segmented, False) and rank == 2 else ()
    outer = (times,) if "t" in _axes(segmented, False) else ()
    first = _new_level(group, 0, (*outer, *channels, *depth), segmented.spatial, source.dtype)
    for number in range(len(segmented.counts)):
        image = item(source, number)
        time, z = segmented.frame(number)
        lead = (slice(time, time + 1),) if outer else ()
        middle = (slice(z, z + 1),) if depth else ()
        for window in windows(segmented.spatial, _BLOCK[rank]):
            everything = tuple(slice(0, count) for count in channels)
            pixels = np.asarray(image[(*everything, *window)])
            place = (*lead, *everything, *middle, *window)
            first[place] = pixels.reshape([part.stop - part.start for part in place])
    levels = [first]
    while max(levels[-1].shape[-rank:]) > _CHUNK[rank]:
        levels.append(_next_level(group, len(levels), levels[-1], rank, reduce))
    return [(2**number,) * rank for number in range(len(levels))]


def _next_level(
    group: zarr.Group, number: int, finer: zarr.Array, rank: int, reduce: Reduce
) -> zarr.Array:
    outer, spatial = finer.shape[:-rank], finer.shape[-rank:]
    halves = tuple(-(-size // 2) for size in spatial)
    level = _new_level(group, number, outer, halves, finer.dtype)
    places = itertools.product(*(range(size) for size in outer))
    for index, window in itertools.product(places, list(windows(halves, _BLOCK[rank]))):
        lead: Window = tuple(slice(at, at + 1) for at in index)
        double = tuple(
            slice(2 * part.start, min(2 * part.stop, size))
            for part, size in zip(window, spatial, strict=True)
        )
        level[(*lead, *window)] = reduce(np.asarray(finer[(*lead, *double)]), rank)
    return level


def _new_level(
    group: zarr.Group, number: int, outer: tuple[int, ...], spatial: tuple[int, ...], dtype: Any
) -> zarr.Array:
    chunk = tuple(min(size, _CHUNK[len(spatial)]) for size in spatial)
    return group.create_array(
        str(number),
        shape=(*outer, *spatial),
        chunks=(*(1 for _ in outer), *chunk),
        dtype=dtype,
        compressors=Zlib(1),
        fill_value=0,
        chunk_key_encoding={"name": "v2", "separator": "/"},
    )


def _axes(segmented: Segmented, channels: bool) -> str:
    """Return which of t, c, z, y, x there are."""
    rank = len(segmented.spatial)
    time = "t" if (segmented.stack_axes if rank == 3 else "T" in segmented.stack_axes) else ""
    others = rank == 2 and any(axis != "T" for axis in segmented.stack_axes)
    return f"{time}{'c' if channels else ''}{'z' if rank == 3 or others else ''}yx"


def _multiscale(
    segmented: Segmented, scales: list[tuple[int, ...]], name: str, channels: bool
) -> dict[str, Any]:
    axes = _axes(segmented, channels)
    spacing = segmented.full_spacing or ()
    measured = dict(zip("zyx"[-len(spacing) :], spacing, strict=True)) if spacing else {}
    described = []
    for axis in axes:
        kind = {"t": "time", "c": "channel"}.get(axis, "space")
        unit = {"unit": "micrometer"} if axis in measured else {}
        described.append({"name": axis, "type": kind} | unit)
    datasets = []
    for number, scale in enumerate(scales):
        factor = dict(zip(segmented.axes.lower(), scale, strict=True))
        steps = {axis: float(measured.get(axis, 1.0)) for axis in axes}
        # The centre of the first pixel lies half a coarse pixel inside, less half a fine one.
        shift = [steps[axis] * (factor.get(axis, 1) - 1) / 2 for axis in axes]
        transformations: list[dict[str, Any]] = [
            {"type": "scale", "scale": [steps[axis] * factor.get(axis, 1) for axis in axes]}
        ]
        if number > 0:
            transformations.append({"type": "translation", "translation": shift})
        datasets.append({"path": str(number), "coordinateTransformations": transformations})
    return {"version": _VERSION, "name": name, "axes": described, "datasets": datasets}


def _display(segmented: Segmented) -> dict[str, Any]:
    """Return how viewers are to show the classes: cells first, in green."""
    window = {"start": 0, "end": 255, "min": 0, "max": 255}
    return {
        "version": _VERSION,
        "channels": [
            {
                "label": name,
                "color": colour,
                "window": window,
                "active": name != "background",
                "coefficient": 1,
                "family": "linear",
                "inverted": False,
            }
            for name, colour in zip(segmented.class_names, itertools.cycle(_COLOURS), strict=False)
        ],
        "rdefs": {"model": "color", "defaultT": 0, "defaultZ": 0},
    }
