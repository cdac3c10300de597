"""Tiles cut on a device are those that numpy and OpenCV cut, for any draw, rank and image.

The device is PyTorch's CPU here. The exact reference reads the image by scipy, at the places of the
same map. `cut` itself is no such reference for images: OpenCV before 5 rounds places to 1/32 px.
"""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

import septum
from septum.augment import Augmentation, coordinates, vary
from septum.augment.sections import KINDS, spoiled
from septum.config import override
from septum.data.crops import cut, draw_tiles
from septum.data.prepared import Prepared
from septum.data.synthetic import draw_cells
from septum.errors import SeptumError
from septum.training import Watch, preset, train_model
from septum.training.guards import Background, Diverged, check_loss, save_batch
from septum.training.on_device import Cutter, cutter_for
from septum.training.on_device.held import Held, held_bytes

CPU = torch.device("cpu")
SIZES = {2: ((32, 26), (20, 12)), 3: ((9, 16, 14), (5, 8, 10))}
# Everything that can be drawn, and often enough that a few tiles have all of it.
FULL = Augmentation(
    elastic_sigma=4.0,
    shift=5.0,
    noise_probability=0.5,
    blur_probability=0.5,
    per_channel=True,
    drop_channel=0.3,
    jump=2.0,
    lost=0.4,
    black=0.2,  # so that there is something beyond both ends
    white=0.8,
)
seeds = st.integers(0, 2**32 - 1)


def prepared(shape, seed=0, channels=2, reach=0, annotated=2 / 3):
    """Noise, so that a pixel is like no other; class 9 is where nobody annotated."""
    rng = np.random.default_rng(seed)
    known = rng.random(shape) < annotated
    known.flat[0] = True
    return Prepared(
        rng.random((channels * (2 * reach + 1), *shape), np.float32),
        np.where(known, rng.integers(0, 3, shape), 9).astype(np.uint8),
        ((rng.random(shape) + 0.5) * known).astype(np.float32),
        f"sample {seed}",
        reach,
    )


def draws(samples, policy, seed, count=3):
    rngs = np.random.default_rng(seed).spawn(count)
    return draw_tiles(samples, policy, *SIZES[samples[0].classes.ndim], rngs)


def on_device(samples, tiles):
    cutter = Cutter(samples, *SIZES[samples[0].classes.ndim], CPU)
    return cutter.cut(cutter.numbers(tiles)).on_host()


def as_numpy(samples, tiles):
    return cut(samples, tiles, *SIZES[samples[0].classes.ndim])


def read_exactly(array, places):
    return map_coordinates(array.astype(float), places, order=1, mode="mirror")


