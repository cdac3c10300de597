"""The normalised surface Dice, against all pairs of surface pixels."""

from itertools import product
from math import isnan

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.errors import ConfigError, DataError
from septum.metrics import Surfaces, surface_dice


def plain_surface(mask, known):
    """Return the known pixels of a mask that have a known face neighbour outside it."""
    found = []
    for place in product(*map(range, mask.shape)):
        neighbours = [
            tuple(np.add(place, np.eye(mask.ndim, dtype=int)[axis] * step))
            for axis in range(mask.ndim)
            for step in (-1, 1)
            if 0 <= place[axis] + step < mask.shape[axis]
        ]
        if mask[place] and known[place] and any(known[n] and not mask[n] for n in neighbours):
            found.append(place)
    return found


def plain(truth, found, tolerance, spacing, known):
    """Measure every element of a surface against all of the other."""
    a, b = plain_surface(truth, known), plain_surface(found, known)
    near = 0
    for own, other in ((a, b), (b, a)):
        for place in own:
            steps = [np.linalg.norm(np.subtract(place, o) * spacing) for o in other]
            near += bool(steps) and min(steps) <= tolerance + 1e-9
    return Surfaces(near, len(a) + len(b))


@st.composite
def cases(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=5))
    truth, found, known = (draw(hnp.arrays(bool, shape)) for _ in range(3))
    spacing = draw(st.tuples(*[st.sampled_from([0.1, 0.3, 1.0, 2.5])] * len(shape)))
    return truth, found, draw(st.sampled_from([0.0, 0.3, 1.0, 2.0])), spacing, known


@given(cases())
def test_equals_all_pairs_of_elements(case):
    truth, found, tolerance, spacing, _ = case
    assert surface_dice(*case) == plain(*case)
    everywhere = np.ones(truth.shape, bool)
    assert surface_dice(truth, found, tolerance, spacing) == plain(*case[:4], everywhere)


def square(place, side=5, shape=(20, 20)):
    mask = np.zeros(shape, bool)
    mask[tuple(slice(p, p + side) for p in place)] = True
    return mask


def test_squares_side_by_side():
    truth, shifted = square((5, 5)), square((5, 7))
    assert surface_dice(truth, truth, 0).dice == 1
    # Each has 16 elements. Two pixels along, the rows above and below share 3 each, and each
    # inner column of the one crosses none of the other.
    assert surface_dice(truth, shifted, 0) == Surfaces(12, 32)
    assert surface_dice(truth, shifted, 2).dice == 1
    assert surface_dice(truth, shifted, 1.9).dice < 1


def test_the_tolerance_is_in_the_unit_of_the_spacing():
    truth, along, across = square((5, 5, 5), shape=(16,) * 3), *(
        square(place, shape=(16,) * 3) for place in ((5, 5, 8), (8, 5, 5))
    )  # fmt: skip
    flat = (2.0, 0.1, 0.1)
    assert surface_dice(truth, along, 0.3, flat).dice == 1  # 3 · 0.1 is a hair above 0.3
    assert surface_dice(truth, along, 0.2, flat).dice < 1
    assert surface_dice(truth, across, 0.3, flat).dice < 0.75
    assert surface_dice(truth, across, 6, flat).dice == 1


def test_pooled_images_are_the_whole():
    pairs = [(square((5, 5)), square((6, 7))), (square((2, 2)), square((2, 4), side=7))]
    together = surface_dice(*(np.concatenate(masks, axis=1) for masks in zip(*pairs, strict=True)),
                            tolerance=1)  # fmt: skip
    assert sum((surface_dice(*pair, 1) for pair in pairs), Surfaces(0, 0)) == together


def test_where_nothing_is_known_there_is_no_surface():
    truth = square((5, 5))
    known = np.ones(truth.shape, bool)
    known[:, 8:] = False
    # 3 columns of the square are known: 3 pixels above, 3 below, 3 more on the left.
    assert surface_dice(truth, truth, 1, annotated=known) == Surfaces(18, 18)
    assert isnan(surface_dice(truth, truth, 1, annotated=np.zeros_like(known)).dice)
    assert isnan(surface_dice(np.ones_like(truth), np.ones_like(truth), 1).dice)


def test_a_surface_without_another_is_not_found():
    truth, nothing = square((5, 5)), np.zeros((20, 20), bool)
    assert surface_dice(truth, nothing, 1e6) == surface_dice(nothing, truth, 1e6) == Surfaces(0, 16)
    assert isnan(surface_dice(nothing, nothing, 1).dice)


def test_what_cannot_be_measured_is_refused():
    mask = square((5, 5))
    for tolerance in (-1, np.inf, np.nan):
        with pytest.raises(ConfigError, match=f"tolerance is {tolerance}; expected a distance"):
            surface_dice(mask, mask, tolerance)
    with pytest.raises(ConfigError, match=r"spacing is \(1, 1, 1\); expected 2 sizes"):
        surface_dice(mask, mask, 1, (1, 1, 1))
    with pytest.raises(DataError, match="the truth is int64, but the mask"):
        surface_dice(mask.astype(int), mask, 1)
