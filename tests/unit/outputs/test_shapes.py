"""Outlines in files are those of the objects: for a GeoJSON schema, QuPath's names, and roifile.

ROIs are written by roifile; so they are also read byte by byte, as ImageJ's ``RoiDecoder`` does.
"""

import json
import struct
import zipfile

import jsonschema
import numpy as np
import pytest
import roifile
from skimage.measure import points_in_poly

from septum.data.synthetic import draw_cells
from septum.outputs import save

POSITION = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3}
SCHEMA = {  # the part of RFC 7946 that is of use here, and what QuPath adds to it
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "geometry", "properties"],
                "properties": {
                    "type": {"const": "Feature"},
                    "id": {"type": ["string", "number"]},
                    "geometry": {
                        "type": "object",
                        "required": ["type", "coordinates"],
                        "properties": {
                            "type": {"const": "Polygon"},
                            "coordinates": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "array", "minItems": 4, "items": POSITION},
                            },
                            "plane": {
                                "type": "object",
                                "required": ["c", "z", "t"],
                                "additionalProperties": {"type": "integer", "minimum": -1},
                            },
                        },
                    },
                    "properties": {
                        "type": "object",
                        "required": ["objectType"],
                        "properties": {
                            "objectType": {"enum": ["annotation", "detection", "cell", "tile"]},
                            "name": {"type": "string"},
                        },
                    },
                },
            },
        },
    },
}

CELLS = draw_cells(4, (150, 200), radius=10).truth.astype(np.uint16)
RING = np.zeros((40, 40), np.uint16)
RING[5:35, 8:30] = 1
RING[10:20, 12:20] = 0
RING[22:25, 12:20] = 2
ODD = {
    "cells": CELLS,
    "a hole with another object, and one without": RING,
    "nothing": np.zeros((5, 6), np.uint16),
    "one pixel": np.ones((1, 1), np.uint16),
    "one row": np.array([[1, 1, 0, 2]], np.uint16),
    "32 bits": CELLS.astype(np.uint32),
}


def read_geojson(path):
    collection = json.loads(path.read_text())
    jsonschema.validate(collection, SCHEMA)
    return collection["features"]


