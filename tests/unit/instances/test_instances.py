"""From probabilities to cells: components as scipy's, flooding as its definition says."""

import heapq
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from septum.errors import DataError
from septum.instances import components, drop_small, instances, watershed

SHAPES = st.one_of(
    st.tuples(st.integers(1, 15), st.integers(1, 15)),
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
)


def neighbours(place, shape):
    for axis, step in product(range(len(shape)), (-1, 1)):
        moved = list(place)
        moved[axis] += step
        if 0 <= moved[axis] < shape[axis]:
            yield tuple(moved)


def extended(cost, level):
    """The cost of a way that is one pixel longer: (highest level, steps since it was reached)."""
    highest, steps = cost
    return (highest, steps + 1) if level <= highest else (level, 1)


def plain_watershed(height, seeds, mask):
    """The definition: the cheapest way to each pixel, then labels in the order of cost."""
    levels = (np.clip(height, 0, 1) * 255).astype(int)
    places = list(map(tuple, np.argwhere(mask | (seeds > 0))))
    near = {p: [n for n in neighbours(p, mask.shape) if mask[n] or seeds[n]] for p in places}
    cost = {place: (levels[place], 0) for place in places if seeds[place]}
    queue = [(value, place) for place, value in cost.items()]
    heapq.heapify(queue)
    while queue:
        value, place = heapq.heappop(queue)
        for other in near[place]:
            longer = extended(value, levels[other])
            if longer < cost.get(other, (999, 0)):
                cost[other] = longer
                heapq.heappush(queue, (longer, other))
    labels = seeds.copy()
    for place in sorted(cost, key=cost.__getitem__):
        if not seeds[place]:
            labels[place] = min(
                labels[other]
                for other in near[place]
                if other in cost and extended(cost[other], levels[place]) == cost[place]
            )
    return labels


