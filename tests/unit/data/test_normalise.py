"""Grey values become the network's, by statistics of the whole image."""

import numpy as np
import pytest

from septum.data.normalise import normalise
from septum.errors import ConfigError


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
    for kind in ("percentile", "range"):
        normalise(image, kind)[:] = -1
        np.testing.assert_array_equal(image, before)


def test_an_unknown_kind_is_named():
    with pytest.raises(ConfigError, match=r"data\.normalise is 'zscore'; it is 'percentile' or"):
        normalise(np.zeros((1, 2, 2)), "zscore")


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