def shoelace(points):
    x, y = np.array(points, float).T
    return (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2


@pytest.mark.parametrize("labels", ODD.values(), ids=ODD)
def test_polygons_have_the_area_of_their_objects(make, tmp_path, labels):
    features = read_geojson(save("geojson", make(labels[None]), tmp_path))
    areas = np.zeros(int(labels.max()) + 1, int)
    for feature in features:
        outer, *holes = feature["geometry"]["coordinates"]
        assert all(ring[0] == ring[-1] for ring in (outer, *holes))
        assert shoelace(outer) > 0  # the right-hand rule of RFC 7946
        assert all(shoelace(hole) < 0 for hole in holes)
        assert "plane" not in feature["geometry"]
        areas[int(feature["properties"]["name"])] += shoelace(outer) + sum(map(shoelace, holes))
    np.testing.assert_array_equal(areas[1:], np.bincount(labels.ravel())[1:])


@pytest.mark.parametrize("labels", ODD.values(), ids=ODD)
def test_rois_have_the_area_of_their_objects(make, tmp_path, labels):
    path = save("rois", make(labels[None]), tmp_path)
    areas = np.zeros(int(labels.max()) + 1, int)
    if labels.any():
        for roi in roifile.roiread(path):
            rings = roi.coordinates(multi=True) if roi.composite else [roi.coordinates()]
            areas[int(roi.name)] += sum(map(shoelace, rings))
            at = np.argwhere(labels == int(roi.name))
            assert (roi.top, roi.left) == tuple(at.min(axis=0))
    np.testing.assert_array_equal(areas[1:], np.bincount(labels.ravel())[1:])
    assert zipfile.ZipFile(path).testzip() is None


def decoded(data):
    """Return name, position (c, z, t) and rings (x, y) of an ROI, as ImageJ's source lays it out.

    The header of 64 bytes: ``Iout``, version, type, top, left, bottom, right, number of points …;
    then all x and all y, from the left and the top. Of a composite, its length in words stands at
    byte 36 and its path, in float32, takes the place of the points: 0 x y begins a ring, 1 x y
    goes on, 4 closes it. The second header is where byte 60 says.
    """
    magic, version, kind, *box, count = struct.unpack(">4shBx4hH", data[:18])
    assert (magic, version >= 217) == (b"Iout", True)
    top, left, bottom, right = box
    words, subtype, options = *struct.unpack(">i", data[36:40]), *struct.unpack(">hh", data[48:52])
    assert subtype == 0
    if words:
        assert (kind, count) == (1, 0)  # a rectangle in name
        rings = path(struct.unpack(f">{words}f", data[64 : 64 + 4 * words]))
    else:
        assert kind == 8  # traced
        assert not options & 128  # no points between pixels
        points = np.array(struct.unpack(f">{2 * count}h", data[64 : 64 + 4 * count]))
        rings = [np.add(points.reshape(2, count).T, (left, top))]
    outer = rings[0]
    assert [*outer.min(axis=0), *outer.max(axis=0)] == [left, top, right, bottom]
    second = struct.unpack(">i", data[60:64])[0]
    position = struct.unpack(">3i", data[second + 4 : second + 16])
    start, length = struct.unpack(">2i", data[second + 16 : second + 24])
    return data[start : start + 2 * length].decode("utf-16-be"), position, rings


def path(words):
    rings, at = [], 0
    while at < len(words):
        if words[at] == 4:
            at += 1
            continue
        assert words[at] in (0, 1)
        if words[at] == 0:
            rings.append([])
        rings[-1].append(words[at + 1 : at + 3])
        at += 3
    return [np.array(ring) for ring in rings]


def read_rois(path):
    with zipfile.ZipFile(path) as file:
        assert all(name.endswith(".roi") for name in file.namelist())
        return [decoded(file.read(name)) for name in file.namelist()]


@pytest.mark.parametrize("labels", [CELLS, RING], ids=["cells", "holes"])
def test_the_bytes_of_rois_are_the_polygons_of_the_objects(make, tmp_path, labels):
    drawn = np.zeros(labels.shape, int)
    centres = np.argwhere(np.ones(labels.shape))[:, ::-1] + 0.5  # x, y
    for name, position, rings in read_rois(save("rois", make(labels[None]), tmp_path)):
        assert position == (0, 0, 0)  # of no slice in particular
        inside = sum(points_in_poly(centres, ring).astype(int) for ring in rings) % 2
        drawn += int(name) * inside.reshape(labels.shape)
    np.testing.assert_array_equal(drawn, labels)


def test_the_bytes_of_an_roi_are_its_corners_and_its_place_in_the_stack(make, tmp_path):
    labels = np.zeros((6, 9, 9), np.uint16)
    labels[5, 2:6, 3:5] = 1
    labels[5, 4:6, 5:8] = 1  # an L of three columns and four rows
    ((name, position, (ring,)),) = read_rois(save("rois", make(labels, "TZ", (2, 3)), tmp_path))
    assert (name, position) == ("0002-0003-00001", (0, 3, 2))
    corners = [(3, 2), (5, 2), (5, 4), (8, 4), (8, 6), (3, 6)]
    start = ring.tolist().index([3, 2])
    assert list(map(tuple, np.roll(ring, -start, axis=0).tolist())) == corners


def test_shapes_of_a_stack_know_their_time_and_slice(make, tmp_path):
    labels = np.zeros((6, 8, 8), np.uint16)
    labels[5, 2:4, 3:6] = 1
    segmented = make(labels, "TZ", (2, 3))
    (feature,) = read_geojson(save("geojson", segmented, tmp_path))
    assert feature["geometry"]["plane"] == {"c": -1, "z": 2, "t": 1}
    (roi,) = roifile.roiread(save("rois", segmented, tmp_path))
    assert (roi.t_position, roi.z_position, roi.name) == (2, 3, "0002-0003-00001")
    series = make(labels, "T", (6,))
    assert read_geojson(save("geojson", series, tmp_path))[0]["geometry"]["plane"]["t"] == 5
    assert roifile.roiread(save("rois", series, tmp_path))[0].position == 6


def test_an_object_of_a_volume_is_a_polygon_in_each_of_its_slices(make, tmp_path):
    labels = np.zeros((1, 4, 9, 9), np.uint16)
    labels[0, 1:3, 2:5, 2:5] = 1
    labels[0, 2, 6:8, 6:8] = 1  # in two pieces where it is cut
    features = read_geojson(save("geojson", make(labels), tmp_path))
    assert [feature["geometry"]["plane"]["z"] for feature in features] == [1, 2, 2]
    names = [roi.name for roi in roifile.roiread(save("rois", make(labels), tmp_path))]
    assert names == ["0002-00001", "0003-00001", "0003-00001-2"]


def test_rois_far_from_the_corner_keep_their_place(make, tmp_path):
    labels = np.zeros((1, 3, 70_000), np.uint16)
    labels[0, 1, 69_000:69_010] = 1
    labels[0, :, 40_000:40_003] = 2
    labels[0, 1, 40_001] = 0
    rois = {roi.name: roi for roi in roifile.roiread(save("rois", make(labels), tmp_path))}
    assert rois["00001"].coordinates()[:, 0].tolist() == [69_000, 69_010, 69_010, 69_000]
    outer, hole = rois["00002"].coordinates(multi=True)
    assert (outer[:, 0].min(), hole[:, 0].max()) == (40_000, 40_002)


@pytest.mark.parametrize("left", [65_530, 66_000])
def test_bounds_of_a_composite_that_16_bits_do_not_hold_end_at_the_last(make, tmp_path, left):
    labels = np.ones((1, 3, left + 10), np.uint16)
    labels[:, :, :left] = 0
    labels[0, 1, left + 5] = 0
    (roi,) = roifile.roiread(save("rois", make(labels), tmp_path))
    outer, hole = roi.coordinates(multi=True)
    assert (outer[:, 0].min(), outer[:, 0].max(), hole[:, 0].min()) == (left, left + 10, left + 5)
    header = np.frombuffer(roi.tobytes()[8:16], ">u2")  # top, left, bottom, right
    assert header.tolist() == [0, min(left, 65_535), 3, 65_535]
