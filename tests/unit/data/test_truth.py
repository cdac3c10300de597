"""Predictions find their truth by stem, by number or by slice, and what is left out is said."""

import numpy as np
import pytest
from PIL import Image

from septum.data.formats import read_labels, write_labels, write_tiff
from septum.data.layouts import Reading
from septum.data.synthetic import draw_cells
from septum.data.truth import compare
from septum.errors import DataError
from septum.targets import separate

LABELS = draw_cells(0, (48, 56), radius=8).truth
SHIFTED = np.roll(LABELS, 5, axis=1)


def labels(path, array=LABELS):
    write_labels(path, array, "ZYX"[-array.ndim :])
    return path


def cells(path, array):
    write_tiff(path, array.astype(np.float32), "ZCYX"[-array.ndim :])
    return path


def names(comparison):
    return [plane.name for plane in comparison.planes]


@pytest.mark.parametrize(
    "ending", ["", "_labels", "_mask", "_masks", "_cp_masks", "_cp_mask", "_seg", "_manual1"]
)
def test_files_pair_by_stem_whatever_they_end_in(tmp_path, ending):
    for name, array in (("a", LABELS), ("b", SHIFTED)):
        labels(tmp_path / "out" / f"{name}_labels.tif", array)
        labels(tmp_path / "truth" / f"{name}{ending}.tif", array)
    comparison = compare(tmp_path / "out", tmp_path / "truth")
    assert names(comparison) == ["a", "b"]
    for plane, array in zip(comparison.planes, (LABELS, SHIFTED), strict=True):
        np.testing.assert_array_equal(plane.labels(), array)
        np.testing.assert_array_equal(plane.truth.labels, array)
        assert plane.truth.annotated is None
    assert comparison.notes == ("2 predictions found their truth by file stem",)


@pytest.mark.parametrize(
    "pattern", ["t{:03}.tif", "mask{:03}.tif", "t{:03}_labels.tif", "x_{}.tif"]
)
@pytest.mark.parametrize("inner", ["", "SEG"])
def test_frames_pair_by_number_and_those_without_truth_are_said(tmp_path, pattern, inner):
    for number, array in ((2, LABELS), (13, SHIFTED), (14, LABELS)):
        labels(tmp_path / "out" / pattern.format(number), array)
    for number, array in ((13, SHIFTED), (2, LABELS), (40, LABELS)):
        labels(tmp_path / "01_GT" / "SEG" / f"man_seg{number:03}.tif", array)
    comparison = compare(tmp_path / "out", tmp_path / "01_GT" / inner)
    assert sorted(p.truth.labels.tobytes() for p in comparison.planes) == sorted(
        (LABELS.tobytes(), SHIFTED.tobytes())
    )
    for plane in comparison.planes:
        np.testing.assert_array_equal(plane.labels(), plane.truth.labels)
    assert comparison.notes == (
        "2 predictions found their truth by frame number",
        "1 prediction has no truth and is left out",
        "1 truth image has no prediction and is left out",
    )


def test_markers_say_where_a_frame_is_annotated(tmp_path):
    missing = np.where(LABELS == 1, 0, LABELS)
    labels(tmp_path / "01_GT" / "SEG" / "man_seg007.tif", missing)
    labels(tmp_path / "01_GT" / "TRA" / "man_track007.tif", LABELS)
    labels(tmp_path / "out" / "mask007.tif")
    truth = compare(tmp_path / "out", tmp_path / "01_GT").planes[0].truth
    annotated = truth.annotated
    assert annotated is not None
    assert truth.stated is None  # it follows from the markers alone
    assert not annotated[LABELS == 1].any()
    assert annotated[missing > 0].all()


def test_two_predictions_of_one_frame_are_refused(tmp_path):
    labels(tmp_path / "out" / "t013.tif")
    labels(tmp_path / "out" / "mask013.tif")
    labels(tmp_path / "SEG" / "man_seg013.tif")
    with pytest.raises(DataError, match=r"out: mask013 and t013 both have the number 13; give the"):
        compare(tmp_path / "out", tmp_path / "SEG")


@pytest.mark.parametrize("frames", [{"01": (13,), "02": (13,)}, {"01": (0, 1, 2), "02": (3,)}])
def test_a_frame_number_is_refused_where_there_are_two_sequences(tmp_path, frames):
    for sequence, numbers in frames.items():
        for number in numbers:
            image = tmp_path / "data" / sequence / f"t{number:03}.tif"
            write_tiff(image, LABELS.astype("uint8"), "YX")
            labels(tmp_path / "data" / f"{sequence}_GT" / "SEG" / f"man_seg{number:03}.tif")
    for number in (0, 1, 2, 3, 13):
        labels(tmp_path / "out" / f"t{number:03}_labels.tif")
    with pytest.raises(DataError, match=r"01 and 02, and t000 in .* is a frame of any.*data/01_GT"):
        compare(tmp_path / "out", tmp_path / "data")
    for sequence, numbers in frames.items():
        comparison = compare(tmp_path / "out", tmp_path / "data" / f"{sequence}_GT")
        assert names(comparison) == [f"t{number:03}" for number in numbers]
    (tmp_path / "out" / "t013_labels.tif").rename(
        tmp_path / "out" / f"02_t{frames['02'][0]:03}.tif"
    )
    assert names(compare(tmp_path / "out", tmp_path / "data")) == [f"02_t{frames['02'][0]:03}"]


