"""Predictions find their truth by stem, by number or by slice, and what is left out is said."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image

from septum.data.formats import read_labels, write_labels, write_tiff
from septum.data.layouts import Reading, find
from septum.data.reference import read_references, references
from septum.data.scores import cell_score
from septum.data.synthetic import draw_cells
from septum.data.truth import compare
from septum.errors import DataError
from septum.evaluation import score
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


@pytest.mark.parametrize("layout", ["folders", "beside", "isbi"])
def test_the_truth_may_be_a_whole_dataset(tmp_path, layout):
    image = draw_cells(0, (48, 56), radius=8).image[0]
    places = {
        "folders": ("images/a.tif", "masks/a.tif", "a"),
        "beside": ("a.tif", "a_masks.tif", "a"),
        "isbi": ("train-volume.tif", "train-labels.tif", "train-volume"),
    }
    picture, mask, name = places[layout]
    for path in (picture, mask):
        (tmp_path / "data" / path).parent.mkdir(parents=True, exist_ok=True)
    planes = (lambda array: np.stack([array, array])) if layout == "isbi" else np.asarray
    truth = (LABELS > 0).astype(np.uint8) * 255 if layout == "isbi" else LABELS
    write_tiff(tmp_path / "data" / picture, planes(image), "ZYX" if layout == "isbi" else "YX")
    labels(tmp_path / "data" / mask, planes(truth))
    labels(tmp_path / "out" / f"{name}_labels.tif", planes(LABELS))
    comparison = compare(tmp_path / "out", tmp_path / "data")
    assert len(comparison.planes) == (2 if layout == "isbi" else 1)
    np.testing.assert_array_equal(comparison.planes[0].truth.labels > 0, LABELS > 0)


HIDDEN = np.zeros(LABELS.shape, bool)
HIDDEN[:20, 10:40] = True
IN_SIGHT = np.unique(np.where(HIDDEN, 0, LABELS), return_inverse=True)[1].reshape(LABELS.shape)
PARTLY = np.where(HIDDEN, 255, IN_SIGHT).astype(np.uint8)
CLASSES = np.where(LABELS > 0, 1 + LABELS % 2, 0).astype(np.uint8)


def dataset(root, truth, area=None, folder="masks"):
    write_tiff(root / "images" / "a.tif", draw_cells(0, (48, 56), radius=8).image[0], "YX")
    write_tiff(root / folder / "a.tif", truth, "YX")
    if area is not None:
        write_tiff(root / "annotated" / "a.tif", area, "YX")
    return root


def nnunet(root, truth):
    write_tiff(root / "imagesTr" / "a_0000.tif", draw_cells(0, (48, 56), radius=8).image[0], "YX")
    write_tiff(root / "labelsTr" / "a.tif", truth, "YX")
    about = {
        "channel_names": {"0": "phase"},
        "labels": {"background": 0, "odd": 2, "even": 1, "ignore": 3},
        "numTraining": 1,
        "file_ending": ".tif",
    }
    (root / "dataset.json").write_text(json.dumps(about))
    return root


def drive(root):
    dataset(root, LABELS.astype(np.uint8), folder="1st_manual")
    write_tiff(root / "mask" / "a.tif", np.where(HIDDEN, 0, 255).astype(np.uint8), "YX")
    return root


def scribbled():
    """One stroke of background, and one for each of two objects."""
    strokes = np.zeros(LABELS.shape, np.uint8)
    strokes[0:2], strokes[10:12, 5:20], strokes[30:32, 5:20] = 1, 2, 3
    return strokes


IN_PART = "the truth is annotated in part: what is elsewhere does not count"


@pytest.mark.parametrize(
    ("make", "annotated", "notes"),
    [
        (
            lambda root: dataset(root, PARTLY),
            ~HIDDEN,
            ["255 in the truth is taken as not annotated", IN_PART],
        ),
        (
            lambda root: dataset(root, LABELS.astype(np.uint8), np.where(HIDDEN, 0, 9)),
            ~HIDDEN,
            [IN_PART],
        ),
        (
            lambda root: dataset(root, scribbled(), folder="scribbles"),
            scribbled() > 0,
            ["scribbles in the truth: nothing is known but what lies on their strokes", IN_PART],
        ),
        (
            lambda root: nnunet(root, np.where(HIDDEN, 3, CLASSES).astype(np.uint8)),
            ~HIDDEN,
            [
                "the truth is of classes: odd, even",
                "3 in the truth is taken as not annotated",
                IN_PART,
            ],
        ),
        (drive, ~HIDDEN, [IN_PART]),
        (lambda root: dataset(root, LABELS.astype(np.uint8)), None, []),
    ],
    ids=["ignored value", "annotated area", "scribbles", "nnU-Net", "DRIVE", "everywhere"],
)
def test_a_dataset_is_the_truth_that_a_training_learns_from(tmp_path, make, annotated, notes):
    root, said = make(tmp_path / "data"), []
    labels(tmp_path / "out" / "a_labels.tif")
    (plane,) = compare(tmp_path / "out", root, said.append).planes
    (sample,) = find(root).load()
    np.testing.assert_array_equal(plane.truth.labels, sample.labels)
    assert (plane.truth.annotated is None) == (annotated is None)
    if annotated is not None:
        np.testing.assert_array_equal(plane.truth.annotated, annotated)
    assert said == notes


@pytest.mark.parametrize("files", [1, 2])
@pytest.mark.parametrize("place", ["folder of labels", "dataset"])
def test_options_of_reading_mean_the_same_whatever_the_truth_is(tmp_path, place, files):
    root, ids = tmp_path / "data", np.where(HIDDEN, 99, IN_SIGHT).astype(np.uint16)
    for name in "ab"[:files]:
        labels(tmp_path / "out" / f"{name}_labels.tif", IN_SIGHT)
        labels(root / "masks" / f"{name}.tif", ids)
        write_tiff(root / "images" / f"{name}.tif", np.arange(LABELS.size).reshape(48, 56), "YX")
    where = root if place == "dataset" else root / "masks"
    said = []
    for plane in compare(tmp_path / "out", where, said.append, Reading(ignore=99)).planes:
        np.testing.assert_array_equal(plane.truth.labels, IN_SIGHT)
        np.testing.assert_array_equal(plane.truth.annotated, ~HIDDEN)
        np.testing.assert_array_equal(plane.truth.stated, ~HIDDEN)
    assert said[0] == "99 in the truth is taken as not annotated"
    said = []
    (plane, *_) = compare(tmp_path / "out", where, said.append, Reading(ignore=77)).planes
    assert plane.truth.annotated is None
    assert said == ["no pixel of the truth is 77, so that --ignore changes nothing"]
    (plane, *_) = compare(tmp_path / "out", where, None, Reading(binary_instances=True)).planes
    assert plane.truth.labels.max() > ids.max() - 99 + 1


@pytest.mark.parametrize("place", ["folder of labels", "dataset"])
def test_truths_that_contradict_one_another_are_refused_whatever_they_are(tmp_path, place):
    root = tmp_path / "data"
    for name, array in (("a", LABELS), ("b", np.where(LABELS > 0, 255, 0))):
        labels(tmp_path / "out" / f"{name}_labels.tif")
        write_tiff(root / "masks" / f"{name}.tif", array.astype(np.uint8), "YX")
        write_tiff(root / "images" / f"{name}.tif", np.arange(LABELS.size).reshape(48, 56), "YX")
    where = root if place == "dataset" else root / "masks"
    with pytest.raises(DataError, match=r"b\.tif: a binary mask.*a\.tif\).*--binary-instances"):
        compare(tmp_path / "out", where)
    planes = compare(tmp_path / "out", where, None, Reading(binary_instances=True)).planes
    assert len(planes) == 2


def test_a_layout_and_a_choice_of_labels_reach_the_truth(tmp_path):
    root = dataset(tmp_path / "data", LABELS.astype(np.uint8), folder="masks")
    dataset(root, SHIFTED.astype(np.uint8), folder="others")
    labels(tmp_path / "out" / "a_labels.tif")
    (plane,) = compare(tmp_path / "out", root, None, Reading(labels="others")).planes
    np.testing.assert_array_equal(plane.truth.labels, SHIFTED)
    with pytest.raises(DataError, match="not in the layout isbi"):
        compare(tmp_path / "out", root, None, Reading(layout="isbi"))
    table = root / "pairs.csv"
    table.write_text("image,labels\nimages/a.tif,masks/a.tif\n")
    (plane,) = compare(tmp_path / "out", table).planes
    np.testing.assert_array_equal(plane.truth.labels, LABELS)


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


def test_what_a_model_finds_where_nobody_annotated_is_not_counted(tmp_path):
    root = dataset(tmp_path / "data", PARTLY)
    wrong = LABELS.copy()
    wrong[HIDDEN & (LABELS == 0)] = LABELS.max() + 1
    labels(tmp_path / "out" / "a_labels.tif", wrong)
    scores = score(compare(tmp_path / "out", root).planes, ["matching"])["matching"]["0.5"]
    assert (scores["precision"], scores["recall"]) == (1.0, 1.0)


@pytest.mark.parametrize("metric", ["ctc", "matching"])
def test_no_score_of_objects_looks_beyond_a_field_of_view(tmp_path, metric):
    root = drive(tmp_path / "data")
    wrong = np.where(HIDDEN, LABELS.max() + 1, LABELS)
    found = []
    for name, array in (("right", LABELS), ("wrong", wrong)):
        labels(tmp_path / name / "a_labels.tif", array)
        found.append(score(compare(tmp_path / name, root).planes, [metric]))
    assert found[0] == found[1]


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


def grey_scale():
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (40, 40)).astype(np.uint8)


def blobs(top, dtype):
    """A score as networks give it: smooth, from 0 to `top`."""
    y, x = np.mgrid[:60, :60] / 60 * 6
    return np.round((np.sin(y) * np.sin(x) + 1) / 2 * top).astype(dtype)


def levels(count, top=255, dtype: type = np.uint8):
    """A score of few levels, each a broad patch, as a rounded or thresholded one has."""
    return np.round(np.round(blobs(count - 1, float)) * top / (count - 1)).astype(dtype)


ANY, SHARES = "any value above 0 as cell", "grey values as scores of 'cell', in shares of "


@pytest.mark.parametrize(
    ("array", "expected", "note"),
    [
        (grey_scale(), grey_scale() / 255, f"{SHARES}255"),
        (levels(3), levels(3) / 255, f"{SHARES}255"),
        (levels(10), levels(10) / 255, f"{SHARES}255"),
        (blobs(65535, np.uint16), blobs(65535, np.uint16) / 65535, f"{SHARES}65535"),
        (levels(4, 65535, np.uint16), levels(4, 65535, np.uint16) / 65535, f"{SHARES}65535"),
        (LABELS.astype(np.uint8), separate(LABELS) > 0, ANY),
        (LABELS.astype(np.uint16) * 300, separate(LABELS) > 0, ANY),
        ((LABELS > 0).astype(np.uint8), LABELS > 0, ANY),
        ((LABELS > 0).astype(np.uint8) * 255, LABELS > 0, f"{SHARES}255"),
        (LABELS > 0, LABELS > 0, ANY),
        ((LABELS > 0) * 0.25, (LABELS > 0) * 0.25, "the values as scores"),
    ],
    ids=["grey", "3 levels", "10 levels", "16-bit grey", "16-bit levels", "8-bit ids",
         "16-bit ids", "0/1", "0/255", "bool", "float"],
)  # fmt: skip
def test_scores_ids_and_masks_are_told_apart_and_it_is_said(array, expected, note):
    result, said = cell_score(array[np.newaxis], "a.tif")
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, expected[np.newaxis])
    assert note in said


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_a_smooth_image_of_unknown_range_is_refused(dtype):
    with pytest.raises(
        DataError, match=r"a\.tif: \w+ values up to 40.. .*save scores .* as floats"
    ):
        cell_score(blobs(4095, dtype)[np.newaxis], "a.tif")


@pytest.mark.parametrize("top", [255, 65535])
def test_files_of_probabilities_hold_scores_whatever_their_values(tmp_path, top):
    dtype = np.uint8 if top == 255 else np.uint16
    share = levels(10, 200, dtype)
    write_tiff(tmp_path / "a_probabilities.tif", share, "YX")
    truth = labels(tmp_path / "b.tif", (share > 100).astype(np.uint16))
    (plane,) = compare(tmp_path / "a_probabilities.tif", truth).planes
    np.testing.assert_allclose(plane.cells(), share / top)


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


def test_the_golden_proposals_are_shares_of_255(golden_dir):
    paths = sorted((golden_dir / "isbi2012").glob("proposal_*.tif"))
    assert len(paths) == 10
    for path in paths:
        array = tifffile.imread(path)
        np.testing.assert_allclose(cell_score(array[np.newaxis], path.name)[0][0], array / 255)


def test_a_grey_png_is_a_score(tmp_path):
    Image.fromarray(grey_scale()).save(tmp_path / "a.png")
    truth = np.zeros((40, 40), np.uint16)
    truth[5:9, 5:9] = 1
    (plane,) = compare(tmp_path / "a.png", labels(tmp_path / "b.tif", truth)).planes
    np.testing.assert_allclose(plane.cells(), grey_scale() / 255)


def test_the_smallest_share_of_8_bits_is_not_the_whole():
    faint = np.array([[[0, 1], [0, 0]]], np.uint8)
    scores, note = cell_score(faint, "x_probabilities.tif", known=True)
    assert scores.max() == 1 / 255
    assert "in shares of 255" in note
    assert cell_score(faint.astype(bool), "x", known=True)[0].max() == 1


def test_ids_of_which_the_largest_may_mean_not_annotated_are_told(tmp_path):
    labels = np.zeros((40, 40), np.uint8)
    labels[5:10, 5:10], labels[20:25, 5:10], labels[10:, 38:] = 1, 5, 255
    tifffile.imwrite(tmp_path / "a.tif", labels)
    for wished, told in ((Reading(), True), (Reading(ignore=255), False)):
        pairs, reading = references(tmp_path, wished)
        said: list[str] = []
        read_references(pairs.values(), reading, said.append)
        assert any("--ignore 255" in text for text in said) == told
