"""What the network is shown: the working resolution, w(x), and tiles from annotated places."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum import geometry
from septum.augment import Augmentation
from septum.data.crops import cut, draw_batch, draw_centre, draw_tiles, tile_of
from septum.data.prepared import Prepared, prepare, prepare_all
from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.errors import ConfigError, DataError
from septum.plan import DataPlan, TargetPlan
from septum.targets import border_weights, class_map, separate, weight_map

CELLS = draw_cells(0, (64, 64), radius=8)


def touching():
    labels = np.zeros((40, 60), np.int32)
    labels[10:30, 10:30], labels[10:30, 30:50] = 1, 2
    return Sample(image=np.zeros((1, 40, 60), np.uint8), labels=labels)


def test_the_ridge_between_touching_cells_gets_the_weight_of_the_gap():
    prepared = prepare(touching(), DataPlan(1.0), TargetPlan(border=0.0))
    ridge = (touching().truth > 0) & (prepared.classes == 0)
    assert 15 <= ridge.sum() <= 22
    # d1 + d2 is 2 px on a ridge one pixel wide.
    expected = 10 * np.exp(-(2**2) / (2 * 5**2))
    assert np.median(prepared.weights[ridge]) == pytest.approx(expected, abs=1.0)
    assert prepared.weights[ridge].min() > 5
    assert prepared.weights[15, 15] < 2  # inside a cell: class balance alone


def test_with_two_classes_the_weights_are_the_papers():
    prepared = prepare(CELLS, DataPlan(1.0), TargetPlan(border=0.0))
    np.testing.assert_allclose(prepared.weights, weight_map(CELLS.truth), rtol=1e-6)
    np.testing.assert_array_equal(prepared.classes, separate(CELLS.truth) > 0)


def test_a_border_class_counts_as_cell_in_the_balance_and_the_border_term_stays():
    prepared = prepare(CELLS, DataPlan(1.0), TargetPlan(border=2.0, w0=7.0, sigma=3.0))
    np.testing.assert_array_equal(prepared.classes, class_map(CELLS.truth, border=2.0))
    rest = prepared.weights - border_weights(separate(CELLS.truth), 7.0, 3.0)
    cells = prepared.classes > 0
    np.testing.assert_allclose(rest[cells].sum(), CELLS.truth.size / 2, rtol=1e-4)
    assert np.ptp(rest[cells]) < 1e-4
    assert np.ptp(rest[~cells]) < 1e-4


def test_cells_and_background_are_balanced_over_all_images_together():
    few, many = draw_cells(1, (64, 64), radius=8, cells=2), draw_cells(2, (64, 64), radius=8)
    both = prepare_all([few, many], DataPlan(1.0), TargetPlan(border=0.0, w0=0.0))
    cells = sum((item.classes > 0).sum() for item in both)
    for item in both:
        np.testing.assert_allclose(item.weights[item.classes > 0], 64 * 64 / cells, rtol=1e-5)
        np.testing.assert_allclose(
            item.weights[item.classes == 0], 64 * 64 / (2 * 64 * 64 - cells), rtol=1e-5
        )


def test_half_resolution_halves_everything():
    prepared = prepare(CELLS, DataPlan(0.5, "range"), TargetPlan(border=2.0))
    assert prepared.image.shape == (1, 32, 32)
    assert prepared.classes.shape == prepared.weights.shape == (32, 32)
    means = CELLS.image.reshape(1, 32, 2, 32, 2).mean(axis=(2, 4)) / 255
    np.testing.assert_allclose(prepared.image, means, atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize("border", [0.0, 2.0])
def test_what_nobody_annotated_bends_nothing(scale, border):
    """Law 6: the labels there may be anything, and neither classes nor weights elsewhere move."""
    annotated = np.ones((64, 64), bool)
    annotated[20:44, 10:50] = False
    other = np.where(annotated, CELLS.truth, draw_cells(7, (64, 64), radius=8).truth + 100)
    results = [
        prepare(
            Sample(image=CELLS.image, labels=labels.astype(np.int32), annotated=annotated),
            DataPlan(scale),
            TargetPlan(border=border),
        )
        for labels in (CELLS.truth, other)
    ]
    known = results[0].weights > 0
    assert known.mean() == pytest.approx(annotated.mean(), abs=0.02)
    np.testing.assert_array_equal(results[0].weights, results[1].weights)
    np.testing.assert_array_equal(results[0].classes[known], results[1].classes[known])


def test_a_sample_without_labels_cannot_teach():
    with pytest.raises(DataError, match="has no labels"):
        prepare(Sample(image=CELLS.image), DataPlan(1.0), TargetPlan(border=0.0))


def known_where(weights):
    return Prepared(weights[None], np.zeros(weights.shape, np.uint8), weights)


@given(
    shape=st.lists(st.integers(1, 30), min_size=2, max_size=3),
    output=st.integers(1, 40),
    seed=st.integers(0, 999),
)
def test_a_tile_lies_in_the_image_or_on_its_middle_and_shows_an_annotated_pixel(
    shape, output, seed
):
    rng = np.random.default_rng(seed)
    weights = (rng.random(shape) < 0.05).astype(np.float32)
    weights.flat[rng.integers(weights.size)] = 1
    centre = draw_centre(known_where(weights), (output,) * len(shape), rng)
    window = []
    for middle, size in zip(centre, shape, strict=True):
        start = middle - (output - 1) / 2
        if size > output:
            assert start == int(start)  # whole pixels
            assert 0 <= start <= size - output
        else:
            assert middle == (size - 1) / 2
        window.append(slice(max(0, int(start)), max(0, int(np.ceil(start + output)))))
    assert weights[tuple(window)].any()


def test_the_centre_is_an_annotated_pixel_wherever_the_edge_allows():
    weights = np.zeros((50, 50), np.float32)
    weights[10:14, 30:33] = 0.5
    rng = np.random.default_rng(0)
    sample = known_where(weights)
    annotated = {(float(y), float(x)) for y in range(10, 14) for x in range(30, 33)}
    assert {draw_centre(sample, (9, 9), rng) for _ in range(300)} == annotated
    # The middle of an even tile is half a pixel before its central pixel.
    between = {draw_centre(sample, (8, 8), rng) for _ in range(300)}
    assert between == {(y - 0.5, x - 0.5) for y, x in annotated}


@pytest.mark.parametrize("known", [1, 100, 2500])
def test_each_annotated_pixel_is_as_likely_and_takes_at_most_a_draw_an_axis(known):
    class Counting:
        def __init__(self):
            self.rng, self.draws = np.random.default_rng(0), 0

        def integers(self, high):
            self.draws += 1
            return self.rng.integers(high)

    weights = np.zeros((50, 50), np.float32)
    weights.flat[np.random.default_rng(1).permutation(2500)[:known]] = 0.5
    sample, rng = known_where(weights), Counting()
    centres = [draw_centre(sample, (1, 1), rng) for _ in range(4 * known)]
    assert rng.draws <= 2 * len(centres)
    counts = np.zeros(weights.shape)
    for y, x in centres:
        counts[int(y), int(x)] += 1
    assert counts[weights == 0].max(initial=0) == 0
    counts = counts[weights > 0]
    assert counts.mean() == 4
    assert counts.var() < 6  # about 4 where every pixel is as likely


def test_nothing_annotated_is_said_and_not_searched_forever():
    with pytest.raises(ValueError, match="no pixel is annotated"):
        draw_centre(known_where(np.zeros((5, 5), np.float32)), (3, 3), np.random.default_rng(0))


def batch(seed=0, policy=None, count=3):
    prepared = [
        prepare(draw_cells(n, (64, 64), radius=8), DataPlan(1.0), TargetPlan(border=2.0))
        for n in range(2)
    ]
    rngs = np.random.default_rng(seed).spawn(count)
    return draw_batch(prepared, policy or Augmentation(), (60, 60), (20, 20), rngs)


def test_a_batch_has_the_sizes_of_the_network():
    tiles = batch()
    assert tiles.images.shape == (3, 1, 60, 60)
    assert tiles.classes.shape == tiles.weights.shape == (3, 20, 20)
    assert tiles.images.dtype == tiles.weights.dtype == np.float32


def test_the_same_generator_draws_the_same_bytes():
    one, two, other = batch(1), batch(1), batch(2)
    for name in ("images", "classes", "weights"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    assert one.images.tobytes() != other.images.tobytes()


def slice_of_a_stack(seed=0):
    """Two channels of a slice between those of its neighbours."""
    image = np.random.default_rng(seed).random((6, 40, 40), np.float32)
    flat = np.ones((40, 40), np.float32)
    return Prepared(image, flat.astype(np.uint8), flat, reach=1)


def test_cutting_takes_no_numbers_and_writes_to_nothing():
    sample, policy = slice_of_a_stack(), replace(Augmentation(), noise_probability=1.0)
    before, rngs = sample.image.copy(), np.random.default_rng(3).spawn(20)
    tiles = draw_tiles([sample], policy, (30, 30), (10, 10), rngs)
    left = [rng.bit_generator.state for rng in rngs]
    assert {tile.alone for tile in tiles} == {True, False}
    one, two = (cut([sample], tiles, (30, 30), (10, 10)) for _ in range(2))
    assert one.images.tobytes() == two.images.tobytes()
    assert [rng.bit_generator.state for rng in rngs] == left
    np.testing.assert_array_equal(sample.image, before)


def test_a_slice_that_is_alone_stands_in_for_its_neighbours():
    sample = slice_of_a_stack()
    others = slice_of_a_stack(1).image
    others[2:4] = sample.image[2:4]
    policy, rngs = Augmentation.none(), np.random.default_rng(3).spawn(200)
    tiles = draw_tiles([sample], policy, (30, 30), (10, 10), rngs)
    alone = np.array([tile.alone for tile in tiles])
    assert 8 <= alone.sum() <= 35  # a tenth
    shown, elsewhere = (
        cut([item], tiles, (30, 30), (10, 10)).images
        for item in (sample, replace(sample, image=others))
    )
    np.testing.assert_array_equal((shown == elsewhere).all(axis=(1, 2, 3)), alone)
    np.testing.assert_array_equal(shown[alone], shown[alone][:, [2, 3] * 3])
    single = replace(sample, reach=0)
    again = draw_tiles([single], policy, (30, 30), (10, 10), np.random.default_rng(3).spawn(200))
    assert not any(tile.alone for tile in again)


def test_without_augmentation_a_tile_is_a_piece_of_the_image():
    image = np.arange(60 * 70, dtype=np.float32).reshape(60, 70)
    sample = Prepared(image[None], (image % 2).astype(np.uint8), image + 1)
    tiles = draw_batch(
        [sample], Augmentation.none(), (30, 30), (10, 10), np.random.default_rng(0).spawn(5)
    )
    for picture, classes, weights in zip(tiles.images, tiles.classes, tiles.weights, strict=True):
        y, x = divmod(round(float(weights[0, 0])) - 1, 70)
        expected = image[y : y + 10, x : x + 10]
        np.testing.assert_allclose(weights, expected + 1, atol=1e-2)
        np.testing.assert_array_equal(classes, expected % 2)
        np.testing.assert_allclose(picture[0, 10:20, 10:20], expected, atol=1e-2)


def test_every_sample_is_drawn():
    samples = [
        Prepared(
            np.full((1, 40, 40), n, np.float32), np.zeros((40, 40), np.uint8), np.ones((40, 40))
        )
        for n in range(4)
    ]
    tiles = draw_batch(
        samples, Augmentation.none(), (30, 30), (10, 10), np.random.default_rng(0).spawn(60)
    )
    counts = np.bincount(tiles.images[:, 0, 0, 0].astype(int), minlength=4)
    assert counts.min() > 5


@given(
    st.lists(st.tuples(*[st.integers(1, 900)] * 2), min_size=1, max_size=4),
    st.integers(1, 700),
    st.integers(1, 5),
)
def test_tiles_are_as_wished_or_the_smallest_that_hold_the_longest_side(shapes, tile, depth):
    legal = [size for size in range(1, 2000) if geometry.is_legal(size, depth)]
    wished = next(size for size in legal if size >= tile)
    longest = max(map(max, shapes))
    enough = next(size for size in legal if geometry.output_size(size, depth) >= longest)
    size = min(wished, enough)
    assert tile_of(shapes, tile, depth) == ((size,) * 2, (geometry.output_size(size, depth),) * 2)


def test_tiles_of_volumes_are_as_wished_along_each_axis_and_hold_the_longest_along_it():
    shapes = [(20, 300, 200), (30, 100, 250)]
    sizes, outputs = tile_of(shapes, (40, 100, 900), (1, 3, 3))
    assert sizes == (40, 100, geometry.input_size(300, 3))
    assert outputs == (24, 12, 300)
    with pytest.raises(ConfigError, match=r"training.tile is \(100, 100\); expected one size"):
        tile_of(shapes, (100, 100), 3)
