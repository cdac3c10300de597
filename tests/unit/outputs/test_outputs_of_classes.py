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
from scipy import ndimage

from septum.classes import Classes
from septum.errors import DataError
from septum.outputs import KINDS, Segmented, save
from septum.report.picture import class_colours, grey, outlined_classes
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


def rows_of(path):
    return list(csv.DictReader(path.open(encoding="utf-8")))


@pytest.mark.parametrize("named", [EXCLUSIVE, OVERLAP])
def test_the_table_has_a_row_for_each_piece_of_each_class(named, tmp_path):
    found = segmented(named)
    path = save("table", found, tmp_path)
    expected = []
    for image in range(2):
        for place, (name, mask) in enumerate(
            zip(named.names, named.masks(found.labels[image]), strict=True)
        ):
            pieces, count = ndimage.label(mask)
            centres = ndimage.center_of_mass(mask, pieces, range(1, count + 1))
            means = ndimage.mean(found.image[image, 0], pieces, range(1, count + 1))
            for piece, (y, x) in enumerate(centres, start=1):
                area = (pieces == piece).sum()
                values = (area, y, x, means[piece - 1])
                expected.append((str(image), name, str(place + 1), str(piece), *values))
    measured = ("area_px", "centroid_y_px", "centroid_x_px", "mean_channel_1")
    rows = rows_of(path)
    assert len(rows) == len(expected) == (6 if named.overlap else 5)
    for row, (*place, piece, area, y, x, mean) in zip(rows, expected, strict=True):
        assert [row[name] for name in ("t", "class", "label", "piece")] == [*place, piece]
        assert [float(row[name]) for name in measured] == pytest.approx([area, y, x, mean])
    assert KINDS["table"].is_ours(path)


def test_pieces_of_a_volume_are_measured_in_all_slices(tmp_path):
    labels = np.zeros((1, 4, 8, 9), np.uint8)
    labels[0, :3, 1:3, 1:3] = 1
    labels[0, 3, 5:7, 5:8] = 1  # no face of it touches the first
    volume = Segmented(
        "a", labels[:, None], np.full((1, 3, *labels.shape[1:]), 0.3, np.float32), labels, (1,),
        spacing=(2.0, 0.5, 0.5), named=EXCLUSIVE,
    )  # fmt: skip
    rows = rows_of(save("table", volume, tmp_path))
    assert [(row["class"], row["piece"], row["volume_px"]) for row in rows] == [
        ("nucleus", "1", "12"),
        ("nucleus", "2", "6"),
    ]
    assert [float(row["volume_um3"]) for row in rows] == [6, 3]
    nucleus, rim = rows_of(save("summary", volume, tmp_path))
    assert (nucleus["count"], nucleus["volume_px"], float(nucleus["volume_um3"])) == ("2", "18", 9)
    assert (rim["count"], rim["volume_px"], rim["share"]) == ("0", "0", "0")


@pytest.mark.parametrize("named", [EXCLUSIVE, OVERLAP])
def test_the_summary_has_a_row_for_each_class_and_image(named, tmp_path):
    found = segmented(named)
    rows = rows_of(save("summary", found, tmp_path))
    assert [(row["t"], row["class"], row["label"]) for row in rows] == [
        (t, name, label) for t in "01" for name, label in zip(named.names, "12", strict=True)
    ]
    masks = named.masks(found.labels)
    for row, (image, place) in zip(rows, [(0, 0), (0, 1), (1, 0), (1, 1)], strict=True):
        mask = masks[place, image]
        assert int(row["area_px"]) == mask.sum()
        assert float(row["share"]) == pytest.approx(mask.mean())
        mean = found.image[image, 0][mask].mean()
        assert float(row["mean_channel_1"]) == pytest.approx(mean)
    assert [row["count"] for row in rows] == ["1", "1", "2" if named.overlap else "1", "2"]


def test_the_summary_of_objects_has_a_row_for_each_image(tmp_path):
    objects = replace(segmented(EXCLUSIVE), named=None, labels=CLASSES.astype(np.uint16))
    rows = rows_of(save("summary", objects, tmp_path))
    assert [(row["count"], int(row["area_px"])) for row in rows] == [
        ("2", np.count_nonzero(CLASSES[0])),
        ("2", np.count_nonzero(CLASSES[1])),
    ]
    assert "class" not in rows[0]


