"""Outlines in files are those of the objects: for a GeoJSON schema, QuPath's names, and roifile."""

import json
import zipfile

import jsonschema
import numpy as np
import pytest
import roifile

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
