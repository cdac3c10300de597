"""Neighbouring slices as channels: the same for samples in memory and for a stack in a file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.data.context import neighbours, stacked, with_context
from septum.data.sample import Sample
from septum.errors import DataError


def slices(count, group="stack", channels=1, start=0):
    return [
        Sample(
            np.full((channels, 2, 3), 10 * (start + n), np.uint8)
            + np.arange(channels, dtype=np.uint8)[:, None, None],
            name=f"{group}[{n}]",
            group=group,
            index=n,
            slice=True,
        )
        for n in range(count)
    ]


def values(sample):
    return sample.image[:, 0, 0].tolist()


def test_each_slice_sees_the_one_before_and_the_one_behind_and_the_ends_go_on():
    found = with_context(slices(3), 1)
    assert [values(sample) for sample in found] == [[0, 0, 10], [0, 10, 20], [10, 20, 20]]
    assert [sample.own[0, 0, 0] for sample in found] == [0, 10, 20]
    assert [sample.name for sample in found] == ["stack[0]", "stack[1]", "stack[2]"]


def test_stacks_are_kept_apart_and_the_order_given_is_kept():
    one, two = slices(2, "a"), slices(2, "b", start=5)
    found = with_context([two[1], one[0], two[0], one[1]], 1)
    assert [values(s) for s in found] == [[50, 60, 60], [0, 0, 10], [50, 50, 60], [0, 10, 10]]


def test_the_nearest_slices_that_are_there_are_the_neighbours():
    stack = slices(5)
    found = with_context([stack[0], stack[3], stack[4]], 1)
    assert [values(sample) for sample in found] == [[0, 0, 30], [0, 30, 40], [30, 40, 40]]


def test_slices_that_nobody_annotated_are_neighbours_too_where_they_are_given():
    stack = slices(5)
    found = with_context([stack[3], stack[0]], 1, stack)
    assert [values(sample) for sample in found] == [[20, 30, 40], [0, 0, 10]]
    assert [sample.index for sample in found] == [3, 0]


def test_slices_of_a_stack_share_their_memory():
    """A stack of n slices takes the memory of n + 2 reach, not of (2 reach + 1) n."""
    found = with_context(slices(9), 2)
    owners = {id(sample.image.base) for sample in found}
    assert len(owners) == 1
    assert found[0].image.base.nbytes == (9 + 4) * slices(1)[0].image.nbytes


def test_slices_of_two_sizes_are_no_stack():
    one, two = slices(2)
    other = Sample(two.image[:, :1], name="cut", group="stack", index=1, slice=True)
    with pytest.raises(DataError, match=r"stack\[0\] and cut are slices of one stack, of the"):
        with_context([one, other], 1)


def test_frames_of_time_and_single_images_are_their_own_neighbours():
    frames = [Sample(s.image, group="film", index=s.index) for s in slices(2)]
    assert [values(sample) for sample in with_context(frames, 1)] == [[0, 0, 0], [10, 10, 10]]


def test_without_reach_nothing_changes():
    stack = slices(2)
    assert with_context(stack, 0) == stack
    assert stack[0].own is not None
    np.testing.assert_array_equal(stack[0].own, stack[0].image)


@given(st.integers(1, 5), st.integers(1, 3), st.integers(0, 3), st.data())
def test_a_stack_that_is_read_by_windows_has_the_same_neighbours(count, channels, reach, data):
    stacks = [slices(count, "a", channels), slices(count, "b", channels, start=count)]
    images = np.stack([sample.image for stack in stacks for sample in stack])
    expected = [s.image for stack in stacks for s in with_context(stack, reach)]
    for number, image in enumerate(expected):
        source = stacked([images[at] for at in neighbours(number, reach, count)])
        assert tuple(source.shape) == image.shape
        stop = data.draw(st.integers(1, len(image)))
        start = data.draw(st.integers(0, stop - 1))
        window = (slice(start, stop), slice(0, 1), slice(1, 3))
        np.testing.assert_array_equal(source[window], image[window])


@pytest.mark.parametrize("reach", [1, 2])
def test_own_channels_are_those_in_the_middle(reach):
    found = with_context(slices(5, channels=3), reach)
    for plain, sample in zip(slices(5, channels=3), found, strict=True):
        np.testing.assert_array_equal(sample.own, plain.image)
