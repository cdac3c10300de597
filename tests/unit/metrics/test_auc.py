"""The area under the ROC curve, against all pairs of pixels and scikit-learn."""

from math import isnan

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.errors import DataError
from septum.metrics import ranking


def plain(truth, probability):
    """Compare each pixel of the class with each of the others; a tie is half a success."""
    inside, others = probability[truth][:, np.newaxis], probability[~truth]
    wins = (inside > others) + 0.5 * (inside == others)
    return wins.mean() if wins.size else np.nan


@st.composite
def cases(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    return [draw(hnp.arrays(kind, shape)) for kind in (bool, dtype, bool)]


@given(cases())
def test_integers_are_told_apart_to_the_last(case):
    truth, probability, known = case
    expected = plain(truth[known], probability[known].astype(int))
    assert ranking(*case).auc == pytest.approx(expected, nan_ok=True)
    shares = probability / np.iinfo(probability.dtype).max
    for dtype in (np.float32, np.float64):
        assert ranking(truth, shares.astype(dtype), known).auc == pytest.approx(
            expected, nan_ok=True
        )


def drawn(seed=0, shape=(40, 50)):
    rng = np.random.default_rng(seed)
    truth = rng.random(shape) < 0.2
    probability = 1 / (1 + np.exp(-rng.normal(-1 + 1.5 * truth, 2))).astype(np.float32)
    return truth, probability


def test_floats_are_exact_but_for_pairs_within_a_level():
    truth, probability = drawn()
    counted = ranking(truth, probability)
    tied = (counted.of_class * counted.others).sum() / 2
    bound = tied / (truth.sum() * (~truth).sum())
    assert 0 < bound < 1e-4
    assert abs(counted.auc - plain(truth, probability)) <= bound


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_equals_scikit_learn(dtype):
    oracle = pytest.importorskip("sklearn.metrics")
    truth, probability = drawn(1, (3, 40, 50))
    if dtype == np.uint8:
        probability = np.rint(probability * 255).astype(np.uint8)
    expected = oracle.roc_auc_score(truth.ravel(), probability.ravel())
    assert ranking(truth, probability).auc == pytest.approx(expected, abs=1e-5)


def test_hand_counted_examples():
    truth = np.array([True, True, False, False])
    assert ranking(truth, np.array([0.9, 0.8, 0.2, 0.1])).auc == 1
    assert ranking(truth, np.array([0.1, 0.2, 0.8, 0.9])).auc == 0
    assert ranking(truth, np.full(4, 0.5)).auc == 0.5
    assert ranking(truth, np.array([0.9, 0.3, 0.5, 0.3])).auc == pytest.approx(2.5 / 4)


def test_pooled_images_are_one_ranking_and_not_a_mean():
    a, b = drawn(2), drawn(3)
    b = b[0], b[1] / 4  # well ranked in itself, but all lower
    whole = ranking(*(np.stack(both) for both in zip(a, b, strict=True))).auc
    assert (ranking(*a) + ranking(*b)).auc == whole
    assert abs(whole - (ranking(*a).auc + ranking(*b).auc) / 2) > 0.01


def test_without_both_kinds_of_pixels_there_is_no_curve():
    _, probability = drawn()
    nothing, everything = np.zeros(probability.shape, bool), np.ones(probability.shape, bool)
    assert isnan(ranking(nothing, probability).auc)
    assert isnan(ranking(everything, probability).auc)
    assert isnan(ranking(*drawn(), annotated=nothing).auc)


def test_counts_beyond_64_bits_of_pairs_are_counted():
    truth, probability = drawn()
    counted = ranking(truth, probability)
    many = type(counted)(counted.of_class * 10**10, counted.others * 10**10)
    assert many.auc == pytest.approx(counted.auc)


@pytest.mark.parametrize(
    ("probability", "message"),
    [
        (np.array([0.5, 1.5]), "runs from 0.5 to 1.5"),
        (np.array([0.5, np.nan]), "expected numbers in"),
        (np.array([1, 2]), "is int64; expected floats"),
        (np.array([0.5]), r"shape \(1,\)"),
    ],
)
def test_what_is_no_probability_is_refused(probability, message):
    with pytest.raises(DataError, match=message):
        ranking(np.array([True, False]), probability)
