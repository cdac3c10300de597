"""Scores in the fixed form, pooled over frames as each challenge pools them."""

import numpy as np
import pytest

import septum
from septum import metrics
from septum.api import Reading
from septum.data.formats import write_labels
from septum.data.synthetic import draw_cells
from septum.data.truth import Scored, Truth
from septum.errors import ConfigError, DataError
from septum.evaluation import score

ISBI = {"warping_error", "rand_error", "pixel_error", "v_rand", "v_info"}
MATCHING = {"precision", "recall", "f1", "ap", "pq"}


def frame(*boxes, shape=(40, 60)):
    labels = np.zeros(shape, np.int32)
    for number, (y, x, height, width) in enumerate(boxes, start=1):
        labels[y : y + height, x : x + width] = number
    return labels


def plane(prediction, truth, annotated=None, name="plane"):
    scores = (prediction > 0).astype(float)
    return Scored(name, lambda: prediction, lambda: scores, Truth(truth, annotated, annotated))


ONE = frame((5, 5, 10, 10))
THREE = frame((5, 5, 10, 10), (20, 5, 10, 10), (5, 30, 10, 10))
HALF = frame((5, 5, 10, 8))  # IoU 0.8 with the first cell of each


def test_the_scores_have_the_names_that_scripts_rely_on():
    scores = score([plane(HALF, ONE)])
    assert list(scores) == ["isbi", "ctc", "matching"]
    assert set(scores["isbi"]) == ISBI
    assert set(scores["ctc"]) == {"seg"}
    assert list(scores["matching"]) == ["0.5", "0.6", "0.7", "0.8", "0.9"]
    assert all(set(values) == MATCHING for values in scores["matching"].values())


@pytest.mark.parametrize("wanted", [["ctc"], ["isbi", "matching"]])
def test_only_what_is_wanted_is_computed(wanted):
    assert sorted(score([plane(HALF, ONE)], wanted)) == sorted(wanted)


def test_seg_is_the_mean_over_objects_and_not_over_frames():
    planes = [plane(HALF, ONE), plane(THREE, THREE), plane(np.zeros_like(ONE), ONE)]
    assert score(planes, ["ctc"])["ctc"]["seg"] == pytest.approx((0.8 + 3 + 0) / 5)


def test_matching_is_computed_from_the_counts_of_all_frames():
    extra = frame((5, 5, 10, 10), (30, 50, 5, 5))
    planes = [plane(HALF, ONE), plane(extra, THREE)]
    scores = score(planes, ["matching"])["matching"]
    # At 0.5: two found of four, one invented. At 0.9: one found.
    assert scores["0.5"]["recall"] == pytest.approx(2 / 4)
    assert scores["0.5"]["precision"] == pytest.approx(2 / 3)
    assert scores["0.5"]["ap"] == pytest.approx(2 / 5)
    assert scores["0.5"]["pq"] == pytest.approx((0.8 + 1) / (2 + 0.5 * 3))
    assert scores["0.9"]["recall"] == pytest.approx(1 / 4)


def test_isbi_is_the_mean_over_slices():
    planes = [plane(HALF, ONE), plane(ONE, THREE)]
    singles = [metrics.isbi(p.truth.labels, p.cells()) for p in planes]
    pooled = score(planes, ["isbi"])["isbi"]
    for name in ISBI:
        assert pooled[name] == pytest.approx(np.mean([single[name] for single in singles]))
    assert singles[0] != singles[1]


def test_what_nobody_annotated_is_no_mistake():
    annotated = np.ones_like(ONE, bool)
    annotated[18:, :] = False
    annotated[:, 28:] = False
    everything = plane(THREE, ONE)
    excused = plane(THREE, ONE, annotated)
    assert score([everything], ["matching"])["matching"]["0.5"]["precision"] == pytest.approx(1 / 3)
    assert score([excused], ["matching"])["matching"]["0.5"]["precision"] == 1


def test_a_prediction_may_go_on_where_nobody_annotated():
    annotated = np.ones_like(ONE, bool)
    annotated[:, 15:] = False
    wide = plane(frame((5, 5, 10, 20)), ONE, annotated)
    assert score([wide], ["matching"])["matching"]["0.9"]["f1"] == 1


