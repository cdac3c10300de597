"""OME-Zarrs are valid, and what the readers of others find in them is what was segmented."""

import json

import numpy as np
import ome_zarr_models.v04 as models
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader

from septum.data.synthetic import draw_cells
from septum.errors import SeptumError
from septum.outputs import ngff, save
from septum.outputs.ngff import halved_by_mean, halved_by_stride

CELLS = draw_cells(2, (600, 1100), radius=12).truth.astype(np.uint16)


def read(path):
    """Return the nodes that ome-zarr's own reader finds: the image and its labels."""
    image, _group, cells = list(Reader(parse_url(path, mode="r"))())
    return image, cells


def test_it_is_valid_and_read_by_ome_zarr(make, tmp_path):
    segmented = make(CELLS[None], spacing=(0.5, 0.25))
    path = save("zarr", segmented, tmp_path)
    assert path.name == "cells.ome.zarr"
    assert [child.name for child in tmp_path.iterdir()] == [path.name]
    group = zarr.open_group(path, mode="r")
    models.Image.from_zarr(group)
    assert models.Labels.from_zarr(group["labels"]).attributes.labels == ["cells"]
    models.ImageLabel.from_zarr(group["labels/cells"])

    image, cells = read(path)
    assert [axis["name"] for axis in image.metadata["axes"]] == ["c", "y", "x"]
    assert image.metadata["axes"][2]["unit"] == "micrometer"
    assert image.metadata["coordinateTransformations"][0][0]["scale"] == [1.0, 0.5, 0.25]
    assert image.metadata["channel_names"] == ["background", "cell", "border"]
    assert [level.shape for level in image.data] == [(3, 600, 1100), (3, 300, 550), (3, 150, 275)]
    shares = np.asarray(image.data[0]) / 255
    np.testing.assert_allclose(shares, segmented.probabilities[0], atol=0.5 / 255 + 1e-6)
    np.testing.assert_array_equal(cells.data[0], CELLS)
    np.testing.assert_array_equal(cells.data[2], CELLS[::4, ::4])
    assert cells.data[0].dtype == np.uint16


def test_levels_lie_where_the_image_lies(make, tmp_path):
    path = save("zarr", make(CELLS[None], spacing=(0.5, 0.25)), tmp_path)
    attributes = json.loads((path / ".zattrs").read_text())
    second = attributes["multiscales"][0]["datasets"][1]["coordinateTransformations"]
    assert second == [
        {"type": "scale", "scale": [1.0, 1.0, 0.5]},
        {"type": "translation", "translation": [0.0, 0.25, 0.125]},
    ]


@pytest.mark.parametrize(
    ("stack", "sizes", "axes"),
    [("T", (2,), "tcyx"), ("Z", (2,), "czyx"), ("TZ", (2, 3), "tczyx"), ("QT", (3, 2), "tczyx")],
)
def test_the_axes_of_a_stack_are_in_the_order_of_ngff(make, tmp_path, stack, sizes, axes):
    labels = np.random.default_rng(0).integers(0, 9, (int(np.prod(sizes)), 20, 30))
    segmented = make(labels.astype(np.uint16), stack, sizes)
    path = save("zarr", segmented, tmp_path)
    models.Image.from_zarr(zarr.open_group(path, mode="r"))
    image, cells = read(path)
    assert "".join(axis["name"] for axis in image.metadata["axes"]) == axes
    arranged = labels.reshape(*sizes, 20, 30)
    np.testing.assert_array_equal(
        cells.data[0], arranged.swapaxes(0, 1) if stack == "QT" else arranged
    )
    for number in range(len(labels)):
        time, depth = segmented.frame(number)
        index = tuple({"t": time, "c": slice(None), "z": depth}[axis] for axis in axes[:-2])
        expected = np.rint(segmented.probabilities[number] * 255)
        np.testing.assert_array_equal(np.asarray(image.data[0])[index], expected)


def test_a_volume_is_halved_along_all_three_axes(make, tmp_path):
    labels = np.random.default_rng(0).integers(0, 70_000, (1, 70, 20, 90)).astype(np.uint32)
    path = save("zarr", make(labels, spacing=(2.0, 0.5, 0.5)), tmp_path)
    image, cells = read(path)
    assert [level.shape for level in image.data] == [(3, 70, 20, 90), (3, 35, 10, 45)]
    assert cells.data[0].dtype == np.uint32
    np.testing.assert_array_equal(cells.data[0], labels[0])
    np.testing.assert_array_equal(cells.data[1], labels[0, ::2, ::2, ::2])


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_the_smallest_images_are_valid(make, tmp_path, shape):
    path = save("zarr", make(np.ones((1, *shape), np.uint16)), tmp_path)
    models.Image.from_zarr(zarr.open_group(path, mode="r"))
    assert (np.asarray(read(path)[1].data[0]) == 1).all()


@settings(max_examples=30)
@given(arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7))))
def test_halves_are_means_of_the_pixels_there_are_and_every_second_label(pixels):
    means, labels = halved_by_mean(pixels, 2), halved_by_stride(pixels, 2)
    assert means.shape == labels.shape
    for c, y, x in np.ndindex(means.shape):
        square = pixels[c, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
        assert abs(means[c, y, x] - square.mean()) <= 0.5
        assert labels[c, y, x] == square[0, 0]


def test_blocks_make_no_difference(make, tmp_path, monkeypatch):
    segmented = make(CELLS[None])
    one = save("zarr", segmented, tmp_path / "one")
    monkeypatch.setattr(ngff, "_BLOCK", {2: 512})
    two = save("zarr", segmented, tmp_path / "two")
    files = sorted(file.relative_to(one) for file in one.rglob("*") if file.is_file())
    assert files == sorted(file.relative_to(two) for file in two.rglob("*") if file.is_file())
    assert all((one / file).read_bytes() == (two / file).read_bytes() for file in files)


def test_it_replaces_its_own_folder_and_no_other(make, tmp_path):
    path = save("zarr", make(np.ones((1, 9, 9), np.uint16)), tmp_path)
    save("zarr", make(np.zeros((1, 8, 9), np.uint16)), tmp_path)
    assert read(path)[1].data[0].shape == (8, 9)
    mine = json.loads((path / ".zattrs").read_text())
    (path / ".zattrs").write_text(json.dumps({"multiscales": mine["multiscales"]}))
    with pytest.raises(SeptumError, match="septum did not write it"):
        save("zarr", make(np.ones((1, 9, 9), np.uint16)), tmp_path)
    assert read(path)[1].data[0].shape == (8, 9)
