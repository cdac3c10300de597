"""Which image files were meant: folders are opened, patterns expanded, zarr folders are images."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from septum.data.inputs import images_in, stem_of
from septum.errors import DataError


def names(paths, on_note=None):
    return [path.name for path in images_in(paths, on_note)]


def make(folder, *files):
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_folders_are_opened_and_what_is_no_image_is_left_alone(tmp_path):
    make(tmp_path, "b.tif", "a.png", "notes.txt", ".hidden.tif", "inner/c.tif")
    assert names([tmp_path]) == ["a.png", "b.tif"]
    assert names([tmp_path / "inner", tmp_path / "b.tif"]) == ["c.tif", "b.tif"]


@pytest.mark.parametrize(
    ("label", "image"),
    [("x_masks.tif", "x.tif"), ("x_cp_masks.png", "x.tif"), ("labels.tif", "image.tif"),
     ("x_mask.tif", "x_img.tif")],
)  # fmt: skip
def test_labels_beside_their_image_are_no_images(tmp_path, label, image):
    make(tmp_path, label, image, "y_seg.tif")  # nothing says that y_seg is of any image
    notes = []
    assert set(names([tmp_path], notes.append)) == {image, "y_seg.tif"}
    assert notes == [f"{tmp_path}: 1 label file beside images left out: {label}"]
    assert images_in([tmp_path / label], notes.append) == [tmp_path / label]
    (tmp_path / image).unlink()
    assert set(names([tmp_path], notes.append)) == {label, "y_seg.tif"}
    assert len(notes) == 1


def test_what_is_not_there_or_goes_by_the_same_name_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no: no such file or folder"):
        images_in([tmp_path / "no"])
    with pytest.raises(DataError, match="empty: no image files in this folder"):
        images_in([tmp_path / "empty"])
    make(tmp_path, "a.tif", "a.png")
    with pytest.raises(DataError, match="have the same name, and so would their results"):
        images_in([tmp_path / "a.tif", tmp_path / "a.png"])


def test_a_pattern_that_no_shell_expanded_is_expanded(tmp_path, monkeypatch):
    make(tmp_path, "b.tif", "a.tif", "c.png", "inner/d.tif", "[e].tif")
    assert names([tmp_path / "?.tif"]) == ["a.tif", "b.tif"]
    assert names([tmp_path / "**" / "d*"]) == ["d.tif"]
    assert names([tmp_path / "[e].tif"]) == ["[e].tif"]  # a file may have this very name
    with pytest.raises(DataError, match=r"\*\.bmp: no file fits this pattern"):
        images_in([tmp_path / "*.bmp"])
    monkeypatch.chdir(tmp_path)
    assert images_in([Path("[ab].tif")]) == [Path("a.tif"), Path("b.tif")]


def test_each_file_is_taken_once(tmp_path):
    make(tmp_path, "a.tif", "b.tif")
    paths = [tmp_path / "b.tif", tmp_path, tmp_path / "*.tif"]
    assert names(paths) == ["b.tif", "a.tif"]


@pytest.mark.parametrize("number", [2, 3])
def test_a_zarr_folder_is_an_image(tmp_path, number):
    make(tmp_path, "a.tif")
    array = zarr.create_array(
        tmp_path / "z.ome.zarr", shape=(8, 9), chunks=(4, 4), dtype="u1", zarr_format=number
    )
    array[:] = np.ones((8, 9))
    assert names([tmp_path]) == ["a.tif", "z.ome.zarr"]
    assert names([tmp_path / "z.ome.zarr"]) == ["z.ome.zarr"]
    assert names([tmp_path / "*.zarr"]) == ["z.ome.zarr"]


def test_a_plate_is_refused_before_anything_is_predicted(tmp_path):
    make(tmp_path, "a.tif")
    plate = zarr.open_group(tmp_path / "p.zarr", mode="w", zarr_format=2)
    plate.attrs["plate"] = {"wells": [{"path": "A/1"}]}
    for path in (tmp_path, tmp_path / "p.zarr"):
        with pytest.raises(DataError, match=r"p\.zarr: a plate of 1 well, .* as .*A/1/0"):
            images_in([path])


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.tif", "a"), ("a.b.png", "a.b"), ("a.ome.tif", "a"), ("a.OME.TIFF", "a"),
     ("a.ome.zarr", "a")],
)  # fmt: skip
def test_results_are_named_without_the_double_suffix(tmp_path, name, stem):
    assert stem_of(tmp_path / name) == stem


def test_two_images_whose_results_would_be_one_are_refused(tmp_path):
    for name in ("a.tif", "a.ome.tif"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DataError, match="have the same name, and so would their results"):
        images_in([tmp_path])
