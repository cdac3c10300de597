"""Resampling equals scipy's and numpy's, for any rank, type and place."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from scipy.ndimage import map_coordinates

from septum.augment import resample
from septum.errors import ConfigError, DataError

shapes = array_shapes(min_dims=2, max_dims=3, max_side=12)
seeds = st.integers(0, 2**32 - 1)


def random_map(shape, rng, reach):
    """Places in the image and beyond it, in 1/32 px, which every OpenCV can tell apart."""
    low = rng.uniform(-reach, reach, (len(shape), *[1] * len(shape)))
    size = rng.integers(1, 9, len(shape))
    places = low + rng.uniform(0, np.max(shape), (len(shape), *size))
    return (np.round(places * 32) / 32).astype(np.float32)


def mirrored(places, shape):
    """Indices of the nearest pixels, mirrored by numpy's own padding: the reference."""
    reach = int(np.abs(places).max()) + 2
    tables = [np.pad(np.arange(n), reach, mode="reflect") for n in shape]
    near = np.floor(places + 0.5).astype(int) + reach
    return tuple(table[index] for table, index in zip(tables, near, strict=True))


@given(shapes, seeds, st.sampled_from([0, 5, 200]))
def test_linear_equals_scipy(shape, seed, reach):
    rng = np.random.default_rng(seed)
    image = rng.random((2, *shape), np.float32)
    places = random_map(shape, rng, reach)
    expected = [map_coordinates(c, places, order=1, mode="mirror") for c in image]
    np.testing.assert_allclose(resample(image, places, order=1), expected, atol=1e-4)


@given(
    shapes,
    seeds,
    st.sampled_from([0, 5, 200]),
    st.sampled_from(["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">i4", "f2"]),
)
@example((3, 4, 5), 0, 5, "f2")
@example((3, 4, 5), 0, 5, ">i4")
def test_nearest_is_exact_whatever_the_type(shape, seed, reach, dtype):
    rng = np.random.default_rng(seed)
    # Random bytes: ids of any size, and the bit patterns of all not-a-numbers.
    bits = rng.integers(0, 256, (*shape, np.dtype(dtype).itemsize)).astype(np.uint8)
    labels = (bits % 2 if dtype == "?" else bits).view(dtype)[..., 0]
    places = random_map(shape, rng, reach)
    read = resample(labels, places, order=0)
    assert read.dtype == labels.dtype
    assert read.tobytes() == np.ascontiguousarray(labels[mirrored(places, shape)]).tobytes()


@pytest.mark.parametrize("pixels", [33_000, 70_000])
def test_images_longer_than_opencv_takes(pixels):
    row = np.arange(pixels, dtype=np.int32)[None]
    places = np.stack(np.broadcast_arrays(0.0, np.arange(pixels - 50, pixels + 20) - 0.25))
    places = places[:, None].astype(np.float32)
    beyond = np.pad(row[0], 30, mode="reflect")[pixels - 20 : pixels + 50]
    assert resample(row, places, order=0).tolist() == [beyond.tolist()]
    whole = np.stack(np.broadcast_arrays(0.0, np.arange(pixels)))[:, None].astype(np.float32)
    np.testing.assert_array_equal(resample(row, whole, order=0), row)
    image = row.astype(np.float32)
    np.testing.assert_allclose(resample(image, whole, order=1), image, rtol=1e-6)


def test_only_the_part_that_is_needed_is_read():
    class Watched(np.ndarray):
        def __getitem__(self, key):
            spans.append(key[1:])
            return np.asarray(self)[key]

    spans = []
    image = np.zeros((6, 300, 400), np.float32).view(Watched)
    places = np.indices((20, 30)).astype(np.float32) + np.array([50.5, -8]).reshape(2, 1, 1)
    assert resample(image, places).shape == (6, 20, 30)
    assert spans == [(slice(50, 71), slice(0, 22))]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64])
def test_linear_rounds_whole_numbers(dtype):
    places = np.array([[[0, 0, 0]], [[0.25, 0.5625, 0.75]]], np.float32)
    read = resample(np.array([[0, 10]], dtype), places)
    assert read.dtype == dtype
    assert set(read[0].tolist()) <= {2, 3, 6, 7, 8}
    assert read[0, 1] == 6


def test_bad_arguments_are_refused():
    places = np.zeros((2, 3, 3), np.float32)
    with pytest.raises(DataError, match="expected 2 axes"):
        resample(np.zeros(5), places)
    with pytest.raises(ConfigError, match="order is 3"):
        resample(np.zeros((5, 5)), places, order=3)
