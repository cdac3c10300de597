import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum import geometry

shapes = st.lists(st.integers(1, 90), min_size=1, max_size=3)


@given(shape=shapes, tile=st.integers(1, 200), depth=st.integers(1, 3))
def test_every_pixel_is_the_output_of_exactly_one_tile(shape, tile, depth):
    counts = np.zeros(shape, int)
    for piece in geometry.grid(shape, tile, depth):
        counts[tuple(interval.slice for interval in piece.output)] += 1
    assert (counts == 1).all()


@given(shape=shapes, tile=st.integers(1, 200), depth=st.integers(1, 3))
def test_every_tile_sees_its_context_and_pools_in_step_with_the_others(shape, tile, depth):
    sizes = geometry.tile_sizes(shape, tile, depth)
    margin = geometry.context(depth)
    for piece in geometry.grid(shape, tile, depth):
        for output, seen, size in zip(piece.output, piece.input, sizes, strict=True):
            assert len(seen) == size
            assert geometry.is_legal(size, depth)
            assert output.start % 2**depth == 0
            assert seen.start == output.start - margin
            assert seen.stop >= output.stop + margin


def test_a_tile_is_no_larger_than_the_image_needs():
    assert geometry.tile_sizes((100, 512), 10_000) == (284, 700)
    assert geometry.tile_sizes((600, 2048), 572) == (492, 540)


@given(index=st.integers(-500, 500), size=st.integers(1, 20))
def test_mirror_equals_numpys_reflection(index, size):
    row = np.arange(size)
    expected = np.pad(row, 500, mode="reflect")[index + 500] if size > 1 else 0
    assert geometry.mirror(index, size) == expected


def test_an_interval_mirrors_pixel_by_pixel():
    interval = geometry.Interval(-4, 9)
    assert interval.mirrored(5) == [geometry.mirror(i, 5) for i in range(-4, 9)]


def test_wrong_ranks_and_empty_sizes_are_named():
    with pytest.raises(ValueError, match="2 axes, the image 3"):
        geometry.tile_sizes((5, 5, 5), (572, 572))
    for shape, tile in itertools.product([(0, 5), (5, 5)], [0, 572]):
        if 0 in (*shape, tile):
            with pytest.raises(ValueError, match="at least 1 px"):
                geometry.tile_sizes(shape, tile)
