from itertools import permutations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.errors import ConfigError
from septum.metrics import Matching, matching


@st.composite
def label_pairs(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=5))
    ids = hnp.arrays(np.int64, shape, elements=st.sampled_from([0, 0, 3, 4, 8, 11]))
    return draw(ids), draw(ids)


def plain(truth, prediction, threshold):
    """Try every one-to-one matching: most matches, then the largest sum of IoU."""
    rows = sorted(set(truth.ravel().tolist()) - {0})
    columns = sorted(set(prediction.ravel().tolist()) - {0})
    iou = {(i, j): np.sum((truth == i) & (prediction == j))
           / np.sum((truth == i) | (prediction == j)) for i in rows for j in columns}  # fmt: skip
    longer = columns + [None] * len(rows)
    best = 0, 0.0
    for order in set(permutations(longer, len(rows))):
        scores = [iou.get(pair, 0) for pair in zip(rows, order, strict=True)]
        scores = [score for score in scores if score >= threshold]
        best = max(best, (len(scores), float(np.sum(scores))))
    tp, total = best
    return tp, len(columns) - tp, len(rows) - tp, total


@given(label_pairs(), st.sampled_from([0.1, 0.25, 0.5, 0.6, 1.0]))
def test_equals_trying_all_matchings(pair, threshold):
    found = matching(*pair, iou=threshold)
    tp, fp, fn, total = plain(*pair, threshold)
    assert (found.tp, found.fp, found.fn) == (tp, fp, fn)
    assert found.iou_sum == pytest.approx(total)


@given(label_pairs(), label_pairs())
def test_several_thresholds_and_pooling(first, second):
    thresholds = (0.5, 0.75, 0.3)
    found = matching(*first, iou=thresholds)
    assert found == tuple(matching(*first, iou=t) for t in thresholds)
    pooled = found[1] + matching(*second, iou=0.75)
    tp, fp, fn, total = np.add(plain(*first, 0.75), plain(*second, 0.75))
    assert (pooled.iou, pooled.tp, pooled.fp, pooled.fn) == (0.75, tp, fp, fn)
    assert pooled.iou_sum == pytest.approx(total)


@given(label_pairs(), st.permutations([3, 4, 8, 11]))
def test_names_do_not_matter(pair, names):
    rename = np.zeros(12, np.uint32)
    rename[[3, 4, 8, 11]] = np.array(names) * 300_000_000
    for threshold in (0.2, 0.5):
        a, b = matching(*pair, threshold), matching(rename[pair[0]], pair[1], threshold)
        assert (a.tp, a.fp, a.fn) == (b.tp, b.fp, b.fn)
        assert a.iou_sum == pytest.approx(b.iou_sum)


@given(label_pairs().filter(lambda pair: pair[0].any()))
def test_the_truth_itself_is_perfect(pair):
    assert set(matching(pair[0], pair[0] * 2, iou=1.0).as_dict().values()) == {1.0}


def test_scores_are_the_ratios_they_are_called_by():
    assert Matching(iou=0.5, tp=6, fp=2, fn=4, iou_sum=4.5).as_dict() == {
        "precision": 6 / 8,
        "recall": 6 / 10,
        "f1": 12 / 18,
        "ap": 6 / 12,
        "pq": 4.5 / 9,
    }


def test_nothing_to_find():
    none, some = np.zeros(3, int), np.array([1, 0, 2])
    assert set(matching(none, none).as_dict().values()) == {1.0}
    for pair, counts in (((none, some), (0, 2, 0)), ((some, none), (0, 0, 2))):
        found = matching(*pair)
        assert (found.tp, found.fp, found.fn) == counts
        assert set(found.as_dict().values()) == {0.0}


def test_more_matches_go_before_better_ones():
    # 1 with 1 is the best pair, but leaves 2 alone: 2 can only match 1.
    truth = np.array([1] * 6 + [2] * 2 + [1] * 2)
    prediction = np.array([1] * 8 + [3] * 2)
    assert [matching(truth, prediction, iou=t).tp for t in (0.2, 0.6)] == [2, 1]


def test_the_better_of_two_candidates_and_an_object_of_its_own():
    truth = np.array([1] * 10 + [2] * 4)
    for prediction in (np.array([7] * 3 + [8] * 5 + [0] * 2 + [9] * 4),
                       np.array([7] * 5 + [8] * 3 + [0] * 2 + [9] * 4)):  # fmt: skip
        found = matching(truth, prediction, iou=0.2)
        assert (found.tp, found.fp, found.fn) == (2, 1, 0)
        assert found.iou_sum == pytest.approx(0.5 + 1)


def test_a_tie_at_one_half_matches_once():
    found = matching(np.array([1, 1]), np.array([1, 2]), iou=0.5)
    assert (found.tp, found.fp, found.fn) == (1, 1, 0)


def test_pixels_nobody_annotated_never_count():
    truth = np.array([1, 1, 0, 0, 0, 0, 2])
    prediction = np.array([1, 1, 4, 4, 4, 1, 5])
    annotated = np.array([True, True, True, False, False, False, False])
    # 4 lies mostly outside and 5 wholly: nobody says that they are wrong. Nor is 2 missing.
    found = matching(truth, prediction, iou=0.9, annotated=annotated)
    assert (found.tp, found.fp, found.fn, found.iou_sum) == (1, 0, 0, 1.0)
    # A half is not most.
    annotated[3] = True
    assert matching(truth, prediction, annotated=annotated).fp == 1
    assert matching(truth, np.array([0, 0, 4, 4, 4, 4, 0]), annotated=annotated).fp == 1


def test_an_object_mostly_outside_can_still_match():
    annotated = np.array([True, False, False])
    found = matching(np.array([1, 0, 0]), np.array([1, 1, 1]), annotated=annotated)
    assert (found.tp, found.fp, found.fn) == (1, 0, 0)


@pytest.mark.parametrize("threshold", [0, -0.5, 1.5, float("nan"), (0.5, 2)])
def test_thresholds_that_mean_nothing(threshold):
    with pytest.raises(ConfigError, match=r"lies in \(0, 1\]"):
        matching(np.ones(3, int), np.ones(3, int), iou=threshold)


def test_different_thresholds_do_not_pool():
    with pytest.raises(ConfigError, match=r"IoU 0.5 and 0.7"):
        Matching(0.5, 1, 0, 0, 1.0) + Matching(0.7, 1, 0, 0, 1.0)
