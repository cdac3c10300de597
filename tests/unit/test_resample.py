"""Resampling equals its plain references: block means down, linear interpolation up."""

from collections import Counter
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septum.array import View
from septum.resample import resample, resample_labels, resampled, rescale, rescaled_shape


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
    before=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_labels_are_those_with_the_largest_area(before, data):
    after = data.draw(st.lists(st.integers(1, 12), min_size=len(before), max_size=len(before)))
    dtype = data.draw(st.sampled_from(["bool", "uint8", ">u2", "int32"]))
    labels = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 3, before)
    labels = labels.astype(dtype)
    result = resample_labels(labels, after)
    assert result.shape == tuple(after)
    for place in np.ndindex(*after):
        areas = Counter()
        for pixel in np.ndindex(*before):
            # In units in which a pixel of the source is m wide and one of the result is n wide.
            areas[labels[pixel]] += prod(
                max(0, min((i + 1) * n, (j + 1) * m) - max(i * n, j * m))
                for i, j, n, m in zip(place, pixel, before, after, strict=True)
            )
        largest = max(areas.values())
        assert result[place] == min(label for label, area in areas.items() if area == largest)


@given(seed=st.integers(0, 99), ndim=st.sampled_from([2, 3]), data=st.data())
@settings(max_examples=40, deadline=None)
def test_mirrored_labels_give_the_mirrored_result(seed, ndim, data):
    before = data.draw(st.tuples(*[st.integers(1, 16)] * ndim))
    halved, doubled = tuple(-(-n // 2) for n in before), tuple(2 * n for n in before)
    any_size = st.tuples(*[st.integers(1, 20)] * ndim)
    after = data.draw(st.sampled_from([halved, doubled]) | any_size)
    labels = np.random.default_rng(seed).integers(0, 3, before)
    result = resample_labels(labels, after)
    for axis in range(ndim):
        np.testing.assert_array_equal(
            resample_labels(np.flip(labels, axis), after), np.flip(result, axis)
        )


def test_half_the_size_moves_no_object_and_keeps_gaps_open():
    labels = np.zeros((40, 40), np.int32)
    labels[5:15, 5:15], labels[5:15, 16:26] = 1, 2
    half = resample_labels(labels, (20, 20))
    for label, centre in ((1, (9.5, 9.5)), (2, (9.5, 20.5))):
        # The edge of both images is theirs in common: centre c of the one is (c + 0.5) / 2 - 0.5.
        found = np.argwhere(half == label).mean(axis=0)
        np.testing.assert_allclose(found, [(c + 0.5) / 2 - 0.5 for c in centre], atol=0.3)
    assert not half[:, 7].any()


@given(
    before=st.lists(st.integers(1, 30), min_size=1, max_size=3),
    data=st.data(),
)
@settings(max_examples=100, deadline=None)
def test_any_window_is_that_of_the_whole(before, data):
    after = data.draw(st.lists(st.integers(1, 40), min_size=len(before), max_size=len(before)))
    dtype = data.draw(st.sampled_from([np.uint8, np.float32]))
    image = (100 * image_of((2, *before), data.draw(st.integers(0, 99)))).astype(dtype)
    whole = resample(image, after)
    read = []

    def spy(window):
        read.append(window)
        return image[window]

    source = resampled(View(image.shape, image.dtype, spy), after)
    assert source.shape == whole.shape
    window = tuple(
        slice(*sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True))))
        for n in whole.shape
    )
    np.testing.assert_array_equal(source[window], whole[window])
    # Nothing is read but what is under the window, and a neighbour on each side for interpolation.
    for part, under, n, m in zip(window[1:], read[0][1:], before, after, strict=True):
        assert under.start >= part.start * n // m - 1
        assert under.stop <= -(-part.stop * n // m) + 1


def test_a_source_of_the_same_shape_is_left_alone():
    image = image_of((2, 7, 9))
    assert resampled(image, (7, 9)) is image


def test_a_mirrored_image_gives_the_mirrored_result():
    image = image_of((1, 30, 40))
    for after in ((15, 20), (17, 31), (60, 41)):
        flipped = resample(image[:, :, ::-1], after)[:, :, ::-1]
        np.testing.assert_allclose(flipped, resample(image, after), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "scale", "expected"),
    [((512, 513), 0.5, (256, 256)), ((3, 100), 0.1, (1, 10)), ((7,), 1.0, (7,))],
)
def test_a_rescaled_shape_is_rounded_and_never_empty(shape, scale, expected):
    assert rescaled_shape(shape, scale) == expected
