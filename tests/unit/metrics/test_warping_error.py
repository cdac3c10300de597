import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from septum.metrics import topology_errors, warping_error
from septum.metrics.warping import KINDS, SIMPLE, classify, warp

EIGHT = np.ones((3, 3))
FOUR = ndimage.generate_binary_structure(2, 1)


@st.composite
def pairs(draw, max_side=10):
    # In a slice of one row the reference calls a merger a hole, which is not worth repeating.
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=max_side))
    truth = draw(hnp.arrays(bool, shape))
    # Few distinct scores, so that there are ties to break.
    score = draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 5)))
    return truth, (score / np.float32(5)).astype(np.float64)


def random_pair(seed):
    """Draw scores in tenths; some are as far from 0.3 as others, but only in float32."""
    rng = np.random.default_rng(seed)
    score = (rng.integers(0, 11, (14, 14)) / np.float32(10)).astype(np.float64)
    return rng.random((14, 14)) < 0.6, score


def is_simple(patch):
    """Decide by the definition: one component of either kind touches the centre."""
    cells, background = patch.astype(bool), ~patch.astype(bool)
    cells[1, 1] = background[1, 1] = False
    cell_labels = ndimage.label(cells, FOUR)[0]
    background_labels = ndimage.label(background, EIGHT)[0]
    return (
        len(set(cell_labels[FOUR.astype(bool)]) - {0}) == 1
        and len(set(background_labels.ravel()) - {0}) == 1
    )


def plain_warp(truth, score, threshold):
    image = np.pad(truth, 1)
    target = np.pad(score > threshold, 1)
    sureness = np.abs(np.pad(score, 1) - threshold).astype(np.float32)
    while True:
        wrong = [(-sureness[y, x], x, y) for y, x in np.argwhere(image != target)]
        flipped = False
        for _, x, y in sorted(wrong):
            if is_simple(image[y - 1 : y + 2, x - 1 : x + 2]):
                image[y, x] = not image[y, x]
                flipped = True
        if not flipped:
            return image[1:-1, 1:-1]


def plain_kind(warped, y, x, radius):
    """Name a mismatch by labelling everything anew."""
    labels = ndimage.label(warped)[0]
    near = np.pad(labels, 1, constant_values=-1)[y : y + 3, x : x + 3].copy()
    near[1, 1] = -1
    ids, cell = set(near.ravel()) - {-1}, warped[y, x]
    if len(ids) > 2:
        return "split" if cell else "merge"
    if ids <= {0}:
        return "object_deletion" if cell else "object_addition"
    if len(ids) == 1:
        return "hole_addition" if cell else "hole_deletion"
    if not cell:
        return "hole_addition"
    window = np.pad(warped, radius)[y : y + 2 * radius + 1, x : x + 2 * radius + 1].copy()
    window[radius, radius] = False
    pieces = ndimage.label(window)[0][radius - 1 : radius + 2, radius - 1 : radius + 2]
    return "split" if len(set(pieces.ravel()) - {0}) > 1 else "hole_deletion"


def test_simple_points_are_those_of_the_definition():
    positions = [(0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0)]
    expected = []
    for code in range(256):
        patch = np.zeros((3, 3), bool)
        for bit, position in enumerate(positions):
            patch[position] = code >> bit & 1
        expected.append(is_simple(patch))
    assert SIMPLE.tolist() == expected
    assert 0 < sum(expected) < 256


@given(pairs(), st.sampled_from([0.0, 0.5, 0.6000000000000001]))
def test_warping_equals_the_plain_one(pair, threshold):
    warped = warp(*pair, threshold)
    np.testing.assert_array_equal(warped.cells, plain_warp(*pair, threshold))
    left = np.argwhere(warped.cells != (pair[1] > threshold))
    assert sorted(map(tuple, warped.mismatches)) == sorted(map(tuple, left))


