"""Channels by name: what training images state, and which of an image's are which of a model's."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from septum.array import View
from septum.data.channels import (
    absent,
    arranged,
    arrangement,
    common_names,
    named,
    names_by_model,
    wishes,
)
from septum.data.colour import in_colour
from septum.data.context import with_context
from septum.data.formats import ImageFile, as_channels_first, write_labels
from septum.data.gather import samples_of
from septum.data.layouts import Pair, Reading, load_pair
from septum.data.sample import Sample
from septum.errors import ConfigError, DataError

DAPI_ACTIN = ("DAPI", "actin")


def sample(names=None, channels=2, name="a"):
    image = np.arange(channels * 12, dtype=np.uint8).reshape(channels, 3, 4)
    return Sample(image, np.ones((3, 4), np.int32), name=name, channels=names)


def test_the_names_are_those_that_some_samples_state_and_none_contradicts():
    assert common_names([sample(), sample()]) is None
    assert common_names([sample(), sample(DAPI_ACTIN), sample(("dapi", "Actin "))]) == DAPI_ACTIN
    with pytest.raises(DataError) as caught:
        common_names([sample(DAPI_ACTIN), sample(DAPI_ACTIN[::-1], name="b")])
    for part in ("b has the channels actin, DAPI", "a has DAPI, actin", "--channels DAPI,actin"):
        assert part in str(caught.value)


def test_the_user_names_the_channels_of_all_samples():
    found = named([sample(), sample(("x", "y"))], DAPI_ACTIN)
    assert [one.channels for one in found] == [DAPI_ACTIN] * 2
    slices = with_context([replace(sample(), slice=True, index=n) for n in range(2)], 1)
    assert named(slices, DAPI_ACTIN)[0].channels == DAPI_ACTIN  # of its own, not of neighbours
    for wrong in (("DAPI", ""), ("DAPI", "dapi")):
        with pytest.raises(ConfigError, match="a different name for each, as DAPI,actin"):
            named([sample()], wrong)
    with pytest.raises(DataError, match=r"a has 2 channels; --channels names 1: DAPI"):
        named([sample()], ("DAPI",))


def test_a_sample_has_as_many_names_as_channels_and_grey_as_colour_has_none():
    with pytest.raises(DataError, match=r"1 name \(DAPI\) for 2 channels"):
        sample(("DAPI",))
    grey, colour = sample(("DAPI",), 1), sample(("R", "G", "B"), 3)
    coloured = in_colour([grey, colour])
    assert coloured[0].channels is None
    assert common_names(coloured) == ("R", "G", "B")


@pytest.mark.parametrize(
    ("axes", "size", "names"),
    [("YXS", 3, ("R", "G", "B")), ("CYX", 3, None), ("YXS", 4, None)],
)
def test_three_samples_of_a_pixel_are_red_green_and_blue(axes, size, names):
    shape = tuple(size if axis in "CS" else 5 for axis in axes)
    assert as_channels_first(ImageFile(np.zeros(shape), axes)).channels == names


@pytest.mark.parametrize(
    ("model", "image", "wished", "places"),
    [
        (None, None, None, (0, 1)),
        (DAPI_ACTIN, None, None, (0, 1)),
        (None, DAPI_ACTIN, None, (0, 1)),
        (DAPI_ACTIN, ("dapi", "ACTIN "), None, (0, 1)),
        (DAPI_ACTIN, ("actin", "DAPI"), None, (1, 0)),
        (DAPI_ACTIN, ("a", "b", "c"), "DAPI=0,actin=2", (0, 2)),
        (DAPI_ACTIN, ("a", "b", "c"), "actin = 2, DAPI = B", (1, 2)),
        (DAPI_ACTIN, ("a", "b", "c"), "dapi=none,actin=c", (None, 2)),
        (DAPI_ACTIN, ("actin", "tubulin", "DAPI"), "DAPI,actin", (2, 0)),
        (None, ("actin", "tubulin", "DAPI"), "2,none", (2, None)),
        (None, None, "1,1", (1, 1)),
        (DAPI_ACTIN, ("1", "0"), "0,1", (1, 0)),  # a name, though it is a number
        (("a=b", "c"), ("x=y", "z"), "0,1", (0, 1)),
        (("a=b", "c"), ("p", "q"), "a=b=0,c=1", (0, 1)),
    ],
)
def test_channels_are_found_by_name_or_number(model, image, wished, places):
    found = arrangement(
        model, 2, image, 3 if image is None and wished else len(image or "ab"),
        None if wished is None else wishes(wished),
    )  # fmt: skip
    assert found == places


@pytest.mark.parametrize(
    ("places", "model", "image", "available", "names"),
    [
        ((0, 1), DAPI_ACTIN, None, 2, DAPI_ACTIN),
        ((2, 0), DAPI_ACTIN, None, 3, ("actin", "channel_2", "DAPI")),
        ((None, 0), DAPI_ACTIN, None, 2, ("actin", "channel_2")),
        ((1, 1), DAPI_ACTIN, None, 2, ("channel_1", "DAPI")),
        ((1, 0), DAPI_ACTIN, ("x", "y"), 2, ("x", "y")),  # the file knows best
        ((0, 1), None, None, 2, None),
        ((0,), ("R", "G", "B"), None, 1, None),  # a grey image is not red
    ],
)
def test_an_image_without_names_has_those_of_the_model(places, model, image, available, names):
    assert names_by_model(places, model, image, available) == names


@pytest.mark.parametrize(
    ("model", "image", "available", "wished", "parts"),
    [
        (DAPI_ACTIN, ("DAPI", "GFP"), 2, None, ["2 channels (DAPI, GFP)", "on 2 channels (DAPI, "
         "actin)", "--channels DAPI=0,actin=1"]),
        (DAPI_ACTIN, (*DAPI_ACTIN, "GFP"), 3, None, ["(DAPI, actin, GFP)", "DAPI=0,actin=1"]),
        (DAPI_ACTIN, ("DAPI",), 1, None, ["the image has 1 channel (DAPI)", "--channels 0,none"]),
        (None, None, 3, None, ["has 3 channels; the model was trained on 2 channels", "0,1"]),
        (("DAPI, 405", "actin"), ("x", "y"), 2, None, ["(x, y)", "(DAPI, 405, actin)", "0,1"]),
        (("GFP", "GFP"), ("GFP", "DAPI"), 2, None, ["(GFP, DAPI)", "(GFP, GFP)"]),
        (None, None, 2, "DAPI=0,actin=1", ["states no names", "--channels 0,1"]),
        (DAPI_ACTIN, None, 2, "DAPI=0,GFP=1", ["names DAPI, GFP", "(DAPI, actin)"]),
        (DAPI_ACTIN, None, 2, "dapi=0,actn=1", [": actn (did you mean actin?) is none of them."]),
        (DAPI_ACTIN, None, 2, "p=0,dapy=1", [": p, dapy (did you mean DAPI?) are none of them"]),
        (DAPI_ACTIN, None, 2, "DAPI=0", ["names DAPI;", "(DAPI, actin)"]),
        (DAPI_ACTIN, None, 2, "DAPI=0,DAPI=1,actin=1", ["named once"]),
        (DAPI_ACTIN, None, 2, "0", ["--channels gives 1 channel;", "(DAPI, actin)"]),
        (DAPI_ACTIN, ("x", "y"), 2, "x,z", ["--channels has z", "2 channels (x, y)", "0 to 1"]),
        (DAPI_ACTIN, ("x", "x"), 2, "x,1", ["more than one channel has this name"]),
        (DAPI_ACTIN, None, 2, "0,2", ["--channels has 2", "no such channel"]),
        (DAPI_ACTIN, None, 2, "none,none", ["needs at least one"]),
    ],
)  # fmt: skip
def test_other_channels_are_refused_with_those_of_both(model, image, available, wished, parts):
    with pytest.raises(DataError) as caught:
        arrangement(model, 2, image, available, None if wished is None else wishes(wished))
    for part in parts:
        assert part in str(caught.value)


def test_a_grey_image_is_shown_as_colour_and_not_as_red():
    with pytest.raises(DataError, match="as --channels 0,0,0, which shows it the grey image as a"):
        arrangement(("R", "G", "B"), 3, None, 1)
    assert arrangement(("R", "G", "B"), 3, None, 1, wishes("0,0,0")) == (0, 0, 0)
    stains = ("DAPI", "actin", "GFP")
    with pytest.raises(DataError, match="as --channels 0,none,none; none stands for one"):
        arrangement(stains, 3, ("DAPI",), 1)


@pytest.mark.parametrize("text", ["", "DAPI=", "=0", "DAPI=0,1", "0,,1"])
def test_what_cannot_be_read_says_how_to_write_it(text):
    with pytest.raises(ConfigError, match="by name as DAPI=0,actin=2; none for one that"):
        wishes(text)


@given(st.data())
def test_an_arranged_image_is_that_of_numpy_window_by_window(data):
    image = data.draw(st.integers(1, 4).map(lambda n: np.arange(1, n * 20 + 1).reshape(n, 4, 5)))
    places = data.draw(st.lists(st.none() | st.integers(0, len(image) - 1), min_size=1, max_size=5))
    if all(place is None for place in places):
        places[0] = 0
    expected = np.stack([np.zeros((4, 5), int) if p is None else image[p] for p in places])
    read = []

    def spy(window):
        read.append(window)
        return image[window]

    found = arranged(View(image.shape, image.dtype, spy), places)
    assert found.shape == expected.shape
    window = []
    for size in expected.shape:
        start = data.draw(st.integers(0, size - 1))
        window.append(slice(start, data.draw(st.integers(start + 1, size))))
    np.testing.assert_array_equal(found[tuple(window)], expected[tuple(window)])
    assert all(seen[1:] == tuple(window[1:]) for seen in read)  # no more than is asked for
    assert absent(places, 2 * len(places)) == tuple(
        n for n, place in enumerate([*places, *places]) if place is None
    )


def test_an_image_that_is_in_order_is_taken_as_it_is():
    image = np.zeros((2, 3, 4))
    assert arranged(image, (0, 1)) is image


def test_names_in_the_files_come_with_the_samples(tmp_path):
    labels = np.zeros((6, 7), np.int32)
    labels[2:4, 2:5] = 1
    image = np.arange(84, dtype=np.uint8).reshape(2, 6, 7)
    (tmp_path / "images").mkdir()
    stated = {"axes": "CYX", "Channel": {"Name": ["DAPI", "actin"]}}
    tifffile.imwrite(tmp_path / "images" / "a.tif", image, ome=True, metadata=stated)
    write_labels(tmp_path / "masks" / "a.tif", labels, "YX")
    (sample,) = samples_of(tmp_path)
    assert (sample.channels, sample.scan) == (DAPI_ACTIN, False)
    (sample,) = samples_of(tmp_path, reading=Reading(channels=("one", "two")))
    assert sample.channels == ("one", "two")
    (sample,) = samples_of(([image], [labels]), reading=Reading(channels=("one", "two")))
    assert sample.channels == ("one", "two")


def test_a_file_of_a_scanner_is_known_as_one(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    pair = Pair("a", tmp_path / "a.nii.gz", tmp_path / "labels.tif")
    volume = np.arange(60, dtype=np.int16).reshape(5, 4, 3) - 1000
    nibabel.Nifti1Image(volume, np.eye(4)).to_filename(pair.image)
    write_labels(pair.labels, np.ones((3, 4, 5), np.int32), "ZYX")
    assert [sample.scan for sample in load_pair(pair)] == [True] * 3
    # Other letters for the axes lose the place in the scanner, but the numbers are what they were.
    renamed = load_pair(pair, reading=Reading(axes="ZYX"))
    assert [sample.scan for sample in renamed] == [True] * 3