@pytest.mark.parametrize("width", [8, 12, 18, 20])
def test_seg_counts_the_whole_prediction_as_the_challenge_does(tmp_path, width):
    """The challenge's own evaluation knows nothing of partial annotation."""
    oracle = pytest.importorskip("ctc_metrics.scripts.evaluate")
    annotated = np.ones_like(ONE, bool)
    annotated[:, 15:] = False
    wide = frame((5, 5, 10, width))
    for name, labels in (("truth.tif", ONE), ("wide.tif", wide)):
        write_labels(tmp_path / name, labels, "YX")
    found = oracle.match_computed_to_reference_masks(
        [str(tmp_path / "truth.tif")], [str(tmp_path / "wide.tif")], threads=1
    )
    expected = oracle.seg(found["labels_ref"], found["ious"])
    assert expected == pytest.approx(min(10, width) / max(10, width))
    frame_of_it = Scored("t000", lambda: wide, lambda: wide > 0, Truth(ONE, annotated, None))
    assert score([frame_of_it], ["ctc"])["ctc"]["seg"] == pytest.approx(expected)
    # What a file says is not annotated counts in no metric; the object has 10 columns in sight.
    stated = score([plane(wide, ONE, annotated)], ["ctc"])["ctc"]["seg"]
    assert stated == pytest.approx(min(10, width) / 10)


@pytest.mark.parametrize("seed", range(3))
def test_no_score_depends_on_what_is_found_where_nobody_annotated(seed):
    rng = np.random.default_rng(seed)
    annotated = np.ones_like(ONE, bool)
    annotated[:, 25:45] = annotated[12:16] = False
    known = np.where(annotated, THREE, 0)
    found = np.where(rng.random(ONE.shape) < 0.05, 0, np.roll(THREE, 1, axis=1))
    cells = np.where(found > 0, 0.8, 0.3)
    elsewhere = (rng.integers(0, 9, ONE.shape), rng.random(ONE.shape))

    def one(truth, changed):
        labels, share = (
            np.where(annotated, own, other) if changed else own
            for own, other in zip((found, cells), elsewhere, strict=True)
        )
        return Scored("plane", lambda: labels, lambda: share, Truth(truth, annotated, annotated))

    expected = score([one(known, changed=False)], ["isbi", "ctc"])
    assert score([one(known, changed=True)], ["isbi", "ctc"]) == expected
    assert expected["isbi"]["pixel_error"] > 0
    everything = Scored("all", lambda: found, lambda: cells, Truth(THREE, None))
    assert score([everything], ["isbi"])["isbi"] != expected["isbi"]


def test_the_isbi_metrics_of_an_annotated_part_are_those_of_that_part_alone():
    truth = draw_cells(2, (64, 64), radius=8).truth
    share = np.clip(truth > 0, 0.1, 0.9) + np.random.default_rng(0).normal(0, 0.05, truth.shape)
    part = (slice(None), slice(0, 40))
    annotated = np.zeros(truth.shape, bool)
    annotated[part] = True
    whole = metrics.isbi(truth, np.clip(share, 0, 1), annotated)
    alone = metrics.isbi(truth[part], np.clip(share, 0, 1)[part])
    for name in ("pixel_error", "rand_error", "warping_error"):
        assert whole[name] == pytest.approx(alone[name])


def test_a_plane_without_an_annotated_cell_is_left_out_of_isbi():
    notes = []
    hidden = plane(ONE, ONE, ONE == 0, name="frame 7")
    score([hidden, plane(HALF, ONE)], ["isbi"], on_note=notes.append)
    assert notes == ["isbi leaves out 1 plane without a cell in the truth (frame 7)"]


def test_progress_counts_planes():
    seen = []
    score([plane(ONE, ONE)] * 3, ["ctc"], lambda *counts: seen.append(counts))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_plane_that_cannot_be_scored_is_named():
    bad = Scored("frame 7", lambda: ONE, lambda: ONE * 3.0, Truth(ONE, None))
    with pytest.raises(DataError, match=r"frame 7: the proposal runs from 0 to 3"):
        score([bad], ["isbi"])


def test_planes_without_a_cell_are_left_out_of_isbi_and_said():
    nothing = plane(np.zeros_like(ONE), np.zeros_like(ONE), name="frame 7")
    notes = []
    scores = score([plane(HALF, ONE), nothing], on_note=notes.append)
    assert scores["isbi"] == score([plane(HALF, ONE)], ["isbi"])["isbi"]
    assert scores["ctc"]["seg"] == pytest.approx(0.8)
    assert notes == ["isbi leaves out 1 plane without a cell in the truth (frame 7)"]
    with pytest.raises(DataError, match="frame 7: no cell in the truth, nor in that of any other"):
        score([nothing], ["isbi"])


@pytest.mark.parametrize(
    ("planes", "wanted", "message"),
    [
        ([plane(ONE, ONE)], ["dice"], "no metric 'dice'; it is one of isbi, ctc, matching"),
        ([plane(ONE, ONE)], [], "no metric is wanted"),
        ([], ["ctc"], "no plane to score"),
    ],
)
def test_what_cannot_be_scored_is_refused(planes, wanted, message):
    with pytest.raises((ConfigError, DataError), match=message):
        score(planes, wanted)


