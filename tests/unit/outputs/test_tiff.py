"""TIFFs that are written strip by strip hold every pixel, for tifffile and for libtiff."""

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from septum.array import View
from septum.data.formats import read_image, tiff_tags
from septum.data.scores import cell_score
from septum.errors import ConfigError, SeptumError
from septum.outputs import KINDS, save, tiff

RNG = np.random.default_rng(1)


def ids(shape, highest=300):
    return RNG.integers(0, highest + 1, shape).astype(np.uint32)


def test_labels_are_what_imagej_opens_with_axes_and_spacing(make, tmp_path):
    labels = ids((6, 20, 30))
    segmented = make(labels, "TC", (2, 3), spacing=(0.5, 0.25))
    path = save("labels", segmented, tmp_path)
    assert path == tmp_path / "cells_labels.tif"
    with tifffile.TiffFile(path) as tif:
        assert tif.is_imagej
        assert tif.series[0].axes == "TCYX"
        assert tif.series[0].dtype == np.uint16
        assert {"unit": "um", "frames": 2, "channels": 3}.items() <= tif.imagej_metadata.items()
        assert tif.pages.first.compression == tifffile.COMPRESSION.ADOBE_DEFLATE
    with Image.open(path) as picture:
        assert picture.tag_v2[270].startswith("ImageJ=")
        assert (float(picture.tag_v2[282]), float(picture.tag_v2[283])) == (4.0, 2.0)
        assert picture.n_frames == 6
        picture.seek(4)
        np.testing.assert_array_equal(np.array(picture), labels[4])
    again = read_image(path)
    assert again.spacing == (0.5, 0.25)
    np.testing.assert_array_equal(again.array, labels.reshape(2, 3, 20, 30))


def test_a_volume_keeps_its_three_steps(make, tmp_path):
    labels = ids((1, 4, 20, 30))
    path = save("labels", make(labels, spacing=(2.0, 0.5, 0.25)), tmp_path)
    again = read_image(path)
    assert (again.axes, again.spacing) == ("ZYX", (2.0, 0.5, 0.25))
    np.testing.assert_array_equal(again.array, labels[0])


def test_ids_beyond_16_bits_are_uint32_for_every_reader(make, tmp_path):
    labels = ids((1, 300, 300), 70_000)
    labels[0, 0, 0] = 70_000
    path = save("labels", make(labels, spacing=(0.5, 0.25)), tmp_path)
    again = read_image(path)
    assert (again.array.dtype, again.axes, again.spacing) == (np.uint32, "YX", (0.5, 0.25))
    np.testing.assert_array_equal(again.array, labels[0])
    with Image.open(path) as picture:
        assert picture.tag_v2[296] == 3  # per centimetre
        assert float(picture.tag_v2[282]) == pytest.approx(1e4 / 0.25)


def test_probabilities_have_a_channel_for_each_class(make, tmp_path):
    segmented = make(ids((5, 20, 30)), "T", (5,), spacing=(0.5, 0.5))
    path = save("probabilities", segmented, tmp_path)
    with tifffile.TiffFile(path) as tif:
        assert tif.is_imagej
        assert (tif.series[0].axes, tif.series[0].dtype) == ("TCYX", np.float32)
    done, planes = cv2.imreadmulti(str(path), flags=cv2.IMREAD_UNCHANGED)
    assert done
    expected = segmented.probabilities.reshape(-1, 20, 30)
    np.testing.assert_array_equal(np.stack(planes), expected)
    scores, _ = cell_score(read_image(path).array[:, 1], str(path), known=True)
    np.testing.assert_array_equal(scores, segmented.probabilities[:, 1])


def test_eight_bits_of_probability_are_read_as_shares(make, tmp_path):
    segmented = make(ids((1, 20, 30)))
    path = save("probabilities8", segmented, tmp_path)
    array = read_image(path).array
    assert array.dtype == np.uint8
    scores, _ = cell_score(array[1:2], str(path), known=True)
    np.testing.assert_allclose(scores, segmented.probabilities[:, 1], atol=0.5 / 255 + 1e-7)


@settings(max_examples=25)
@given(
    shape=st.lists(st.integers(1, 12), min_size=3, max_size=4),
    held=st.sampled_from([1, 300, 2**11]),
    strip=st.sampled_from([1, 100, 2**18]),
)
def test_every_size_in_any_strips_is_the_same_image(make, tmp_path_factory, shape, held, strip):
    folder = tmp_path_factory.mktemp("strips")
    labels = ids(tuple(shape))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiff, "_HELD", held)
        patch.setattr(tiff, "_STRIP", strip)
        path = save("labels", make(labels, "T", (len(labels),), (1.0,) * (len(shape) - 1)), folder)
    np.testing.assert_array_equal(read_image(path).array.reshape(labels.shape), labels)
    assert read_image(path).spacing == (1.0,) * (len(shape) - 1)


def test_a_block_of_pages_is_read_at_once_and_no_more_than_was_asked_for(make, tmp_path):
    labels = ids((8, 64, 64))
    read = []

    def watched(window):
        read.append(np.prod([part.stop - part.start for part in window]))
        return labels[window]

    source = View(labels.shape, labels.dtype, watched)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiff, "_HELD", 2 * 64 * 64)
        tiff.write_tiff(tmp_path / "a.tif", source, labels.shape, "TYX", None)
    assert read == [2 * 64 * 64] * 4


def test_beyond_4_gb_it_is_a_bigtiff_with_its_axes_and_spacing(make, tmp_path, monkeypatch):
    monkeypatch.setattr(tiff_tags, "CLASSIC", 1000)
    labels = ids((3, 20, 30))
    path = save("labels", make(labels, "T", (3,), spacing=(0.5, 0.25)), tmp_path)
    with tifffile.TiffFile(path) as tif:
        assert tif.is_bigtiff
        assert not tif.is_imagej
    again = read_image(path)
    assert (again.axes, again.spacing) == ("TYX", (0.5, 0.25))
    np.testing.assert_array_equal(again.array, labels)


def test_a_source_that_fails_leaves_no_file(make, tmp_path):
    def broken(window):
        raise OSError("chunk (0, 1) is cut short")

    source = View((1, 20, 30), np.dtype(np.uint16), broken)
    with pytest.raises(SeptumError, match="cut short"):
        tiff.write_tiff(tmp_path / "a.tif", source, (20, 30), "YX", None)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kind_is_told_the_known_ones(make, tmp_path):
    with pytest.raises(ConfigError, match=r"'lables'; there are labels, .*"):
        save("lables", make(ids((1, 5, 5))), tmp_path)
    assert all(kind.description and kind.suffix for kind in KINDS.values())
