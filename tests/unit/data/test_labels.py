"""How label images are understood: as ids, as a mask, or not at all."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from septum.data.labels import instances_from
from septum.data.synthetic import draw_cells
from septum.errors import DataError


def discs(seed=0, size=160, count=8, radius=14):
    """A 0/255 mask of discs."""
    random = np.random.default_rng(seed)
    mask = np.zeros((size, size), np.uint8)
    for centre in random.integers(radius, size - radius, (count, 2)):
        cv2.circle(mask, (int(centre[0]), int(centre[1])), radius, 255, -1)
    return mask


def voronoi(seed, count, size):
    """Instances that fill an image: nearest of `count` random points."""
    points = np.random.default_rng(seed).uniform(0, size, (count, 2))
    grid = np.stack(np.mgrid[:size, :size], -1)[:, :, None]
    return np.argmin(((grid - points) ** 2).sum(-1), -1).astype(np.int32)


@pytest.mark.parametrize(
    ("values", "dtype"), [((0, 255), np.uint8), ((0, 1), np.int64), ((0, 1), bool), ((0, 7), float)]
)
def test_two_values_are_a_mask_whose_components_are_the_instances(values, dtype):
    mask = np.zeros((8, 9))
    mask[1:3, 1:3] = mask[3, 3] = mask[5:7, 5:9] = 1  # a diagonal contact does not connect
    labels, notes = instances_from((mask * values[1]).astype(dtype), "m.png")
    assert labels.dtype == np.int32
    assert labels.max() == 3
    np.testing.assert_array_equal(labels > 0, mask > 0)
    assert labels[2, 2] != labels[3, 3]
    assert notes == (
        f"0/{values[1]} mask taken as foreground; 3 connected components are the instances, "
        "cells that touch being one: number them 1, 2, 3 … to have them told apart",
    )


def test_ids_are_kept_with_their_gaps_and_in_any_integer_type():
    array = np.zeros((20, 20))
    array[2:8, 2:8], array[2:8, 8:14], array[12:18, 3:9] = 5, 900, 40
    for dtype in (np.uint16, np.int64, np.float32):
        labels, notes = instances_from(array.astype(dtype), "l.tif")
        np.testing.assert_array_equal(labels, array)
        assert notes == ()


def test_one_cell_stays_one_cell_where_the_layout_promises_ids():
    array = np.zeros((8, 8), np.uint16)
    array[1, 1] = array[5, 5] = 3
    labels, _ = instances_from(array, "man_seg001.tif", mask=False)
    np.testing.assert_array_equal(labels, array)


def test_an_empty_label_image_is_legitimate_and_said():
    labels, notes = instances_from(np.zeros((4, 4), np.uint8), "m.png")
    assert not labels.any()
    assert notes == ("no objects: every pixel is 0",)


def test_colour_masks_are_refused_unless_they_are_grey():
    mask = discs()
    labels, _ = instances_from(np.stack([mask] * 3, -1), "m.png", channel_axis=-1)
    np.testing.assert_array_equal(labels > 0, mask > 0)
    colours = np.stack([mask, mask // 2, mask], -1)
    with pytest.raises(DataError, match=r"m\.png: a colour image with 2 colours.*16-bit grey"):
        instances_from(colours, "m.png", channel_axis=-1)
    with pytest.raises(DataError, match=r"or give --axes ZYX if its planes are slices"):
        instances_from(np.moveaxis(colours, -1, 0), "m.tif", channel_axis=0)
    # The alpha channel says nothing of the labels.
    opaque = np.stack([mask] * 3 + [np.full_like(mask, 200)], -1)
    labels, _ = instances_from(opaque, "m.png", channel_axis=-1)
    np.testing.assert_array_equal(labels > 0, mask > 0)


@pytest.mark.parametrize(
    ("value", "message"),
    [(1.5, "1 label value is not whole, .*1.5"), (np.nan, "not whole.*nan"), (-3, "negative .*-3")],
)
def test_fractions_and_negative_labels_are_refused(value, message):
    array = np.zeros((6, 6))
    array[1, 1:4] = 2, 3, value
    with pytest.raises(DataError, match=rf"l\.tif: .*{message}"):
        instances_from(array, "l.tif")


def smoothed(mask, how):
    if how == "blur":
        return cv2.GaussianBlur(mask, (0, 0), 1.0)
    if how == "resize":
        return cv2.resize(mask, None, fx=1.37, fy=1.37, interpolation=cv2.INTER_LINEAR)
    if how == "antialias":
        return cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "JPEG", quality=85)
    return np.array(Image.open(buffer))


@pytest.mark.parametrize("how", ["blur", "resize", "antialias", "jpeg"])
@pytest.mark.parametrize("count", [1, 8])
def test_smoothed_masks_are_refused_with_the_way_out(how, count):
    array = smoothed(discs(size=400, radius=40, count=count), how)
    with pytest.raises(DataError, match=r"m\.jpg: a grey-scale .* values from 0 to 25\d.*at 127"):
        instances_from(array, "m.jpg")


def test_a_raw_image_is_no_label_image():
    with pytest.raises(DataError, match=r"raw\.tif: a grey-scale image"):
        instances_from(draw_cells(0).image[0], "raw.tif")


@given(seed=st.integers(0, 1000), count=st.integers(3, 250), size=st.integers(40, 160))
def test_true_instance_images_are_never_refused(seed, count, size):
    filled = voronoi(seed, count, size)
    assume(size**2 / count >= 16)  # under 4 x 4 pixels an instance is hardly a patch
    labels, _ = instances_from(filled, "l.tif", mask=False)
    np.testing.assert_array_equal(labels, filled)


def test_markers_of_a_single_pixel_are_instances():
    array = np.zeros((64, 64), np.uint16)
    array[::4, ::4] = np.arange(1, 257).reshape(16, 16)
    labels, notes = instances_from(array, "points.tif")
    assert labels.max() == 256
    assert notes == ()
