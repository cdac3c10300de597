"""A run lies apart from the images and annotations that it learns from."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import zarr

from septum.data.formats import write_labels, write_tiff
from septum.data.layouts import AS_FOUND, find
from septum.errors import DataError
from septum.training.apart import refuse_among_data


@pytest.fixture
def cells(tmp_path, cells_in, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return cells_in(tmp_path / "cells").relative_to(tmp_path)


def refused(out, *data):
    try:
        refuse_among_data(out, data, AS_FOUND)
    except DataError as error:
        return str(error)
    return None


@pytest.mark.parametrize("inner", ["images", "masks", "images/run", "masks/a/b", "images/../masks"])
def test_among_images_or_masks_is_refused_with_what_works(cells, inner):
    said = refused(cells / inner, cells)
    assert said is not None
    assert "lies among the images and annotations in" in said
    assert "give a folder of its own, as -o runs/first" in said


@pytest.mark.parametrize("out", ["run", "cells/run", "cells/runs/first", "cells/images-2"])
def test_beside_them_is_no_data_and_is_not_taken_for_any(cells, tmp_path, out):
    out = tmp_path / out
    assert refused(out, cells) is None
    before = find(cells)
    write_tiff(out / "diverged-7.tif", np.zeros((8, 8), np.uint8), "YX")
    assert [pair.image for pair in find(cells).pairs] == [pair.image for pair in before.pairs]


@pytest.mark.parametrize("name", ["labels", "Annotations", "scribbles", "roi"])
def test_a_name_that_a_layout_looks_for_is_refused(cells, name):
    said = refused(cells / name, cells)
    assert said is not None
    assert "would be taken for images or annotations" in said
    assert "-o cells/run" in said


def test_the_folder_one_is_in_is_known_by_its_name(cells, tmp_path, monkeypatch):
    (tmp_path / cells / "roi").mkdir()
    monkeypatch.chdir(tmp_path / cells / "roi")
    assert str(refused(Path(), "..")).endswith("give another one, as -o ../run")


def test_the_folder_of_the_data_is_refused_and_a_folder_in_it_is_not_where_files_lie_in_it(
    tmp_path,
):
    for name in ("a.tif", "a_masks.tif"):
        write_labels(tmp_path / "flat" / name, np.ones((8, 8), np.uint8), "YX")
    assert "is the folder of the data" in str(refused(tmp_path / "flat", tmp_path / "flat"))
    assert refused(tmp_path / "flat" / "run", tmp_path / "flat") is None
    assert refused(tmp_path / "run", tmp_path / "flat") is None
    assert refused(tmp_path / "flat" / "a.tif", tmp_path / "flat") is not None


def test_images_to_validate_with_and_links_count_too(cells, tmp_path):
    shutil.copytree(cells, tmp_path / "other")
    (tmp_path / "link").symlink_to(tmp_path / "other" / "images")
    assert refused(tmp_path / "link" / "run", cells) is None
    assert refused(tmp_path / "link" / "run", cells, tmp_path / "other") is not None
    assert refused(tmp_path / "link" / "run", cells, 0.2) is None


def test_a_table_may_name_files_that_lie_anywhere(cells, tmp_path):
    (tmp_path / "lists").mkdir()
    table = tmp_path / "lists" / "pairs.csv"
    table.write_text("image,labels\n../cells/images/0.tif,../cells/masks/0.tif\n")
    assert refused(tmp_path / "lists" / "run", table) is None
    assert refused(tmp_path / "cells" / "run", table) is None
    assert refused(tmp_path / "cells" / "masks" / "run", table) is not None


def test_an_ome_zarr_is_one_image_and_beside_it_there_is_room(tmp_path):
    group = zarr.open_group(tmp_path / "a.ome.zarr", mode="w")
    group.attrs["multiscales"] = [{"datasets": [{"path": "0"}]}]
    labels = group.create_group("labels")
    labels.attrs["labels"] = ["cells"]
    labels.create_group("cells")
    for data in (tmp_path / "a.ome.zarr", tmp_path):
        assert refused(tmp_path / "run", data) is None
        assert refused(tmp_path / "a.ome.zarr" / "run", data) is not None
        assert refused(tmp_path / "a.ome.zarr" / "labels" / "run", data) is not None
