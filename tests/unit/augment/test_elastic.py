"""The elastic deformation of the paper, section 3.1."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.ndimage import map_coordinates

from septum.augment import Augmentation, coordinates, draw, elastic
from septum.augment.displacement import draw_displacement
from septum.errors import ConfigError, DataError


def displacement(drawn, size):
    """Per-pixel displacement of a draw that is nothing but elastic."""
    center = (np.array(size) - 1) / 2
    return coordinates(drawn, center, size) - np.indices(size)


def only_elastic(seed, ndim=2, sigma=10.0, grid=3):
    policy = replace(Augmentation.none(), elastic_sigma=sigma, elastic_grid=grid)
    return draw(policy, np.random.default_rng(seed), ndim)


def test_vectors_are_gaussian_with_the_given_sigma():
    rng = np.random.default_rng(0)
    vectors = np.array([draw_displacement(rng, 2, 10.0, 3) for _ in range(2000)])
    assert vectors.shape == (2000, 2, 3, 3)
    # Standard errors: 0.22 of a mean and 0.16 of a deviation over 2000 draws; 36 000 in all.
    assert np.abs(vectors.mean(axis=0)).max() < 1.1
    assert np.abs(vectors.std(axis=0) - 10).max() < 0.8
    assert abs(vectors.std() - 10) < 0.2
    shares = [(np.abs(vectors) < 10 * z).mean() for z in (1, 2, 3)]
    np.testing.assert_allclose(shares, [0.6827, 0.9545, 0.9973], atol=0.01)
    assert np.abs(np.corrcoef(vectors.reshape(2000, -1).T) - np.eye(18)).max() < 0.12


@pytest.mark.parametrize(("size", "grid"), [((101, 61), 3), ((46, 31), 4), ((9, 21, 13), 3)])
def test_displacement_at_the_nodes_is_the_drawn_vector(size, grid):
    drawn = only_elastic(7, ndim=len(size), grid=grid)
    nodes = np.ix_(range(len(size)), *(np.linspace(0, n - 1, grid).astype(int) for n in size))
    np.testing.assert_allclose(displacement(drawn, size)[nodes], drawn.displacement, atol=1e-4)


def test_displacement_between_the_nodes_is_bicubic():
    size = (65, 97)
    drawn = only_elastic(11, grid=4)
    rows, columns = (np.linspace(0, 3, n) for n in size)
    along_rows = CubicSpline(range(4), drawn.displacement, axis=1, bc_type="natural")(rows)
    expected = CubicSpline(range(4), along_rows, axis=2, bc_type="natural")(columns)
    np.testing.assert_allclose(displacement(drawn, size), expected, atol=1e-4)


def test_same_seed_same_bytes_and_another_seed_other_bytes():
    rng = np.random.default_rng(5)
    image, labels = rng.random((40, 50)), rng.integers(0, 9, (40, 50))
    first, again, other = (elastic(image, labels, sigma=3.0, seed=s) for s in (4, 4, 5))
    for a, b, c in zip(first, again, other, strict=True):
        assert a.tobytes() == b.tobytes()
        assert a.tobytes() != c.tobytes()


@pytest.mark.parametrize("shape", [(33, 40), (9, 12, 14), (1, 7), (1, 1)])
def test_zero_sigma_changes_nothing(shape):
    rng = np.random.default_rng(1)
    labels = rng.integers(-(2**31), 2**31, shape).astype(np.int32)
    for image in (rng.random(shape), rng.integers(0, 256, (3, *shape)).astype(np.uint8)):
        same, same_labels = elastic(image, labels, sigma=0.0)
        np.testing.assert_array_equal(same, image)
        np.testing.assert_array_equal(same_labels, labels)


@pytest.mark.parametrize("shape", [(60, 47), (12, 30, 25)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_image_and_labels_go_through_one_map(shape, dtype):
    rng = np.random.default_rng(2)
    image = (rng.random((2, *shape)) * 200).astype(dtype)
    labels = rng.integers(0, 70_000, shape).astype(np.int32)
    moved, moved_labels = elastic(image, labels, sigma=4.0, seed=3)
    assert (moved.dtype, moved_labels.dtype) == (image.dtype, labels.dtype)
    vectors = draw_displacement(np.random.default_rng(3), len(shape), 4.0, 3)
    drawn = only_elastic(3, ndim=len(shape), sigma=4.0)
    np.testing.assert_array_equal(drawn.displacement, vectors)
    places = coordinates(drawn, (np.array(shape) - 1) / 2, shape)
    for before, after in zip(image.astype(float), moved, strict=True):
        expected = map_coordinates(before, places, order=1, mode="mirror")
        # OpenCV before 5 rounds places to 1/32 px: up to 1/64 of the contrast on either axis.
        assert np.abs(after - expected).max() <= 200 / 32 + 1
        assert np.abs(after - expected).mean() < 2
    expected = map_coordinates(labels, places, order=0, mode="mirror")
    assert (moved_labels == expected).mean() > 0.999


def test_small_crops_are_not_folded_when_their_size_is_known():
    policy = Augmentation()
    sizes = {(572, 572): 10.0, (161, 161): 10.0, (17, 81): None}
    for size, sigma in sizes.items():
        rng = np.random.default_rng(0)
        vectors = np.array([draw(policy, rng, 2, size=size).displacement for _ in range(800)])
        expected = [sigma, sigma] if sigma else [1.0, 5.0]
        np.testing.assert_allclose(vectors.std(axis=(0, 2, 3)), expected, rtol=0.05)


def test_bad_arguments_are_refused():
    image = np.zeros((8, 8))
    with pytest.raises(DataError, match=r"\(8, 8\).*\(8, 9\)"):
        elastic(image, np.zeros((8, 9), int))
    with pytest.raises(ConfigError, match="elastic_sigma is -1"):
        elastic(image, image, sigma=-1)
    with pytest.raises(ConfigError, match="elastic_grid is 1"):
        elastic(image, image, grid=1)
