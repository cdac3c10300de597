"""Holes that are smaller than an object are filled, and no others."""

import numpy as np
import pytest

from septum.instances import instances
from septum.instances.pinholes import reach, without_pinholes


def disc(size=41, radius=18):
    middle = size // 2
    y, x = np.ogrid[:size, :size]
    return (y - middle) ** 2 + (x - middle) ** 2 <= radius**2


@pytest.mark.parametrize(("size", "filled"), [(0, False), (1, False), (6, False), (7, True)])
def test_a_hole_of_fewer_pixels_than_the_smallest_object_is_filled(size, filled):
    whole = disc()
    cells = whole.copy()
    cells[20, 17:20] = cells[18:21, 22] = False
    np.testing.assert_array_equal(without_pinholes(cells, 4), whole)
    cells = whole.copy()
    cells[20, 17:20] = cells[21:24, 20] = False  # one hole: background is connected over corners
    np.testing.assert_array_equal(without_pinholes(cells, size), whole if filled else cells)


def test_a_bay_a_hole_at_the_edge_and_a_long_one_stay():
    cells = disc()
    cells[20, 30:] = False
    np.testing.assert_array_equal(without_pinholes(cells, 100), cells)
    cut = disc()[20:, :]
    cut[:2, 18:20] = False
    np.testing.assert_array_equal(without_pinholes(cut, 100), cut)
    for length, filled in ((reach(2), True), (reach(2) + 1, False)):
        cells = disc()
        cells[20, 12 : 12 + length] = False
        assert without_pinholes(cells, 100)[20, 12] == filled


def test_what_two_objects_enclose_over_their_corners_is_no_hole_and_they_stay_two():
    cells = np.zeros((7, 7), bool)
    cells[1:4, 1:4] = cells[3:6, 3:6] = True
    cells[2, 4] = cells[3, 3] = False  # both touch at corners only, around the middle
    probabilities = np.stack([1 - cells, cells]).astype(np.float32)
    np.testing.assert_array_equal(instances(probabilities, min_size=2) > 0, cells)


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_ring_around_another_object_is_no_hole(ndim):
    cells = np.zeros((12,) * ndim, bool)
    cells[(slice(1, -1),) * ndim] = True
    cells[(slice(4, 8),) * ndim] = False
    filled = without_pinholes(cells, 100)
    assert filled.sum() == 10**ndim
    cells[(slice(5, 7),) * ndim] = True
    np.testing.assert_array_equal(without_pinholes(cells, 100), cells)


@pytest.mark.parametrize("change", [np.asfortranarray, np.transpose, np.flip, lambda a: a[::2]])
def test_how_cells_lie_in_memory_does_not_matter(change):
    cells = change(np.random.default_rng(0).random((60, 50)) < 0.8)
    filled = without_pinholes(cells, 20)
    assert filled.sum() > cells.sum()
    np.testing.assert_array_equal(filled, without_pinholes(np.array(cells, order="C"), 20))


def test_in_volumes_a_hole_is_enclosed_on_all_sides():
    cells = np.ones((9, 9, 9), bool)
    cells[[0, -1]] = cells[:, [0, -1]] = cells[:, :, [0, -1]] = False
    whole = cells.copy()
    cells[4, 4, 3:6] = False
    np.testing.assert_array_equal(without_pinholes(cells, 4), whole)
    cells[4, 4] = False  # a tunnel
    np.testing.assert_array_equal(without_pinholes(cells, 100), cells)


def test_a_pinhole_between_two_cells_is_shared():
    interior = np.full((11, 22), 0.95, np.float32)
    interior[:, 10:12] = 0.3
    border = np.where(interior < 0.9, 0.65, 0.05).astype(np.float32)
    background = 1 - interior - border
    background[5, 10:12], interior[5, 10:12], border[5, 10:12] = 0.9, 0.05, 0.05
    found = instances(np.stack([background, interior, border]), min_size=10)
    assert found.max() == 2
    assert found.all()
    assert instances(np.stack([background, interior, border]), min_size=0)[5, 10] == 0