@pytest.mark.parametrize("seed", range(12))
def test_ties_are_ties_of_float32(seed):
    threshold = 0.1 + 0.1 + 0.1
    truth, score = random_pair(seed)
    warped = warp(truth, score, threshold)
    np.testing.assert_array_equal(warped.cells, plain_warp(truth, score, threshold))


@given(pairs())
def test_warping_keeps_the_topology(pair):
    warped = warp(*pair, 0.5).cells
    assert ndimage.label(warped)[1] == ndimage.label(pair[0])[1]
    outside_and_holes = [ndimage.label(np.pad(~m, 1, constant_values=True), EIGHT)[1]
                         for m in (warped, pair[0])]  # fmt: skip
    assert outside_and_holes[0] == outside_and_holes[1]


@given(pairs(), st.integers(1, 4))
def test_kinds_equal_the_plain_ones(pair, radius):
    warped = warp(*pair, 0.5)
    reach = max(pair[0].shape) if radius > min(pair[0].shape) else radius
    expected = [plain_kind(warped.cells, y, x, reach) for y, x in warped.mismatches]
    assert [KINDS[kind] for kind in classify(warped, radius)] == expected


@given(pairs())
def test_the_error_is_the_best_of_splits_and_mergers(pair):
    truth, score = pair
    if not truth.any():
        truth[0, 0] = True
    thresholds = np.cumsum([0.0] + [0.1] * 9)
    errors = [topology_errors(truth, score, threshold) for threshold in thresholds]
    expected = min(error["split"] + error["merge"] for error in errors) / truth.size
    assert warping_error(truth, score) == expected


def scene(text):
    return np.array([[c == "#" for c in line] for line in text.split()])


@pytest.mark.parametrize(
    ("truth", "proposal", "kind", "count"),
    [
        ("##.## ##.## ##.##", "##### ##### #####", "merge", 3),
        ("##### ##### #####", "##.## ##.## ##.##", "split", 1),
        ("##### ##### #####", "##### ##.## #####", "hole_addition", 1),
        ("##### ##.## #####", "##### ##### #####", "hole_deletion", 1),
        ("#.... ..... .....", "#.... ..... ....#", "object_addition", 1),
        ("#.... ..... ....#", "#.... ..... .....", "object_deletion", 1),
    ],
)
def test_each_kind_of_error(truth, proposal, kind, count):
    # The wall that should go may not lose its first pixel, the one that should come lacks its
    # last: so a merger counts for as many pixels as it is wide, and a split for one.
    errors = topology_errors(scene(truth), scene(proposal).astype(float))
    assert sum(errors.values()) == errors[kind] == count


def test_moving_a_border_costs_nothing_but_closing_it_does():
    truth, shifted = np.ones((12, 20), bool), np.ones((12, 20))
    truth[:, 8] = False
    shifted[:, 9:11] = 0
    assert warping_error(truth, shifted) == 0
    shifted[5, 9:11] = 1
    assert warping_error(truth, shifted) > 0


def ring(height, width):
    """Draw a closed line around a hole, one pixel from the edge of the image."""
    cells = np.zeros((height + 4, width + 4), bool)
    cells[1:-1, 1:-1] = True
    cells[2:-2, 2:-2] = False
    return cells


@pytest.mark.parametrize(
    ("height", "width", "kind"),
    [
        # Opened at the top, in the middle: the way around is `height` + 1 pixels deep.
        (19, 21, "hole_deletion"),
        (20, 21, "split"),
        (21, 39, "split"),
        (19, 39, "hole_deletion"),
        (19, 41, "split"),
        # The challenge's 20 pixels do not fit into this one, so all of it is looked at.
        (10, 81, "hole_deletion"),
    ],
)
def test_a_way_around_beyond_the_radius_does_not_count(height, width, kind):
    cells = ring(height, width)
    opened = cells.astype(float)
    opened[1, 2 + width // 2] = 0
    for truth, proposal in ((cells, opened), (cells.T, opened.T)):
        errors = topology_errors(truth, proposal)
        assert sum(errors.values()) == errors[kind] == 1
