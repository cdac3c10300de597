import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from septum.metrics import seg, seg_scores


@st.composite
def frames(draw, dims=3):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=dims, max_side=6))
    images = [draw(hnp.arrays(np.uint16, shape, elements=st.sampled_from([0, 1, 2, 9])))
              for _ in range(2)]  # fmt: skip
    return images[0], images[1]


def plain_scores(truth, prediction):
    scores = {}
    for i in set(truth.ravel().tolist()) - {0}:
        scores[i] = 0.0
        for j in set(prediction.ravel().tolist()) - {0}:
            both = np.sum((truth == i) & (prediction == j))
            if both > 0.5 * np.sum(truth == i):
                scores[i] = both / np.sum((truth == i) | (prediction == j))
    return scores


@given(frames())
def test_equals_the_definition(pair):
    expected = plain_scores(*pair)
    assert seg_scores(*pair) == expected
    if expected:
        assert seg(*pair) == pytest.approx(np.mean(list(expected.values())), abs=1e-12)
    else:
        assert math.isnan(seg(*pair))


@given(frames(), st.permutations([1, 2, 9]))
def test_names_do_not_matter(pair, names):
    rename = np.zeros(10, np.uint32)
    rename[[1, 2, 9]] = np.array(names) * 400_000_000
    assert seg(pair[0], rename[pair[1]]) == pytest.approx(seg(*pair), nan_ok=True)
    assert seg(rename[pair[0]], pair[1]) == pytest.approx(seg(*pair), nan_ok=True)


@pytest.mark.parametrize("dims", [2, 3])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_pooled_over_frames_equals_py_ctcmetrics(tmp_path, data, dims):
    judged = frames(dims).filter(lambda pair: pair[0].ndim == dims and pair[0].any())
    pairs = data.draw(st.lists(judged, min_size=1, max_size=3))
    oracle = pytest.importorskip("ctc_metrics.scripts.evaluate")
    names = [], []
    for number, images in enumerate(pairs):
        for kind, name, image in zip(("man_seg", "mask"), names, images, strict=True):
            # The oracle takes the first label for background, whatever it is.
            name.append(str(tmp_path / f"{kind}{number:03}.tif"))
            tifffile.imwrite(name[-1], np.pad(image, 1), photometric="minisblack")
    found = oracle.match_computed_to_reference_masks(*names, threads=1)
    pooled = [score for pair in pairs for score in seg_scores(*pair).values()]
    assert np.mean(pooled) == pytest.approx(oracle.seg(found["labels_ref"], found["ious"]))


def test_exactly_half_is_no_match():
    truth = np.array([1, 1, 1, 1])
    assert seg(truth, np.array([3, 3, 0, 0])) == 0
    assert seg(truth, np.array([3, 3, 3, 0])) == 0.75


def test_one_prediction_may_match_two_cells():
    assert seg(np.array([1, 1, 2, 2, 2, 2]), np.ones(6, int)) == pytest.approx((2 / 6 + 4 / 6) / 2)


def test_inventions_cost_nothing_and_no_truth_scores_nothing():
    assert seg(np.array([1, 1, 0, 0]), np.array([1, 1, 2, 2])) == 1
    assert seg(np.array([1, 1]), np.array([0, 0])) == 0
    assert math.isnan(seg(np.array([0, 0]), np.array([1, 0])))


def test_pixels_nobody_annotated_never_count():
    truth = np.array([1, 1, 1, 0, 0, 2])
    prediction = np.array([5, 5, 5, 5, 5, 0])
    assert seg(truth, prediction) == pytest.approx(3 / 5 / 2)
    annotated = np.array([True, True, True, True, False, False])
    assert seg_scores(truth, prediction, annotated) == {1: 3 / 4}
