"""Classes by name are scored by their pixels, pooled over planes by counts."""

from math import isnan

import numpy as np
import pytest

from septum import metrics
from septum.classes import parse_classes
from septum.data.reference import Truth
from septum.data.regions import Regions
from septum.data.truth import Scored
from septum.errors import ConfigError, DataError
from septum.evaluation import score

TWO = parse_classes("nucleus=1,membrane=2")
BOTH = parse_classes("cells,nuclei")
SCORES = ["dice", "iou", "precision", "sensitivity", "auc", "surface_dice", "ap"]
TOLERANCE = "surface_dice takes surfaces as alike within"


def drawn(seed, classes=TWO, shape=(20, 24)):
    """Return class numbers as blobs, of which the classes have nearly as many pixels."""
    rng = np.random.default_rng(seed)
    top = 4 if classes.overlap else 3
    return np.kron(rng.integers(0, top, tuple(n // 4 for n in shape)), np.ones((4, 4), int))


def unused():
    raise AssertionError("classes have no objects")


def plane(truth, found, classes=TWO, *, annotated=None, spacing=None, shares=None, name="plane"):
    regions = Regions(classes.masks(found), shares, spacing)
    known = Truth(truth.astype(np.int32), annotated, annotated, classes)
    return Scored(name, unused, unused, known, lambda: regions)


def shares_of(found, seed, classes=TWO):
    noise = np.random.default_rng(seed).random((len(classes.names), *found.shape))
    return (0.4 * classes.masks(found) + 0.6 * noise).astype(np.float32)


@pytest.mark.parametrize("classes", [TWO, BOTH])
def test_each_class_has_the_scores_of_its_masks(classes):
    truth, found = drawn(0, classes), drawn(1, classes)
    shares = shares_of(found, 2, classes)
    scores = score([plane(truth, found, classes, shares=shares, spacing=(0.5, 0.5))])["classes"]
    assert list(scores) == [*classes.names, "mean"]
    for number, name in enumerate(classes.names):
        masks = classes.masks(truth)[number], classes.masks(found)[number]
        assert list(scores[name]) == SCORES
        assert scores[name]["dice"] == metrics.region(*masks).dice
        assert scores[name]["auc"] == metrics.ranking(masks[0], shares[number]).auc
        assert scores[name]["surface_dice"] == metrics.surface_dice(*masks, 1.0, (0.5, 0.5)).dice
    for name in SCORES:
        assert scores["mean"][name] == np.mean([scores[one][name] for one in classes.names])


def test_scores_are_those_of_all_planes_as_one():
    planes = [(drawn(2 * n), drawn(2 * n + 1), shares_of(drawn(2 * n + 1), n)) for n in range(3)]
    apart = score([plane(truth, found, shares=shares) for truth, found, shares in planes])
    wide = [np.concatenate(parts, axis=-1) for parts in zip(*planes, strict=True)]
    together = score([plane(wide[0], wide[1], shares=wide[2])])["classes"]
    # Surfaces and pieces apart: at the seams of the one, surfaces vanish and pieces meet.
    for name in ("nucleus", "membrane"):
        for key in SCORES[:-2]:
            assert together[name][key] == pytest.approx(apart["classes"][name][key])


@pytest.mark.parametrize("seed", range(3))
def test_no_score_depends_on_what_is_found_where_nobody_annotated(seed):
    truth, found, other = drawn(0), drawn(1), drawn(seed + 2)
    annotated = np.ones(truth.shape, bool)
    annotated[:, 9:15] = annotated[11:] = False

    def scored(outside):
        labels = np.where(annotated, found, outside)
        shares = np.where(annotated, shares_of(found, 0), shares_of(outside, seed))
        return score([plane(truth, labels, annotated=annotated, shares=shares)])

    assert scored(other) == scored(found)
    everywhere = plane(truth, np.where(annotated, found, other), shares=shares_of(found, 0))
    assert score([everywhere]) != scored(found)


def test_volumes_are_planes_with_an_axis_more():
    truth, found = np.stack([drawn(0), drawn(1)]), np.stack([drawn(2), drawn(3)])
    whole = score([plane(truth, found)])["classes"]["nucleus"]
    apart = score([plane(t, f) for t, f in zip(truth, found, strict=True)])["classes"]["nucleus"]
    assert whole["dice"] == apart["dice"]
    assert whole["surface_dice"] > apart["surface_dice"]  # the next slice is near, too


def test_without_probabilities_there_is_no_auc():
    said = []
    scores = score([plane(drawn(0), drawn(1))], on_note=said.append)["classes"]
    assert list(scores["mean"]) == [name for name in SCORES if name != "auc"]
    planes = [plane(drawn(0), drawn(1)), plane(drawn(0), drawn(1), shares=shares_of(drawn(1), 0))]
    mixed = score(planes, on_note=said.append)["classes"]["nucleus"]
    assert said.pop() == "auc is of the 1 of 2 planes or volumes that have probabilities"
    alone = score(planes[1:], on_note=said.append)["classes"]["nucleus"]
    assert mixed["auc"] == alone["auc"]
    assert len(said) == 3
    assert all(sentence.startswith(TOLERANCE) for sentence in said)


def test_the_mean_is_of_the_classes_that_are_somewhere():
    truth = np.where(drawn(0) == 1, 1, 0)
    scores = score([plane(truth, truth)])["classes"]
    assert isnan(scores["membrane"]["dice"])
    assert scores["mean"]["dice"] == scores["nucleus"]["dice"] == 1
    hidden = plane(truth, truth, annotated=np.zeros(truth.shape, bool))
    assert all(isnan(value) for value in score([hidden])["classes"]["mean"].values())


@pytest.mark.parametrize(
    ("spacings", "tolerance", "note"),
    [
        ([None], None, f"{TOLERANCE} 2 pixels; another distance: --tolerance"),
        ([(0.5, 0.25)], None, f"{TOLERANCE} 2 pixels, 0.5 µm; another distance: --tolerance"),
        ([(1.0, 1.0), (2.0, 2.0)], None, f"{TOLERANCE} 2 pixels; another"),
        ([(1.0, 1.0), None], None, f"{TOLERANCE} 2 pixels; another"),
        ([(1.0, 1.0), (2.0, 2.0)], 0.7, f"{TOLERANCE} 0.7 µm"),
        ([None], 3.0, f"{TOLERANCE} 3 pixels, as their size is not known (--spacing gives it)"),
    ],
)
def test_the_distance_of_surfaces_is_said(spacings, tolerance, note):
    said = []
    planes = [plane(drawn(0), drawn(1), spacing=spacing) for spacing in spacings]
    score(planes, on_note=said.append, tolerance=tolerance)
    assert len(said) == 1
    assert said[0].startswith(note)


def test_the_tolerance_counts_in_micrometres():
    truth, found = drawn(0), np.roll(drawn(0), 1, axis=1)

    def surface(spacing, tolerance=None):
        scored = score([plane(truth, found, spacing=spacing)], tolerance=tolerance)
        return scored["classes"]["nucleus"]["surface_dice"]

    assert surface((0.2, 0.2), 0.2) == surface(None, 1) > surface((0.2, 0.2), 0.1)
    assert surface((0.1, 0.1)) == surface((0.1, 0.1), 0.2)


def test_micrometres_are_not_counted_where_pixels_have_no_size():
    planes = [plane(drawn(0), drawn(1), spacing=(1.0, 1.0)), plane(drawn(0), drawn(1), name="b")]
    with pytest.raises(DataError, match="b: the size of a pixel is not known, as it is of others"):
        score(planes, tolerance=1.0)


OBJECTS = Scored("a", unused, unused, Truth(np.ones((4, 4), np.int32), None))


@pytest.mark.parametrize(
    ("one", "wanted", "tolerance", "message"),
    [
        (plane(drawn(0), drawn(1)), ["ctc"], None, r"ctc is a score of objects.*nucleus, membrane"),
        (plane(drawn(0), drawn(1)), ["classes", "isbi"], None, "isbi is a score of objects"),
        (OBJECTS, ["classes"], None, "read as objects; name them, as --classes nucleus=1"),
        (OBJECTS, ["ctc"], 2.0, "a tolerance of 2 is for the surfaces of classes alone"),
        (plane(drawn(0), drawn(1)), ["classes"], -1.0, "the tolerance is -1"),
        (plane(drawn(0), drawn(1)), ["dice"], None, "no metric 'dice'.*tracking, classes"),
    ],
)
def test_what_makes_no_sense_is_refused(one, wanted, tolerance, message):
    with pytest.raises(ConfigError, match=message):
        score([one], wanted, tolerance=tolerance)


def test_a_plane_whose_probabilities_are_none_is_named():
    bad = plane(drawn(0), drawn(1), shares=3 * shares_of(drawn(1), 0), name="frame 7")
    with pytest.raises(DataError, match="frame 7: a probability runs from"):
        score([bad])


def test_progress_counts_planes():
    seen = []
    score([plane(drawn(0), drawn(1))] * 2, on_plane=lambda *counts: seen.append(counts))
    assert seen == [(1, 2), (2, 2)]
