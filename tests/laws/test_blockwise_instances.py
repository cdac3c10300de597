"""Instances found block by block are those of the whole image, number for number."""

import numpy as np
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from septum.array import View
from septum.errors import ConfigError, DataError
from septum.instances import find, instances


def in_blocks(probabilities, block, **values):
    found = find(probabilities, block=block, **values)
    labels = np.full(probabilities.shape[1:], 9_999_999, np.uint32)
    found.write(labels)
    assert found.count == labels.max(initial=0)
    return labels


def two_classes(cells):
    return np.stack([~cells, cells]).astype(np.float32)


def three_classes(cells, interior):
    """Cells with any height of the interior in [0, 1]."""
    interior = np.where(cells, interior, 0)
    border = np.where(cells, 1 - interior, 0)
    return np.stack([1 - interior - border, interior, border]).astype(np.float32)


def spiral(shape):
    """A way of 1 px with walls of 1 px, from a corner to the middle of every plane."""
    way = np.zeros(shape, bool)
    height, width = shape[-2:]
    top, left, bottom, right = 0, 0, height - 1, width - 1
    while top <= bottom and left <= right:
        way[..., top, max(left - 2, 0) : right + 1] = True
        way[..., top : bottom + 1, right] = True
        way[..., bottom, left : right + 1] = True
        way[..., top + 2 : bottom + 1, left] = True
        top, left, bottom, right = top + 2, left + 2, bottom - 2, right - 2
    return way


def comb(shape):
    """Teeth that only the last row connects."""
    cells = np.zeros(shape, bool)
    cells[..., ::2] = True
    cells[..., -1, :] = True
    return cells


def sheet(shape):
    return np.ones(shape, bool)


def discs(shape, random):
    """Cells that touch, each with its own middle."""
    middles = random.random((max(2, round(np.prod(shape) / 60)), len(shape))) * shape
    places = np.stack(np.indices(shape), axis=-1)[..., None, :]
    return np.sqrt(((places - middles) ** 2).sum(-1)).min(-1)


def drawn(kind, shape, random):
    """Cells of a kind, with interiors of a few heights: ties and plateaus everywhere."""
    if kind == "discs":
        distance = discs(shape, random)
        return distance < 5, np.clip(1 - distance / 6, 0, 1)
    if kind == "noise":
        cells = random.random(shape) < random.choice([0.5, 0.65, 0.9])
    else:
        cells = {"spiral": spiral, "comb": comb, "sheet": sheet}[kind](shape)
    grain = random.random(shape)
    if random.random() < 0.5:
        grain = ndimage.uniform_filter(grain, 3)
        grain = (grain - grain.min()) / max(float(np.ptp(grain)), 1e-6)
    levels = random.choice([1, 2, 5, 256])
    interior = 0.8 * np.floor(grain * levels) / levels
    # Seeds are few and far between, so that floods run through many blocks.
    seeds = random.random(shape) < random.choice([0.002, 0.02, 0.1])
    seeds.flat[random.integers(seeds.size)] = True
    return cells, np.where(seeds, random.choice([0.95, 1.0]), interior)


CROSS = ndimage.generate_binary_structure(3, 1)
KINDS = st.sampled_from(["noise", "spiral", "comb", "sheet", "discs"])
SHAPES = st.one_of(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 9), st.integers(1, 12), st.integers(1, 12)),
)


@settings(max_examples=150)
@given(
    kind=KINDS,
    shape=SHAPES,
    block=st.integers(1, 41),
    seed=st.integers(0, 2**32),
    min_size=st.sampled_from([0, 0, 2, 7, 30]),
)
@example(kind="spiral", shape=(40, 40), block=7, seed=1, min_size=0)
@example(kind="sheet", shape=(1, 40), block=3, seed=1, min_size=0)
@example(kind="noise", shape=(1, 1), block=1, seed=1, min_size=0)
def test_floods_in_blocks_are_those_of_the_whole(kind, shape, block, seed, min_size):
    cells, interior = drawn(kind, shape, np.random.default_rng(seed))
    probabilities = three_classes(cells, interior)
    whole = instances(probabilities, min_size=min_size)
    np.testing.assert_array_equal(in_blocks(probabilities, block, min_size=min_size), whole)


@settings(max_examples=100)
@given(
    kind=KINDS,
    shape=SHAPES,
    block=st.integers(1, 41),
    seed=st.integers(0, 2**32),
    min_size=st.sampled_from([0, 2, 7, 50]),
)
def test_components_in_blocks_are_those_of_the_whole(kind, shape, block, seed, min_size):
    cells, _ = drawn(kind, shape, np.random.default_rng(seed))
    cells &= np.random.default_rng(seed).random(shape) < 0.97
    filled = cells | pinholes(cells, min_size)
    expected = without_small(ndimage.label(filled)[0], min_size)
    probabilities = two_classes(cells)
    np.testing.assert_array_equal(in_blocks(probabilities, block, min_size=min_size), expected)
    np.testing.assert_array_equal(instances(probabilities, min_size=min_size), expected)


