"""Dice and IoU of masks: counted where annotated, pooled by counts."""

from math import isnan

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.errors import DataError
from septum.metrics import Region, region

SCORES = ("dice", "iou", "precision", "sensitivity")


@st.composite
def masks(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=6))
    return [draw(hnp.arrays(bool, shape)) for _ in range(3)]


def test_a_hand_counted_example():
    truth = np.array([[1, 1, 1], [1, 0, 0]], bool)
    found = np.array([[0, 1, 1], [0, 1, 0]], bool)
    assert region(truth, found) == Region(tp=2, fp=1, fn=2)
    scores = [getattr(Region(2, 1, 2), name) for name in SCORES]
    assert scores == pytest.approx([4 / 7, 2 / 5, 2 / 3, 1 / 2])


@given(masks())
def test_equals_sets_of_pixels(three):
    truth, found, known = ({*zip(*np.nonzero(mask), strict=True)} for mask in three)
    counted = region(*three)
    both, either = truth & found & known, (truth | found) & known
    assert counted.tp == len(both)
    if either:
        assert counted.iou == pytest.approx(len(both) / len(either))
        assert counted.dice == pytest.approx(2 * counted.iou / (1 + counted.iou))


@given(masks(), st.integers(0, 6))
def test_pooled_parts_are_the_whole(three, cut):
    parts = [region(*(mask[part] for mask in three)) for part in (slice(cut), slice(cut, None))]
    assert parts[0] + parts[1] == region(*three)


def test_pooling_is_not_the_mean_over_images():
    assert (Region(1, 0, 0) + Region(0, 3, 0)).dice == pytest.approx(2 / 5)


@pytest.mark.parametrize("score", SCORES)
def test_a_score_of_nothing_is_nan(score):
    nothing, everything = np.zeros((3, 3), bool), np.ones((3, 3), bool)
    assert isnan(getattr(region(nothing, nothing), score))
    assert isnan(getattr(region(everything, everything, annotated=nothing), score))
    missed, invented = region(everything, nothing), region(nothing, everything)
    assert (missed.dice, missed.iou, missed.sensitivity) == (0, 0, 0)
    assert (invented.dice, invented.iou, invented.precision) == (0, 0, 0)
    assert isnan(missed.precision)
    assert isnan(invented.sensitivity)


@pytest.mark.parametrize(
    ("truth", "found", "message"),
    [
        (np.ones((2, 2), bool), np.ones((2, 2), int), "the prediction is int64.*cut prob.* at 0.5"),
        (np.ones((2, 2)), np.ones((2, 2), bool), "the truth is float64"),
        (np.ones((2, 2), bool), np.ones((2, 3), bool), r"shape \(2, 2\) and the prediction \(2, 3"),
    ],
)
def test_what_is_no_mask_is_refused(truth, found, message):
    with pytest.raises(DataError, match=message):
        region(truth, found)
