"""The truth of an evaluation is read as a training on it would read it."""

import json

import numpy as np
import pytest
import tifffile

from septum.data.formats import write_labels, write_tiff
from septum.data.layouts import Reading, find
from septum.data.reference import read_references, references
from septum.data.synthetic import draw_cells
from septum.data.truth import compare
from septum.errors import DataError
from septum.evaluation import score

LABELS = draw_cells(0, (48, 56), radius=8).truth
SHIFTED = np.roll(LABELS, 5, axis=1)


def labels(path, array=LABELS):
    write_labels(path, array, "ZYX"[-array.ndim :])
    return path


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


def test_ids_of_which_the_largest_may_mean_not_annotated_are_told(tmp_path):
    labels = np.zeros((40, 40), np.uint8)
    labels[5:10, 5:10], labels[20:25, 5:10], labels[10:, 38:] = 1, 5, 255
    tifffile.imwrite(tmp_path / "a.tif", labels)
    for wished, told in ((Reading(), True), (Reading(ignore=255), False)):
        pairs, reading = references(tmp_path, wished)
        said: list[str] = []
        read_references(pairs.values(), reading, said.append)
        assert any("--ignore 255" in text for text in said) == told


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
