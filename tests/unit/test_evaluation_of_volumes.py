"""The objects of a volume are scored whole: one cut into a piece for each slice is not found."""

import numpy as np
import pytest

import septum
from septum import metrics
from septum.api import Reading
from septum.data.formats import write_labels, write_tiff
from septum.errors import DataError

TRUTH = np.zeros((6, 40, 40), np.uint16)
TRUTH[:, 2:12, 2:12] = 1
TRUTH[:, 20:30, 20:30] = 2
TRUTH[2, 2:12, 25:35] = 3
CUT = np.zeros_like(TRUTH)
"""The truth to the pixel, but with a new id in every slice."""
for _number, _place in enumerate((z, i) for z in range(6) for i in np.unique(TRUTH[z])[1:]):
    CUT[_place[0]][TRUTH[_place[0]] == _place[1]] = _number + 1
MASK = np.where(TRUTH > 0, 255, 0).astype(np.uint8)
BOTH = ["ctc", "matching"]
WHOLE, APART = "scored as volumes", "scored plane by plane"


def said_and_scored(prediction, truth, metrics=BOTH, **wishes):
    said = []
    scores = septum.evaluate(prediction, truth, metrics, said.append, reading=Reading(**wishes))
    return " | ".join(said), scores


def as_arrays(_folder):
    return CUT, TRUTH


def as_files(folder):
    write_labels(folder / "a_labels.tif", CUT, "ZYX")
    write_labels(folder / "a.tif", TRUTH, "ZYX")
    return folder / "a_labels.tif", folder / "a.tif"


def as_folders(folder):
    write_labels(folder / "out" / "a_labels.tif", CUT, "ZYX")
    write_labels(folder / "truth" / "a.tif", TRUTH, "ZYX")
    return folder / "out", folder / "truth"


def as_dataset(folder):
    write_tiff(folder / "data" / "images" / "a.tif", MASK, "ZYX")
    write_labels(folder / "data" / "masks" / "a.tif", TRUTH, "ZYX")
    return as_folders(folder)[0], folder / "data"


def as_challenge(folder):
    write_labels(folder / "01_RES" / "mask000.tif", CUT, "ZYX")
    write_labels(folder / "01_GT" / "SEG" / "man_seg000.tif", TRUTH, "ZYX")
    write_labels(folder / "01_GT" / "TRA" / "man_track000.tif", TRUTH, "ZYX")
    return folder / "01_RES", folder / "01_GT"


@pytest.mark.parametrize("make", [as_arrays, as_files, as_folders, as_dataset, as_challenge])
def test_objects_cut_by_slices_are_not_found(tmp_path, make):
    said, scores = said_and_scored(*make(tmp_path))
    expected = metrics.matching(TRUTH, CUT)
    assert (expected.tp, expected.fp, expected.fn) == (1, 12, 2)
    assert scores["matching"]["0.5"] == expected.as_dict()
    assert scores["ctc"]["seg"] == pytest.approx(1 / 3)
    assert WHOLE in said


@pytest.mark.parametrize("make", [as_arrays, as_files])
def test_slices_are_scored_apart_where_the_user_says_so(tmp_path, make):
    said, scores = said_and_scored(*make(tmp_path), ndim=2)
    assert scores["ctc"]["seg"] == scores["matching"]["0.9"]["pq"] == 1
    assert APART in said


@pytest.mark.parametrize("files", [False, True])
def test_masks_are_slices_unless_the_user_says_more(tmp_path, files):
    found, truth = MASK.copy(), MASK
    found[3, 20:30, 20:30] = 0  # one object in two pieces: slice by slice, one of many is missed
    if files:
        for name, array in (("found.tif", found), ("truth.tif", truth)):
            write_tiff(tmp_path / name, array, "ZYX")
        found, truth = tmp_path / "found.tif", tmp_path / "truth.tif"
    said, scores = said_and_scored(found, truth)
    assert scores["ctc"]["seg"] == pytest.approx(12 / 13)
    assert APART in said
    said, scores = said_and_scored(found, truth, ndim=3)
    assert scores["ctc"]["seg"] == pytest.approx((1 + 1 + 0) / 3)  # no piece is more than a half
    assert WHOLE in said


def test_voxels_tell_that_masks_are_of_a_volume(tmp_path):
    path = tmp_path / "a.tif"
    write_tiff(path, MASK, "ZYX")
    assert WHOLE in said_and_scored(path, path, spacing=(1.0, 0.5, 0.5))[0]
    assert APART in said_and_scored(path, path, spacing=(9.0, 0.5, 0.5))[0]


def test_an_empty_volume_among_others_is_a_volume(tmp_path):
    for folder in ("out", "truth"):
        write_labels(tmp_path / folder / "a.tif", np.zeros_like(TRUTH), "ZYX")
    write_labels(tmp_path / "out" / "b.tif", CUT, "ZYX")
    write_labels(tmp_path / "truth" / "b.tif", TRUTH, "ZYX")
    said, scores = said_and_scored(tmp_path / "out", tmp_path / "truth")
    assert scores["ctc"]["seg"] == pytest.approx(1 / 3)
    assert WHOLE in said


