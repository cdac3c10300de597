"""Blocks cover each pixel once, and know whom they touch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.geometry import blocks

SHAPES = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)


@given(shape=SHAPES, size=st.integers(1, 10))
def test_blocks_cover_every_pixel_once_in_c_order(shape, size):
    owner = np.full(shape, -1)
    for number, block in enumerate(blocks(shape, size)):
        assert block.number == number
        assert (owner[block.window] == -1).all()
        owner[block.window] = number
        assert owner[block.origin] == number
        assert all(start % size == 0 for start in block.origin)
    assert (owner >= 0).all()
    # In C order of the blocks is in C order of their first pixels.
    firsts = np.unique(owner, return_index=True)[1]
    assert (np.diff(firsts) > 0).all()


@given(shape=SHAPES, size=st.integers(1, 10))
def test_sides_are_where_two_blocks_touch(shape, size):
    pixels = np.arange(np.prod(shape)).reshape(shape)
    grid = blocks(shape, size)
    owner = np.empty(shape, int)
    for block in grid:
        owner[block.window] = block.number
    touching = 0
    for block in grid:
        for side in block.sides:
            face = pixels[block.window][side.face(len(shape))]
            beyond = face + side.step * pixels.strides[side.axis] // pixels.itemsize
            assert (owner.ravel()[beyond] == side.neighbour).all()
            touching += face.size
    expected = sum(2 * np.count_nonzero(np.diff(owner, axis=a)) for a in range(len(shape)))
    assert touching == expected


def test_the_picture_of_the_docstring_is_right():
    block = blocks((8, 10), (3, 4))[4]
    assert block.place == (1, 1)
    assert {(side.axis, side.step, side.neighbour) for side in block.sides} == {
        (0, -1, 1),
        (0, 1, 7),
        (1, -1, 3),
        (1, 1, 5),
    }


def test_an_image_without_pixels_has_no_blocks():
    assert blocks((0, 5), 3) == ()


@pytest.mark.parametrize("size", [0, -2, (3,), (3, 0)])
def test_a_size_that_is_none_is_said_so(size):
    with pytest.raises(ValueError, match="at least 1 px"):
        blocks((4, 4), size)


def test_what_surrounds_a_block_ends_at_the_edge_of_the_image():
    shape = (8, 10)
    for part in blocks(shape, (3, 4)):
        for pixels in (0, 1, 5, 100):
            window, inner = part.with_surroundings(pixels, shape)
            for own, outer, within, size in zip(part.window, window, inner, shape, strict=True):
                assert outer == slice(max(0, own.start - pixels), min(size, own.stop + pixels))
                assert range(size)[outer][within] == range(size)[own]
