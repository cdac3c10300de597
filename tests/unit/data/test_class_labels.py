"""Label values as classes: every number, every unknown pixel, and what cannot be read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from septum.classes import Classes, parse_classes
from septum.data.class_labels import class_mask, class_numbers, colour_codes, grey_values
from septum.data.layouts import Reading, understand
from septum.errors import DataError

TWO = parse_classes("nucleus=1,membrane=2/3")
COLOURS = parse_classes("nucleus=#ff0000,membrane=#0000FF")


def row(*values, dtype=np.uint8):
    return np.array([[values]], dtype)


@given(
    classes=arrays(np.int32, (2, 3, 4), elements=st.integers(0, 5)),
    values=st.lists(st.integers(1, 60_000), min_size=10, max_size=10, unique=True),
    which=arrays(np.int64, (2, 3, 4), elements=st.integers(0, 1)),
)
def test_classes_come_back_from_the_values_they_were_written_as(classes, values, which):
    pairs = list(zip(values[::2], values[1::2], strict=True))
    written = np.array([(0, 0), *pairs])[classes, which]
    named = Classes(tuple("abcde"), tuple((str(a), str(b)) for a, b in pairs))
    found = class_numbers(written.astype(np.uint16), "x", named)
    np.testing.assert_array_equal(found.numbers, classes)
    assert found.numbers.dtype == np.int32
    assert found.unknown is None


@given(
    bits=arrays(np.int32, (2, 3, 4), elements=st.integers(0, 2**4 - 1)),
    colours=st.lists(st.integers(1, 0xFFFFFF), min_size=15, max_size=15, unique=True),
)
def test_regions_that_share_values_come_back_as_bits(bits, colours):
    sources = tuple(
        tuple(f"#{colours[n - 1]:06x}" for n in range(1, 16) if n >> bit & 1) for bit in range(4)
    )
    named = Classes(tuple("abcd"), sources, overlap=True)
    codes = np.array([0, *colours])[bits]
    planes = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8)
    found = class_numbers(colour_codes(planes, "x", named), "x", named)
    np.testing.assert_array_equal(found.numbers, bits)


def test_zero_is_background_unless_it_is_a_class():
    assert class_numbers(row(0, 1), "x", parse_classes("a=1")).numbers.tolist() == [[[0, 1]]]
    swapped = parse_classes("a=0,background=1")
    assert class_numbers(row(0, 1), "x", swapped).numbers.tolist() == [[[1, 0]]]


@pytest.mark.parametrize(
    ("values", "named", "ignore", "unknown", "value"),
    [
        (row(1, -1, dtype=np.int16), TWO, None, [0, 1], -1),
        (row(1, 255), TWO, None, [0, 1], 255),
        (row(1, 9), TWO, 9, [0, 1], 9),
        (row(0, 1), TWO, 0, [1, 0], 0),
        (row(1, 255), parse_classes("a=1,b=255"), None, None, None),
        (row(0, -1, dtype=np.int16), parse_classes("a=-1"), None, None, None),
        (row(1, 2), TWO, 9, None, None),
    ],
)
def test_what_nobody_annotated(values, named, ignore, unknown, value):
    found = class_numbers(values, "x", named, ignore)
    assert found.ignored == value
    assert (None if found.unknown is None else found.unknown[0, 0].tolist()) == unknown


def test_strokes_are_background_at_1_and_unknown_at_0():
    found = class_numbers(row(0, 1, 2, 3), "x", parse_classes("a=2,b=3"), strokes=True)
    assert found.numbers[0, 0].tolist() == [0, 0, 1, 2]
    assert found.unknown is not None
    assert found.unknown[0, 0].tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("values", "named", "ignore", "says"),
    [
        (
            row(0, 7, 7, 9),
            TWO,
            None,
            r"x: 2 of 4 pixels have the value 7, the first at \(0, 1\), which is of no class in "
            r"nucleus=1,membrane=2/3 \(as have others 9\); add it to --classes as NAME=7 or "
            r"background=7, or say with --ignore 7",
        ),
        (row(1, -2, dtype=np.int16), TWO, None, "1 of 2 pixels has the value -2"),
        # 255 is only free to mean "not annotated" where the classes count 1, 2, … n.
        (row(5, 255), parse_classes("a=5"), None, "has the value 255"),
        (row(1, 255, dtype=np.uint16), TWO, None, "has the value 255"),
        (row(1, 2), TWO, 2, r"x: 2 is not annotated \(--ignore\) and of a class too"),
        (row(0xFF0000, 3, dtype=np.int64), COLOURS, 3, "x: --ignore 3 is a grey value"),
        (row(0.5, 1, dtype=np.float32), TWO, None, "not whole,"),
        (
            row(0xFF0000, 0x00FF00, dtype=np.int64),
            COLOURS,
            None,
            r"1 of 2 pixels has the colour #00ff00, the first at \(0, 1\), .*NAME=#00ff00 or "
            r"background=#00ff00, or say with an annotated/ folder",
        ),
        (row(*range(1, 20), dtype=np.int64), COLOURS, None, "smoothed edges and JPEG"),
    ],
)
def test_what_means_nothing_is_named_with_the_ways_out(values, named, ignore, says):
    with pytest.raises(DataError, match=says):
        class_numbers(values, "x", named, ignore)


def test_a_mask_is_what_is_not_0_and_ids_will_do():
    found = class_mask(row(0, 1, 200, -1, dtype=np.int16), "x")
    assert found.numbers[0, 0].tolist() == [0, 1, 1, 0]
    assert found.unknown is not None
    assert found.unknown[0, 0].tolist() == [False, False, False, True]
    assert class_mask(row(0, 7, 9), "x", 9, [7]).numbers[0, 0].tolist() == [0, 1, 0]
    strokes = class_mask(row(0, 1, 2), "x", strokes=True)
    assert (strokes.numbers[0, 0].tolist(), strokes.ignored) == ([0, 0, 1], 0)
    assert class_mask(row(0, 255), "x").unknown is None


def test_a_smoothed_mask_is_refused():
    with pytest.raises(DataError, match="a grey-scale image with"):
        class_mask(np.random.default_rng(0).integers(0, 255, (1, 20, 20), np.uint8), "x")


def test_colours_for_grey_values_and_the_reverse_are_told_apart():
    colours = np.zeros((1, 3, 2, 2), np.uint8)
    colours[0, 0, 0] = 255
    with pytest.raises(DataError, match=r"2 colours \(#000000, #ff0000\), where .* grey values"):
        grey_values(colours, "x")
    with pytest.raises(DataError, match=r"x: a grey label image \(values 0, 1\), where .* colours"):
        colour_codes(row(0, 1)[:, np.newaxis], "x", COLOURS)
    with pytest.raises(DataError, match="x: colours of type uint16, where"):
        colour_codes(colours.astype(np.uint16), "x", COLOURS)
    with pytest.raises(DataError, match="a grey label image"):
        colour_codes(row(0, 0.5, dtype=np.float32)[:, np.newaxis], "x", COLOURS)
    assert not colour_codes(row(0, 0)[:, np.newaxis], "x", COLOURS).any()  # no class in it
    same = np.repeat(row(0, 2)[:, np.newaxis], 3, axis=1)
    assert grey_values(same, "x").tolist() == row(0, 2).tolist()


def test_alpha_is_not_looked_at():
    pixels = np.array([0, 0, 255, 7], np.uint8).reshape(1, 4, 1, 1)
    assert colour_codes(pixels, "x", COLOURS).tolist() == [[[0x0000FF]]]
    assert grey_values(np.array([5, 5, 5, 7], np.uint8).reshape(1, 4, 1, 1), "x").item() == 5


def test_classes_of_files_need_files():
    with pytest.raises(DataError, match=r"x: a single label image, where each of .* a, b has a"):
        understand(row(0, 1), "x", Reading(classes=parse_classes("a,b")))


def test_the_share_of_what_is_not_annotated_is_said_plane_by_plane():
    values = np.array([[[0, 1]], [[255, 2]]], np.uint8)
    found = understand(values, "x", Reading(), named=TWO)
    assert (found.kind, found.named, found.ignored) == ("classes", TWO, 255)
    assert found.planes[1].notes == (
        "255 is taken as not annotated, 50.0% of the pixels, as it is of no class; another: "
        "--ignore",
    )
    floats = understand(values[:1].astype(np.float32), "x", Reading(), named=TWO)
    assert "whole numbers" in floats.planes[0].notes[0]


def test_255_beside_a_mask_of_0_and_1_is_what_nobody_annotated():
    values = np.array([[0, 1, 255]], np.uint8)
    found = class_mask(values, "m.png")
    assert found.numbers.tolist() == [[0, 1, 0]]
    assert found.unknown is not None
    assert found.unknown.tolist() == [[False, False, True]]
    assert found.ignored == 255
    assert class_mask(np.array([[0, 255]], np.uint8), "m.png").numbers.tolist() == [[0, 1]]
