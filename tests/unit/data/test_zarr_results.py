"""What `septum predict` wrote as OME-Zarr is measured as its TIFF is, and is no dataset."""

from dataclasses import replace

import numpy as np
import pytest
import zarr

from septum import evaluation
from septum.classes import Classes
from septum.data.formats import write_labels, write_tiff
from septum.data.layouts import Reading, find
from septum.data.synthetic import draw_cells
from septum.data.truth import compare
from septum.errors import DataError
from septum.outputs import Segmented, save

SIZE = (60, 70)


def result(name: str, ndim: int, named: Classes | None = None) -> tuple[Segmented, np.ndarray]:
    """Return a prediction of two slices, or of one volume of them, and the truth beside it."""
    drawn = [draw_cells(seed, SIZE, radius=9).truth for seed in (1, 2)]
    truth = np.stack(drawn).astype(np.uint16)
    labels = np.roll(truth, 2, axis=-1)
    if named is not None:
        truth, labels = (truth > 0).astype(np.uint16), (labels > 0).astype(np.uint8)
    cells = np.clip(0.2 + 0.6 * (labels > 0), 0, 1).astype(np.float32)
    scores = np.stack([1 - cells, cells], axis=1)
    image = (200 * cells[:, np.newaxis]).astype(np.uint8)
    whole = Segmented(
        name, image, scores, labels, (int(labels[0].max()), int(labels[1].max())), "Z", (2,),
        named=named,
    )  # fmt: skip
    if ndim == 2:
        return whole, truth
    volume = replace(
        whole,
        image=image.swapaxes(0, 1)[np.newaxis],
        probabilities=scores.swapaxes(0, 1)[np.newaxis],
        labels=labels[np.newaxis],
        counts=(int(labels.max()),),
        stack_axes="",
        stack_shape=(),
    )
    return volume, truth


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_scores_are_those_of_the_tiff(tmp_path, ndim):
    written, truth = result("a", ndim)
    folder = tmp_path / "out"
    folder.mkdir()
    zarr_path, tiff = save("zarr", written, folder), save("labels", written, tmp_path)
    save("probabilities8", written, tmp_path)
    write_labels(tmp_path / "truth.tif", truth, "ZYX")
    wish = Reading(ndim=ndim)
    expected = evaluation.score(compare(tiff, tmp_path / "truth.tif", reading=wish).planes)
    assert 0.2 < expected["matching"]["0.5"]["ap"] <= 1
    for given in (zarr_path, zarr_path / "labels" / "cells"):
        found = evaluation.score(compare(given, tmp_path / "truth.tif", reading=wish).planes)
        assert found["matching"] == expected["matching"]
        assert found["ctc"] == expected["ctc"]
    found = evaluation.score(compare(zarr_path, tmp_path / "truth.tif", reading=wish).planes)
    assert found == expected


def test_a_folder_of_them_finds_its_truth_by_name_and_a_tiff_comes_first(tmp_path):
    truths = tmp_path / "truth"
    for name in "ab":
        written, truth = result(name, 2)
        save("zarr", written, tmp_path)
        write_labels(truths / f"{name}.tif", truth, "ZYX")
    write_labels(tmp_path / "b_labels.tif", np.zeros((2, *SIZE), np.uint16), "ZYX")
    said: list[str] = []
    compared = compare(tmp_path, truths, said.append, Reading(ndim=2))
    assert [plane.name for plane in compared.planes] == ["a[00]", "a[01]", "b[00]", "b[01]"]
    assert [bool(plane.labels().any()) for plane in compared.planes] == [True, True, False, False]
    assert "b_labels.tif is taken, and b.ome.zarr of the same name left out" in said


def test_classes_are_taken_by_their_names(tmp_path):
    named = Classes(("cell",), (("1",),))
    written, truth = result("a", 2, named)
    path = save("zarr", written, tmp_path)
    write_labels(tmp_path / "truth.tif", truth, "ZYX")
    reading = Reading(ndim=2, classes=named)
    scores = evaluation.score(compare(path, tmp_path / "truth.tif", reading=reading).planes)
    assert 0.8 < scores["classes"]["cell"]["dice"] < 1
    assert scores["classes"]["cell"]["auc"] > 0.8
    with pytest.raises(DataError, match="holds the classes cell and no objects"):
        compare(path, tmp_path / "truth.tif", reading=Reading(ndim=2)).planes[0].labels()


def test_of_several_label_images_one_is_to_be_chosen(tmp_path):
    named = Classes(("cell", "core"), (("cell",), ("core",)), overlap=True)
    written, truth = result("a", 2, named)
    path = save("zarr", written, tmp_path)
    write_labels(tmp_path / "truth.tif", truth, "ZYX")
    with pytest.raises(DataError, match=r"labels group holds cell, core; give one of them, as .*"):
        compare(path, tmp_path / "truth.tif")


@pytest.mark.parametrize("alone", [True, False])
def test_results_are_no_dataset(tmp_path, alone):
    path = save("zarr", result("a", 2)[0], tmp_path)
    with pytest.raises(DataError, match="written by septum predict, and no image to learn from"):
        find(path if alone else tmp_path)


