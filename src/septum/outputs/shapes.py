"""Outlines of objects as files: GeoJSON, which QuPath opens, and the ROI archives of ImageJ.

Coordinates are pixels from the corner of the image: pixel (0, 0) is the square from 0 to 1. In a
volume, an object is one polygon in each slice that it lies in.
"""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from roifile import ROI_TYPE, ImagejRoi

from septum.array import Source, item
from septum.atomic import replacing
from septum.outputs.outlines import Outline, outlines
from septum.outputs.segmented import Segmented

_HEAD = '{"type":"FeatureCollection","features":[\n'
_OURS = b"septum"  # the comment of an archive
_HELD = 2**26  # bytes of a volume read at a time
_LAST = 2**16 - 1
_MOVE_TO, _LINE_TO, _CLOSE = 0, 1, 4  # the words of a path in an ImageJ ROI


@dataclass(frozen=True, eq=False)
class _Shape:
    """The outline of an object, or of a piece of a class, and the time point and slice it is in."""

    outline: Outline
    time: int
    depth: int
    number: int
    of_class: str = ""

    def name(self, digits: int = 1) -> str:
        """Return the number, of a piece after its class, with so many digits at least."""
        return f"{self.of_class}{self.of_class and '-'}{self.number:0{digits}}"


def write_geojson(segmented: Segmented, path: Path) -> None:
    """Write a FeatureCollection of polygons, as QuPath exports and imports detections.

    Holes are inner rings. The name of an object is its label. A piece of a named class is called by
    its class and its number in the table, and its class is its classification, as QuPath has them.
    In a stack, ``plane`` of the geometry is the time point and the slice.
    """
    stack = len(segmented.counts) > 1 or len(segmented.spatial) == 3
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(_HEAD)
        for number, shape in enumerate(_shapes(segmented)):
            file.write(",\n" if number else "")
            file.write(json.dumps(_feature(shape, stack), separators=(",", ":")))
        file.write("\n]}\n")


def write_rois(segmented: Segmented, path: Path) -> None:
    """Write an archive that ImageJ's ROI manager opens; the ROIs are named by their label.

    Objects with holes are composite ROIs, all others traced polygons. In a stack, a ROI is set to
    its slice, or its time point and slice.
    """
    times, slices = segmented.frames
    slices = max(slices, segmented.spatial[0] if len(segmented.spatial) == 3 else 1)
    names: Counter[str] = Counter()
    with (
        replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file,
    ):
        file.comment = _OURS
        for shape in _shapes(segmented):
            roi = _roi(shape.outline.rings)
            place = ""
            if times > 1 and slices > 1:
                roi.t_position, roi.z_position = shape.time + 1, shape.depth + 1
                place = f"{shape.time + 1:04}-{shape.depth + 1:04}-"
            elif times > 1 or slices > 1:
                roi.position = max(shape.time, shape.depth) + 1
                place = f"{roi.position:04}-"
            name = place + shape.name(5)
            names[name] += 1
            roi.name = name if names[name] == 1 else f"{name}-{names[name]}"
            file.writestr(f"{roi.name}.roi", roi.tobytes())


def is_our_geojson(path: Path) -> bool:
    """Tell whether outlines were written here: QuPath and others lay out the first line otherwise.

    So outlines that were corrected in QuPath and saved under the same name are not ours any more.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(_HEAD)) == _HEAD.encode()
    except OSError:
        return False


def are_our_rois(path: Path) -> bool:
    """Tell whether an archive of ROIs was written here, and not by the ROI manager of ImageJ."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.comment == _OURS
    except (OSError, zipfile.BadZipFile):
        return False


def _shapes(segmented: Segmented) -> Iterator[_Shape]:
    named = segmented.named
    for number in range(len(segmented.counts)):
        if named is None:
            for outline, time, depth in _outlines(segmented, segmented.labels, number):
                yield _Shape(outline, time, depth, outline.label)
            continue
        for pieces in segmented.pieces:
            owners, among = pieces.classes[number], pieces.numbers[number]
            for outline, time, depth in _outlines(segmented, pieces.labels, number):
                piece = outline.label - 1
                name = named.names[owners[piece]]
                yield _Shape(outline, time, depth, int(among[piece]), name)


def _outlines(
    segmented: Segmented, labels: Source, number: int
) -> Iterator[tuple[Outline, int, int]]:
    """Yield the outlines in one image of a stack, each with its time point and its slice."""
    time, depth = segmented.frame(number)
    for z, plane in enumerate(_planes(item(labels, number))):
        for outline in outlines(plane):
            yield outline, time, depth + z


def _planes(labels: Source) -> Iterator[Source]:
    """Yield the slices of a volume, reading several at once, or the plane itself."""
    if len(labels.shape) == 2:
        yield labels
        return
    depth, height, width = labels.shape
    slab = _HELD // (height * width * labels.dtype.itemsize)
    for first in range(0, depth, max(slab, 1)):
        zs = slice(first, min(first + max(slab, 1), depth))
        if slab > 1:
            yield from np.asarray(labels[(zs, slice(0, height), slice(0, width))])
        else:
            yield item(labels, first)


def _feature(shape: _Shape, stack: bool) -> dict:
    closed = [[*ring.tolist(), ring[0].tolist()] for ring in shape.outline.rings]
    geometry = {"type": "Polygon", "coordinates": closed}
    if stack:
        geometry["plane"] = {"c": -1, "z": shape.depth, "t": shape.time}
    properties: dict[str, Any] = {"objectType": "detection", "name": shape.name()}
    if shape.of_class:
        properties["classification"] = {"name": shape.of_class}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _roi(rings: tuple[np.ndarray, ...]) -> ImagejRoi:
    if len(rings) == 1:
        roi = ImagejRoi.frompoints(rings[0], name="")
        roi.roitype = ROI_TYPE.TRACED
        # roifile puts the bounds one pixel further, ImageJ at the last corner.
        roi.right, roi.bottom = rings[0].max(axis=0).tolist()
        return roi
    # The header has 16 bits for the bounds; the path, which counts, is of float32.
    ends = np.minimum([rings[0].min(axis=0), rings[0].max(axis=0)], _LAST)
    (left, top), (right, bottom) = ends
    path = np.concatenate([_path(ring) for ring in rings])
    return ImagejRoi(
        roitype=ROI_TYPE.RECT,
        left=int(left),
        top=int(top),
        right=int(right),
        bottom=int(bottom),
        shape_roi_size=len(path),
        multi_coordinates=path,
    )


def _path(ring: np.ndarray) -> np.ndarray:
    words = np.full((len(ring), 3), _LINE_TO, np.float32)
    words[0, 0] = _MOVE_TO
    words[:, 1:] = ring
    return np.append(words, np.float32(_CLOSE))
