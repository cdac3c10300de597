"""Crops: one map for image, classes and weights; nothing moves where nothing was drawn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.augment import Augmentation, coordinates, crop, draw, resample
from septum.errors import ConfigError, DataError

PLAIN = Augmentation.none()


def sample(shape, seed=0, channels=2):
    """Image, classes and weights; a third of the pixels is not annotated."""
    rng = np.random.default_rng(seed)
    image = rng.random((channels, *shape), np.float32)
    classes = rng.integers(0, 3, shape).astype(np.uint8)
    weights = (rng.random(shape) + 0.5) * (rng.random(shape) > 1 / 3)
    return image, classes, weights.astype(np.float32)


def drawn_as(ndim=2, matrix=None, **settings):
    drawn = draw(replace(PLAIN, **settings), np.random.default_rng(3), ndim)
    return drawn if matrix is None else replace(drawn, matrix=np.asarray(matrix, float))


def middle(start, size):
    return [s + (n - 1) / 2 for s, n in zip(start, size, strict=True)]


@given(st.data(), st.integers(2, 3))
def test_nothing_drawn_is_the_plain_crop_of_the_mirrored_image(data, ndim):
    def numbers(low, high):
        return data.draw(st.tuples(*[st.integers(low, high)] * ndim))

    shape, start, size = numbers(1, 12), numbers(-30, 30), numbers(1, 14)
    output = [n - 2 * m for n, m in zip(size, numbers(0, 2), strict=True)]
    output = [o if o > 0 else n for o, n in zip(output, size, strict=True)]
    image, classes, weights = sample(shape)
    cut = crop(image, classes, weights, drawn_as(ndim), middle(start, size), size, output)
    around = 50
    seen = tuple(slice(s + around, s + n + around) for s, n in zip(start, size, strict=True))
    scored = tuple(
        slice(s + around + (n - o) // 2, s + around + (n + o) // 2)
        for s, n, o in zip(start, size, output, strict=True)
    )
    for array, got, where in zip(
        (image, classes, weights), cut, (seen, scored, scored), strict=True
    ):
        extra = array.ndim - ndim
        padded = np.pad(array, [(0, 0)] * extra + [(around, around)] * ndim, mode="reflect")
        np.testing.assert_array_equal(got, padded[(..., *where)])
        assert got.dtype == array.dtype


def test_a_dropped_channel_is_0_even_where_there_is_noise_and_the_others_stay():
    image, classes, weights = sample((20, 24), channels=3)
    before = image.copy()
    drawn = drawn_as(noise=0.5, noise_probability=1.0, brightness=0.4)
    args = (image, classes, weights)
    plain, *labels = crop(*args, drawn, (9.5, 11.5), (20, 24))
    seen, *same = crop(*args, replace(drawn, dropped=(0, 2)), (9.5, 11.5), (20, 24))
    assert not seen[[0, 2]].any()
    np.testing.assert_array_equal(seen[1], plain[1])
    assert plain[[0, 2]].all()
    for one, two in zip(labels, same, strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(image, before)


def test_a_quarter_turn_is_rot90():
    image, classes, weights = sample((31, 31))
    turned = crop(image, classes, weights, drawn_as(matrix=[[0, 1], [-1, 0]]), (15, 15), (31, 31))
    for array, got in zip((image, classes, weights), turned, strict=True):
        np.testing.assert_array_equal(got, np.rot90(array, axes=(-2, -1)))


@pytest.mark.parametrize("ndim", [2, 3])
def test_mirroring_once_is_flip_and_twice_is_nothing(ndim):
    shape = (8, 11, 9)[:ndim]
    image, classes, weights = sample(shape)
    flips = drawn_as(ndim, matrix=np.diag([-1, 1, -1][:ndim]))
    center = middle([0] * ndim, shape)
    once = crop(image, classes, weights, flips, center, shape)
    axes = (-ndim, -1) if ndim == 3 else (-ndim,)
    for array, got in zip((image, classes, weights), once, strict=True):
        np.testing.assert_array_equal(got, np.flip(array, axes))
    for array, got in zip(
        (image, classes, weights), crop(*once, flips, center, shape), strict=True
    ):
        np.testing.assert_array_equal(got, array)


@pytest.mark.parametrize("ndim", [2, 3])
def test_image_classes_and_weights_share_one_map(ndim):
    shape, size, output = (30, 41, 37)[:ndim], [24] * ndim, [12] * ndim
    image, classes, weights = sample(shape)
    policy = replace(
        Augmentation(), brightness=0, contrast=0, gamma=0, noise=0, blur=0, elastic_sigma=3.0
    )
    drawn = draw(policy, np.random.default_rng(8), ndim)
    center = [14.2, 20.9, 5.0][:ndim]
    cut = crop(image, classes, weights, drawn, center, size, output)
    grid = coordinates(drawn, center, size)
    inner = (..., *[slice(6, 18)] * ndim)
    np.testing.assert_array_equal(cut[0], resample(image, grid, 1))
    np.testing.assert_array_equal(cut[1], resample(classes, grid, 0)[inner])
    known = resample(weights, grid, 0)[inner] > 0
    np.testing.assert_allclose(cut[2], resample(weights, grid, 1)[inner] * known, atol=1e-6)


@pytest.mark.parametrize("size", [(24, 31), (5, 18, 13)])
def test_the_map_is_place_shift_and_matrix_of_the_displaced_offset(size):
    ndim = len(size)
    drawn = draw(replace(Augmentation(), shift=9.0), np.random.default_rng(6), ndim)
    still = replace(drawn, matrix=np.eye(ndim), shift=np.zeros(ndim))
    displaced = coordinates(still, np.zeros(ndim), size)
    assert np.abs(drawn.shift).max() > 0.1
    expected = np.tensordot(drawn.matrix, displaced, axes=1)
    expected += (np.arange(ndim) * 7 + drawn.shift).reshape(-1, *[1] * ndim)
    np.testing.assert_allclose(coordinates(drawn, range(0, 7 * ndim, 7), size), expected, atol=1e-4)


@given(st.integers(0, 2**32 - 1))
def test_what_nobody_annotated_gains_no_weight(seed):
    image, classes, weights = sample((40, 40), seed)
    classes[weights == 0] = 9
    drawn = draw(Augmentation(), np.random.default_rng(seed))
    _, shown, weight = crop(image, classes, weights, drawn, (20, 20), (30, 30))
    assert (shown == 9).any()
    assert (weight[shown == 9] == 0).all()
    assert (weight[shown != 9] > 0).mean() > 0.99


def test_same_seed_same_bytes():
    arrays = sample((50, 60))
    first, again, other = (
        crop(*arrays, draw(Augmentation(), np.random.default_rng(s)), (25, 30), (32, 32))
        for s in (1, 1, 2)
    )
    for a, b, c in zip(first, again, other, strict=True):
        assert a.tobytes() == b.tobytes()
        assert a.tobytes() != c.tobytes()


def test_applying_writes_to_nothing():
    arrays = sample((50, 60))
    for array in arrays:
        array.setflags(write=False)
    drawn = draw(Augmentation(), np.random.default_rng(0))
    drawn.displacement.setflags(write=False)
    before = [array.copy() for array in arrays]
    crop(*arrays, drawn, (25, 30), (32, 32))
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_bad_arguments_are_refused():
    image, classes, weights = sample((20, 20))
    with pytest.raises(DataError, match=r"\(20, 19\)"):
        crop(image, classes[:, 1:], weights, drawn_as(), (9, 9), (8, 8))
    with pytest.raises(ConfigError, match="even number"):
        crop(image, classes, weights, drawn_as(), (9, 9), (8, 8), (5, 8))
    with pytest.raises(ConfigError, match="2 numbers each"):
        crop(image, classes, weights, drawn_as(), (9, 9, 9), (8, 8))