def test_the_probability_in_the_table_is_that_of_the_class_where_classes_overlap(tmp_path):
    found = segmented(OVERLAP)
    *_, inner, outer = rows_of(save("table", found, tmp_path))
    assert (inner["class"], inner["piece"], outer["piece"]) == ("nuclei", "1", "2")
    nuclei = found.probabilities[1, 1][5:9, 6:10].mean()
    assert float(inner["mean_probability"]) == pytest.approx(nuclei, rel=1e-5)


def test_parquet_has_the_same_rows(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(save("parquet", segmented(OVERLAP), tmp_path))
    assert table["class"].to_pylist() == ["cells", "nuclei", "cells", "cells", "nuclei", "nuclei"]
    assert table["piece"].to_pylist() == [1, 1, 1, 2, 1, 2]


def test_outlines_are_classified_as_qupath_has_it(tmp_path):
    features = json.loads(save("geojson", segmented(OVERLAP), tmp_path).read_text())["features"]
    names = [feature["properties"]["classification"]["name"] for feature in features]
    assert names == ["cells", "nuclei", "cells", "cells", "nuclei", "nuclei"]
    pieces = [feature["properties"]["name"] for feature in features]
    assert pieces == ["cells-1", "nuclei-1", "cells-1", "cells-2", "nuclei-1", "nuclei-2"]


def test_rois_are_named_by_class_and_piece(tmp_path):
    with zipfile.ZipFile(save("rois", segmented(EXCLUSIVE), tmp_path)) as file:
        assert sorted(file.namelist()) == [
            "0001-nucleus-00001.roi", "0001-rim-00001.roi",
            "0002-nucleus-00001.roi", "0002-rim-00001.roi", "0002-rim-00002.roi",
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


@pytest.mark.parametrize("names", [("cells", "nuclei"), ("a long name " * 6, "another " * 8)])
def test_below_the_overlay_stands_which_colour_is_whose(names, tmp_path):
    named = replace(OVERLAP, names=names)
    picture = np.asarray(Image.open(save("overlay", segmented(named), tmp_path)))
    height, width = 20 * 24, 30 * 24  # enlarged
    assert picture.shape[1] == width
    legend = picture[height:]
    colours = class_colours(2)
    found = [np.argwhere((legend == colour).all(axis=-1)) for colour in colours]
    assert all(len(pixels) > 10**2 for pixels in found)
    one, two = (pixels.min(axis=0) for pixels in found)
    assert tuple(one) < tuple(two)  # side by side, or in two rows where they are too long
    assert (two[0] > one[0]) == (len(names[0]) > 20)
    written = (legend.astype(int).sum(axis=-1) < 300) & (legend.std(axis=-1) < 10)
    assert written[:, one[1] + 30 :].any()
    assert not written[:, -4:].any()
    assert (picture[:height] == np.asarray(outlines_alone(segmented(named)))).all()


def outlines_alone(found):
    """Return the lines over the image, drawn by hand as large as the picture."""
    image, labels = found.image[1], found.labels[1]
    image, labels = (a.repeat(24, axis=-2).repeat(24, axis=-1) for a in (image, labels))
    return outlined_classes(grey(image.astype(np.float32)), labels, found.named, 2)


def test_one_class_of_a_file_of_its_own_has_no_background_channel(tmp_path):
    one = Classes(("vessel",), (("vessels",),), overlap=True)
    found = replace(
        segmented(one),
        labels=(CLASSES > 0).astype(np.uint8),
        probabilities=np.full((2, 1, 20, 30), 0.9, np.float32),
    )
    first = rows_of(save("table", found, tmp_path))[0]
    assert float(first["mean_probability"]) == pytest.approx(0.9)
    assert first["class"] == "vessel"


def test_classes_are_not_followed_over_time(tmp_path):
    path = save("labels", segmented(EXCLUSIVE), tmp_path)
    with pytest.raises(DataError, match="holds the classes nucleus, rim and no objects"):
        frames_in(path)
    objects = replace(segmented(EXCLUSIVE), named=None, labels=CLASSES.astype(np.uint16))
    assert len(frames_in(save("labels", objects, tmp_path / "objects"))) == 2
