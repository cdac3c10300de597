"""Grey values are varied as a few plain lines of numpy and scipy say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from scipy.ndimage import gaussian_filter

from septum.augment import Augmentation, draw, vary

EVERYTHING = replace(
    Augmentation(), blur=2.5, blur_probability=0.7, noise_probability=0.5, gamma=0.8, contrast=0.5
)


def plain(image, grey):
    """The definition, one step after the other."""
    each = (-1, *[1] * (image.ndim - 1))
    contrast, brightness, gamma = (
        values.reshape(each) for values in (grey.contrast, grey.brightness, grey.gamma)
    )
    span = grey.white - grey.black
    middle = grey.black + span / 2
    blurred = gaussian_filter(image.astype(float), (0, *grey.blur), mode="mirror")
    relative = ((blurred - middle) * contrast + middle + brightness - grey.black) / span
    within = np.clip(relative, 0, 1)
    varied = (within**gamma + relative - within) * span + grey.black
    noise = np.random.default_rng(grey.noise_seed).standard_normal(image.shape, np.float32)
    return varied + grey.noise * noise


@given(
    shape=array_shapes(min_dims=2, max_dims=3, max_side=14),
    channels=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([(0.0, 1.0), (-2.0, 2.0)]),
    own=st.booleans(),
)
def test_it_is_what_the_plain_lines_say(shape, channels, seed, scale, own):
    rng = np.random.default_rng(seed)
    policy = replace(EVERYTHING, black=scale[0], white=scale[1], per_channel=own)
    voxel = (3.0, 1.0, 1.0)[-len(shape) :]
    grey = draw(policy, rng, len(shape), channels, shape, voxel).grey
    image = rng.normal(scale[0] + 0.5, 1, (channels, *shape)).astype(np.float32)
    before = image.copy()
    varied = vary(image, grey)
    assert varied.dtype == np.float32
    expected = plain(image, grey)
    # A gamma below 1 is steep at black: there the last bit of a float32 shows.
    steep = np.abs(expected - policy.black) < 0.02 * (policy.white - policy.black)
    np.testing.assert_allclose(varied[~steep], expected[~steep], atol=1e-5)
    np.testing.assert_allclose(varied[steep], expected[steep], atol=2e-4)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("blur", [(1.5, 0.0, 0.0), (0.0, 1.5, 0.0), (0.0, 0.0, 1.5)])
def test_blur_stays_on_its_own_axis(blur):
    neutral = draw(Augmentation.none(), np.random.default_rng(0), 3).grey
    point = np.zeros((1, 21, 21, 21), np.float32)
    point[0, 10, 10, 10] = 1
    blurred = vary(point, replace(neutral, blur=blur))
    spread = [len(set(places)) for places in np.nonzero(blurred[0])]
    assert spread == [13 if sigma else 1 for sigma in blur]
    np.testing.assert_allclose(blurred, plain(point, replace(neutral, blur=blur)), atol=1e-7)


def test_an_image_whose_memory_lies_otherwise_is_varied_alike():
    rng = np.random.default_rng(1)
    image = rng.random((2, 9, 8, 7), np.float32)
    grey = draw(replace(EVERYTHING, blur_probability=1.0), rng, 3).grey
    laid_otherwise = np.asfortranarray(image)[:, ::-1][:, ::-1]
    np.testing.assert_array_equal(vary(laid_otherwise, grey), vary(image, grey))
