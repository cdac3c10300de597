"""Every object or piece gets the verdict of the definitions, and the table counts them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from septum.classes import Classes
from septum.data.sample import Sample
from septum.instances import components
from septum.metrics import matching
from septum.training.verdicts import confusion, judge, judge_pieces


def plainly(sample, labels):
    """Judge by the definitions, pair by pair."""
    truth, verdicts, used = sample.truth, {}, set()
    objects = {i: truth == i for i in np.unique(truth) if i}
    found = {j: labels == j for j in np.unique(labels) if j}
    iou = {
        (i, j): (a & b).sum() / (a | b).sum() for i, a in objects.items() for j, b in found.items()
    }
    covers = {
        j: [i for i, a in objects.items() if 2 * (a & b).sum() > a.sum()] for j, b in found.items()
    }
    for i, a in objects.items():
        pieces = [j for j, b in found.items() if 2 * (a & b).sum() > b.sum()]
        share = sum((a & found[j]).sum() for j in pieces) / a.sum()
        right = [j for j in found if iou[i, j] > 0.5]
        if right:
            verdicts[i] = "found"
            used |= set(right)
        elif any(i in covers[j] and len(covers[j]) > 1 for j in found):
            verdicts[i] = "merged"
        elif len(pieces) > 1 and share > 0.5:
            verdicts[i] = "split"
            used |= set(pieces)
        else:
            verdicts[i] = "missed"
    used |= {j for j in found if len(covers[j]) > 1}
    best = {i: max((iou[i, j] for j in found), default=0.0) for i in objects}
    return verdicts, best, set(found) - used


def test_every_object_is_what_it_is(made_by_hand):
    seen = judge(*made_by_hand)
    assert seen.verdicts == ["found", "merged", "merged", "split", "missed"]
    np.testing.assert_allclose(seen.iou, [5 / 6, 0.5, 0.5, 0.45, 0])
    assert seen.table.prediction_ids[seen.false].tolist() == [15]
    assert seen.table.prediction_ids[seen.broken].tolist() == [12, 13, 14]


def test_the_table_by_size_counts_the_case_made_by_hand(made_by_hand):
    assert confusion([judge(*made_by_hand)]) == [
        # size, objects, found, merged, split, missed, mean IoU, false
        ("up to 36", "2", "1", "0", "0", "1", "0.42", "1"),
        ("37 to 100", "2", "0", "2", "0", "0", "0.50", "0"),
        ("above 100", "1", "0", "0", "1", "0", "0.45", "0"),
        ("all", "5", "1", "2", "1", "1", "0.46", "1"),
    ]


def test_an_object_found_in_the_wrong_place_is_missed_and_not_split():
    truth, labels = np.zeros((1, 20), np.int32), np.zeros((1, 20), np.int32)
    truth[:, 2:12], labels[:, 6:16] = 1, 1  # 6 of 10 px in common, an IoU of 6/14
    seen = judge(Sample(np.zeros((1, 1, 20), np.uint8), truth), labels)
    assert seen.verdicts == ["missed"]
    assert seen.false.tolist() == [True]


label_images = st.tuples(*[arrays(np.int32, (6, 7), elements=st.integers(0, 4))] * 2)
"""Small and wild: everything overlaps with everything."""


@given(label_images)
@settings(max_examples=150)
def test_judgement_is_that_of_the_definitions(pair):
    truth, labels = pair
    sample = Sample(np.zeros((1, 6, 7), np.uint8), truth)
    seen = judge(sample, labels)
    verdicts, best, false = plainly(sample, labels)
    ids = seen.table.truth_ids.tolist()
    assert dict(zip(ids, seen.verdicts, strict=True)) == verdicts
    assert dict(zip(ids, seen.iou, strict=True)) == pytest.approx(best)
    assert set(seen.table.prediction_ids[seen.false]) == false
    rows = confusion([seen])
    if verdicts:
        total = [sum(int(row[column]) for row in rows[:-1]) for column in (1, 2, 3, 4, 5, 7)]
        assert total == [int(rows[-1][column]) for column in (1, 2, 3, 4, 5, 7)]
        assert total == [
            len(verdicts),
            *(list(verdicts.values()).count(v) for v in ("found", "merged", "split", "missed")),
            len(false),
        ]
        assert all(sum(map(int, row[2:6])) == int(row[1]) for row in rows)


@given(label_images, arrays(bool, (6, 7)))
def test_found_is_what_the_metric_matches_and_what_nobody_annotated_does_not_count(pair, annotated):
    truth, labels = pair
    seen = judge(Sample(np.zeros((1, 6, 7), np.uint8), truth, annotated=annotated), labels)
    matched = matching(truth, labels, float(np.nextafter(0.5, 1)), annotated)
    assert seen.count("found") == matched.tp
    assert len(seen.verdicts) == matched.tp + matched.fn
    assert seen.count("false") <= matched.fp
    other = np.where(annotated, truth, 1 + truth)
    again = judge(Sample(np.zeros((1, 6, 7), np.uint8), other, annotated=annotated), labels)
    assert (again.verdicts, again.iou.tolist()) == (seen.verdicts, seen.iou.tolist())


EXCLUSIVE = Classes(("bright", "dim"), (("1",), ("2",)))
OVERLAP = Classes(("cell", "nucleus"), (("cells",), ("nuclei",)), overlap=True)


@given(
    st.sampled_from([EXCLUSIVE, OVERLAP]),
    arrays(np.int32, (2, 6, 7), elements=st.integers(0, 3)),
    arrays(bool, (6, 7), elements=st.booleans()),
)
@settings(max_examples=150)
def test_a_piece_of_a_class_is_judged_as_an_object_of_that_class_alone(named, pair, annotated):
    truth, classes = pair if named.overlap else pair % 3
    image = np.zeros((1, 6, 7), np.uint8)
    sample = Sample(image, truth, annotated, named=named, kind="classes")
    seen = judge_pieces(sample, classes, named)
    assert [item.of for item in seen] == list(named.names)
    for item, true, found in zip(
        seen, named.masks(sample.known), named.masks(classes), strict=True
    ):
        alone = judge(Sample(image, components(true), annotated), components(found))
        assert item.verdicts == alone.verdicts
        assert item.iou.tolist() == alone.iou.tolist()
        assert confusion([item]) == confusion([alone])
        np.testing.assert_array_equal(np.isin(item.truth, item.table.truth_ids), true)
        wrong = np.isin(item.labels, item.table.prediction_ids[item.false])
        expected = np.isin(alone.labels, alone.table.prediction_ids[alone.false])
        np.testing.assert_array_equal(wrong, expected)
