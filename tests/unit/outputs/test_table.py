"""Tables hold the measures of every object, for pandas and pyarrow."""

import builtins

import numpy as np
import pandas
import pytest
from pyarrow import parquet
from skimage.measure import regionprops_table

from septum.data.synthetic import draw_cells
from septum.errors import SeptumError
from septum.outputs import save

CELLS = np.stack([draw_cells(seed, (90, 120), radius=8).truth for seed in range(3)])


@pytest.fixture(params=["table", "parquet"])
def read(request, tmp_path):
    def read(segmented):
        path = save(request.param, segmented, tmp_path)
        return pandas.read_csv(path) if request.param == "table" else pandas.read_parquet(path)

    return read


def test_it_has_the_measures_of_every_object_of_every_plane(make, read):
    segmented = make(CELLS, "T", (3,), (0.5, 0.25), ("DAPI", "actin, red"), depth=2)
    table = read(segmented)
    assert (table["image"] == "cells").all()
    for t, labels in enumerate(CELLS):
        rows = table[table["t"] == t].reset_index()
        image = np.moveaxis(segmented.image[t], 0, -1)
        expected = regionprops_table(
            labels, image, ("label", "area", "centroid", "bbox", "mean_intensity", "eccentricity")
        )
        pairs = {
            "label": "label", "area": "area_px", "centroid-0": "centroid_y_px",
            "bbox-3": "bbox_x_stop", "mean_intensity-1": "mean_actin, red",
        }  # fmt: skip
        for theirs, ours in pairs.items():
            np.testing.assert_allclose(rows[ours], expected[theirs], rtol=1e-6)
        np.testing.assert_allclose(rows["area_um2"], rows["area_px"] / 8, rtol=1e-6)
        cells = 1 - segmented.probabilities[t, 0]
        means = [cells[labels == label].mean() for label in rows["label"]]
        np.testing.assert_allclose(rows["mean_probability"], means, rtol=1e-6)
        edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        assert set(rows["label"][rows["touches_edge"]]) == set(edge) - {0}


def test_no_object_and_no_spacing_is_a_header(make, read):
    table = read(make(np.zeros((1, 6, 7), np.uint16)))
    assert len(table) == 0
    assert {"image", "label", "area_px", "eccentricity", "mean_channel_1"} <= set(table.columns)
    assert "area_um2" not in table.columns


def test_a_volume_has_volumes(make, read):
    table = read(make(np.ones((1, 2, 3, 4), np.uint16), spacing=(2.0, 0.5, 0.5)))
    assert table["volume_px"].tolist() == [24]
    assert table["volume_um3"].tolist() == [12.0]
    assert table["bbox_z_stop"].tolist() == [2]
    assert table["centroid_z_um"].tolist() == [1.0]
    assert {"surface_um2", "sphericity"} <= set(table.columns)


def test_a_plane_without_objects_between_others_keeps_the_types_of_columns(make, tmp_path):
    labels = CELLS.copy()
    labels[0] = 0
    path = save("parquet", make(labels, "T", (3,)), tmp_path)
    assert str(parquet.read_schema(path).field("image").type) == "string"
    assert parquet.read_table(path).num_rows == labels[1].max() + labels[2].max()


def test_a_channel_that_is_called_probability_is_not_lost(make, read):
    table = read(make(CELLS[:1], channels=("probability",)))
    assert {"mean_probability", "mean_cell_probability"} <= set(table.columns)


def test_without_pyarrow_it_says_what_to_install(make, tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SeptumError, match=r"septum\[parquet\]"):
        save("parquet", make(CELLS[:1]), tmp_path)
