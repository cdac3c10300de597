"""Outlines enclose the pixels of their object, all of them and no others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from septum.outputs import outlines as module
from septum.outputs.outlines import area, outlines


def filled(rings, shape):
    """Return the pixels with their centre inside an odd number of rings."""
    inside = np.zeros(shape, int)
    ys, xs = np.indices(shape) + 0.5
    for ring in rings:
        for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            if x0 == x1:
                inside += (xs < x0) & (ys > min(y0, y1)) & (ys < max(y0, y1))
    return inside % 2 == 1


def check(labels, found):
    parts = {}
    for outline in found:
        outer, *holes = outline.rings
        assert area(outer) > 0
        assert all(area(hole) < 0 for hole in holes)
        for ring in outline.rings:
            assert len({tuple(corner) for corner in ring.tolist()}) == len(ring)  # no self-contact
            steps = np.roll(ring, -1, axis=0) - ring
            assert (np.count_nonzero(steps, axis=1) == 1).all()  # along the edges of pixels
            turns = np.count_nonzero(steps[:, 0]) * 2
            assert turns == len(ring)  # and only where the outline turns
        parts.setdefault(outline.label, []).append(outline)
    assert sorted(parts) == [label for label in np.unique(labels) if label]
    for label, pieces in parts.items():
        pixels, count = ndimage.label(labels == label)
        assert len(pieces) == count
        for piece in pieces:
            inside = filled(piece.rings, labels.shape)
            assert sum(area(ring) for ring in piece.rings) == inside.sum()
            (which,) = np.unique(pixels[inside])
            np.testing.assert_array_equal(inside, pixels == which)


@settings(max_examples=150)
@given(
    labels=arrays(
        np.uint16,
        st.tuples(st.integers(1, 9), st.integers(1, 9)),
        elements=st.integers(0, 3),
        fill=st.nothing(),
    ),
    held=st.sampled_from([1, 2**25]),
)
def test_each_connected_part_is_one_polygon_with_the_same_pixels(labels, held):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_HELD", held)
        check(labels, list(outlines(labels)))


@pytest.mark.parametrize("held", [1, 2**25])
def test_large_tangled_objects_over_many_bands(held, monkeypatch):
    monkeypatch.setattr(module, "_HELD", held)
    rng = np.random.default_rng(5)
    noise = ndimage.gaussian_filter(rng.normal(size=(120, 90)), 1)
    labels = ndimage.label(noise > -0.02)[0].astype(np.uint32)
    check(labels, outlines(labels))
    check((labels > 0).astype(np.uint16), outlines((labels > 0).astype(np.uint16)))


def test_a_ring_that_closes_at_a_diagonal_has_a_hole_that_touches_it():
    labels = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]], np.uint16)
    (outline,) = outlines(labels)
    outer, hole = outline.rings
    assert area(outer) == 8
    assert area(hole) == -1
    assert [2, 2] in outer.tolist()
    assert [2, 2] in hole.tolist()


def test_a_pixel_and_a_row_and_nothing():
    (pixel,) = outlines(np.array([[7]], np.uint32))
    assert pixel.label == 7
    assert pixel.rings[0].tolist() == [[0, 0], [1, 0], [1, 1], [0, 1]]
    one, two = outlines(np.array([[1, 1, 0, 2, 2]], np.uint16))
    assert [area(one.rings[0]), area(two.rings[0])] == [2, 2]
    assert list(outlines(np.zeros((4, 5), np.uint16))) == []


def test_an_island_in_the_hole_of_its_own_object_is_a_part_of_its_own():
    labels = np.ones((9, 9), np.uint16)
    labels[1:8, 1:8] = 0
    labels[3:6, 3:6] = 1
    labels[4, 4] = 0
    check(labels, list(outlines(labels)))
