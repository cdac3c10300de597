import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum import geometry

depths = st.integers(0, 5)


def walk(size: int, depth: int) -> int | None:
    """Figure 1, step by step: the output size, or None where a pooling sees an odd size."""
    for _ in range(depth):
        size -= 4
        if size <= 0 or size % 2:
            return None
        size //= 2
    size -= 4
    if size <= 0:
        return None
    for _ in range(depth):
        size = 2 * size - 4
    return size if size > 0 else None


def test_the_papers_figures():
    assert geometry.output_size(572, depth=4) == 388
    assert geometry.context(depth=4) == 92
    assert geometry.input_size(388, depth=4) == 572


@given(size=st.integers(-5, 800))
def test_the_deepest_network_within_a_size_looks_no_further(size):
    depth = geometry.deepest_within(size)
    assert geometry.context(depth + 1) > size
    assert geometry.context(depth) <= size or depth == 0
    assert geometry.depths_within((size, 92, 44)) == (depth, 3, 3)


@given(size=st.integers(-5, 800), depth=depths)
def test_sizes_equal_a_walk_through_the_network(size, depth):
    expected = walk(size, depth)
    assert geometry.is_legal(size, depth) == (expected is not None)
    if expected is None:
        with pytest.raises(ValueError, match=str(geometry.nearest_legal(size, depth)[1])):
            geometry.output_size(size, depth)
    else:
        assert geometry.output_size(size, depth) == expected


@given(size=st.integers(-5, 800), depth=depths)
def test_nearest_legal_sizes_have_no_legal_size_between_them(size, depth):
    lower, upper = geometry.nearest_legal(size, depth)
    assert geometry.is_legal(lower, depth)
    assert geometry.is_legal(upper, depth)
    assert upper >= size
    assert not any(geometry.is_legal(between, depth) for between in range(lower + 1, upper))
    if lower > size:
        assert lower == geometry.smallest_input(depth)


@given(output=st.integers(1, 600), depth=depths)
def test_input_size_is_the_smallest_that_yields_enough(output, depth):
    size = geometry.input_size(output, depth)
    assert geometry.output_size(size, depth) >= output
    smaller = size - 2**depth
    assert not geometry.is_legal(smaller, depth) or geometry.output_size(smaller, depth) < output


def test_illegal_values_are_named():
    with pytest.raises(ValueError, match="556 and 572"):
        geometry.output_size(571, depth=4)
    with pytest.raises(ValueError, match="188"):
        geometry.output_size(1, depth=4)
    with pytest.raises(ValueError, match="depth is -1"):
        geometry.context(-1)
    with pytest.raises(ValueError, match="output size is 0"):
        geometry.input_size(0)