@pytest.mark.parametrize("role", ["prediction", "truth"])
@pytest.mark.parametrize("pair", [("a_labels.tif", "a_mask.tif"), ("a.png", "a.tif")])
def test_two_files_of_one_stem_are_refused(tmp_path, role, pair):
    for name in pair:
        path = mkdir(tmp_path / "two", exist_ok=True) / name
        labels(path) if path.suffix == ".tif" else Image.fromarray(LABELS.astype("u1")).save(path)
    labels(tmp_path / "one" / "a.tif")
    folders = (tmp_path / "two", tmp_path / "one")
    with pytest.raises(DataError, match=rf"two: {pair[0]} and {pair[1]} both go by the name 'a'"):
        compare(*folders if role == "prediction" else folders[::-1])


def test_two_files_are_compared_whatever_their_names_and_folders_are_not(tmp_path):
    one, two = labels(tmp_path / "out" / "x.tif"), labels(tmp_path / "truth" / "y.tif")
    comparison = compare(one, two)
    assert names(comparison) == ["x"]
    assert comparison.notes == ("x.tif is measured against y.tif, as they were given",)
    for prediction, truth in ((one.parent, two), (one, two.parent), (one.parent, two.parent)):
        with pytest.raises(DataError, match=r"\(x\.tif\) has a truth in .* same stem or frame"):
            compare(prediction, truth)
    same = two.rename(two.with_name("x_mask.tif"))
    assert compare(one.parent, same).notes == ("1 prediction found its truth by file stem",)


@pytest.mark.parametrize("markers", [True, False])
@pytest.mark.parametrize("place", ["", "SEG", "SEG/man_seg007.tif"])
def test_a_cell_in_two_pieces_is_one_in_the_challenges_truth(tmp_path, markers, place):
    pieces = np.zeros((9, 9), np.uint16)
    pieces[1:3, 1:3] = pieces[6:8, 6:8] = 4
    labels(tmp_path / "01_GT" / "SEG" / "man_seg007.tif", pieces)
    if markers:
        labels(tmp_path / "01_GT" / "TRA" / "man_track007.tif", pieces)
    prediction = labels(tmp_path / "mask007.tif", pieces)
    (plane,) = compare(prediction, tmp_path / "01_GT" / place).planes
    assert np.unique(plane.truth.labels).tolist() == [0, 1]


def mkdir(path, exist_ok=False):
    path.mkdir(parents=True, exist_ok=exist_ok)
    return path


def test_slices_of_a_stack_pair_in_order(tmp_path):
    stack = np.stack([LABELS, SHIFTED, np.zeros_like(LABELS)])
    one, two = (
        labels(tmp_path / "s_labels.tif", stack),
        labels(tmp_path / "train-labels.tif", stack),
    )
    comparison = compare(one, two, reading=Reading(ndim=2))
    assert names(comparison) == ["s[00]", "s[01]", "s[02]"]
    for plane, array in zip(comparison.planes, stack, strict=True):
        np.testing.assert_array_equal(plane.labels(), array)
        np.testing.assert_array_equal(plane.cells(), separate(array) > 0)
        np.testing.assert_array_equal(plane.truth.labels, array)


def test_slices_that_do_not_match_are_refused_and_named(tmp_path):
    short = labels(tmp_path / "short.tif", np.stack([LABELS, SHIFTED]))
    long = labels(tmp_path / "long.tif", np.stack([LABELS] * 3))
    plane = compare(short, long, reading=Reading(ndim=2)).planes[0]
    with pytest.raises(DataError, match=r"short\.tif holds 2 planes, its truth 3"):
        plane.labels()


def test_another_size_is_refused_and_named(tmp_path):
    one = labels(tmp_path / "one.tif", LABELS[:-1])
    plane = compare(one, labels(tmp_path / "two.tif")).planes[0]
    for read in (plane.labels, plane.cells):
        with pytest.raises(DataError, match=r"one\.tif is \(47, 56\) px, its truth \(48, 56\)"):
            read()