def drawn(shape, seed, levels=256):
    """Heights, seeds and a mask; few levels make many ties."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape))
    height = (rng.permutation(size) % levels / (levels - 1)).reshape(shape)
    mask = rng.random(shape) < 0.8
    seeds = np.where(rng.random(shape) < 0.1, rng.integers(1, 9, shape), 0).astype(np.int32)
    return height, seeds * mask, mask


@given(shape=SHAPES, seed=st.integers(0, 999), levels=st.sampled_from([2, 3, 7, 256]))
def test_flooding_is_what_its_definition_says(shape, seed, levels):
    height, seeds, mask = drawn(shape, seed, levels)
    result = watershed(height, seeds, mask)
    assert result.dtype == np.int32
    np.testing.assert_array_equal(result, plain_watershed(height, seeds, mask))


@given(shape=SHAPES, seed=st.integers(0, 999), levels=st.sampled_from([2, 256]))
def test_flooding_does_not_depend_on_how_the_image_lies(shape, seed, levels):
    """Mirrored and turned, the same pixels go to the same seeds: no order of visits shows."""
    height, seeds, mask = drawn(shape, seed, levels)
    turned = [np.flip(array).T for array in (height, seeds, mask)]
    expected = np.flip(watershed(height, seeds, mask)).T
    np.testing.assert_array_equal(watershed(*turned), expected)


def test_a_seed_outside_the_mask_floods_what_is_inside():
    height, mask = np.zeros((1, 5)), np.array([[0, 0, 1, 1, 1]], bool)
    seeds = np.array([[0, 3, 0, 0, 0]], np.int32)
    np.testing.assert_array_equal(watershed(height, seeds, mask), [[0, 3, 3, 3, 3]])


def test_of_two_seeds_that_come_at_once_the_smaller_id_wins():
    seeds = np.array([[2, 0, 0, 0, 1]], np.int32)
    flat = watershed(np.full((1, 5), 0.5), seeds, np.ones((1, 5), bool))
    np.testing.assert_array_equal(flat, [[2, 2, 1, 1, 1]])


@given(shape=SHAPES, seed=st.integers(0, 999))
def test_seeds_stay_the_mask_holds_and_nothing_leaks_through_background(shape, seed):
    height, seeds, mask = drawn(shape, seed, levels=5)
    result = watershed(height, seeds, mask)
    np.testing.assert_array_equal(result[seeds > 0], seeds[seeds > 0])
    assert not result[~mask].any()
    islands, count = ndimage.label(mask)
    for island in range(1, count + 1):
        inside = islands == island
        found = set(result[inside].tolist())
        wanted = set(seeds[inside].tolist()) - {0}
        # An island without a seed stays empty, one with seeds is filled by its own alone.
        assert found == (wanted or {0})


@given(shape=SHAPES, seed=st.integers(0, 999))
def test_every_pixel_is_reached_over_the_lowest_pass(shape, seed):
    """No pixel could be reached over a lower pass than within its own instance."""
    height, seeds, mask = drawn(shape, seed, levels=4)
    levels = (height * 255).astype(int)
    result = watershed(height, seeds, mask)
    passes = {}
    for label in range(10):  # 0: from any seed and through anything
        own = (seeds == label) if label else seeds > 0
        allowed = (result == label) if label else mask
        passes[label] = lowest_pass(levels, own, allowed)
    for label in range(1, 10):
        own = (result == label) & mask
        np.testing.assert_array_equal(passes[label][own], passes[0][own])


def lowest_pass(levels, start, allowed):
    """The lowest highest level on a way from the start to each pixel; 999 where there is none."""
    best = np.where(start, levels, 999)
    changed = True
    while changed:
        changed = False
        for place in map(tuple, np.argwhere(allowed)):
            for other in neighbours(place, levels.shape):
                if best[other] < 999 and max(best[other], levels[place]) < best[place]:
                    best[place], changed = max(best[other], levels[place]), True
    return best


def test_a_ridge_decides_where_two_floods_meet():
    height = np.array([[0.1, 0.2, 0.3, 0.9, 0.2, 0.1]])
    seeds = np.array([[1, 0, 0, 0, 0, 2]], np.int32)
    result = watershed(height, seeds, np.ones((1, 6), bool))
    np.testing.assert_array_equal(np.delete(result, 3, axis=1), [[1, 1, 1, 2, 2]])


def test_the_inputs_are_not_changed():
    height, seeds, mask = drawn((9, 9), 1)
    copies = height.copy(), seeds.copy(), mask.copy()
    watershed(height, seeds, mask)
    components(mask, 3)
    drop_small(seeds, 2)
    for before, after in zip(copies, (height, seeds, mask), strict=True):
        np.testing.assert_array_equal(before, after)


@given(shape=SHAPES, seed=st.integers(0, 999), min_size=st.integers(0, 6))
def test_components_are_scipys_without_the_small_ones(shape, seed, min_size):
    mask = np.random.default_rng(seed).random(shape) < 0.5
    expected, count = ndimage.label(mask)
    for label in range(1, count + 1):
        if (expected == label).sum() < min_size:
            expected[expected == label] = 0
    kept = [label for label in np.unique(expected) if label]
    for number, label in enumerate(kept, start=1):
        expected[expected == label] = number
    result = components(mask, min_size)
    assert result.dtype == np.int32
    np.testing.assert_array_equal(result, expected)


@given(shape=SHAPES, seed=st.integers(0, 999), order=st.sampled_from("CF"))
def test_components_come_in_the_order_of_their_first_pixels(shape, seed, order):
    mask = np.asarray(np.random.default_rng(seed).random(shape) < 0.5, order=order)
    result = components(mask)
    present, firsts = np.unique(result, return_index=True)
    assert (np.diff(firsts[present > 0]) > 0).all()
    np.testing.assert_array_equal(result > 0, mask)


@pytest.mark.parametrize("classes", [1, 4])
def test_other_numbers_of_classes_are_refused(classes):
    with pytest.raises(DataError, match="background, interior, border"):
        instances(np.zeros((classes, 4, 4), np.float32))


@pytest.mark.parametrize("classes", [2, 3])
def test_an_image_without_pixels_has_no_instances(classes):
    assert instances(np.zeros((classes, 0, 5), np.float32)).shape == (0, 5)


def test_small_instances_go_and_the_others_keep_their_order():
    labels = np.array([[5, 5, 5, 0, 2, 2, 0, 7, 9, 9]], np.int32)
    np.testing.assert_array_equal(drop_small(labels, 2), [[2, 2, 2, 0, 1, 1, 0, 0, 3, 3]])
    np.testing.assert_array_equal(drop_small(labels, 4), np.zeros((1, 10)))


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_border_class_separates_what_touches(ndim):
    """Two discs that overlap: two classes merge them, the third class keeps them apart."""
    axes = np.indices((40,) * (ndim - 1) + (60,)).astype(float)
    middle = [20.0] * (ndim - 1)
    one, two = (
        np.sqrt(sum((axis - at) ** 2 for axis, at in zip(axes, [*middle, x], strict=True)))
        for x in (20.0, 38.0)
    )
    cell = np.minimum(one, two) < 12
    border = cell & (np.abs(one - two) < 4)
    three = np.stack([~cell, cell & ~border, border]).astype(np.float32)
    two_classes = np.stack([~cell, cell]).astype(np.float32)
    assert instances(two_classes).max() == 1
    result = instances(three)
    assert result.max() == 2
    np.testing.assert_array_equal(result > 0, cell)  # the border belongs to the cells again
    clear = cell & (np.abs(one - two) > 2.1)
    np.testing.assert_array_equal(result[clear], np.where(one < two, *label_order(result))[clear])


def label_order(result):
    left, right = result[..., :20].max(), result[..., 40:].max()
    assert {left, right} == {1, 2}
    return left, right


def test_thresholds_and_sizes_are_those_asked_for():
    cell = np.zeros((3, 12), np.float32)
    cell[1, 1:3], cell[1, 5:10] = 0.6, 0.8
    probabilities = np.stack([1 - cell, cell])
    assert instances(probabilities).max() == 2
    assert instances(probabilities, threshold=0.7).max() == 1
    np.testing.assert_array_equal(instances(probabilities, min_size=3) > 0, cell > 0.7)
    # With three classes a cell without a seed above `seed` is none.
    three = np.stack([1 - cell, 0.9 * cell, 0.1 * cell])
    assert instances(three, seed=0.5).max() == 2
    np.testing.assert_array_equal(instances(three, seed=0.6) > 0, cell > 0.7)


def line_of(interior, border):
    interior, border = np.array([interior]), np.array([border])
    return np.stack([1 - interior - border, interior, border]).astype(np.float32)


def test_cells_meet_where_the_interior_is_least_likely():
    interior = [0.95, 0.95, 0.8, 0.7, 0.6, 0.5, 0.1, 0.6, 0.95]
    found = instances(line_of(interior, [0.95 - value for value in interior]))
    np.testing.assert_array_equal(np.delete(found, 6, axis=1), [[1, 1, 1, 1, 1, 1, 2, 2]])


def test_a_speck_of_certainty_is_no_seed_of_its_own():
    interior = [0.95, 0.95, 0.95, 0.95, 0.6, 0.95, 0.6, 0.6]
    probabilities = line_of(interior, [0.95 - value for value in interior])
    assert instances(probabilities).max() == 2
    np.testing.assert_array_equal(instances(probabilities, min_size=4), [[1] * 8])


@settings(max_examples=20)
@given(st.integers(0, 99))
def test_an_image_of_background_has_no_instances(seed):
    noise = np.random.default_rng(seed).random((7, 8)).astype(np.float32) * 0.4
    for parts in ([1 - noise, noise], [1 - noise, noise / 2, noise / 2]):
        assert not instances(np.stack(parts)).any()
