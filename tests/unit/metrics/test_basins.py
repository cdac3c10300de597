from collections import deque

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from septum.metrics.components import basins, components

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14))


def same_partition(a, b):
    """Equal up to a renaming of the labels, 0 stays 0."""
    pairs = set(zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))
    one_to_one = len(pairs) == len({x for x, _ in pairs}) == len({y for _, y in pairs})
    return one_to_one and np.array_equal(a == 0, b == 0)


def plain_basins(cells):
    """Flood as Vincent and Soille describe it, pixel by pixel, column by column."""
    labels = {(x, y): 0 for y, x in np.argwhere(cells)}
    for start in sorted(labels):
        if not labels[start]:
            label, queue = max(labels.values()) + 1, deque([start])
            labels[start] = label
            while queue:
                for near in around(queue.popleft()):
                    if labels.get(near) == 0:
                        labels[near] = label
                        queue.append(near)
    open_pixels = sorted((x, y) for y, x in np.argwhere(~cells))
    queue = deque(p for p in open_pixels if any(n in labels for n in around(p)))
    waiting = set(open_pixels) - set(queue)
    while queue:
        pixel = queue.popleft()
        label, only_dams = None, False
        for near in around(pixel):
            if near in waiting:
                waiting.remove(near)
                queue.append(near)
            elif labels.get(near, -1) > 0:
                if label is None or only_dams:
                    label, only_dams = labels[near], False
                elif label not in (0, labels[near]):
                    label = 0
            elif near in labels and label is None:
                label, only_dams = 0, True
        labels[pixel] = label
    result = np.ones(cells.shape, int)
    for (x, y), label in labels.items():
        result[y, x] = label
    return result


def around(pixel):
    x, y = pixel
    return (x - 1, y), (x, y - 1), (x + 1, y), (x, y + 1)


@given(masks)
def test_components_equal_scipys(cells):
    assert same_partition(components(cells), ndimage.label(cells)[0])


@given(masks)
def test_basins_equal_plain_flooding(cells):
    np.testing.assert_array_equal(basins(cells), plain_basins(cells))


@pytest.mark.parametrize("seed", range(8))
def test_basins_equal_plain_flooding_across_wide_spaces(seed):
    cells = np.random.default_rng(seed).random((50, 60)) < 0.015
    np.testing.assert_array_equal(basins(cells), plain_basins(cells))


@given(masks.filter(np.any))
def test_basins_keep_the_components_and_never_touch(cells):
    flooded = basins(cells)
    np.testing.assert_array_equal(flooded[cells], components(cells)[cells])
    for a, b in ((flooded[1:], flooded[:-1]), (flooded[:, 1:], flooded[:, :-1])):
        touching = (a > 0) & (b > 0)
        np.testing.assert_array_equal(a[touching], b[touching])
    for label in range(1, flooded.max() + 1):
        assert ndimage.label(flooded == label)[1] == 1


@given(st.integers(3, 30), st.integers(1, 5))
def test_a_thick_membrane_becomes_one_pixel(length, thickness):
    cells = np.ones((length, 2 * thickness + 4), bool)
    cells[:, 3 : 3 + 2 * thickness - 1] = False
    dams = basins(cells) == 0
    assert dams.sum(axis=1).tolist() == [1] * length


def test_nothing_to_divide_is_one_basin():
    assert np.all(basins(np.zeros((3, 4), bool)) == 1)
    assert np.all(components(np.zeros((3, 4), bool)) == 0)