def exact(sample, tile):
    """The image, its map and the interpolated weights, in a few lines."""
    size, output = SIZES[sample.classes.ndim]
    drawn = tile.drawn
    places = coordinates(drawn, tile.centre, size)
    image = np.stack([read_exactly(channel, places) for channel in sample.image])
    image = vary(image.astype(np.float32), drawn.grey)
    if drawn.sections is not None:
        image = spoiled(image, drawn.sections, drawn.grey.black, drawn.grey.white)
    image[list(drawn.dropped)] = 0
    middle = (slice((n - m) // 2, (n + m) // 2) for n, m in zip(size, output, strict=True))
    inner = places[(..., *middle)]
    return image, inner, read_exactly(sample.weights, inner)


def shapes(ndim):
    return st.tuples(*[st.integers(1, 40 if ndim == 2 else 12)] * ndim)


@pytest.mark.parametrize("ndim", [2, 3])
@given(st.data())
def test_a_tile_is_what_numpy_cuts(ndim, data):
    samples = [prepared(data.draw(shapes(ndim)), seed) for seed in range(2)]
    tiles = draws(samples, FULL, data.draw(seeds))
    got, numpys = on_device(samples, tiles), as_numpy(samples, tiles)
    assert got.names == numpys.names
    for name in ("images", "classes", "weights"):
        one, other = getattr(got, name), getattr(numpys, name)
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
    for place, tile in enumerate(tiles):
        image, inner, weights = exact(samples[tile.sample], tile)
        np.testing.assert_allclose(got.images[place], image, atol=1e-4)
        np.testing.assert_allclose(got.images[place], numpys.images[place], atol=0.1)
        # Where two pixels are equally near, rounding decides which of them is read.
        sure = (np.abs(inner - np.floor(inner) - 0.5) > 1e-3).all(axis=0)
        classes, known = numpys.classes[place], numpys.weights[place] > 0
        np.testing.assert_array_equal(got.classes[place][sure], classes[sure])
        np.testing.assert_array_equal(got.weights[place][sure] > 0, known[sure])
        expected = (weights * known)[sure]
        np.testing.assert_allclose(got.weights[place][sure], expected, atol=1e-4)


def test_everything_that_the_law_above_is_about_is_drawn():
    drawn = [tile.drawn for tile in draws([prepared((12, 30, 30))], FULL, 0, 20)]
    assert {kind for one in drawn for kind in one.sections.kind} == set(range(len(KINDS)))
    for some in (
        [bool(one.dropped) for one in drawn],
        [any(one.grey.blur) for one in drawn],
        [one.grey.noise > 0 for one in drawn],
    ):
        assert set(some) == {True, False}
    assert all(len(one.grey.gamma) == 2 for one in drawn)


@pytest.mark.parametrize("ndim", [2, 3])
@given(st.data())
def test_what_nobody_annotated_weighs_exactly_nothing(ndim, data):
    samples = [prepared(data.draw(shapes(ndim)), data.draw(st.integers(0, 99)))]
    got = on_device(samples, draws(samples, FULL, data.draw(seeds)))
    assert (got.weights[got.classes == 9] == 0).all()
    assert (got.weights[got.classes != 9] > 0).mean() > 0.99


@pytest.mark.parametrize("ndim", [2, 3])
@given(st.data())
def test_nothing_drawn_is_the_plain_crop_however_often_it_is_mirrored(ndim, data):
    samples = [prepared(data.draw(shapes(ndim)))]
    tiles = draws(samples, Augmentation.none(), data.draw(seeds))
    got, numpys = on_device(samples, tiles), as_numpy(samples, tiles)
    # The middle of an image that is smaller than the tile may lie between two pixels: halves go up.
    np.testing.assert_array_equal(got.classes, numpys.classes)
    np.testing.assert_array_equal(got.weights > 0, numpys.weights > 0)
    for name in ("images", "weights"):
        np.testing.assert_allclose(getattr(got, name), getattr(numpys, name), atol=1e-6)


@pytest.mark.parametrize("shape", [(33, 27), (11, 20, 15)])
def test_a_batch_is_its_tiles_one_by_one_and_the_same_bytes_each_time(shape):
    samples = [prepared(shape, 0), prepared(shape[::-1], 1), prepared((5, *shape[1:]), 2)]
    tiles = draws(samples, FULL, 4, count=6)
    assert len({tile.sample for tile in tiles}) == 3
    whole, again = on_device(samples, tiles), on_device(samples, tiles)
    for name in ("images", "classes", "weights"):
        singles = [getattr(on_device(samples, [tile]), name)[0] for tile in tiles]
        np.testing.assert_array_equal(getattr(whole, name), np.stack(singles))
        assert getattr(whole, name).tobytes() == getattr(again, name).tobytes()


def test_a_slice_that_is_alone_stands_in_for_its_neighbours():
    samples = [prepared((40, 40), reach=1)]
    tiles = draws(samples, Augmentation.none(), 3, count=40)
    alone = [tile.alone for tile in tiles]
    assert set(alone) == {True, False}
    got = on_device(samples, tiles).images
    np.testing.assert_array_equal(got, as_numpy(samples, tiles).images)
    np.testing.assert_array_equal(got[alone], got[alone][:, [2, 3] * 3])


def test_a_cpu_cuts_by_itself_and_so_does_a_device_whose_memory_the_samples_would_fill(monkeypatch):
    samples = [prepared((30, 20), 0), prepared((25, 40), 1)]
    held, needed = Held(samples, CPU), held_bytes(samples)
    tensors = (held.images, held.weights, held.classes)
    assert needed == sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    monkeypatch.setattr("septum.training.on_device.cutter.Cutter", lambda *_: "cuts")
    built_in = 4 * needed
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda _device: (0, built_in))
    assert cutter_for(samples, *SIZES[2], torch.device("cuda")) == "cuts"
    built_in -= 1
    assert cutter_for(samples, *SIZES[2], torch.device("cuda")) is None
    assert cutter_for(samples, *SIZES[2], CPU) is None


@pytest.fixture
def cuts_on_device(monkeypatch):
    """Trainings whose device cuts, although it is a CPU; the thread of each call of the cutter."""
    called = {"numbers": [], "cut": []}

    class Watched(Cutter):
        def numbers(self, tiles):
            called["numbers"].append(threading.current_thread())
            return super().numbers(tiles)

        def cut(self, numbers):
            called["cut"].append(threading.current_thread())
            return super().cut(numbers)

    monkeypatch.setattr("septum.training.run.cutter_for", Watched)
    return called


SETTINGS = [
    "data.normalise=percentile",
    "network.width=4",
    "network.depth=2",
    "network.dropout=0.3",
    "training.tile=60",
    "augment.scale=0.3",
    "augment.brightness=0.2",
    "augment.contrast=0.5",
    "augment.gamma=0.5",
]


def losses(steps):
    # In float32: bfloat16 rounds away what differs, on processors that have it.
    choices = [f"training.steps={steps}", "training.precision=32", "data.scale=1"]
    plan = override(preset("default"), [*SETTINGS, *choices, "targets.border=2"])
    samples = [draw_cells(seed, (64, 64), radius=8) for seed in range(2)]
    seen = []
    train_model(samples, plan, seed=3, watch=Watch(on_step=seen.append))
    return [step.loss for step in seen]


def test_a_training_learns_the_same_and_its_threads_only_draw(request):
    by_numpy = losses(8)
    called = request.getfixturevalue("cuts_on_device")
    np.testing.assert_allclose(losses(8), by_numpy, rtol=1e-3)
    assert len(called["numbers"]) == len(called["cut"]) == 8
    assert set(called["cut"]) == {threading.current_thread()}
    assert threading.current_thread() not in called["numbers"]


def test_a_batch_of_a_device_that_diverged_is_kept(tmp_path, cuts_on_device):
    settings = [*SETTINGS, "training.optimiser=sgd", "training.learning_rate=1e12"]
    with pytest.raises(SeptumError, match=r"The tiles are in .*diverged-\d+\.npz"):
        septum.train(
            [draw_cells(0, (64, 64), radius=8)], tmp_path / "run", steps=50, settings=settings
        )
    assert cuts_on_device["cut"]
    (path,) = (tmp_path / "run").glob("diverged-*.npz")
    with np.load(path) as arrays:
        assert arrays["images"].shape[2:] == (60, 60)
        assert arrays["classes"].any()


def test_guards_look_at_a_batch_of_a_device_as_at_any_other(tmp_path):
    samples = [prepared((40, 40), channels=1)]
    tiles = draws(samples, Augmentation.none(), 1)
    cutter = Cutter(samples, *SIZES[2], CPU)
    batch = cutter.cut(cutter.numbers(tiles))
    with pytest.raises(Diverged, match="tiles of sample 0") as caught:
        check_loss(float("nan"), 7, batch, 1e-3)
    with np.load(save_batch(caught.value.batch, tmp_path / "diverged-7")) as arrays:
        np.testing.assert_array_equal(arrays["images"], as_numpy(samples, tiles).images)
    said = []
    guard, empty = Background(said.append), replace(batch, classes=torch.zeros_like(batch.classes))
    for _ in range(30):
        guard.look(empty, found=False, share=0.5)
    assert not said
    for _ in range(30):
        guard.look(batch, found=False, share=0.5)
    assert len(said) == 1
