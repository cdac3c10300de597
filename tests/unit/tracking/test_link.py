"""Links of two frames: the assignment against brute force, and what counts as a division."""

from itertools import combinations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from septum.errors import ConfigError, DataError
from septum.tracking import Links, Rules, link

NO_DIVISIONS = Rules(daughter=1, similar=1)


def line(text):
    return np.array([int(pixel) for pixel in text])


@st.composite
def frames(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    ids = st.sampled_from([0, 1, 2, 5, 9])
    return [draw(hnp.arrays(np.int32, shape, elements=ids)) for _ in range(2)]


def iou_of(before, after):
    """IoU of every pair that shares a pixel, by definition."""
    pairs = {}
    for a in set(before.ravel().tolist()) - {0}:
        for b in set(after.ravel().tolist()) - {0}:
            both = np.sum((before == a) & (after == b))
            if both:
                pairs[a, b] = both / np.sum((before == a) | (after == b))
    return pairs


def best_sum(pairs):
    """The largest sum of IoU over all one-to-one links, tried one by one."""
    best = 0.0
    for count in range(1, len(pairs) + 1):
        for chosen in combinations(pairs, count):
            if len({a for a, _ in chosen}) == len({b for _, b in chosen}) == count:
                best = max(best, sum(pairs[pair] for pair in chosen))
    return best


@given(frames())
def test_the_links_have_the_largest_sum_of_iou(pair):
    iou, links = iou_of(*pair), link(*pair)
    assume(len(iou) <= 10 and not links.mothers)  # a division keeps one link and adds another
    linked = [(mother, child) for child, mother in links.same.items()]
    assert len({mother for mother, _ in linked}) == len(linked)
    assert sum(iou[pair] for pair in linked) == pytest.approx(best_sum(iou))


@given(frames())
def test_a_division_has_two_daughters_that_are_nothing_else(pair):
    links = link(*pair)
    mothers = list(links.mothers.values())
    assert all(mothers.count(mother) == 2 for mother in mothers)
    assert not links.mothers.keys() & links.same.keys()
    assert not set(mothers) & set(links.same.values())


def test_the_assignment_is_of_all_objects_at_once():
    # Greedily 1 would stay 1 (IoU 3/7) and leave 2 alone: together they shift.
    links = link(line("0111112222200"), line("0000111112222"))
    assert links == Links({1: 1, 2: 2}, {})
    links = link(line("1111122222"), line("0000333334"), NO_DIVISIONS)
    assert links.same == {3: 2}
    links = link(line("11111122"), line("33344444"), NO_DIVISIONS)
    assert links.same == {3: 1, 4: 2}  # 4 shares 3 pixels with 1, but then 3 would be alone


def test_objects_come_and_go():
    assert link(line("0110000"), line("0000220")) == Links({}, {})
    assert link(line("0000000"), line("0000220")) == Links({}, {})
    assert link(line("0110000"), line("0000000")) == Links({}, {})


def test_a_cell_that_divides():
    assert link(line("0111111110"), line("0333004440")) == Links({}, {3: 1, 4: 1})


def test_a_daughter_must_lie_on_its_mother():
    before, after = line("01111000000000"), line("03330444444440")[:14]
    share = 1  # none of the 8 pixels of 4 lies on 1
    assert link(before, after) == Links({3: 1}, {})
    after[4] = 4
    assert np.sum((after == 4) & (before == 1)) == share
    assert link(before, after, Rules(daughter=1 / 9, similar=0.3)).mothers == {3: 1, 4: 1}
    assert link(before, after, Rules(daughter=0.12, similar=0.3)) == Links({3: 1}, {})


@pytest.mark.parametrize(("second", "divides"), [("022", True), ("002", False)])
def test_daughters_are_of_similar_size(second, divides):
    links = link(line("1111111"), line("3333" + second), Rules(similar=0.5))
    assert (links.mothers == {3: 1, 2: 1}) == divides
    assert (links.same == {3: 1}) == (not divides)


def test_of_three_pieces_the_two_that_lie_on_the_mother_most_are_daughters():
    links = link(line("0111111111000"), line("0222033304440"))
    assert links == Links({}, {2: 1, 3: 1})


def test_an_object_linked_elsewhere_is_no_daughter():
    links = link(line("1111122222"), line("3330044444"))
    assert links == Links({3: 1, 4: 2}, {})
    links = link(line("111111222"), line("333044444"))
    assert links == Links({3: 1, 4: 2}, {})


def test_names_and_rank_do_not_matter():
    rng = np.random.default_rng(0)
    before, after = rng.integers(0, 4, (2, 3, 4, 5))
    flat = link(before.ravel(), after.ravel())
    assert link(before, after) == flat
    large = link(before * 400_000_000, after * 300_000_000)
    assert large.same == {
        child * 300_000_000: mother * 400_000_000 for child, mother in flat.same.items()
    }


def test_many_cells_in_a_row_that_all_touch_are_shifted():
    width, count = 5, 3000
    before = np.repeat(np.arange(1, count + 1), width)
    after = np.roll(before, 2)
    after[:2] = 0
    assert link(before, after, NO_DIVISIONS).same == {n: n for n in range(1, count + 1)}


def test_rules_are_shares():
    with pytest.raises(ConfigError, match="daughter is 2; it is a share, from 0 to 1"):
        Rules(daughter=2)


def test_frames_of_different_sizes_are_refused():
    with pytest.raises(DataError, match="shape"):
        link(line("110"), line("11"))
