"""Arguments in the wrong order or left out are recognised, and what would work is said."""

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import septum
from septum.cli import app
from septum.data.formats import write_labels
from septum.data.synthetic import draw_cells
from septum.outputs.tiff import write_tiff

SETTINGS = ["network.width=4", "network.depth=1", "training.tile=60"]


def said(*words):
    return str(CliRunner().invoke(app, list(words)).exception)


@pytest.fixture
def place(cells_in, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return cells_in(tmp_path / "my-cells")


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["my-cells/images", "run"], "septum predict run my-cells/images -o out"),
        (["my-cells/images/0.tif", "run"], "septum predict run my-cells/images/0.tif -o out"),
        (["my-cells/images"], "septum predict RUN my-cells/images -o out"),
        (["my-cells/images", "elsewhere"], "septum predict RUN my-cells/images elsewhere -o out"),
        (["run"], "septum predict run IMAGES -o out"),
    ],
)
def test_images_in_place_of_the_model(place, words, right):
    septum.train([draw_cells(0, (64, 64), radius=8)], "run", steps=1, settings=SETTINGS)
    error = said("predict", *words, "-o", "out")
    why = "no images are given" if words == ["run"] else f"{words[0]} is not a trained model"
    assert error == f"{why}; the folder of a model comes first, then images: {right}"


def test_runs_of_any_seeds_are_a_model_and_images_called_as_they_are_none(place):
    run = place.parent / "runs" / "seed-5"
    (run / "model").mkdir(parents=True)
    (run / "a.png").touch()
    assert "no images are given" in said("predict", "runs", "-o", "out")
    assert "holds a run for each of 1 seed; give one of them" in said("info", "runs")
    (place / "images" / "0.tif").rename(place / "images" / "seed-1.tif")
    assert "is not a trained model" in said("predict", "my-cells/images", "-o", "out")
    assert "is a folder of images" in said("info", "my-cells/images")


def test_the_command_that_finishes_a_training_can_be_copied_and_is_told_where_it_works(place):
    septum.train([draw_cells(0, (64, 64), radius=8)], "a run", steps=1, settings=SETTINGS)
    model = place.parent / "a run" / "model" / "model.json"
    description = json.loads(model.read_text())
    description["training"]["interrupted"] = True
    model.write_text(json.dumps(description))

    def told():
        words = ["predict", "a run", "my-cells/images/0.tif", "-o", "out"]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        return " ".join(done.stderr.split())

    (place.parent / "a run" / "state").mkdir(exist_ok=True)
    assert "default ones until `septum train DATA -o 'a run' --finish` chooses them" in told()
    shutil.rmtree(place.parent / "a run" / "state")
    without = told()
    assert "the thresholds are the default ones" in without
    assert "--finish" not in without


@pytest.mark.parametrize("part", ["images", "masks"])
def test_a_part_of_a_dataset_in_place_of_all_of_it(place, part):
    error = said("train", f"my-cells/{part}", "-o", "run")
    assert error.endswith("a part of a dataset; give the folder that holds it: my-cells")


@pytest.mark.parametrize(("inside", "given", "whole"), [("", ".", ".."), ("x", "..", "../..")])
def test_a_part_of_a_dataset_is_told_from_inside(place, monkeypatch, inside, given, whole):
    (place / "images" / inside).mkdir(exist_ok=True)
    monkeypatch.chdir(place / "images" / inside)
    assert said("check", given).endswith(f"give the folder that holds it: {whole}")


def test_images_alone_are_no_part_of_a_dataset(place):
    (place / "masks").rename(place / "others")
    assert "2 images without masks" in said("check", "my-cells/images")


def test_a_truth_that_looks_like_results_is_pointed_out(place):
    labels = np.zeros((64, 64), np.uint16)
    labels[4:20, 4:20] = 1
    write_tiff(place / "out" / "0_labels.tif", labels[None], (64, 64), "YX", None)
    write_labels(place / "masks" / "0.tif", labels, "YX")
    warning = "if they are swapped: septum evaluate my-cells/out my-cells/masks\n"
    for words, expected in (
        (["my-cells/masks", "my-cells/out"], True),
        (["my-cells/out", "my-cells/masks"], False),
        (["my-cells/out", "my-cells/out"], False),
    ):
        done = CliRunner().invoke(app, ["evaluate", *words, "--metrics", "matching"])
        assert (warning in done.stderr) == expected, done.output


def test_an_error_of_swapped_arguments_says_first_that_they_are(place):
    labels = np.zeros((64, 64), np.uint16)
    labels[4:20, 4:20] = 1
    write_tiff(place / "out" / "0_labels.tif", labels[None], (64, 64), "YX", None)
    error = said("evaluate", "my-cells", "my-cells/out")
    meant = "if they are swapped: septum evaluate my-cells/out my-cells. As given: my-cells: no "
    assert meant in error
