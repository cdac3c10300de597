"""Laws of the ridge between touching instances."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.ndimage import generate_binary_structure, maximum_filter, minimum_filter

from septum.errors import DataError
from septum.targets import separate

label_images = arrays(
    np.int32,
    array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=9),
    elements=st.sampled_from([0, 0, 1, 1, 2, 3, 7]),
)


def blocks(image, times):
    """Enlarge every pixel, for cells of more than a few pixels."""
    for axis in range(image.ndim):
        image = np.repeat(image, times, axis)
    return image


def touching(labels):
    """Mark cells' pixels with a neighbour of another id, diagonals included: the reference."""
    around = generate_binary_structure(labels.ndim, labels.ndim)
    highest = maximum_filter(labels, footprint=around, mode="constant")
    beyond = np.where(labels == 0, labels.max() + 1, labels)
    lowest = minimum_filter(beyond, footprint=around, mode="nearest")
    return (labels > 0) & ((highest != labels) | (lowest != labels))


def reference(labels):
    """Let cells give way one after the other, from the smallest to the largest."""
    ids = [i for i in np.unique(labels) if i]
    kept = np.zeros_like(labels)
    for i in sorted(ids, key=lambda i: ((labels == i).sum(), i)):
        standing = maximum_filter(kept, size=3, mode="constant") > 0
        kept[(labels == i) & ~standing] = i
    return kept


@given(label_images, st.sampled_from([1, 3]))
def test_equals_reference(labels, times):
    labels = blocks(labels, times)
    np.testing.assert_array_equal(separate(labels), reference(labels))


@given(label_images, st.sampled_from([1, 3]))
def test_nothing_touches_and_no_id_is_invented(labels, times):
    labels = blocks(labels, times)
    separated = separate(labels)
    assert not touching(separated).any()
    assert ((separated == labels) | (separated == 0)).all()
    np.testing.assert_array_equal(separate(separated), separated)
    untouched = ~touching(labels)
    np.testing.assert_array_equal(separated[untouched], labels[untouched])


@given(label_images, st.randoms(use_true_random=False))
def test_does_not_depend_on_ids_unless_sizes_tie(labels, random):
    labels = blocks(labels, 2)
    sizes = np.unique(labels[labels > 0], return_counts=True)[1]
    if len(set(sizes)) < len(sizes):
        labels[labels > 1] = 0
    ids = [0, *random.sample(range(1, 100), 7)]
    renamed = np.array(ids)[labels]
    np.testing.assert_array_equal(separate(renamed), np.array(ids)[separate(labels)])


def test_the_larger_cell_gives_way_whatever_its_id():
    for small, large in ((1, 2), (2, 1)):
        row = np.array([[small] * 3 + [large] * 5])
        assert separate(row).tolist() == [[small] * 3 + [0] + [large] * 4]


def test_the_higher_of_two_equal_cells_gives_way():
    assert separate(np.array([5, 5, 5, 9, 9, 9])).tolist() == [5, 5, 5, 0, 9, 9]


def test_the_ridge_is_one_pixel_where_three_cells_meet():
    labels = np.array([[1, 1, 1, 2, 2], [1, 1, 1, 2, 2], [1, 1, 1, 3, 3]])
    expected = [[1, 1, 0, 2, 2], [1, 1, 0, 0, 0], [1, 1, 0, 3, 3]]
    assert separate(labels).tolist() == expected


def test_diagonal_contact_is_contact():
    corners = np.zeros((4, 4), int)
    corners[:2, :2] = 1
    corners[2:, 2:] = 2
    assert separate(corners)[2, 2] == 0


def test_a_thread_between_smaller_cells_vanishes():
    labels = np.array([[1, 1, 0, 0, 0, 2, 2], [3, 3, 3, 3, 3, 3, 3]])
    assert separate(labels).tolist() == [[1, 1, 0, 0, 0, 2, 2], [0, 0, 0, 3, 0, 0, 0]]
    labels[0, 3] = 4
    assert 3 not in separate(labels)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int64, np.uint64])
def test_keeps_the_type_and_any_id(dtype):
    high = np.iinfo(dtype).max if dtype is not bool else True
    labels = np.array([[0, 1, 1, high, high, high]], dtype)
    separated = separate(labels)
    assert separated.dtype == dtype
    assert separated[0, -1] == high
    assert separated is not labels


@pytest.mark.parametrize(
    ("labels", "hint"),
    [([[0.0, 1.0]], "whole numbers"), ([[-1, 1]], "negative id -1"), (3, "single number")],
)
def test_what_is_not_a_label_image_is_refused(labels, hint):
    with pytest.raises(DataError, match=hint):
        separate(labels)


def test_reference_for_touching_sees_all_neighbours():
    for step in product((-1, 0, 1), repeat=2):
        pair = np.zeros((3, 3), int)
        pair[1, 1] = 1
        pair[1 + step[0], 1 + step[1]] = 2
        assert touching(pair).any() == any(step)
