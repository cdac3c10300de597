"""Law 1: the prediction of a pixel does not depend on how the image was cut."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from septum import geometry
from septum.network import UNet
from septum.predict import averaged, orientations, overlap_tile


def network(depth, ndim, norm=None):
    torch.manual_seed(0)
    unet = UNet(width=3, depth=depth, ndim=ndim, dropout=0, norm=norm)
    for layer in unet.modules():
        if isinstance(layer, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
            torch.nn.init.uniform_(layer.running_mean, -1, 1)
            torch.nn.init.uniform_(layer.running_var, 0.5, 2)
    return unet.double()


def exactly(unet):
    """The engine in float64, so that what is left of a difference is a mistake and not rounding."""

    def engine(tiles):
        with torch.inference_mode():
            return unet.eval()(torch.from_numpy(tiles.astype(np.float64))).numpy()

    return engine


def scores_of(image, engine, tile, depth, batch=1, classes=2):
    scores = np.full((classes, *image.shape[1:]), np.nan, np.float32)
    overlap_tile(image, engine, tile, scores, depth, batch)
    return scores


def one_pass(image, unet):
    """The whole mirrored image through the network at once, as numpy would mirror it."""
    shape = image.shape[1:]
    pads = [(0, 0)]
    for size, depth in zip(shape, unet.depths, strict=True):
        margin = geometry.context(depth)
        pads.append((margin, geometry.input_size(size, depth) - size - margin))
    # numpy cannot reflect a single pixel; its mirror image is itself.
    for axis, pad in enumerate(pads):
        widths = [(0, 0)] * image.ndim
        widths[axis] = pad
        image = np.pad(image, widths, mode="edge" if image.shape[axis] == 1 else "reflect")
    scores = exactly(unet)(image[None])[0]
    return scores[(slice(None), *(slice(size) for size in shape))]


@settings(max_examples=40)
@given(
    shape=st.tuples(st.integers(1, 130), st.integers(1, 130)),
    tile=st.tuples(st.integers(1, 150), st.integers(1, 150)),
    depth=st.integers(1, 3),
    norm=st.sampled_from([None, "batch", "renorm"]),
    batch=st.integers(1, 4),
)
def test_tiled_equals_one_pass(shape, tile, depth, norm, batch):
    unet = network(depth, 2, norm)
    image = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    tiled = scores_of(image, exactly(unet), tile, depth, batch)
    np.testing.assert_allclose(tiled, one_pass(image, unet), rtol=0, atol=1e-5)


@settings(max_examples=5)
@given(
    shape=st.tuples(*[st.integers(1, 20)] * 3),
    tile=st.tuples(*[st.integers(1, 30)] * 3),
    depth=st.sampled_from([(0, 1, 1), (1, 2, 2)]),
)
def test_the_mean_over_mirrored_volumes_does_not_depend_on_the_tiles(shape, tile, depth):
    engine = averaged(exactly(network(depth, 3)), list(orientations("flips", 3)))
    image = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    tiled, whole = (scores_of(image, engine, size, depth) for size in (tile, 100))
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-5)


@settings(max_examples=15)
@given(
    shape=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    tile=st.tuples(st.integers(1, 110), st.integers(1, 110)),
    depth=st.integers(1, 3),
    kind=st.sampled_from(["flips", "all"]),
)
def test_the_mean_over_orientations_does_not_depend_on_the_tiles(shape, tile, depth, kind):
    engine = averaged(exactly(network(depth, 2)), list(orientations(kind, 2)))
    image = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    tiled, whole = (scores_of(image, engine, size, depth) for size in (tile, 400))
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-5)


@settings(max_examples=20)
@given(
    shape=st.tuples(*[st.integers(1, 24)] * 3),
    tile=st.tuples(*[st.integers(1, 40)] * 3),
    # One depth for all axes, or flat voxels: the first levels leave an axis alone.
    depth=st.integers(1, 2) | st.tuples(st.integers(0, 2), st.just(2), st.just(2)),
)
def test_tiled_equals_one_pass_in_3d(shape, tile, depth):
    unet = network(depth, 3)
    image = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    tiled = scores_of(image, exactly(unet), tile, depth)
    np.testing.assert_allclose(tiled, one_pass(image, unet), rtol=0, atol=1e-5)


def test_the_papers_depth_is_seamless_too():
    unet = network(4, 2)
    image = np.random.default_rng(0).normal(size=(1, 333, 201)).astype(np.float32)
    tiled = scores_of(image, exactly(unet), (236, 220), 4)
    np.testing.assert_allclose(tiled, one_pass(image, unet), rtol=0, atol=1e-5)


def centre(depth):
    """A network that changes nothing: it returns the centre of its input."""
    margin = geometry.context(depth)

    def engine(tiles):
        return tiles[(slice(None), slice(None), *[slice(margin, -margin)] * (tiles.ndim - 2))]

    return engine


@given(
    shape=st.lists(st.integers(1, 60), min_size=1, max_size=3),
    tile=st.integers(1, 120),
    depth=st.integers(1, 3),
)
def test_the_identity_network_returns_the_image(shape, tile, depth):
    image = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    np.testing.assert_array_equal(scores_of(image, centre(depth), tile, depth), image)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 3)])
def test_a_single_row_or_pixel_works(shape):
    image = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    np.testing.assert_array_equal(scores_of(image, centre(4), 572, 4, classes=1), image)


def test_progress_counts_every_pixel_once():
    seen = []
    image = np.zeros((1, 100, 130), np.float32)
    overlap_tile(image, centre(2), 60, image.copy(), 2, on_tile=lambda *count: seen.append(count))
    assert len(seen) > 4
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (13_000, 13_000)