def test_arrays_are_scored_as_files_are():
    truth = draw_cells(0, (64, 64), radius=8).truth
    perfect = septum.evaluate(truth, truth)
    assert perfect["ctc"]["seg"] == 1
    assert perfect["matching"]["0.9"]["f1"] == 1
    assert perfect["isbi"]["pixel_error"] == pytest.approx(0)
    shifted = np.roll(truth, 2, axis=0)
    scores = septum.evaluate(shifted, truth)
    assert scores["ctc"]["seg"] == pytest.approx(metrics.seg(truth, shifted))
    apart = [septum.targets.separate(labels) for labels in (truth, shifted)]
    assert scores["isbi"] == pytest.approx(metrics.isbi(apart[0], apart[1] > 0))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "int64"])
def test_two_masks_are_compared_by_their_components(dtype):
    mask = (THREE > 0).astype(dtype)
    scores = septum.evaluate(mask, mask, ["ctc", "matching"])
    assert scores["ctc"]["seg"] == 1
    assert scores["matching"]["0.5"]["ap"] == 1


def test_a_score_is_thresholded_for_instances_and_kept_for_isbi():
    truth = THREE
    proposal = np.where(truth > 0, 0.7, 0.2)
    scores = septum.evaluate(proposal, truth)
    assert scores["ctc"]["seg"] == 1
    assert scores["isbi"] == pytest.approx(metrics.isbi(truth, proposal))


def test_an_8_bit_score_counts_as_shares_of_255():
    noise = np.random.default_rng(0).integers(0, 100, THREE.shape)
    proposal = np.where(THREE > 0, 255 - noise, noise).astype(np.uint8)
    scores = septum.evaluate(proposal, THREE, ["isbi"])["isbi"]
    assert scores == pytest.approx(metrics.isbi(THREE, proposal / 255))


def test_a_stack_is_scored_plane_by_plane():
    found, stack = np.stack([HALF, THREE]), np.stack([ONE, THREE])
    scores = septum.evaluate(found, stack, ["ctc"], reading=Reading(ndim=2))
    assert scores["ctc"]["seg"] == pytest.approx((0.8 + 3) / 4)


@pytest.mark.parametrize("shape", [(40, 59), (1, 1, 40, 60), (60,)])
def test_arrays_of_other_shapes_are_refused(shape):
    with pytest.raises(DataError, match="expected the same shape"):
        septum.evaluate(np.zeros(shape, int), ONE)


@pytest.mark.parametrize("wanted", ["ctc", "ctc, matching", ["ctc"]])
def test_metrics_may_be_named_in_a_string(wanted):
    names = ["ctc", "matching"] if "matching" in wanted else ["ctc"]
    assert list(septum.evaluate(ONE, ONE, wanted)) == names


def test_a_path_and_an_array_are_refused(tmp_path):
    for pair in ((tmp_path, ONE), (ONE, str(tmp_path))):
        with pytest.raises(DataError, match="give two paths or two arrays"):
            septum.evaluate(*pair)


def test_how_values_were_understood_is_said_once_and_only_for_isbi(tmp_path):
    for name in "ab":
        write_labels(tmp_path / f"{name}.tif", THREE, "YX")
    for data in (np.stack([THREE, THREE]), tmp_path):
        notes = {"isbi": [], "ctc": []}
        for name, said in notes.items():
            septum.evaluate(data, data, name, on_note=said.append)
        expected = "isbi takes any value above 0 as cell: instance ids or a mask"
        assert [notes["isbi"].count(expected), notes["ctc"].count(expected)] == [1, 0]


def test_touching_instances_have_membranes_between_them_for_the_isbi_metrics():
    labels = np.repeat(np.repeat(np.arange(1, 10, dtype=np.int32).reshape(3, 3), 20, 0), 20, 1)
    cells = (septum.targets.separate(labels) > 0).astype(np.float64)
    scores = septum.evaluate(cells, labels, ["isbi"])["isbi"]
    # Without membranes the truth would be one cell of 3600 px, and nine right cells a bad answer.
    assert scores["v_rand"] == 1
    assert scores["warping_error"] == 0


def test_the_components_of_a_mask_are_scored_to_the_pixel():
    truth = np.zeros((24, 24), np.uint8)
    truth[2:10, 2:10] = truth[10:20, 10:20] = 255  # two components that meet at a corner
    assert septum.evaluate(truth / 255.0, truth, ["isbi"])["isbi"]["pixel_error"] == 0
