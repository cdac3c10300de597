"""Grey values become the network's, by statistics of the whole image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septum.array import View
from septum.data import normalise as module
from septum.data.normalise import bands, grid_steps, normalise, stretch_of
from septum.errors import ConfigError, DataError

DTYPES = ["bool", "uint8", "int8", "uint16", ">i2", "int16", "int32", "float16", "float32", ">f8"]


def image_of(dtype, shape, seed=0):
    values = np.random.default_rng(seed).normal(40, 30, shape)
    return values > 50 if dtype == "bool" else np.clip(values, 0, 120).astype(dtype)


def stretched_as_written(channel):
    """The definition: percentiles of numpy, or the extremes where the two are one."""
    low, high = np.percentile(channel.astype(np.float64), [1, 99.8])
    return (low, high) if low != high else (channel.min(), channel.max())


@pytest.mark.parametrize(
    ("dtype", "highest"), [("uint8", 255), ("uint16", 65535), ("int16", 32767), ("float32", 1)]
)
def test_range_is_that_of_the_type(dtype, highest):
    image = np.array([[[0, highest]]], dtype)
    result = normalise(image, "range")
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, [[[0, 1]]])


def test_percentiles_of_each_channel_become_0_and_1():
    rng = np.random.default_rng(0)
    image = np.stack([rng.normal(100, 5, (50, 60)), rng.normal(-3000, 900, (50, 60))])
    result = normalise(image, "percentile")
    assert result.dtype == np.float32
    for before, after in zip(image, result, strict=True):
        low, high = np.percentile(before, [1, 99.8])
        np.testing.assert_allclose(after, (before - low) / (high - low), rtol=0, atol=1e-5)
        assert after.min() < 0 < 1 < after.max()  # values beyond are kept


def test_brightness_and_gain_of_the_camera_do_not_matter():
    image = np.random.default_rng(0).integers(0, 200, (1, 40, 40)).astype(np.uint16)
    one, two = normalise(image, "percentile"), normalise(image * 7 + 1000, "percentile")
    np.testing.assert_allclose(one, two, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "bool"])
def test_an_image_without_contrast_becomes_zero(dtype):
    assert not normalise(np.ones((1, 5, 5), dtype), "percentile").any()


def test_a_binary_image_is_an_image():
    image = np.random.default_rng(0).random((1, 20, 20)) > 0.5
    for kind in ("percentile", "range"):
        np.testing.assert_array_equal(normalise(image, kind), image.astype(np.float32))


def test_the_image_is_not_changed():
    image = np.random.default_rng(0).random((1, 20, 20)).astype(np.float32)
    before = image.copy()
    for kind in module.KINDS:
        normalise(image, kind, (0.2, 0.7))[:] = -1
        np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("kind", ["max", "auto"])
def test_an_unknown_kind_is_named(kind):
    with pytest.raises(ConfigError, match=rf"data\.normalise is '{kind}'; it is one of percentile"):
        normalise(np.zeros((1, 2, 2)), kind)


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != "float16"])
def test_each_channel_has_mean_0_and_deviation_1_in_standard_scores(dtype):
    image = np.concatenate([image_of(dtype, (1, 40, 50)), image_of(dtype, (1, 40, 50), 1)])
    image[1, :20] = image[1, 20:]
    before = image.astype(np.float64)
    expected = (before - before.mean((1, 2), keepdims=True)) / before.std((1, 2), keepdims=True)
    np.testing.assert_allclose(normalise(image, "zscore"), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("value", [7, -0.1])
def test_a_constant_channel_has_no_standard_scores(value):
    image = np.full((1, 30, 7), value, np.int16 if value == 7 else np.float64)
    assert not normalise(image, "zscore").any()


def test_a_window_is_the_same_in_every_image_and_keeps_what_is_beyond():
    image = np.array([[[-3024, -1000, 0, 1000, 3071]]], np.int16)
    for shown in (image, image[..., 1:], image.astype(np.float32)):
        result = normalise(shown, "window", (-1000.0, 1000.0))
        np.testing.assert_allclose(result, (shown + 1000.0) / 2000.0)
    with pytest.raises(ConfigError, match=r"data\.window is not set; .* data\.window=\[-160,240\]"):
        normalise(image, "window")


def test_none_leaves_values_as_they_are():
    image = np.array([[[-5, 0, 40_000]]], np.int32)
    np.testing.assert_array_equal(normalise(image, "none"), image)


def test_what_looks_at_no_value_reads_no_integer():
    def refuse(_window):
        raise AssertionError("read")

    image = View((1, 9, 9), np.dtype(np.int16), refuse)
    assert stretch_of(image, "window", (0.0, 9.0)).high == (9.0,)
    assert stretch_of(image, "none").high == (1.0,)


def test_a_channel_that_is_missing_is_0_whatever_stands_in_for_it():
    image = image_of("int16", (3, 8, 9))
    for kind in module.KINDS:
        stretch = stretch_of(image, kind, (-9.0, 50.0))
        plain, result = stretch.apply(image), stretch.without((1,)).apply(image)
        assert plain[1].any()
        assert not result[1].any()
        np.testing.assert_array_equal(result[::2], plain[::2])


def test_few_bright_pixels_on_an_even_ground_stay_in_range():
    image = np.zeros((1, 100, 100), np.uint16)
    image[0, 50, 50:58] = 200
    result = normalise(image, "percentile")
    assert result.min() == 0
    assert result.max() == 1


def test_images_of_any_scale_are_stretched_alike():
    image = np.random.default_rng(0).uniform(size=(1, 50, 50))
    expected = normalise(image, "percentile")
    for factor in (1e-12, 1e12):
        np.testing.assert_allclose(normalise(image * factor, "percentile"), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=st.integers(0, 999), size=st.integers(1, 600))
@settings(max_examples=15, deadline=None)
def test_percentiles_are_those_of_numpy(dtype, seed, size):
    image = image_of(dtype, (2, 1, size), seed)
    if np.dtype(dtype).kind in "if":
        image -= np.asarray(60).astype(dtype)
    stretch = stretch_of(image, "percentile")
    for number, channel in enumerate(image):
        low, high = stretched_as_written(channel)
        accuracy = 2e-3 if dtype == "float16" else 1e-6
        np.testing.assert_allclose(stretch.low[number], low, rtol=accuracy)
        np.testing.assert_allclose(stretch.high[number], high, rtol=accuracy)


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_streamed_in_any_bands_is_as_in_memory(dtype, data):
    kind = data.draw(st.sampled_from(["percentile", "zscore"]))
    shape = (2, *data.draw(st.lists(st.integers(1, 30), min_size=2, max_size=3)))
    image = image_of(dtype, shape, data.draw(st.integers(0, 99)))
    read = []

    def spy(window):
        read.append(window)
        return image[window]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ENOUGH_PIXELS", data.draw(st.sampled_from([50, 4_000_000])))
        expected = stretch_of(image, kind)
        patch.setattr(module, "bands", lambda *image: bands(*image, limit=limit))
        limit = data.draw(st.integers(1, 4000))
        assert stretch_of(View(image.shape, image.dtype, spy), kind) == expected
    seen = np.zeros(shape, int)
    for window in read:
        seen[window] += 1
        assert np.prod([part.stop - part.start for part in window[1:-1]]) == 1 or (
            image[window].nbytes <= limit
        )
    assert (seen == 1).all()


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_bands_cut_no_chunk(data):
    spatial = data.draw(st.lists(st.integers(1, 40), min_size=2, max_size=3))
    chunks = (1, *(data.draw(st.integers(1, 16)) for _ in spatial))
    limit = data.draw(st.integers(1, 4000))
    shape = (3, *spatial)
    seen = np.zeros(shape, int)
    for window in bands(shape, np.dtype("u2"), chunks, limit):
        seen[window] += 1
        for part, size, chunk in zip(window[1:], spatial, chunks[1:], strict=True):
            assert part.start % chunk == 0
            assert part.stop % chunk == 0 or part.stop == size
    assert (seen == 1).all()


def test_a_grid_has_about_as_many_pixels_as_it_should(monkeypatch):
    monkeypatch.setattr(module, "_ENOUGH_PIXELS", 1000)
    for shape in [(1, 300, 400), (1, 2, 300, 200), (1, 60, 60, 60), (1, 1, 100_000), (1, 30, 30)]:
        taken = [
            len(range(0, *pair)) for pair in zip(shape[1:], grid_steps(shape[1:]), strict=True)
        ]
        assert 400 <= np.prod(taken) <= 2000


@pytest.mark.parametrize("kind", ["percentile", "none"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("limit", [1, 100, 10**6])
@pytest.mark.parametrize("chunks", [None, (2, 4, 16, 10)])  # the first in order need not come first
def test_pixels_that_are_not_finite_are_counted_and_the_first_is_found(
    monkeypatch, kind, bad, limit, chunks
):
    monkeypatch.setattr(module, "bands", lambda *image: bands(*image[:2], chunks, limit))
    image = np.random.default_rng(0).random((2, 4, 30, 20)).astype(np.float32)
    for place in ((1, 2, 7, 11), (0, 2, 8, 3), (0, 3, 0, 0)):
        image[place] = bad
    with pytest.raises(
        DataError, match=r"3 of 4,800 pixels are NaN .* the first at Z 2, Y 7, X 11"
    ):
        stretch_of(image, kind)
    image[0, 2, 7, 11] = bad
    with pytest.raises(DataError, match=r"4 of 4,800 pixels .* X 11 of channel 0 .*nan_to_num"):
        stretch_of(image, kind)


def test_a_window_is_stretched_as_the_whole():
    image = image_of("uint16", (2, 40, 50))
    stretch = stretch_of(image, "percentile")
    np.testing.assert_array_equal(
        stretch.apply(image[:, 3:20, 7:9]), normalise(image, "percentile")[:, 3:20, 7:9]
    )