def test_results_beside_images_are_passed_over(tmp_path):
    save("zarr", result("a", 2)[0], tmp_path)
    own = zarr.open_group(tmp_path / "own.zarr", mode="w", zarr_format=2)
    own.create_array("0", data=np.arange(30 * 40, dtype=np.uint8).reshape(30, 40))
    level = {"datasets": [{"path": "0"}], "axes": [{"name": "y"}, {"name": "x"}]}
    own.attrs["multiscales"] = [level]
    labels = own.create_group("labels")
    labels.attrs["labels"] = ["nuclei"]
    nuclei = labels.create_group("nuclei")
    nuclei.create_array("0", data=np.pad(np.ones((9, 9), np.uint8), ((0, 21), (0, 31))))
    nuclei.attrs["multiscales"] = [level]
    (pair,) = find(tmp_path).pairs
    assert pair.name == "own"


def test_what_a_folder_lacks_as_tiff_is_taken_from_the_zarr(tmp_path):
    written, truth = result("a", 2)
    for kind in ("zarr", "probabilities8"):
        save(kind, written, tmp_path / "out")
    write_labels(tmp_path / "truth" / "a.tif", truth, "ZYX")
    (plane, _) = compare(tmp_path / "out", tmp_path / "truth", reading=Reading(ndim=2)).planes
    assert plane.labels().max() == written.counts[0]
    assert 0.7 < plane.cells().max() < 0.9


def test_images_among_predictions_and_truths_are_passed_over(tmp_path):
    truth = result("a", 2)[1]
    write_labels(tmp_path / "a_labels.tif", truth, "ZYX")
    zarr.save_array(tmp_path / "b.zarr", np.zeros((2, *SIZE), np.uint8))
    several = zarr.open_group(tmp_path / "a.ome.zarr", mode="w", zarr_format=2)
    several.create_group("labels").attrs["labels"] = ["cells", "nuclei"]
    compared = compare(tmp_path, tmp_path / "a_labels.tif")
    assert len(compared.planes) == 2
    assert compared.notes == ("1 prediction found its truth by file stem",)


def test_labels_of_another_program_may_have_classes_and_are_objects(tmp_path):
    truth = result("a", 2)[1][0]
    root = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    root.create_group("labels").attrs["labels"] = ["nuclei"]
    nuclei = root.create_group("labels/nuclei")
    nuclei.create_array("0", data=truth)
    nuclei.attrs["multiscales"] = [
        {"datasets": [{"path": "0"}], "axes": [{"name": "y"}, {"name": "x"}]}
    ]
    ids = [{"label-value": n, "class": "nucleus"} for n in range(1, int(truth.max()) + 1)]
    nuclei.attrs["image-label"] = {"properties": ids}
    write_labels(tmp_path / "truth.tif", truth, "YX")
    (plane,) = compare(tmp_path / "a.zarr", tmp_path / "truth.tif").planes
    np.testing.assert_array_equal(plane.labels() > 0, truth > 0)


@pytest.mark.parametrize("folder", [True, False])
@pytest.mark.parametrize("ours", [True, False])
def test_zarrs_are_truths_too(tmp_path, folder, ours):
    written, truth = result("a", 2)
    out = tmp_path / "truth"
    if ours:
        path = save("zarr", written, out)
    else:
        path = out / "a.zarr"
        zarr.save_array(path, np.asarray(written.labels))
    write_labels(tmp_path / "out" / "a_labels.tif", truth, "ZYX")
    given = (tmp_path / "out", out) if folder else (tmp_path / "out" / "a_labels.tif", path)
    scores = evaluation.score(compare(*given, reading=Reading(ndim=2)).planes, ["ctc"])
    assert 0.2 < scores["ctc"]["seg"] < 1


def test_a_label_image_in_a_zarr_is_a_truth(tmp_path):
    written, truth = result("a", 2)
    path = save("zarr", written, tmp_path)
    write_tiff(tmp_path / "a_labels.tif", truth, "ZYX")
    reading = Reading(ndim=2)
    found = compare(tmp_path / "a_labels.tif", path / "labels" / "cells", reading=reading)
    scores = evaluation.score(found.planes, ["ctc"])
    assert 0.2 < scores["ctc"]["seg"] < 1


def test_results_in_the_folder_of_a_dataset_are_no_reason_to_refuse_it(tmp_path):
    written, truth = result("a", 2)
    for name in ("images", "masks"):
        write_tiff(tmp_path / name / "b.tif", truth, "ZYX")
    save("labels", written, tmp_path)
    (pair,) = find(tmp_path, Reading(ndim=2)).pairs
    assert pair.name == "b"
    write_labels(tmp_path / "out" / "b_labels.tif", truth, "ZYX")
    (plane, _) = compare(tmp_path / "out", tmp_path, reading=Reading(ndim=2)).planes
    np.testing.assert_array_equal(plane.truth.labels > 0, truth[0] > 0)


def test_a_result_is_no_truth_beside_annotated_images(tmp_path):
    written, truth = result("b", 2)
    save("zarr", written, tmp_path / "truth")
    write_labels(tmp_path / "truth" / "a_mask.tif", truth, "ZYX")
    write_labels(tmp_path / "out" / "a_labels.tif", truth, "ZYX")
    write_labels(tmp_path / "out" / "b_labels.tif", truth, "ZYX")
    found = compare(tmp_path / "out", tmp_path / "truth", reading=Reading(ndim=2))
    assert [plane.name for plane in found.planes] == ["a[00]", "a[01]"]
