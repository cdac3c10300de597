"""Results of named classes, read back by other libraries."""

import csv
import json
import zipfile
from dataclasses import replace

import nibabel
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from septum.classes import Classes
from septum.errors import DataError
from septum.outputs import KINDS, Segmented, save
from septum.tracking.frames import frames_in

EXCLUSIVE = Classes(("nucleus", "rim"), (("1",), ("2",)))
OVERLAP = Classes(("cells", "nuclei"), (("cells",), ("nuclei",)), overlap=True)
CLASSES = np.zeros((2, 20, 30), np.uint8)
CLASSES[:, 2:12, 3:20] = 1
CLASSES[:, 5:9, 6:10] = 2
CLASSES[1, 15:18, 3:6] = 2
BITS = np.where(CLASSES == 2, 3, CLASSES).astype(np.uint8)


def segmented(named: Classes) -> Segmented:
    rng = np.random.default_rng(0)
    return Segmented(
        name="a",
        image=rng.integers(0, 255, (2, 1, 20, 30)).astype(np.uint8),
        probabilities=rng.random((2, named.scores, 20, 30)).astype(np.float32),
        labels=BITS if named.overlap else CLASSES,
        counts=(1, 1) if named.overlap else (2, 2),
        stack_axes="T",
        stack_shape=(2,),
        named=named,
    )


def test_labels_of_exclusive_classes_are_their_numbers(tmp_path):
    written = tifffile.imread(save("labels", segmented(EXCLUSIVE), tmp_path))
    assert written.dtype == np.uint8
    np.testing.assert_array_equal(written, CLASSES)


def test_labels_of_overlapping_classes_are_a_channel_each(tmp_path):
    path = save("labels", segmented(OVERLAP), tmp_path)
    with tifffile.TiffFile(path) as file:
        assert file.series[0].axes == "TCYX"
        written = file.asarray()
    np.testing.assert_array_equal(written, np.stack([BITS & 1, BITS >> 1], axis=1))


def test_the_table_has_a_row_for_each_class_and_image(tmp_path):
    for named in (EXCLUSIVE, OVERLAP):
        path = save("table", segmented(named), tmp_path)
        rows = list(csv.DictReader(path.open(encoding="utf-8")))
        assert [(row["t"], row["class"], row["label"]) for row in rows] == [
            (t, name, label) for t in "01" for name, label in zip(named.names, "12", strict=True)
        ]
        masks = named.masks(segmented(named).labels)
        areas = [int(masks[k, t].sum()) for t in (0, 1) for k in (0, 1)]
        assert [int(float(row["area_px"])) for row in rows] == areas
        assert KINDS["table"].is_ours(path)


def test_the_probability_in_the_table_is_that_of_the_class_where_classes_overlap(tmp_path):
    found = segmented(OVERLAP)
    rows = list(csv.DictReader(save("table", found, tmp_path).open(encoding="utf-8")))
    nuclei = found.probabilities[1, 1][BITS[1] >> 1 == 1].mean()
    assert float(rows[3]["mean_probability"]) == pytest.approx(nuclei, rel=1e-5)


def test_parquet_has_the_same_rows(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(save("parquet", segmented(OVERLAP), tmp_path))
    assert table["class"].to_pylist() == ["cells", "nuclei"] * 2


def test_outlines_are_classified_as_qupath_has_it(tmp_path):
    features = json.loads(save("geojson", segmented(OVERLAP), tmp_path).read_text())["features"]
    names = [feature["properties"]["classification"]["name"] for feature in features]
    assert names == ["cells", "nuclei", "cells", "cells", "nuclei", "nuclei"]


def test_rois_are_named_by_class(tmp_path):
    with zipfile.ZipFile(save("rois", segmented(EXCLUSIVE), tmp_path)) as file:
        assert sorted(file.namelist()) == [
            "0001-nucleus.roi", "0001-rim.roi",
            "0002-nucleus.roi", "0002-rim-2.roi", "0002-rim.roi",
        ]  # fmt: skip


def test_the_zarr_has_a_label_image_for_each_overlapping_class(tmp_path):
    group = zarr.open_group(save("zarr", segmented(OVERLAP), tmp_path), mode="r")
    assert group["labels"].attrs["labels"] == ["cells", "nuclei"]
    np.testing.assert_array_equal(group["labels/nuclei/0"][:], BITS >> 1)
    known = group["labels/nuclei"].attrs["image-label"]
    assert known["properties"] == [{"label-value": 1, "class": "nuclei"}]
    names = [channel["label"] for channel in group.attrs["omero"]["channels"]]
    assert names == ["cells", "nuclei"]


def test_the_zarr_names_exclusive_classes(tmp_path):
    group = zarr.open_group(save("zarr", segmented(EXCLUSIVE), tmp_path), mode="r")
    np.testing.assert_array_equal(group["labels/classes/0"][:], CLASSES)
    assert group["labels/classes"].attrs["image-label"]["properties"][1]["class"] == "rim"


def test_nifti_holds_exclusive_classes(tmp_path):
    path = save("nifti", segmented(EXCLUSIVE), tmp_path)
    voxels = np.asarray(nibabel.load(path).dataobj)
    np.testing.assert_array_equal(np.squeeze(voxels).T, CLASSES)


def test_the_overlay_shows_every_class(tmp_path):
    found = segmented(OVERLAP)
    both = np.asarray(Image.open(save("overlay", found, tmp_path)))
    only = np.where(BITS > 0, 1, 0).astype(np.uint8)
    one = np.asarray(Image.open(save("overlay", replace(found, labels=only), tmp_path / "o")))
    assert (both != one).any(axis=-1).mean() > 0.001


def test_one_class_of_a_file_of_its_own_has_no_background_channel(tmp_path):
    one = Classes(("vessel",), (("vessels",),), overlap=True)
    found = replace(
        segmented(one),
        labels=(CLASSES > 0).astype(np.uint8),
        probabilities=np.full((2, 1, 20, 30), 0.9, np.float32),
    )
    (first, _) = csv.DictReader(save("table", found, tmp_path).open(encoding="utf-8"))
    assert float(first["mean_probability"]) == pytest.approx(0.9)
    assert first["class"] == "vessel"


def test_classes_are_not_followed_over_time(tmp_path):
    path = save("labels", segmented(EXCLUSIVE), tmp_path)
    with pytest.raises(DataError, match="holds the classes nucleus, rim and no objects"):
        frames_in(path)
    objects = replace(segmented(EXCLUSIVE), named=None, labels=CLASSES.astype(np.uint16))
    assert len(frames_in(save("labels", objects, tmp_path / "objects"))) == 2
