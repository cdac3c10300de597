from collections import Counter

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum import metrics
from septum.errors import DataError
from septum.metrics.isbi import info_f_score, pixel_f_score, rand_f_score
from septum.metrics.overlap import overlap
from septum.metrics.thresholds import THRESHOLDS, WARPING_THRESHOLDS

FUNCTIONS = ("warping_error", "rand_error", "pixel_error", "v_rand", "v_info")
PERFECT = {"warping_error": 0, "rand_error": 0, "pixel_error": 0, "v_rand": 1, "v_info": 1}


@st.composite
def partitions(draw):
    n = draw(st.integers(1, 30))
    ids = hnp.arrays(np.int64, n, elements=st.integers(0, 4))
    truth = draw(ids)
    truth[0] = 1
    return truth, draw(ids)


def on_truth(truth, proposal):
    """Pixels of the truth's cells; proposed background becomes components of one pixel."""
    proposal = np.where(proposal > 0, proposal, -1 - np.arange(len(truth)))
    return truth[truth > 0], proposal[truth > 0]


@given(partitions())
def test_rand_counts_pairs(pair):
    truth, proposal = on_truth(*pair)
    same_truth = truth[:, None] == truth
    same_proposal = proposal[:, None] == proposal
    both = np.sum(same_truth & same_proposal)
    precision, recall = both / same_proposal.sum(), both / same_truth.sum()
    expected = 2 * precision * recall / (precision + recall)
    assert rand_f_score(overlap(*pair)) == pytest.approx(expected, rel=1e-12)


@given(partitions())
def test_info_is_normalised_mutual_information(pair):
    truth, proposal = on_truth(*pair)

    def entropy(items):
        share = np.array(list(Counter(items).values())) / len(truth)
        return -sum(share * np.log(share))

    h_truth, h_proposal = entropy(truth.tolist()), entropy(proposal.tolist())
    joint = entropy(zip(truth.tolist(), proposal.tolist(), strict=True))
    if h_truth == 0 or h_proposal == 0:
        expected = float(h_truth == h_proposal)
    else:
        expected = 2 * (h_truth + h_proposal - joint) / (h_truth + h_proposal)
    assert info_f_score(overlap(*pair)) == pytest.approx(expected, abs=1e-12)


@given(partitions(), st.permutations([1, 2, 3, 4]))
def test_names_do_not_matter(pair, names):
    renamed = np.array([0, *names])[pair[1]] * 1000
    for f_score in (rand_f_score, info_f_score):
        assert f_score(overlap(pair[0], renamed)) == pytest.approx(
            f_score(overlap(*pair)), abs=1e-12
        )


@given(hnp.arrays(bool, (3, 7)), hnp.arrays(bool, (3, 7)))
def test_pixel_f_score_is_that_of_precision_and_recall(cells, proposed):
    cells[0, 0] = proposed[0, 0] = True
    precision, recall = cells[proposed].mean(), proposed[cells].mean()
    expected = 2 * precision * recall / (precision + recall)
    assert pixel_f_score(cells, proposed) == pytest.approx(expected, rel=1e-12)


@st.composite
def stacks(draw):
    shape = (2, draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    truth = draw(hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 255])))
    truth[:, 0, 0] = 255
    return truth, draw(hnp.arrays(np.uint8, shape)) / 255


@given(stacks())
def test_all_at_once_is_each_by_itself_and_a_stack_has_one_threshold_for_all_slices(stack):
    result = metrics.isbi(*stack)
    assert tuple(sorted(result)) == tuple(sorted(FUNCTIONS))
    curves = metrics.isbi_by_threshold(*stack)
    for name in FUNCTIONS:
        function = getattr(metrics, name)
        best = min if name.endswith("error") else max
        assert function(*stack) == pytest.approx(result[name], abs=1e-12)
        assert 0 <= result[name] <= 1
        one, two = (curve[name] for curve in curves)
        assert result[name] == pytest.approx(
            best((a + b) / 2 for a, b in zip(one, two, strict=True))
        )
        for curve, truth, proposal in zip((one, two), *stack, strict=True):
            assert function(truth, proposal) == pytest.approx(best(curve), abs=1e-12)


def test_a_threshold_that_suits_one_slice_only_does_not_serve_the_stack():
    truth = np.zeros((2, 8, 8), np.uint8)
    truth[:, :, :3] = truth[:, :, 5:] = 255
    faint, strong = np.where(truth[0] > 0, 0.35, 0.05), np.where(truth[1] > 0, 0.95, 0.65)
    stack = np.stack([faint, strong])
    assert metrics.pixel_error(truth[0], faint) == metrics.pixel_error(truth[1], strong) == 0
    assert metrics.pixel_error(truth, stack) > 0.05


