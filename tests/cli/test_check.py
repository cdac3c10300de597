"""`septum check`: the facts on a screen, as JSON and as a picture."""

import json
import re
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import septum
from septum.cli import app, main
from septum.data.formats import write_labels, write_tiff
from septum.data.synthetic import draw_cells


def check(*arguments):
    done = CliRunner().invoke(app, ["check", *map(str, arguments)], env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture
def data(tmp_path):
    """Three images, on the left of which nobody annotated."""
    for seed in range(3):
        cells = draw_cells(seed, (64, 64), radius=8)
        write_tiff(tmp_path / f"data/images/c{seed}.tif", cells.image[0], "YX", (0.5, 0.25))
        write_labels(tmp_path / f"data/masks/c{seed}.tif", cells.truth, "YX")
        area = np.ones((64, 64), np.uint8)
        area[:, :16] = 0
        write_labels(tmp_path / f"data/annotated/c{seed}.tif", area, "YX")
    return tmp_path / "data"


def test_the_screen_and_json_say_the_same(data):
    facts = json.loads(check(data, "--json").stdout)
    assert facts["kinds"] == {"instances": 3}
    assert facts["annotated"] == 0.75
    assert facts["spacing_um"] == [[0.5, 0.25]]
    low, middle, high = facts["diameters"]
    assert 0 < low < middle < high < 20
    shown = check(data)
    assert shown.stderr.startswith("✓ folders: ")
    said = shown.stdout
    assert max(map(len, said.splitlines()[:-1])) <= 80
    for part in (
        "image +annotation +range",
        r"c1 +c1\.tif .* 75%",
        "images +64 × 64 px, 1 channel, uint8",
        "axes +read as YX",
        "spacing +0.5 × 0.25 µm",
        "labels +instance ids; in masks/",
        rf"objects +{facts['objects']}, {middle:.0f} px wide in the middle \({low:.0f} to",
        f"foreground +{100 * facts['foreground']:.1f}% of what is annotated",
        "annotated +75.0% of all pixels",
        "annotated/ tells where somebody annotated",
    ):
        assert re.search(part, said), (part, said)
    assert f"3 annotated images, {facts['objects']} objects" in shown.stderr


def test_what_nobody_annotated_counts_neither_as_object_nor_as_foreground(data):
    row = json.loads(check(data, "--json").stdout)["samples"][0]
    truth = draw_cells(0, (64, 64), radius=8).truth
    assert row["objects"] == np.unique(truth[:, 16:][truth[:, 16:] > 0]).size
    assert row["foreground"] == (truth[:, 16:] > 0).sum() / truth.size


def test_each_pair_names_its_files_and_axes(data):
    for number, channels in ((0, 3), (1, 2)):
        image = np.stack([draw_cells(number, (64, 64), radius=8).image[0]] * channels)
        write_tiff(data / f"images/c{number}.tif", image, "CYX")
    facts = json.loads(check(data, "--json").stdout)
    assert facts["axes"] == ["CYX", "YX"]
    for number, row in enumerate(facts["samples"]):
        assert row["image_files"] == [str(data / f"images/c{number}.tif")]
        assert row["label_files"] == [str(data / f"masks/c{number}.tif")]
        assert row["axes"] == ("YX" if number == 2 else "CYX")
    said = check(data).stdout
    assert re.search("axes +read as CYX or YX", said)
    assert re.search(r"c0 +c0\.tif +64 × 64, 3 ch +", said)  # sizes, where they differ


def test_names_that_begin_alike_are_told_apart_on_a_narrow_screen_and_whole_in_a_file(tmp_path):
    stem = "2024-11-03_siRNA-knockdown_plate2_well-"
    for well in ("B07", "C11"):
        cells = draw_cells(0 if well == "B07" else 1, (64, 64), radius=8)
        write_tiff(tmp_path / "images" / f"{stem}{well}_dapi.tif", cells.image[0], "YX")
        write_labels(tmp_path / "masks" / f"{stem}{well}_dapi.tif", cells.truth, "YX")
    narrow = check(tmp_path).stdout
    assert max(map(len, narrow.splitlines()[:-1])) <= 80
    for well in ("B07", "C11"):
        assert re.search(rf"^…\w*-{well}_dapi +…\w*-{well}_dapi\.tif ", narrow, re.MULTILINE)
    whole = CliRunner().invoke(app, ["check", str(tmp_path)]).stdout
    assert re.search(rf"^{stem}C11_dapi +{stem}C11_dapi\.tif +\d+ – \d+ ", whole, re.MULTILINE)


def test_on_a_narrow_screen_names_give_way_and_numbers_do_not(tmp_path):
    for number, size in enumerate((64, 80)):
        cells, name = draw_cells(number, (size, 64), radius=8), f"{number}{'_of_a_long_name' * 5}"
        image = cells.image[0].astype(np.uint16 if number else np.uint8) + 12345 * number
        write_tiff(tmp_path / "images" / f"{name}.tif", image, "YX")
        write_labels(tmp_path / "masks" / f"{name}.tif", cells.truth, "YX")
    said = check(tmp_path).stdout
    assert max(map(len, said.splitlines()[:-1])) <= 80
    assert re.search(r"0_of\w*… +0_of\w*… +64 × 64 +uint8 +\d+ – \d+ +\d+ +\d+ px .* \d+%", said)
    assert re.search(r"1_of\w*… +1_of\w*… +80 × 64 +uint16 +\d+ – \d+ +\d+ +\d+ px ", said)


def test_files_that_are_not_used_are_named(data):
    for number in range(7):
        write_labels(data / f"masks/lonely_{number}.tif", np.ones((64, 64), np.uint8), "YX")
    assert re.search(r"not used +7 files: lonely_0\.tif, lonely_1\.tif", check(data).stdout)


def test_the_picture_shows_outlines_and_hatches_what_is_not_annotated(data, tmp_path):
    path = tmp_path / "new" / "pairs.png"
    path.parent.mkdir()
    assert "hatched where nobody" in check(data, "--picture", path).stderr
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    colourful = np.ptp(pixels, axis=-1) > 60
    width = pixels.shape[1] // 4
    assert not colourful[:, :width].any()  # the plain image
    outlined = colourful[:, width : 2 * width]
    assert outlined[:, width // 3 :].any()
    assert not outlined[:, : width // 5].any()


def test_classes_have_shares_in_place_of_objects_and_a_legend(data, tmp_path):
    for seed in range(3):
        cells = draw_cells(seed, (64, 64), radius=8).truth > 0
        write_labels(data / f"nuclei/c{seed}.tif", cells & (np.indices((64, 64))[1] > 40), "YX")
    options = ["--classes", "cell=masks,nucleus=nuclei", "--channels", "DAPI"]
    facts = json.loads(check(data, "--json", *options).stdout)
    (cell, nucleus), images = facts["classes"], facts["samples"]
    assert (cell["name"], nucleus["name"], facts["overlap"]) == ("cell", "nucleus", True)
    assert 0 < nucleus["share"] < cell["share"] == pytest.approx(facts["foreground"])
    assert nucleus["share"] == pytest.approx(np.mean([i["classes"]["nucleus"] for i in images]))
    path = tmp_path / "pairs.png"
    said = check(data, *options, "--picture", path).output
    for part in (
        r"image +annotation +range +classes +known",
        r"c0 +masks/c0\.tif, nuclei/c0\.tif +",
        "labels +classes that may overlap",
        rf"class +nucleus \(nuclei\): {100 * nucleus['share']:.1f}% of what is annotated, in 3",
        r"the\s+classes\s+are\s+outlined",
        "3 annotated images, 2 classes",
    ):
        assert re.search(part, said), (part, said)
    assert "objects" not in said
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    high, wide = pixels.shape[0] // 2, pixels.shape[1] // 4
    seventh = pixels[high:, 2 * wide : 3 * wide]  # behind three images, each with its outlines
    assert (np.ptp(seventh, axis=-1) > 60).any()


def test_many_images_are_cut_short_on_the_screen_alone(tmp_path):
    cells = draw_cells(0, (16, 16), radius=4)
    for number in range(45):
        write_tiff(tmp_path / f"images/c{number:02}.tif", cells.image[0] // 2 + number, "YX")
        write_labels(tmp_path / f"masks/c{number:02}.tif", cells.truth, "YX")
    said = check(tmp_path).stdout
    assert "c39" in said
    assert "c40" not in said
    assert "and 5 images more, which --json lists" in said
    assert len(json.loads(check(tmp_path, "--json").stdout)["samples"]) == 45


def test_wishes_reach_the_reader(data):
    facts = json.loads(check(data, "--json", "--binary-instances").stdout)
    assert facts["kinds"] == {"mask": 3}
    facts = json.loads(check(data, "--json", "--ignore", 2).stdout)
    assert facts["annotated"] < 0.75
    assert json.loads(check(data, "--json", "--layout", "folders").stdout)["images"] == 3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--layout", "folder"], "no layout 'folder', did you mean 'folders'"),
        (["--layout", "isbi"], "not in the layout isbi"),
        (["--labels", "others"], "masks; --labels others is none of them"),
        (["--classes", "cell=1,nucleus=2"], "have the value"),
        (
            ["--classes", "cell"],
            "cell is none of them: name what holds it, as --classes cell=masks",
        ),
        (["--classes", "cell=1,cell=2"], "classes has 'cell=2'; expected are grey values"),
        (["--classes", "cell=#ff0000"], "c0.tif: a grey label image"),
        (["--channels", "DAPI,GFP"], "--channels names 2: DAPI, GFP"),
        (["--picture", "{data}/images/c0.tif/pairs.png"], "c0.tif"),
    ],
)
def test_wishes_that_cannot_be(data, monkeypatch, capsys, options, says):
    monkeypatch.setattr(
        sys,
        "argv",
        ["septum", "check", str(data), *(option.format(data=data) for option in options)],
    )
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    (error,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert says in error


def test_results_and_a_trained_run_are_no_data(data, tmp_path):
    """And not the images beside which results lie."""
    model = septum.train([draw_cells(0, (64, 64), radius=8)], tmp_path / "run", steps=1, settings=[
        "network.width=4", "network.depth=1", "training.tile=60"])  # fmt: skip
    assert model.description.ndim == 2
    words = ["predict", tmp_path / "run", data / "images", "-o", tmp_path / "out"]
    kinds = "labels,probabilities,overlay,zarr"
    done = CliRunner().invoke(app, [*map(str, words), "--save", kinds])
    assert done.exit_code == 0, done.output
    for folder, expected in (("out", "written by septum predict"), ("run", "a trained model, and")):
        error = str(CliRunner().invoke(app, ["check", str(tmp_path / folder)]).exception)
        assert expected in error
        assert "Understood are" not in error
    check(data)
    # Another model may be measured against them.
    words = ["evaluate", tmp_path / "out", tmp_path / "out", "--metrics", "ctc"]
    assert CliRunner().invoke(app, list(map(str, words))).exit_code == 0