def pinholes(cells, min_size):
    """Background that nothing but one object surrounds, smaller than an object and 16 px, or 6."""
    found, longest = np.zeros(cells.shape, bool), {2: 16, 3: 6}[cells.ndim]
    padded = np.pad(~cells, 1, constant_values=True)  # what reaches the edge is one with the rim
    labels, count = ndimage.label(padded, np.ones((3,) * cells.ndim))
    objects = ndimage.label(np.pad(cells, 1))[0]
    for number in range(1, count + 1):
        hole = (labels == number)[(slice(1, -1),) * cells.ndim]
        beside = objects[ndimage.binary_dilation(labels == number) & (labels != number)]
        if number != labels.flat[0] and hole.sum() < min_size and np.unique(beside).size == 1:
            found |= hole & (np.ptp(np.argwhere(hole), axis=0) < longest).all()
    return found


def without_small(labels, min_size):
    kept = [n for n in range(1, labels.max() + 1) if (labels == n).sum() >= min_size]
    return sum((labels == n) * number for number, n in enumerate(kept, start=1)) + 0 * labels


@settings(max_examples=30)
@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    block=st.integers(1, 20),
    seed=st.integers(0, 2**32),
    threshold=st.floats(0.1, 0.9),
    seed_value=st.floats(0.3, 0.95),
)
def test_thresholds_are_applied_in_blocks_as_in_the_whole(
    shape, block, seed, threshold, seed_value
):
    random = np.random.default_rng(seed)
    scores = ndimage.gaussian_filter(random.normal(size=(3, *shape)), (0, 1.5, 1.5)) * 12
    probabilities = (np.exp(scores) / np.exp(scores).sum(0)).astype(np.float32)
    values = {"threshold": threshold, "seed": seed_value, "min_size": 3}
    np.testing.assert_array_equal(
        in_blocks(probabilities, block, **values), instances(probabilities, **values)
    )


@settings(max_examples=80)
@given(
    shape=st.one_of(
        st.tuples(st.integers(1, 60), st.integers(1, 60)),
        st.tuples(st.integers(1, 12), st.integers(1, 20), st.integers(1, 20)),
    ),
    block=st.integers(1, 30),
    seed=st.integers(0, 2**32),
    neck=st.sampled_from([0.5, 1.0, 1.7]),
    box=st.sampled_from([30, 200, 900, 4000]),
)
def test_seeds_are_parted_in_blocks_as_in_the_whole(shape, block, seed, neck, box):
    random = np.random.default_rng(seed)
    grain = ndimage.gaussian_filter(random.normal(size=shape), random.choice([1.0, 2.0, 3.0]))
    interior = np.where(grain > 0, 0.95, 0.5)
    probabilities = three_classes(grain > -0.02, interior)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("septum.instances.necks._BOX", box)
        whole = instances(probabilities, neck=neck)
        event(f"parted: {whole.max() > instances(probabilities).max()}")
        np.testing.assert_array_equal(in_blocks(probabilities, block, neck=neck), whole)


def test_a_flood_crosses_the_same_face_many_times():
    """A way that winds across the line between two blocks, from one end to the other."""
    way = np.zeros((41, 20), bool)
    way[::2] = True
    way[1::4, -1] = way[3::4, 0] = True
    interior = np.full(way.shape, 0.5)
    interior[0, 0] = interior[-1, -1] = 1
    probabilities = three_classes(way, interior)
    whole = instances(probabilities)
    assert whole.max() == 2
    for block in (1, 2, 10, 11):
        np.testing.assert_array_equal(in_blocks(probabilities, block), whole)


def winding(edge):
    """A way of 1 px through a cube: along X, by turns, then along Y, then up along Z."""
    way = np.zeros((edge,) * 3, bool)
    for z in range(0, edge, 2):
        way[z, ::2] = True
        for turn, y in enumerate(range(1, edge, 2)):
            way[z, y, -1 if turn % 2 == 0 else 0] = True
    # Each plane is passed the other way round: it ends where the next one begins.
    last = -1 if (edge + 1) // 2 % 2 else 0
    for turn, z in enumerate(range(1, edge, 2)):
        way[(z, -1, last) if turn % 2 == 0 else (z, 0, 0)] = True
    return way


@pytest.mark.parametrize("block", [3, 4, 6, 7])
def test_a_flood_winds_through_a_volume_and_meets_another_in_the_middle(block):
    way = winding(11)
    assert ndimage.label(way)[1] == 1
    assert way.sum() == 6 * (6 * 11 + 5) + 5
    interior = np.full(way.shape, 0.5)
    ends = np.argwhere(way & (ndimage.convolve(way.astype(int), CROSS, mode="constant") == 2))
    assert len(ends) == 2
    for end in ends:
        interior[tuple(end)] = 1
    probabilities = three_classes(way, interior)
    whole = instances(probabilities)
    assert np.bincount(whole[way]).tolist() == [0, 216, 215]
    np.testing.assert_array_equal(in_blocks(probabilities, block), whole)
    np.testing.assert_array_equal(in_blocks(two_classes(way), block), way)