@given(stacks())
def test_the_truth_itself_is_perfect_at_every_confidence(stack):
    truth = stack[0]
    for low, high in ((0.0, 1.0), (0.42, 0.55)):
        proposal = np.where(truth > 0, high, low)
        assert metrics.isbi(truth, proposal) == pytest.approx(PERFECT, abs=1e-12)


@given(stacks())
def test_the_best_threshold_counts(stack):
    truth, proposal = stack[0][0], stack[1][0]
    single = [1 - pixel_f_score(truth > 0, proposal.astype(np.float32) > np.float64(t))
              for t in THRESHOLDS]  # fmt: skip
    assert metrics.pixel_error(truth, proposal) == pytest.approx(min(single), abs=1e-12)


def test_a_merger_costs_and_a_thick_membrane_does_not_after_thinning():
    truth = np.ones((20, 21), bool)
    truth[:, 10] = False
    thick = np.ones(truth.shape)
    thick[:, 8:13] = 0
    scores = metrics.isbi(truth, thick)
    assert scores["v_rand"] == pytest.approx(1)
    assert scores["v_info"] == pytest.approx(1)
    assert scores["rand_error"] > 0.05
    merged = thick.copy()
    merged[9, 8:13] = 1
    # All in one: every pair of the truth is found, and as many pairs too many.
    assert metrics.v_rand(truth, merged) == pytest.approx(2 * 0.5 / 1.5)
    assert metrics.v_info(truth, merged) == 0


def test_one_cell_that_was_found_is_perfect():
    assert metrics.isbi(np.ones((4, 5)), np.ones((4, 5))) == PERFECT


def test_proposal_without_cells():
    truth = np.ones((4, 5), bool)
    truth[:, 2] = False
    scores = metrics.isbi(truth, np.zeros((4, 5)))
    assert scores["pixel_error"] == 1
    # 16 components of one pixel against two of 8.
    assert scores["rand_error"] == pytest.approx(1 - 2 * 16 / (16 + 2 * 8**2))


def test_thresholds_add_up_in_floating_point():
    assert tuple(np.cumsum([0.0] + [0.1] * 10).tolist()) == THRESHOLDS
    assert THRESHOLDS[:10] == WARPING_THRESHOLDS
    assert THRESHOLDS[8] < 0.8 < 1 > THRESHOLDS[10]


def test_scores_are_compared_as_the_float32_they_are():
    # 0.2 in float32 is above the threshold 0.2, so the pixel is a cell up to there.
    truth = np.array([[1, 0]])
    assert metrics.pixel_error(truth, np.array([[0.2, 0.1]])) == 0
    assert metrics.pixel_error(truth, np.array([[0.19, 0.1]])) > 0


@pytest.mark.parametrize("name", [*FUNCTIONS, "isbi", "topology_errors"])
@pytest.mark.parametrize(
    ("truth", "proposal", "message"),
    [
        (np.ones((4, 4)), np.full((4, 4), 255, np.uint8), "divide an 8-bit image by 255"),
        (np.ones((4, 4)), np.full((4, 4), -0.5), "from -0.5 to -0.5"),
        (np.ones((4, 4)), np.full((4, 4), 1.001), "to 1.001"),
        (np.ones((4, 4)), np.full((4, 4), np.nan), "not finite"),
        (np.ones((4, 4)), np.full((4, 4), 1j), "complex128"),
        (np.ones((4, 4)), np.ones((4, 5)), r"\(4, 4\) and the proposal \(4, 5\)"),
        (np.ones(4), np.ones(4), r"not the shape \(4,\)"),
        (np.ones((0, 4)), np.ones((0, 4)), r"not the shape \(0, 4\)"),
        (np.arange(2).repeat(4).reshape(2, 2, 2)[::-1], np.ones((2, 2, 2)), "slice 1 of the truth"),
    ],
)
def test_errors_teach(name, truth, proposal, message):
    with pytest.raises(DataError, match=message):
        getattr(metrics, name)(truth, proposal)


def test_booleans_and_zero_one_integers_are_scores():
    truth = np.array([[1, 0, 1]])
    assert metrics.isbi(truth, truth.astype(bool)) == metrics.isbi(truth, truth.astype(np.uint8))
