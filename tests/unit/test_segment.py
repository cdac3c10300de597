"""Image files in, label and probability files out, complete and in the layout of the image."""

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from septum.data.formats import read_image, write_tiff
from septum.errors import DataError
from septum.model import Description, Model
from septum.plan import DataPlan, NetworkPlan, Plan
from septum.segment import images_in, segment_file


def model_of(**changes):
    plan = Plan(data=DataPlan(scale=1.0), network=NetworkPlan(width=4, depth=1))
    torch.manual_seed(0)
    description = Description(plan=plan, **changes)
    return Model(description.build(), description, "cpu")


def pixels(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 255, shape).astype(dtype)


def results(out, stem):
    return read_image(out / f"{stem}_labels.tif"), read_image(out / f"{stem}_probabilities.tif")


@pytest.mark.parametrize("suffix", [".tif", ".png", ".npy"])
def test_one_image_gives_labels_and_probabilities(tmp_path, suffix):
    image, path = pixels(40, 53), tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, image)
    elif suffix == ".png":
        Image.fromarray(image).save(path)
    else:
        tifffile.imwrite(path, image)
    count = segment_file(model_of(), path, tmp_path / "out")
    expected = model_of().predict(image)
    labels, probabilities = results(tmp_path / "out", "a")
    assert labels.axes == "YX"
    assert probabilities.axes == "CYX"
    assert count == expected.labels.max() > 0
    np.testing.assert_array_equal(labels.array, expected.labels)
    np.testing.assert_array_equal(probabilities.array, expected.probabilities)
    assert len(list((tmp_path / "out").iterdir())) == 2


@pytest.mark.parametrize("axes", ["TYX", "ZYX", "TZYX", "QYX"])
def test_a_stack_is_segmented_plane_by_plane_and_keeps_its_axes(tmp_path, axes):
    shape = (*range(2, 2 + len(axes) - 2), 33, 40)
    image = pixels(*shape)
    if axes == "QYX":
        tifffile.imwrite(tmp_path / "s.tif", image, photometric="minisblack", metadata=None)
    else:
        write_tiff(tmp_path / "s.tif", image, axes)
    seen = []
    count = segment_file(
        model_of(), tmp_path / "s.tif", tmp_path / "out", on_tile=lambda *n: seen.append(n)
    )
    labels, probabilities = results(tmp_path / "out", "s")
    assert labels.array.shape == shape
    assert probabilities.array.shape == (*shape[:-2], 2, 33, 40)
    planes = image.reshape(-1, 33, 40)
    total = 0
    for plane, found in zip(planes, labels.array.reshape(-1, 33, 40), strict=True):
        expected = model_of().predict(plane).labels
        np.testing.assert_array_equal(found, expected)
        total += expected.max()
    assert count == total
    assert seen[-1] == (image.size, image.size)


def test_a_colour_image_goes_to_a_model_of_three_channels(tmp_path):
    image = pixels(40, 53, 3)
    Image.fromarray(image).save(tmp_path / "rgb.png")
    segment_file(model_of(in_channels=3), tmp_path / "rgb.png", tmp_path / "out")
    expected = model_of(in_channels=3).predict(np.moveaxis(image, -1, 0))
    np.testing.assert_array_equal(results(tmp_path / "out", "rgb")[0].array, expected.labels)


def test_a_volume_goes_to_a_3d_model_and_keeps_its_spacing(tmp_path):
    image, spacing = pixels(6, 20, 24), (2.0, 0.5, 0.25)
    write_tiff(tmp_path / "v.tif", image, "ZYX", spacing)
    segment_file(model_of(ndim=3), tmp_path / "v.tif", tmp_path / "out")
    labels, probabilities = results(tmp_path / "out", "v")
    assert labels.array.shape == image.shape
    assert labels.spacing == pytest.approx(spacing)
    assert probabilities.axes == "CZYX"
    expected = model_of(ndim=3).predict(image)
    np.testing.assert_array_equal(labels.array, expected.labels)


def test_an_image_that_does_not_suit_is_named(tmp_path):
    Image.fromarray(pixels(20, 20, 3)).save(tmp_path / "rgb.png")
    with pytest.raises(DataError, match=r"rgb\.png: the image has shape \(3, 20, 20\)"):
        segment_file(model_of(), tmp_path / "rgb.png", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_results_never_fall_among_the_images(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    annotation = tmp_path / "a_labels.tif"
    tifffile.imwrite(annotation, pixels(20, 20))
    before = annotation.read_bytes()
    for out in (tmp_path, tmp_path / "x" / ".."):
        with pytest.raises(DataError, match="could be your own annotation; give another folder"):
            segment_file(model_of(), tmp_path / "a.tif", out)
    assert annotation.read_bytes() == before


def test_labels_that_septum_did_not_write_are_kept(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    out = tmp_path / "labels"
    out.mkdir()
    annotation = out / "a_labels.tif"
    tifffile.imwrite(annotation, pixels(20, 20))
    before = annotation.read_bytes()
    with pytest.raises(DataError, match=r"a_labels\.tif is there without a_probabilities\.tif.*-o"):
        segment_file(model_of(), tmp_path / "a.tif", out)
    assert [path.read_bytes() for path in out.iterdir()] == [before]


def test_results_may_be_written_again(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out")
    tifffile.imwrite(tmp_path / "a.tif", pixels(24, 20))
    segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out")
    assert results(tmp_path / "out", "a")[0].array.shape == (24, 20)


def test_folders_are_opened_and_what_is_no_image_is_left_alone(tmp_path):
    for name in ("b.tif", "a.png", "notes.txt", ".hidden.tif"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "c.tif").write_bytes(b"x")
    assert [p.name for p in images_in([tmp_path])] == ["a.png", "b.tif"]
    found = images_in([tmp_path / "inner", tmp_path / "b.tif"])
    assert [p.name for p in found] == ["c.tif", "b.tif"]


@pytest.mark.parametrize(
    ("label", "image"),
    [("x_masks.tif", "x.tif"), ("x_cp_masks.png", "x.tif"), ("labels.tif", "image.tif"),
     ("x_mask.tif", "x_img.tif")],
)  # fmt: skip
def test_labels_beside_their_image_are_no_images(tmp_path, label, image):
    for name in (label, image, "y_seg.tif"):  # nothing says that y_seg is of any image
        (tmp_path / name).write_bytes(b"x")
    notes = []
    assert {p.name for p in images_in([tmp_path], notes.append)} == {image, "y_seg.tif"}
    assert notes == [f"{tmp_path}: 1 label files beside their images left out: {label}"]
    assert images_in([tmp_path / label], notes.append) == [tmp_path / label]
    (tmp_path / image).unlink()
    assert {p.name for p in images_in([tmp_path], notes.append)} == {label, "y_seg.tif"}
    assert len(notes) == 1


def test_what_is_not_there_or_goes_by_the_same_name_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no: no such file or folder"):
        images_in([tmp_path / "no"])
    with pytest.raises(DataError, match="empty: no image files in this folder"):
        images_in([tmp_path / "empty"])
    for name in ("a.tif", "a.png"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DataError, match="have the same name, and so would their results"):
        images_in([tmp_path / "a.tif", tmp_path / "a.png"])
