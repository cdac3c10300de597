import numpy as np
import pytest
import torch
import zarr

from septum.bench import cells, growth, peers
from septum.bench.padded import PaddedUNet
from septum.bench.variants import seeded
from septum.instances import instances


def test_probabilities_are_such(tmp_path):
    cells.write_probabilities(tmp_path / "p.zarr", 600)
    planes = zarr.open_array(tmp_path / "p.zarr", mode="r")[:]
    assert planes.shape == (3, 600, 600)
    np.testing.assert_allclose(planes.sum(0), 1, atol=1e-5)
    np.testing.assert_array_equal(planes[:, 512:], planes[:, 511 : 511 - 88 : -1])


def test_scikit_image_is_given_the_same_job(tmp_path):
    """Ties in the flood are broken otherwise; all else is the same."""
    pytest.importorskip("skimage")
    cells.write_probabilities(tmp_path / "p.zarr", 256)
    planes = zarr.open_array(tmp_path / "p.zarr", mode="r")[:]
    values = (cells.THRESHOLD, cells.SEED, cells.MIN_SIZE)
    own, other = instances(planes, *values), peers.watershed_of_whole(planes, *values)
    pairs = np.unique(np.stack([own.ravel(), other.ravel()]), axis=1, return_counts=True)[1]
    assert len(np.unique(own)) == len(np.unique(other)) > 20
    assert np.sort(pairs)[-len(np.unique(own)) :].sum() > 0.99 * own.size


def test_both_ways_write_their_labels(tmp_path):
    pytest.importorskip("skimage")
    cells.write_probabilities(tmp_path / "128.zarr", 128)
    counts = []
    for name in (cells.OURS, cells.PEER):
        cells.separating(tmp_path, 128, name)()
        counts.append(len(np.unique(zarr.open_array(tmp_path / "labels.zarr", mode="r")[:])))
    assert counts[0] == counts[1] > 5


def test_a_large_image_is_mirrored_from_a_small_one(tmp_path):
    tile = np.random.default_rng(0).integers(0, 256, (512, 512), dtype=np.uint8)
    growth.mirrored(tile, tmp_path / "large.zarr", 1300)
    expected = np.pad(tile, (0, 1300 - 512), mode="symmetric")
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "large.zarr", mode="r")[:], expected)


def test_windows_that_cover_the_image_give_its_probabilities():
    pytest.importorskip("monai")
    network = seeded(PaddedUNet(1, 3, 2, 2, norm="batch"))
    image = np.random.default_rng(0).random((32, 32), dtype=np.float32)
    found = peers.sliding_window(network, image, 64, 0.25, 1, "cpu")()
    with torch.inference_mode():
        expected = torch.softmax(network(torch.from_numpy(image)[None, None]), 1)[0]
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


def test_why_a_peer_is_not_measured():
    assert peers.missing("numpy", wanted=True) is None
    assert peers.missing("numpy", wanted=False) == "others were not asked for"
    assert "make bench" in (peers.missing("no_such_package", wanted=True) or "")
