"""`septum evaluate --classes` as a user runs it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import septum
from septum import metrics
from septum.api import Reading
from septum.classes import Classes, parse_classes
from septum.cli import app
from septum.data.formats import write_tiff
from septum.data.formats.own import class_names_in
from septum.errors import ConfigError, DataError
from septum.outputs import Segmented, save

RNG = np.random.default_rng(0)
TRUTH, OTHER = np.kron(RNG.integers(0, 4, (2, 2, 5, 6)), np.ones((4, 4), int)).astype(np.uint8)
FOUND = np.where(RNG.random(TRUTH.shape) < 0.7, TRUTH, OTHER)
THREE = parse_classes("nucleus=50,membrane=100/150,lumen=200")
BOTH = parse_classes("cells,nuclei")
TEXT = {THREE: "nucleus=50,membrane=100/150,lumen=200", BOTH: "cells,nuclei"}
GREY = np.array([0, 50, 150, 200], np.uint8)


def evaluate(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def shares(numbers, classes):
    masks = classes.masks(numbers) * 0.5 + 0.1
    return masks if classes.overlap else np.concatenate([1 - masks.sum(0, keepdims=True), masks])


def predicted(folder, classes):
    for number, plane in enumerate(FOUND):
        name = folder / "out" / f"a{number}"
        masks = classes.masks(plane).astype(np.uint8)
        labels, axes = (masks, "CYX") if classes.overlap else (plane, "YX")
        write_tiff(name.with_name(f"a{number}_labels.tif"), labels, axes, (0.5, 0.5))
        probabilities = shares(plane, classes).astype(np.float32)
        write_tiff(name.with_name(f"a{number}_probabilities.tif"), probabilities, "CYX", (0.5, 0.5))
    return folder / "out"


def annotated(folder, classes):
    for number, plane in enumerate(TRUTH):
        write_tiff(folder / "data" / "images" / f"a{number}.tif", plane + 7, "YX")
        masks = zip(classes.names, classes.masks(plane), strict=True) if classes.overlap else ()
        for name, mask in masks:
            write_tiff(folder / "data" / name / f"a{number}.tif", mask.astype(np.uint8), "YX")
        if not classes.overlap:
            write_tiff(folder / "data" / "masks" / f"a{number}.tif", GREY[plane], "YX")
    return folder / "data"


@pytest.mark.parametrize("classes", [THREE, BOTH])
def test_classes_have_a_row_each(tmp_path, classes):
    scores = tmp_path / "scores.json"
    out, truth = predicted(tmp_path, classes), annotated(tmp_path, classes)
    done = evaluate(out, truth, "--classes", TEXT[classes], "--json", scores)
    assert done.exit_code == 0, done.output
    found = json.loads(scores.read_text())["classes"]
    assert list(found) == [*classes.names, "mean"]
    assert "surface_dice takes surfaces as alike within 2 pixels, 1 µm" in done.stderr
    for number, name in enumerate(classes.names):
        masks = classes.masks(TRUTH)[number], classes.masks(FOUND)[number]
        share = shares(FOUND, classes)[number - len(classes.names)].astype(np.float32)
        assert found[name]["dice"] == metrics.region(*masks).dice
        assert found[name]["auc"] == metrics.ranking(masks[0], share).auc
        assert f"{name} " in done.stdout
        assert f"{found[name]['dice']:.4f}" in done.stdout


def test_the_tolerance_is_the_users(tmp_path):
    pair = predicted(tmp_path, THREE), annotated(tmp_path, THREE) / "masks"
    found = {}
    for tolerance in (0.4, 0.5, 1.0, None):
        given = [] if tolerance is None else ["--tolerance", tolerance]
        done = evaluate(*pair, "--classes", TEXT[THREE], *given, "--json", tmp_path / "s.json")
        assert done.exit_code == 0, done.output
        scores = json.loads((tmp_path / "s.json").read_text())["classes"]
        found[tolerance] = scores["mean"]["surface_dice"]
    assert found[0.4] < found[0.5] < found[1.0] == found[None]
    given = ["--spacing", 2, "--tolerance", 1.9, "--json", tmp_path / "s.json"]
    done = evaluate(*pair, "--classes", TEXT[THREE], *given)
    assert json.loads((tmp_path / "s.json").read_text())["classes"]["mean"][
        "surface_dice"
    ] == pytest.approx(found[0.4])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (["--metrics", "ctc"], ConfigError, "ctc is a score of objects"),
        (["--tolerance", "-1"], ConfigError, "tolerance is -1"),
    ],
)
def test_what_makes_no_sense_of_classes_is_refused(tmp_path, options, error, message):
    pair = predicted(tmp_path, THREE), annotated(tmp_path, THREE) / "masks"
    done = evaluate(*pair, "--classes", TEXT[THREE], *options)
    assert isinstance(done.exception, error)
    assert message in str(done.exception)


def test_a_prediction_of_another_number_of_classes_is_refused(tmp_path):
    pair = predicted(tmp_path, THREE), annotated(tmp_path, THREE) / "masks"
    done = evaluate(*pair, "--classes", "nucleus=50,rest=100/150/200")
    assert isinstance(done.exception, DataError)
    assert "a0_probabilities.tif has 4 channels" in str(done.exception)
    done = evaluate(pair[0] / "a0_labels.tif", pair[1] / "a1.tif", "--classes", TEXT[THREE])
    assert done.exit_code == 0  # two files are compared as they are given


def test_arrays_are_scored_as_files_are(tmp_path):
    out, truth = predicted(tmp_path, THREE), annotated(tmp_path, THREE) / "masks"
    reading = Reading(classes=THREE, ndim=2, spacing=(0.5,))
    by_files = septum.evaluate(out, truth, reading=reading)
    probabilities = shares(FOUND, THREE).astype(np.float32)
    by_arrays = septum.evaluate(probabilities, GREY[TRUTH], reading=reading)
    assert by_arrays == by_files
    by_labels = septum.evaluate(FOUND, GREY[TRUTH], "classes", reading=reading)["classes"]
    assert by_labels["lumen"]["dice"] == by_files["classes"]["lumen"]["dice"]
    assert "auc" not in by_labels["lumen"]
    with pytest.raises(DataError, match=r"or probabilities with their channels before it"):
        septum.evaluate(FOUND[:1], GREY[TRUTH], reading=reading)


def test_predictions_of_septum_are_taken_by_the_names_in_them(tmp_path):
    names = ("stroma", "nucleus", "lumen")
    numbers = np.kron(np.array([[0, 1, 2, 3]]), np.ones((6, 6), int)).astype(np.uint8)
    found = Segmented(
        name="a",
        image=np.zeros((1, 1, *numbers.shape), np.uint8),
        probabilities=np.zeros((1, 4, *numbers.shape), np.float32),
        labels=numbers[np.newaxis],
        counts=(3,),
        named=Classes(names, (("1",), ("2",), ("3",))),
    )
    save("labels", found, tmp_path / "out")
    assert class_names_in(tmp_path / "out" / "a_labels.tif") == names
    write_tiff(tmp_path / "truth" / "a.tif", numbers * 50, "YX")
    out, truth = tmp_path / "out", tmp_path / "truth"
    other_order = "lumen=150,stroma=50,nucleus=100"
    done = evaluate(out, truth, "--classes", other_order, "--json", tmp_path / "s.json")
    assert done.exit_code == 0, done.output
    scores = json.loads((tmp_path / "s.json").read_text())["classes"]
    assert all(scores[name]["dice"] == 1 for name in names)
    one = evaluate(out, truth, "--classes", "nucleus=100,background=50/150")
    assert one.exit_code == 0, one.output
    misspelt = evaluate(out, truth, "--classes", "nucleus=100,stroma=50,lumina=150")
    assert misspelt.exit_code == 1
    assert "holds the classes stroma, nucleus, lumen, and not lumina" in str(misspelt.exception)
    objects = evaluate(out, truth)
    assert "holds the classes stroma, nucleus, lumen and no objects" in str(objects.exception)
    assert "for example as --classes stroma=50,nucleus=100,lumen=150" in str(objects.exception)


def a_mask_of_255(folder, values=(0, 255)):
    """Write a prediction of one class, as septum does, and its truth of these values."""
    mask = np.kron(np.array([[0, 1, 1, 0]]), np.ones((6, 6), int)).astype(np.uint8)
    found = Segmented(
        name="a",
        image=np.zeros((1, 1, *mask.shape), np.uint8),
        probabilities=np.zeros((1, 2, *mask.shape), np.float32),
        labels=mask[np.newaxis],
        counts=(1,),
        named=Classes(("vessel",), (("255",),)),
    )
    save("labels", found, folder / "out")
    truth = np.array(values, np.uint8)[mask]
    truth[0, :2] = values[-1]
    write_tiff(folder / "truth" / "a.tif", truth, "YX")
    return folder / "out", folder / "truth"


def test_the_advice_for_classes_names_the_values_of_the_truth(tmp_path):
    pair = a_mask_of_255(tmp_path)
    objects = evaluate(*pair)
    assert str(objects.exception).endswith(
        "in the truth a.tif, for example as --classes vessel=255"
    )
    advised = evaluate(*pair, "--classes", "vessel=255")
    assert advised.exit_code == 0, advised.output
    more = evaluate(*a_mask_of_255(tmp_path / "more", (0, 4, 9)))
    assert "its values are 4, 9: say which is of which class, as --classes vessel=4" in str(
        more.exception
    )


def test_of_a_truth_of_zeros_alone_no_value_is_advised(tmp_path):
    refused = str(evaluate(*a_mask_of_255(tmp_path, (0, 0))).exception)
    assert "the truth a.tif has nothing of any class, but zeros alone" in refused
    assert "vessel=" not in refused


def test_a_class_that_no_truth_holds_beside_values_of_no_class_is_refused(tmp_path):
    pair = a_mask_of_255(tmp_path)
    refused = evaluate(*pair, "--classes", "vessel=1")
    assert isinstance(refused.exception, DataError)
    assert "a.tif: not one pixel of vessel here" in str(refused.exception)
    assert "name it, as --classes vessel=255; if nobody" in str(refused.exception)
    said = evaluate(*pair, "--classes", "vessel=1", "--ignore", "255")
    assert said.exit_code == 0, said.output
    assert "no annotated pixel of the truth is of the class 'vessel' (1)" in said.stderr
    mask = np.array([[0, 255]], np.uint8)
    with pytest.raises(DataError, match=r"the truth: not one pixel of vessel"):
        septum.evaluate(mask // 255, mask, reading=Reading(classes=parse_classes("vessel=1")))


def test_a_class_that_some_truth_holds_is_scored_beside_one_that_none_does(tmp_path):
    pair = a_mask_of_255(tmp_path, (0, 1, 255))
    done = evaluate(*pair, "--classes", "vessel=1")
    assert done.exit_code == 0, done.output
    assert "255 in the truth is taken as not annotated" in done.stderr
    assert "no annotated pixel" not in done.stderr
