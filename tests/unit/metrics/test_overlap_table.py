import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.errors import DataError
from septum.metrics.overlap import overlap

IDS = np.array([0, 1, 2, 7, 70_000, 2**32 - 1], np.uint32)


@st.composite
def label_pairs(draw, ids=IDS):
    shape = draw(hnp.array_shapes(max_dims=3, max_side=5))
    images = [ids[draw(hnp.arrays(np.int64, shape, elements=st.integers(0, len(ids) - 1)))]
              for _ in range(2)]  # fmt: skip
    return *images, draw(st.none() | hnp.arrays(bool, shape))


def check(truth, prediction, annotated):
    table = overlap(truth, prediction, annotated)
    seen = np.ones(truth.shape, bool) if annotated is None else annotated
    truth_ids = sorted(set(truth[seen].tolist()) - {0})
    prediction_ids = sorted(set(prediction.ravel().tolist()) - {0})
    assert table.truth_ids.tolist() == truth_ids
    assert table.prediction_ids.tolist() == prediction_ids
    assert table.truth_sizes.tolist() == [np.sum(seen & (truth == i)) for i in truth_ids]
    assert table.prediction_sizes.tolist() == [
        np.sum(seen & (prediction == i)) for i in prediction_ids
    ]
    assert table.prediction_ignored.tolist() == [
        np.sum(~seen & (prediction == i)) for i in prediction_ids
    ]
    shared, iou = {}, {}
    for t, i in enumerate(truth_ids):
        for p, j in enumerate(prediction_ids):
            both = np.sum(seen & (truth == i) & (prediction == j))
            if both:
                shared[t, p] = both
                iou[t, p] = both / np.sum(seen & ((truth == i) | (prediction == j)))
    pairs = list(zip(table.truth_index.tolist(), table.prediction_index.tolist(), strict=True))
    assert dict(zip(pairs, table.shared.tolist(), strict=True)) == shared
    assert dict(zip(pairs, table.iou.tolist(), strict=True)) == iou


@given(label_pairs())
def test_equals_counting_one_pair_after_the_other(images):
    check(*images)


@given(label_pairs(ids=IDS[1:] - 1))
def test_small_signed_ids_too(images):
    truth, prediction, annotated = images
    check(truth.astype(np.int64), prediction.astype(np.int64) % 5, annotated)


def test_many_objects_in_few_pixels():
    rng = np.random.default_rng(0)
    check(rng.permutation(90).reshape(9, 10), rng.permutation(90).reshape(9, 10), None)


def test_many_pairs_do_not_need_a_dense_table():
    ids = np.arange(300_000, dtype=np.uint32)
    table = overlap(ids, ids[::-1].copy())
    assert len(table.shared) == 299_998
    assert set(table.shared.tolist()) == {1}


def test_images_without_objects_or_pixels():
    for shape in ((3, 3), (0, 3)):
        table = overlap(np.zeros(shape, int), np.zeros(shape, int))
        assert table.truth_ids.size == table.prediction_ids.size == table.shared.size == 0


def test_booleans_are_one_object():
    table = overlap(np.array([True, False, True]), np.array([5, 5, 0]))
    assert (table.truth_ids.tolist(), table.iou.tolist()) == ([1], [1 / 3])


@pytest.mark.parametrize(
    ("truth", "prediction", "annotated", "message"),
    [
        (np.ones((2, 2), int), np.ones((2, 3), int), None, r"\(2, 2\) and the prediction \(2, 3\)"),
        (np.ones((2, 2)), np.ones((2, 2), int), None, "truth is float64"),
        (np.ones((2, 2), int), np.ones((2, 2)), None, "prediction is float64"),
        (np.full((2, 2), -3), np.ones((2, 2), int), None, "holds the id -3"),
        (np.ones((2, 2), int), np.ones((2, 2), int), np.ones((2, 2)), "annotated is float64"),
        (np.ones((2, 2), int), np.ones((2, 2), int), np.ones(2, bool), r"of the shape \(2,\)"),
    ],
)
def test_errors_teach(truth, prediction, annotated, message):
    with pytest.raises(DataError, match=message):
        overlap(truth, prediction, annotated)