@pytest.mark.parametrize("make", [as_arrays, as_files])
def test_isbi_takes_volumes_slice_by_slice_and_leaves_out_those_without_a_cell(tmp_path, make):
    prediction, truth = make(tmp_path)
    said, whole = said_and_scored(prediction, truth, "isbi")
    assert "isbi is a score of planes, and takes volumes slice by slice" in said
    assert whole == said_and_scored(prediction, truth, "isbi", ndim=2)[1]
    empty = TRUTH.copy()
    empty[4] = 0
    said, _ = said_and_scored(np.where(empty, 0.9, 0.1), empty, "isbi")
    assert "isbi leaves out 1 plane without a cell in the truth (volume 0[04])" in said


def test_probabilities_of_a_volume_have_its_objects():
    said, scores = said_and_scored(np.where(TRUTH, 0.9, 0.1), TRUTH, ["isbi", *BOTH])
    assert scores["ctc"]["seg"] == scores["matching"]["0.9"]["f1"] == 1
    assert scores["isbi"]["pixel_error"] == 0
    assert WHOLE in said


def test_probabilities_beside_the_labels_of_a_volume_are_taken(tmp_path):
    prediction, truth = as_files(tmp_path)
    share = np.where(TRUTH, 0.9, 0.1).astype(np.float32)
    write_tiff(tmp_path / "a_probabilities.tif", np.stack([1 - share, share], 1), "ZCYX")
    scores = septum.evaluate(prediction, truth)
    assert scores["isbi"] == septum.evaluate(share, TRUTH, "isbi")["isbi"]
    assert scores["ctc"]["seg"] == pytest.approx(1 / 3)


def test_what_does_not_show_the_same_volume_is_refused(tmp_path):
    _, truth = as_files(tmp_path)
    write_labels(tmp_path / "flat.tif", TRUTH[0], "YX")
    write_labels(tmp_path / "short.tif", TRUTH[:5], "ZYX")
    with pytest.raises(DataError, match=r"flat\.tif is 40 x 40 \(YX\), its truth a volume"):
        septum.evaluate(tmp_path / "flat.tif", truth)
    with pytest.raises(DataError, match=r"short\.tif is \(5, 40, 40\) px, its truth \(6, 40, 40\)"):
        septum.evaluate(tmp_path / "short.tif", truth)
    with pytest.raises(DataError, match=r"shape \(40, 40\); expected \(Z, Y, X\)"):
        septum.evaluate(TRUTH[0], TRUTH[0], reading=Reading(ndim=3))


def test_each_volume_of_a_series_is_scored(tmp_path):
    series = tmp_path / "series.tif"
    write_labels(series, np.stack([TRUTH, TRUTH[::-1]]), "TZYX")
    write_labels(tmp_path / "found.tif", np.stack([TRUTH, CUT[::-1]]), "TZYX")
    scores = septum.evaluate(tmp_path / "found.tif", series, BOTH)
    assert scores["ctc"]["seg"] == pytest.approx((3 + 1) / 6)
    write_labels(tmp_path / "single.tif", TRUTH, "ZYX")
    with pytest.raises(DataError, match=r"single\.tif holds 1 volume, its truth 2"):
        septum.evaluate(tmp_path / "single.tif", series, BOTH)


def write_nifti(path, labels):
    nibabel = pytest.importorskip("nibabel")
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(labels.T, np.eye(4)), path)
    return path


def test_nifti_is_truth_and_prediction_as_any_format(tmp_path):
    truth = write_nifti(tmp_path / "a.nii.gz", TRUTH)
    tiff, other = as_files(tmp_path)
    assert said_and_scored(tiff, truth)[1] == said_and_scored(tiff, other)[1]
    nifti = write_nifti(tmp_path / "a_labels.nii.gz", CUT)
    assert said_and_scored(nifti, truth)[1] == said_and_scored(tiff, other)[1]
    share = np.where(TRUTH, 0.9, 0.1).astype(np.float32)
    write_tiff(tmp_path / "a_probabilities.tif", np.stack([1 - share, share], 1), "ZCYX")
    assert (
        "isbi takes the probabilities beside the labels" in said_and_scored(nifti, truth, "isbi")[0]
    )


def test_of_one_prediction_in_two_formats_one_is_taken_and_it_is_said(tmp_path):
    out, truth = as_folders(tmp_path)
    write_nifti(out / "a_labels.nii.gz", TRUTH)
    said, scores = said_and_scored(out, truth)
    assert scores["ctc"]["seg"] == pytest.approx(1 / 3)
    assert "a_labels.tif is taken, and a_labels.nii.gz of the same name left out" in said
