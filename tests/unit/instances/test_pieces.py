"""Pieces of classes: each class by itself, block by block as in one piece, without specks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from septum.classes import Classes
from septum.geometry import blocks
from septum.instances import drop_specks, find_pieces, without_specks
from septum.instances.components import block_components

EXCLUSIVE = Classes(("a", "b", "c"), (("1",), ("2",), ("3",)))
OVERLAP = Classes(("a", "b", "c"), (("a",), ("b",), ("c",)), overlap=True)
SHAPES = st.one_of(
    st.tuples(st.integers(1, 25), st.integers(1, 25)),
    st.tuples(st.integers(1, 7), st.integers(1, 9), st.integers(1, 9)),
)


def drawn(shape, seed, highest):
    """Numbers 0 to `highest` in pieces of a few pixels."""
    random = np.random.default_rng(seed)
    return random.choice(highest + 1, shape, p=np.r_[0.4, np.full(highest, 0.6 / highest)]).astype(
        np.uint8
    )


def kept_of(mask, smallest):
    """Yield the components of a mask that are large enough."""
    labels = np.zeros(mask.shape, np.int32)
    ndimage.label(mask, output=labels)
    for number in range(1, labels.max(initial=0) + 1):
        own = labels == number
        if own.sum() >= smallest:
            yield own


@settings(max_examples=150, deadline=None)
@given(
    shape=SHAPES,
    block=st.integers(1, 26),
    seed=st.integers(0, 2**32),
    highest=st.integers(1, 3),
    smallest=st.tuples(*[st.sampled_from([0, 2, 5])] * 3),
)
def test_pieces_in_blocks_are_the_components_of_each_class(shape, block, seed, highest, smallest):
    classes = drawn(shape, seed, highest)
    found = find_pieces(classes, smallest, block)
    labels = np.full(shape, 9999, np.uint32)
    found.write(labels)
    expected = [
        (np.flatnonzero(own)[0], value, own)
        for value in range(1, highest + 1)
        for own in kept_of(classes == value, smallest[value - 1])
    ]
    expected.sort(key=lambda piece: piece[0])
    assert found.values.tolist() == [value for _, value, _ in expected]
    whole = np.zeros(shape, np.uint32)
    for number, (_, _, own) in enumerate(expected, start=1):
        whole[own] = number
    np.testing.assert_array_equal(labels, whole)


@settings(max_examples=100, deadline=None)
@given(
    shape=SHAPES,
    block=st.integers(1, 26),
    seed=st.integers(0, 2**32),
    named=st.sampled_from([EXCLUSIVE, OVERLAP]),
    smallest=st.one_of(
        st.tuples(st.integers(0, 6)), st.tuples(*[st.sampled_from([0, 1, 2, 5])] * 3)
    ),
)
def test_specks_become_background_whatever_the_blocks(shape, block, seed, named, smallest):
    numbers = drawn(shape, seed, 7 if named.overlap else 3)
    given_ = numbers.copy()
    masks = np.zeros((3, *shape), bool)
    for place, mask in enumerate(named.masks(numbers)):
        for own in kept_of(mask, smallest[place if len(smallest) > 1 else 0]):
            masks[place] |= own
    np.testing.assert_array_equal(named.masks(without_specks(numbers, named, smallest)), masks)
    np.testing.assert_array_equal(numbers, given_)
    drop_specks(numbers, named, smallest, block)
    np.testing.assert_array_equal(named.masks(numbers), masks)


def test_a_speck_on_another_class_is_a_hole_where_they_exclude_and_none_where_they_overlap():
    numbers = np.zeros((9, 9), np.uint8)
    numbers[1:8, 1:8] = 1
    numbers[4, 4] = 3
    assert without_specks(numbers, EXCLUSIVE, (0, 0, 4))[4, 4] == 0
    assert without_specks(numbers, OVERLAP, (0, 4, 0))[4, 4] == 1


def test_of_noise_only_what_meets_a_face_is_remembered():
    mask = np.zeros((120, 120), np.uint8)
    mask[1::2, 1::2] = 1
    parts = blocks(mask.shape, 40)
    found = block_components(mask.shape, parts, lambda part: mask[part.window], (4,))
    held = sum(len(pieces) for pieces, _ in found.numbers)
    assert held == 2 * 2 * 60 - 2**2  # of 3,600 specks those in 2 rows and 2 columns beside faces
