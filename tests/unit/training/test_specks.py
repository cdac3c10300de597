"""How small pieces of a class are is taken from whole ones, where there are enough of them."""

import numpy as np

from septum.classes import Classes
from septum.data.sample import Sample
from septum.plan import InstancePlan, Plan
from septum.training.propose import propose
from septum.training.specks import smallest_pieces, whole_pieces

EXCLUSIVE = Classes(("disc", "dot"), (("1",), ("2",)))
OVERLAP = Classes(("disc", "dot"), (("discs",), ("dots",)), overlap=True)


def sample(labels, named=EXCLUSIVE, **known):
    image = np.zeros((1, *labels.shape), np.float32)
    return Sample(image, labels, named=named, kind=known.pop("kind", "classes"), **known)


def smallest_of(samples, named):
    return smallest_pieces(whole_pieces(samples, named))


def grid(edge, value):
    """Return labels with 16 squares of `edge` px, none at the edge of the image."""
    labels = np.zeros((80, 80), np.int32)
    for top in range(4, 80, 20):
        for left in range(4, 80, 20):
            labels[top : top + edge, left : left + edge] = value
    return labels


def test_it_is_half_the_5th_percentile_of_each_class_by_itself():
    labels = grid(10, 1)
    labels[5:10, 4:80:20] = 2  # five pixels of each of 4 squares
    found = [sample(labels), sample(grid(4, 2))]
    areas = [95] * 4 + [100] * 12, [5] * 4 + [16] * 16
    assert smallest_of(found, EXCLUSIVE) == tuple(int(np.percentile(a, 5) / 2) for a in areas)
    overlap = sample(grid(10, 1) | grid(4, 2), OVERLAP)
    assert smallest_of([overlap], OVERLAP) == (50, 8)


def test_pieces_that_the_edge_cuts_are_not_counted():
    labels = grid(10, 1)
    labels[0, ::4] = 1  # 20 of a pixel each
    assert smallest_of([sample(labels)], EXCLUSIVE) == (50, 0)
    beside = labels.copy()
    annotated = np.ones(labels.shape, bool)
    annotated[:, 78:] = False
    beside[::4, 77] = 1
    assert smallest_of([sample(beside, annotated=annotated)], EXCLUSIVE) == (50, 0)
    inside = labels.copy()
    inside[2, 2::4] = 1
    assert smallest_of([sample(inside)], EXCLUSIVE) == (0, 0)


def test_of_few_pieces_or_strokes_nothing_is_dropped():
    labels = grid(10, 1)
    labels[:60] = 0
    two = [sample(labels), sample(labels)]  # 8 pieces
    assert smallest_of(two, EXCLUSIVE) == (0, 0)
    assert smallest_of([*two, sample(labels)], EXCLUSIVE) == (50, 0)
    strokes = sample(grid(10, 1), kind="scribbles")
    assert smallest_of([strokes], EXCLUSIVE) == (0, 0)


def test_a_piece_of_a_volume_goes_on_through_its_slices():
    labels = np.zeros((5, 80, 80), np.int32)
    labels[1:4] = grid(4, 1)
    assert smallest_of([sample(labels)], EXCLUSIVE) == (24, 0)


def test_it_is_proposed_by_name_and_what_is_set_is_kept():
    plan, reasons = propose(Plan(), [sample(grid(10, 1) | grid(4, 2), OVERLAP)])
    assert plan.instances.min_size == (50, 8)
    assert any("pieces under 50 px (disc), 8 px (dot) dropped: half the 5th" in r for r in reasons)
    plan, reasons = propose(Plan(), [sample(grid(10, 1))])
    assert any(
        "(disc) dropped: half the 5th percentile in training; none of dot (no whole piece)"
        in reason
        for reason in reasons
    )
    few, reasons = propose(Plan(), [sample(np.where(np.arange(80) < 20, grid(4, 2), 0))])
    assert few.instances.smallest == (0, 0)
    assert any(
        "dropped: none of disc (no whole piece), dot (4 whole pieces); --set" in reason
        for reason in reasons
    )
    kept = Plan(instances=InstancePlan(min_size=7))
    plan, reasons = propose(kept, [sample(grid(10, 1))])
    assert plan.instances.min_size == 7
    assert not any("dropped" in reason for reason in reasons)
