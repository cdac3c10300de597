"""Resampling equals its plain references: block means down, linear interpolation up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.resample import resample, resample_labels, rescale, rescaled_shape


def image_of(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def overlaps(before, after):
    """The share of each source pixel in each wider result pixel, from the two grids of edges."""
    ratio = before / after
    return np.array(
        [
            [
                max(0.0, min((i + 1) * ratio, j + 1) - max(i * ratio, j)) / ratio
                for j in range(before)
            ]
            for i in range(after)
        ]
    )


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("factor", [2, 3, 5])
def test_an_integer_factor_gives_the_means_of_blocks(ndim, factor):
    small = (4, 3, 2)[:ndim]
    image = image_of((2, *(factor * size for size in small)))
    blocks = image.reshape(2, *(n for size in small for n in (size, factor)))
    means = blocks.mean(axis=tuple(range(2, 2 * ndim + 1, 2)), dtype=np.float64)
    result = resample(image, small)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, means, rtol=0, atol=1e-6)


@given(before=st.integers(1, 40), after=st.integers(1, 40), seed=st.integers(0, 99))
def test_any_smaller_size_is_the_average_over_areas(before, after, seed):
    before, after = max(before, after), min(before, after)
    image = image_of((3, before), seed)
    expected = image @ overlaps(before, after).T
    result = resample(image, (after,))
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(result.mean(axis=1), image.mean(axis=1), rtol=0, atol=1e-5)


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("grow", [1.3, 2, 3.7])
def test_a_larger_size_is_linear_interpolation_along_every_axis(ndim, grow):
    shape = (5, 4, 3)[:ndim]
    larger = tuple(round(size * grow) for size in shape)
    image = image_of((2, *shape))
    expected = image.astype(np.float64)
    for axis, (before, after) in enumerate(zip(shape, larger, strict=True), start=1):
        centres = (np.arange(after) + 0.5) * before / after - 0.5
        expected = np.apply_along_axis(
            lambda line, at=centres, n=before: np.interp(at, np.arange(n), line), axis, expected
        )
    np.testing.assert_allclose(resample(image, larger), expected, rtol=0, atol=1e-6)


@given(
    before=st.lists(st.integers(1, 20), min_size=2, max_size=3),
    data=st.data(),
)
def test_a_constant_stays_constant_and_the_range_is_kept(before, data):
    after = data.draw(st.lists(st.integers(1, 30), min_size=len(before), max_size=len(before)))
    constant = resample(np.full((1, *before), 7.5), after)
    assert constant.shape == (1, *after)
    np.testing.assert_allclose(constant, 7.5, rtol=1e-6)
    image = image_of((1, *before))
    result = resample(image, after)
    assert result.min() >= image.min() - 1e-5
    assert result.max() <= image.max() + 1e-5


def test_the_same_size_changes_nothing():
    image = image_of((2, 7, 9))
    np.testing.assert_array_equal(resample(image, (7, 9)), image)
    np.testing.assert_array_equal(rescale(image, 1.0), image)


def test_axes_are_independent():
    image = image_of((1, 6, 4))
    both = resample(image, (3, 8))
    np.testing.assert_allclose(both, resample(resample(image, (6, 8)), (3, 8)), atol=1e-6)
    swapped = resample(image.swapaxes(1, 2), (8, 3)).swapaxes(1, 2)
    np.testing.assert_allclose(both, swapped, atol=1e-6)


@given(
    before=st.lists(st.integers(1, 12), min_size=2, max_size=3),
    data=st.data(),
)
def test_labels_are_those_of_the_pixel_under_each_centre(before, data):
    after = data.draw(st.lists(st.integers(1, 25), min_size=len(before), max_size=len(before)))
    labels = np.arange(np.prod(before), dtype=np.int32).reshape(before)
    expected = np.empty(after, np.int32)
    for place in np.ndindex(*after):
        centre = ((2 * i + 1) * n // (2 * m) for i, n, m in zip(place, before, after, strict=True))
        expected[place] = labels[tuple(centre)]
    result = resample_labels(labels, after)
    assert result.dtype == labels.dtype
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(
    ("shape", "scale", "expected"),
    [((512, 513), 0.5, (256, 256)), ((3, 100), 0.1, (1, 10)), ((7,), 1.0, (7,))],
)
def test_a_rescaled_shape_is_rounded_and_never_empty(shape, scale, expected):
    assert rescaled_shape(shape, scale) == expected
