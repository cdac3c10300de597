"""The surface of objects in volumes: that of bodies whose area is known, whatever the blocks."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septum.instances.measure import measure
from septum.instances.surface import DIRECTIONS, PAIRS, add_crossings, areas, with_rim


def table_of(labels, spacing=None, block=None):
    return measure(labels, np.zeros((1, *labels.shape), np.uint8), labels.max(), (), spacing, block)


def ellipsoid(radii, spacing, off=(0.2, 0.4, 0.1)):
    """Return an ellipsoid whose middle lies off the voxels, radii in the unit of the spacing."""
    sizes = [int(radius / step) + 3 for radius, step in zip(radii, spacing, strict=True)]
    axes = [
        (np.arange(-size, size + 1) - shift) * step / radius
        for size, shift, step, radius in zip(sizes, off, spacing, radii, strict=True)
    ]
    z, y, x = np.ix_(*axes)
    return (z**2 + y**2 + x**2 < 1).astype(np.uint16)


def true_area(radii):
    """Cauchy: 4π times the mean of abc |n/r| over all directions n; here on a fine grid."""
    height = (np.arange(400) + 0.5) / 200 - 1
    turn = np.arange(400) * np.pi / 200
    across = np.sqrt(1 - height**2)[:, None]
    n = height[:, None] + 0 * turn, across * np.cos(turn), across * np.sin(turn)
    stretched = sum((part / radius) ** 2 for part, radius in zip(n, radii, strict=True))
    return 4 * np.pi * np.prod(radii) * np.sqrt(stretched).mean()


@pytest.mark.parametrize(
    ("radii", "spacing", "within"),
    [
        ((3, 3, 3), (1, 1, 1), 0.04),
        ((5, 5, 5), (1, 1, 1), 0.01),
        ((20, 20, 20), (1, 1, 1), 0.003),
        ((10, 15, 25), (1, 1, 1), 0.01),
        ((2.5, 2.5, 2.5), (0.25, 0.125, 0.125), 0.01),
        ((12, 20, 16), (3, 1, 1), 0.03),
        ((20, 20, 20), (5, 1, 1), 0.03),
    ],
)
def test_an_ellipsoid_has_its_area(radii, spacing, within):
    table = table_of(ellipsoid(radii, spacing), spacing)
    assert table["surface_um2"][0] == pytest.approx(true_area(radii), rel=within)


@pytest.mark.parametrize("spacing", [None, (3.0, 0.5, 0.5)])
def test_a_single_voxel_is_no_rounder_than_a_ball(spacing):
    labels = np.zeros((3, 3, 3), np.uint16)
    labels[1, 1, 1] = 1
    assert 0 < table_of(labels, spacing)["sphericity"][0] <= 1


def test_a_ball_is_as_spherical_as_can_be_and_a_rod_is_not():
    ball = table_of(ellipsoid((12, 12, 12), (1, 1, 1)))
    assert ball["sphericity"][0] == pytest.approx(1, abs=0.01)
    assert "surface_um2" not in ball
    rod = table_of(ellipsoid((24, 6, 6), (1, 1, 1)))
    expected = (24 * 6 * 6) ** (2 / 3) * 4 * np.pi / true_area((24, 6, 6))
    assert rod["sphericity"][0] == pytest.approx(expected, rel=0.02)


def test_flat_faces_along_the_axes_are_a_tenth_too_small_as_the_formula_says():
    labels = np.zeros((42, 42, 42), np.uint8)
    labels[1:-1, 1:-1, 1:-1] = 1
    assert table_of(labels)["surface_px2"][0] == pytest.approx(0.9 * 6 * 40**2, rel=0.02)


def plain_crossings(labels, label):
    """Count neighbours in each direction of which one is the object; beyond is background."""
    inside = np.pad(labels == label, 1)
    return [np.count_nonzero(inside != np.roll(inside, way, axis=(0, 1, 2))) for way in DIRECTIONS]


@settings(max_examples=40)
@given(
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    count=st.integers(1, 4),
    block=st.sampled_from([1, 2, 3, 4, 128]),
    seed=st.integers(0, 2**32 - 1),
)
def test_crossings_and_areas_are_those_of_the_whole_whatever_the_blocks(shape, count, block, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, count + 1, shape).astype(np.uint16)
    labels.flat[0] = count
    crossings = np.zeros((count, 13), np.int64)
    starts = itertools.product(*(range(0, size, block) for size in shape))
    for corner in starts:
        window = tuple(
            slice(at, min(at + block, size)) for at, size in zip(corner, shape, strict=True)
        )
        add_crossings(with_rim(labels, window), PAIRS, crossings)
    expected = [plain_crossings(labels, label) for label in range(1, count + 1)]
    np.testing.assert_array_equal(crossings, expected)
    whole, parts = table_of(labels, (0.5, 0.2, 0.2)), table_of(labels, (0.5, 0.2, 0.2), block)
    for name in ("surface_um2", "sphericity", "volume_px", "volume_um3"):
        np.testing.assert_array_equal(whole[name], parts[name])


def test_an_object_that_ends_where_a_block_ends_is_closed():
    """The block behind it is empty, and yet it is the one that sees the object's end."""
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[:4, :4, :4] = 1
    assert table_of(labels, block=4)["surface_px2"] == table_of(labels)["surface_px2"]


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (10.0, 1.0, 1.0), (1.0, 1e7, 1e-3)])
def test_directions_share_the_whole_sphere(spacing):
    # One crossing for each direction, weighed so that only the shares are left.
    lengths = np.linalg.norm(DIRECTIONS * np.array(spacing), axis=1)
    shares = areas(np.diag(lengths), spacing) / np.prod(spacing) / 4
    assert (shares > 0).all()
    assert shares.sum() == pytest.approx(1 / 2)