def test_pictures_to_look_at_are_no_predictions(tmp_path):
    labels(tmp_path / "truth" / "a.tif")
    overlay = tmp_path / "out" / "a_overlay.png"
    mkdir(overlay.parent)
    Image.fromarray(np.zeros((*LABELS.shape, 3), np.uint8)).save(overlay)
    for alone in (overlay.parent, overlay):
        with pytest.raises(DataError, match=r"a picture to look at, a_overlay.png, and no label"):
            compare(alone, tmp_path / "truth")
    labels(tmp_path / "out" / "a_labels.tif")
    comparison = compare(tmp_path / "out", tmp_path / "truth")
    assert comparison.notes == ("1 prediction found its truth by file stem",)
    np.testing.assert_array_equal(comparison.planes[0].labels(), LABELS)


def test_probabilities_beside_labels_are_one_prediction(tmp_path):
    share = np.linspace(0, 1, LABELS.size).reshape(LABELS.shape)
    labels(tmp_path / "out" / "a_labels.tif")
    cells(tmp_path / "out" / "a_probabilities.tif", np.stack([1 - share, share]))
    labels(tmp_path / "truth" / "a.tif")
    (plane,) = compare(tmp_path / "out", tmp_path / "truth").planes
    np.testing.assert_array_equal(plane.labels(), LABELS)
    np.testing.assert_allclose(plane.cells(), share, atol=1e-6)


def test_probabilities_alone_have_no_instances(tmp_path):
    cells(tmp_path / "out" / "a_probabilities.tif", np.stack([LABELS == 0, LABELS > 0]))
    (plane,) = compare(tmp_path / "out", labels(tmp_path / "a.tif")).planes
    np.testing.assert_array_equal(plane.cells(), LABELS > 0)
    with pytest.raises(DataError, match=r"has 2 channels.*ask for --metrics isbi"):
        plane.labels()


def test_a_mask_gives_its_components_even_where_a_plane_has_one(tmp_path):
    mask = np.zeros((2, 9, 9), np.uint8)
    mask[0, 1:3, 1:3] = mask[0, 5:8, 5:8] = mask[1, 2:4, 2:4] = 255
    comparison = compare(labels(tmp_path / "m.tif", mask), labels(tmp_path / "t.tif", mask))
    assert [plane.truth.labels.max() for plane in comparison.planes] == [2, 1]
    # Ids stay ids: an instance in two pieces is one.
    ids = np.where(mask > 0, 7, 0).astype(np.uint16)
    ids[1, 8, 8] = 3
    comparison = compare(labels(tmp_path / "i.tif", ids), labels(tmp_path / "t.tif", ids))
    assert [np.unique(plane.labels()).tolist() for plane in comparison.planes] == [
        [0, 7],
        [0, 3, 7],
    ]


def test_what_is_not_there_is_named(tmp_path):
    path = labels(tmp_path / "a.tif")
    mkdir(tmp_path / "empty")
    for one, two in ((tmp_path / "no", path), (path, tmp_path / "no")):
        with pytest.raises(DataError, match="no: no such file or folder"):
            compare(one, two)
    with pytest.raises(DataError, match="empty: no image files in this folder"):
        compare(tmp_path / "empty", path)
    with pytest.raises(DataError, match="empty: an empty folder"):
        compare(path, tmp_path / "empty")


def test_files_that_share_nothing_are_refused_and_named(tmp_path):
    for name in ("a", "b"):
        labels(tmp_path / "out" / f"{name}.tif")
        labels(tmp_path / "truth" / f"{name}{name}.tif")
    with pytest.raises(DataError, match=r"\(a\.tif, b\.tif\) has a truth in .* truths of aa, bb$"):
        compare(tmp_path / "out", tmp_path / "truth")


def test_a_label_file_brings_the_probabilities_beside_it(tmp_path):
    share = np.linspace(0, 1, LABELS.size).reshape(LABELS.shape)
    one = labels(tmp_path / "a_labels.tif")
    cells(tmp_path / "a_probabilities.tif", np.stack([1 - share, share]))
    said = []
    (plane,) = compare(one, labels(tmp_path / "truth.tif"), said.append).planes
    np.testing.assert_array_equal(plane.labels(), LABELS)
    assert said == []
    np.testing.assert_allclose(plane.cells(), share, atol=1e-6)
    assert said == ["isbi takes the probabilities beside the labels, as NAME_probabilities.tif"]


def test_no_more_than_one_prediction_is_held_at_a_time(tmp_path, monkeypatch):
    stack = np.stack([LABELS, SHIFTED])
    for name in "abc":
        labels(tmp_path / "out" / f"{name}.tif", stack)
        labels(tmp_path / "truth" / f"{name}.tif", stack)
    planes = compare(tmp_path / "out", tmp_path / "truth").planes
    read = []

    def reading(path):
        read.append(path.stem)
        return read_labels(path)

    monkeypatch.setattr("septum.data.predicted.read_labels", reading)
    for plane in planes:
        plane.cells()
        plane.labels()
    assert read == ["a", "b", "c"]
    planes[0].labels()
    assert read == ["a", "b", "c", "a"]