@settings(max_examples=40)
@given(
    shape=st.tuples(*[st.integers(6, 14)] * 3),
    block=st.integers(3, 9),
    seed=st.integers(0, 2**32),
    min_size=st.sampled_from([0, 5, 40]),
)
def test_balls_that_touch_are_parted_by_their_border_in_blocks_as_in_the_whole(
    shape, block, seed, min_size
):
    """Smooth interiors and a border class: what a network answers, and not noise."""
    random = np.random.default_rng(seed)
    middles = random.random((3, 3)) * shape
    places = np.stack(np.indices(shape), axis=-1)[..., None, :]
    away = np.sort(np.sqrt(((places - middles) ** 2).sum(-1)), axis=-1)
    scores = np.stack([away[..., 0] - 5, 3 - away[..., 0], 1.5 - np.diff(away)[..., 0]])
    scores = np.exp(2 * scores).astype(np.float32)
    probabilities = scores / scores.sum(0)
    whole = instances(probabilities, min_size=min_size)
    event(f"{whole.max()} balls")
    found = in_blocks(probabilities, block, min_size=min_size)
    np.testing.assert_array_equal(found, whole)


def test_a_label_that_came_first_gives_way_to_the_one_that_came_cheaper():
    """The cost of a pixel behind a wall is the same with water from either seed.

    Seed 1 is the first to reach the foot of the wall and to flow over it into the next block. When
    the cheaper water of seed 2 has come by another block, what is behind the wall must follow,
    though its cost is as before and its label rises.
    """
    interior = np.array(
        [
            [1.0, 0.3, 0.5, 0.1, 0.5],
            [0.0, 0.0, 0.5, 0.0, 0.0],
            [0.0, 0.0, 0.5, 0.5, 1.0],
        ]
    )
    probabilities = three_classes(interior > 0, interior)
    expected = np.array([[1, 1, 2, 2, 2], [0, 0, 2, 0, 0], [0, 0, 2, 2, 2]])
    for block in (1, 2, 3, 5):
        np.testing.assert_array_equal(in_blocks(probabilities, block), expected)


@pytest.mark.parametrize("classes", [2, 3])
def test_seventy_thousand_objects_keep_their_numbers(classes):
    y, x = np.indices((531, 531))
    cells = (y + x) % 2 == 0
    cells[0, 0] = False
    probabilities = two_classes(cells) if classes == 2 else three_classes(cells, 1.0)
    labels = in_blocks(probabilities, 100)
    assert labels.max() == 140_980
    np.testing.assert_array_equal(labels[cells], np.arange(1, 140_981))


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (1, 1, 1), (1, 30, 1), (0, 4)])
@pytest.mark.parametrize("classes", [2, 3])
def test_an_object_as_large_as_the_image_is_one(shape, classes):
    cells = np.ones(shape, bool)
    probabilities = two_classes(cells) if classes == 2 else three_classes(cells, 1.0)
    for block in (1, 7, 64):
        assert (in_blocks(probabilities, block) == 1).all()


def test_blocks_are_read_one_at_a_time_and_written_once():
    random = np.random.default_rng(0)
    probabilities = three_classes(*drawn("discs", (50, 70), random))
    read, written = [], []

    def reading(window):
        read.append(window)
        return probabilities[window]

    class Written:
        shape, dtype = (50, 70), np.dtype(np.uint16)

        def __setitem__(self, window, pixels):
            assert pixels.dtype == self.dtype
            written.append(window)

    source = View(probabilities.shape, probabilities.dtype, reading)
    find(source, block=16).write(Written())
    sizes = {tuple(part.stop - part.start for part in window) for window in read}
    assert max(sizes) == (2, 16, 16)
    assert len(written) == len(set(map(str, written))) == 4 * 5


@pytest.mark.parametrize("classes", [2, 3])
def test_progress_ends_where_it_was_expected(classes):
    cells, interior = drawn("sheet", (60, 60), np.random.default_rng(3))
    probabilities = two_classes(cells) if classes == 2 else three_classes(cells, interior)
    seen = []
    find(probabilities, block=9, on_block=lambda *count: seen.append(count))
    done, expected = zip(*seen, strict=True)
    assert len(seen) >= 49 * (classes - 1)
    assert list(done) == sorted(set(done))
    assert list(expected) == sorted(expected)
    assert all(d <= e for d, e in seen)
    assert seen[-1][0] == seen[-1][1]


def test_what_cannot_be_is_said():
    probabilities = two_classes(np.arange(600).reshape(1, 600) % 2 == 0)
    found = find(probabilities)
    with pytest.raises(ConfigError, match="300 labels do not fit into uint8; take uint16"):
        found.write(np.zeros((1, 600), np.uint8))
    with pytest.raises(ConfigError, match=r"\(1, 600\) do not fit into \(600, 1\)"):
        found.write(np.zeros((600, 1), np.uint16))
    with pytest.raises(ConfigError, match="block is 0 px"):
        find(probabilities, block=0)
    with pytest.raises(DataError, match="background, interior, border"):
        find(probabilities[:1])
