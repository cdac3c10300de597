"""The commands as a user runs them: the whole way, and what is said on the way."""

import json
import re
import shutil
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from septum.__main__ import main as entry
from septum.cli import app, show
from septum.data.formats import read_image, write_labels, write_tiff
from septum.data.synthetic import draw_cells

VERBS = (
    "train",
    "predict",
    "track",
    "compress",
    "evaluate",
    "check",
    "plan",
    "info",
    "demo",
    "reproduce",
    "bench",
)
TINY = ["--set", "network.width=4", "--set", "network.depth=1", "--set", "training.tile=60"]


def septum(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def dataset(root):
    for seed in range(2):
        sample = draw_cells(seed, (64, 64), radius=8)
        write_tiff(root / "images" / f"c{seed}.tif", sample.image[0], "YX")
        write_labels(root / "masks" / f"c{seed}.tif", sample.truth, "YX")
    return root


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A dataset in data/, and a model trained on it in run/."""
    root = tmp_path_factory.mktemp("cli")
    dataset(root / "data")
    exact = ["--set", "training.precision=32"]  # where there are units for bfloat16 too
    done = septum("train", root / "data", "-o", root / "run", "--steps", 2, *TINY, *exact)
    assert done.exit_code == 0, done.output
    assert "folders: images/ and masks/ paired by file stem: 2 annotated images" in done.stderr
    assert re.search(r"[✓✗] .*run: 2 steps in ", done.stderr)
    assert done.stdout == ""
    return root


@pytest.mark.parametrize("verb", VERBS)
def test_help_says_what_it_does_and_gives_an_example(verb):
    done = septum(verb, "--help")
    assert done.exit_code == 0
    assert f"Example: septum {verb}" in done.output


def test_help_of_predict_names_every_kind_of_result():
    from septum.outputs import KINDS

    words = re.findall(r"\w+", septum("predict", "--help").output.split("Example")[0])
    assert set(KINDS) <= set(words)


def test_the_version_can_be_asked_for():
    from septum.version import __version__

    done = septum("--version")
    assert (done.exit_code, done.stdout.strip()) == (0, __version__)


def test_help_lists_every_verb():
    done = septum("--help")
    assert done.exit_code == 0
    for verb in VERBS:
        assert re.search(rf"^\W*{verb} ", done.output, re.MULTILINE), verb


def test_from_images_to_scores(place):
    out = place / "out"
    done = septum("predict", place / "run", place / "data" / "images", "-o", out)
    assert done.exit_code == 0
    assert re.search(r"✓ c0\.tif: \d+ objects\n(.|\n)*✓ c1\.tif: \d+ objects\n", done.stderr)
    assert sorted(path.name for path in out.iterdir()) == [
        f"c{n}_{kind}.tif" for n in (0, 1) for kind in ("labels", "probabilities")
    ]
    scores = place / "scores.json"
    done = septum("evaluate", out, place / "data" / "masks", "--json", scores)
    assert done.exit_code == 0
    assert "2 predictions found their truth by file stem" in done.stderr
    found = json.loads(scores.read_text())
    assert set(found) == {"isbi", "ctc", "matching"}
    assert set(found["isbi"]) == {"warping_error", "rand_error", "pixel_error", "v_rand", "v_info"}
    assert set(found["matching"]) == {"0.5", "0.6", "0.7", "0.8", "0.9"}
    assert set(found["matching"]["0.5"]) == {"precision", "recall", "f1", "ap", "pq"}
    assert f"{found['ctc']['seg']:.6f}" in done.stdout


def test_scores_of_the_truth_itself_are_perfect(place, tmp_path):
    masks = place / "data" / "masks"
    done = septum("evaluate", masks, masks, "--metrics", "ctc, matching", "--json", tmp_path / "s")
    assert done.exit_code == 0
    found = json.loads((tmp_path / "s").read_text())
    assert found["ctc"] == {"seg": 1.0}
    assert set(found["matching"]["0.9"].values()) == {1.0}
    assert "isbi" not in found


def test_the_truth_is_read_as_a_training_is_told_to_read_it(place, tmp_path):
    truth = draw_cells(0, (64, 64), radius=8).truth
    write_labels(tmp_path / "found.tif", truth, "YX")
    write_labels(tmp_path / "truth.tif", np.where(truth == 1, 99, truth), "YX")
    files = (tmp_path / "found.tif", tmp_path / "truth.tif", "--metrics", "matching")
    done = septum("evaluate", *files, "--ignore", 99, "--json", tmp_path / "s")
    assert "99 in the truth is taken as not annotated" in done.stderr
    scores = json.loads((tmp_path / "s").read_text())["matching"]["0.5"]
    assert (scores["precision"], scores["recall"]) == (1, 1)
    done = CliRunner().invoke(app, ["evaluate", *map(str, files), "--layout", "isbi"])
    assert "a file, where a dataset folder is expected" in str(done.exception)


def test_a_score_that_does_not_exist_is_null_in_json(tmp_path):
    """JSON has no NaN, and readers other than Python's refuse it."""
    write_labels(tmp_path / "none.tif", np.zeros((20, 20), int), "YX")
    arguments = ("none.tif", "none.tif", "--metrics", "ctc", "--json", "scores.json")
    done = septum("evaluate", *(tmp_path / a if "." in a else a for a in arguments))
    assert done.exit_code == 0
    assert json.loads((tmp_path / "scores.json").read_text()) == {"ctc": {"seg": None}}


@pytest.mark.parametrize("suffix", ["tif", "png"])
def test_a_single_image_is_predicted(place, tmp_path, suffix):
    path = tmp_path / f"one.{suffix}"
    image = draw_cells(5, (50, 70), radius=8).image[0]
    tifffile.imwrite(path, image) if suffix == "tif" else Image.fromarray(image).save(path)
    done = septum("predict", place / "run", path, "-o", tmp_path / "out")
    assert done.exit_code == 0
    assert read_image(tmp_path / "out" / "one_labels.tif").array.shape == (50, 70)


def test_labels_beside_images_are_not_segmented(place, tmp_path):
    for name in ("x", "x_masks"):
        write_tiff(tmp_path / "data" / f"{name}.tif", np.zeros((50, 70), np.uint8), "YX")
    done = septum("predict", place / "run", tmp_path / "data", "-o", tmp_path / "out")
    assert done.exit_code == 0
    assert "1 label file beside images left out: x_masks.tif" in " ".join(done.stderr.split())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "x_labels.tif",
        "x_probabilities.tif",
    ]


def test_a_folder_of_the_users_labels_is_kept(place, tmp_path):
    from septum.errors import DataError

    image = place / "data" / "images" / "c0.tif"
    write_labels(tmp_path / "labels" / "c0_labels.tif", np.ones((5, 5), int), "YX")
    with pytest.raises(DataError, match=r"septum did not write .* is called as a folder of anno"):
        septum("predict", place / "run", image, "-o", tmp_path / "labels")
    (tmp_path / "labels").rename(tmp_path / "mine")
    with pytest.raises(DataError, match="could be your own annotation; give another folder"):
        septum("predict", place / "run", image, "-o", tmp_path / "mine")
    assert tifffile.imread(tmp_path / "mine" / "c0_labels.tif").shape == (5, 5)


def test_a_folder_with_one_label_of_the_user_is_kept_from_inside_too(place, tmp_path, monkeypatch):
    from septum.errors import DataError

    images = place / "data" / "images"
    labels = tmp_path / "labels"
    septum("predict", place / "run", images / "c0.tif", "-o", labels)
    monkeypatch.chdir(labels)
    septum("predict", place / "run", images / "c0.tif", "-o", ".")
    write_labels(labels / "c1.tif", np.ones((5, 5), int), "YX")
    for out in (labels, "."):
        with pytest.raises(DataError, match=r"septum did not write \(c1\.tif\) and is called as a"):
            septum("predict", place / "run", images / "c1.tif", "-o", out)


def test_a_stack_is_predicted_plane_by_plane(place, tmp_path):
    stack = np.stack([draw_cells(n, (50, 70), radius=8).image[0] for n in range(3)])
    write_tiff(tmp_path / "stack.tif", stack, "TYX")
    done = septum("predict", place / "run", tmp_path / "stack.tif", "-o", tmp_path / "out")
    assert done.exit_code == 0
    labels = read_image(tmp_path / "out" / "stack_labels.tif")
    assert (labels.array.shape, labels.axes) == ((3, 50, 70), "TYX")


def test_options_of_predict_reach_the_model(place, tmp_path):
    image = place / "data" / "images" / "c0.tif"
    found = {}
    for name, options in {
        "plain": [],
        "tiled": ["--tile", "30"],
        "turned": ["--orientations", "all"],
    }.items():
        done = septum("predict", place / "run", image, "-o", tmp_path / name, *options)
        assert done.exit_code == 0
        found[name] = read_image(tmp_path / name / "c0_probabilities.tif").array
    np.testing.assert_allclose(found["tiled"], found["plain"], atol=1e-5)
    assert np.abs(found["turned"] - found["plain"]).max() > 1e-3


def test_where_nothing_is_found_only_what_was_not_done_is_advised(place, tmp_path):
    image = place / "data" / "images" / "c0.tif"
    seed = "instances.seed=0.99"  # whether the network has a border class or not
    large, none = "instances.min_size=999999", "instances.threshold=0.999"

    def said(*options):
        out = ("-o", tmp_path / "out", "--save", "labels")
        done = septum("predict", place / "run", image, *out, *options)
        assert done.exit_code == 0
        assert "no object in any image: train longer" in done.stderr
        return " ".join(done.stderr.split())

    all_ways = said("--set", none, "--set", large, "--set", seed)
    for way in ("instances.threshold=0.3", "instances.min_size=0", "--save probabilities shows"):
        assert way in all_ways
    few = said("--set", "instances.threshold=0.3", "--set", large, "--save", "probabilities,labels")
    assert "or keep what is small" in few
    assert "instances.threshold" not in few
    assert "--save" not in few
    assert "instances.min_size" not in said("--set", none, "--set", "instances.min_size=0")


def test_results_that_are_there_are_left_out_if_wished(place, tmp_path):
    folder, out = place / "data" / "images", tmp_path / "out"
    kinds = ("--save", "labels,table")
    assert septum("predict", place / "run", folder / "c0.tif", "-o", out, *kinds).exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    done = septum("predict", place / "run", folder, "-o", out, *kinds, "--skip-existing")
    assert done.exit_code == 0
    assert "1 of 2 images left out: the results are in" in " ".join(done.stderr.split())
    assert "✓ c1.tif" in done.stderr
    assert "✓ c0.tif" not in done.stderr
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(list(out.iterdir())) == 4
    done = septum("predict", place / "run", folder, "-o", out, *kinds, "--skip-existing")
    assert (done.exit_code, "2 of 2 images left out" in " ".join(done.stderr.split())) == (0, True)


def test_one_pixel_size_is_that_of_every_axis(place, tmp_path):
    image = place / "data" / "images" / "c0.tif"
    options = ("-o", tmp_path / "out", "--spacing", "0.5", "--save", "labels,table")
    done = septum("predict", place / "run", image, *options)
    assert done.exit_code == 0
    assert read_image(tmp_path / "out" / "c0_labels.tif").spacing == pytest.approx((0.5, 0.5))
    assert "area_um2" in (tmp_path / "out" / "c0_objects.csv").read_text().splitlines()[0]


def test_the_engine_is_named_with_the_reason(place, tmp_path):
    image = place / "data" / "images" / "c0.tif"
    done = septum("predict", place / "run", image, "-o", tmp_path / "out", "--backend", "torch",
                  "--precision", "fp32")  # fmt: skip
    assert done.exit_code == 0
    assert "PyTorch in float32 on the CPU" in " ".join(done.stderr.split())


def test_a_damaged_image_does_not_stop_the_others(place, tmp_path):
    folder = dataset(tmp_path / "mixed") / "images"
    (folder / "c0.tif").write_bytes(b"this is no TIFF")
    runner = septum("predict", place / "run", folder, "-o", tmp_path / "out")
    assert runner.exit_code == 1
    assert "✗ 1 of 2 images failed; the results of the others are in " in runner.stderr
    assert re.search(r"✗ .*c0\.tif: cannot be read as TIFF", runner.stderr)
    assert "✓ c1.tif" in runner.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "c1_labels.tif",
        "c1_probabilities.tif",
    ]


def test_info_describes_a_run_and_an_image(place):
    done = septum("info", place / "run", "--json")
    assert done.exit_code == 0
    facts = json.loads(done.stdout)
    assert facts["plan"]["network"]["width"] == 4
    assert facts["training"]["steps"] == 2
    assert facts["training"]["images"] == ["c0", "c1"]
    image = place / "data" / "images" / "c0.tif"
    facts = json.loads(septum("info", image, "--json").stdout)
    assert facts["shape"] == [64, 64]
    assert (facts["axes"], facts["type"]) == ("YX", "uint8")
    assert facts["maximum"] == tifffile.imread(image).max()
    out = place / "info"
    septum("predict", place / "run", image, "-o", out, "--save", "zarr")
    facts = json.loads(septum("info", out / "c0.ome.zarr", "--json").stdout)
    assert (facts["shape"], facts["axes"]) == ([3, 64, 64], "CYX")
    assert facts["channels"] == ["background", "cell", "border"]


def test_info_tells_a_person_what_a_run_is(place, tmp_path, monkeypatch):
    monkeypatch.setattr(show, "results", Console(width=80))
    done = septum("info", place / "run")
    assert max(map(len, done.stdout.splitlines())) <= 80
    for words in (
        r"takes +images of 1 channel; their pixel size was not stated",
        r"sees them +at their own resolution",
        r"finds +cells are .* seeds above 0\.\d+; of \d+ pixels and more",
        r"learnt from +2 images: c0, c1",
        r"trained +2 steps in \d+s, seed 0",
        r"score +not validated",
        r"network +U-Net of depth 1 and width 4, 0\.\d+ million weights",
    ):
        assert re.search(words, " ".join(done.stdout.split())), words
    assert re.search(r"septum info .*--plan\n", done.stderr)
    assert "learning_rate" not in done.output
    assert "learning_rate = 0.001" in septum("info", place / "run", "--plan").stdout
    run = tmp_path / "validated"
    septum("train", place / "data", "-o", run, "--steps", 2, "--val", 0.5, *TINY)
    said = " ".join(septum("info", run).stdout.split())
    named = tmp_path / "named"
    septum("train", place / "data", "-o", named, "--steps", 1, "--channels", "DAPI", *TINY)
    said_of_names = " ".join(septum("info", named).stdout.split())
    assert "takes images of 1 channel (DAPI); their pixel size" in said_of_names
    assert re.search(
        r"score panoptic quality at IoU 0\.5 0\.\d{3} on 2 images to validate with, at step", said
    )


def test_check_shows_how_a_folder_is_understood(place):
    done = septum("check", place / "data", "--json")
    assert done.exit_code == 0
    facts = json.loads(done.stdout)
    objects = sum(int(draw_cells(n, (64, 64), radius=8).truth.max()) for n in range(2))
    assert (facts["images"], facts["objects"]) == (2, objects)
    done = septum("check", place / "data")
    assert done.exit_code == 0
    assert f"2 annotated images, {objects} objects" in done.stderr
    assert re.search(r"c1 +c1\.tif +\d+ – \d+ ", done.stdout)


def test_a_0_255_mask_is_taken_as_foreground_and_said(tmp_path):
    data = dataset(tmp_path / "data")
    for path in (data / "masks").iterdir():
        tifffile.imwrite(path, (tifffile.imread(path) > 0).astype(np.uint8) * 255)
    for done in (
        septum("check", data),
        septum("train", data, "-o", tmp_path / "run", "--steps", 1, *TINY),
    ):
        assert done.exit_code == 0
        said = " ".join(done.output.split())
        assert "0/255 mask taken as foreground" in said
        assert "connected components are the instances" in said


def test_the_demo_runs_the_whole_way(tmp_path, monkeypatch):
    from septum import demo

    monkeypatch.setattr(demo, "TRAINING_SIZE", (96, 96))
    monkeypatch.setattr(demo, "LARGE_SIZE", (192, 192))
    monkeypatch.setattr(demo, "SETTINGS", ("network.width=4", "network.depth=1"))
    done = septum("demo", "--out", tmp_path / "demo", "--steps", 2)
    assert done.exit_code == 0, done.output
    with Image.open(tmp_path / "demo" / "demo.png") as picture:
        assert picture.width > 900
    assert set(json.loads((tmp_path / "demo" / "scores.json").read_text())) >= {"ctc", "matching"}
    assert "look at" in done.stderr


def test_an_experiment_prints_the_papers_table_with_a_new_row(tmp_path):
    for seed in range(4):
        sample = draw_cells(seed, (64, 64), radius=8)
        root = tmp_path / "DIC-C2DH-HeLa"
        frame = f"{10 * seed:03}"  # nearer frames count as copies and are kept out of training
        write_tiff(root / "01" / f"t{frame}.tif", sample.image[0], "YX")
        write_labels(root / "01_GT" / "SEG" / f"man_seg{frame}.tif", sample.truth, "YX")
    out = tmp_path / "runs"
    options = ["--data", tmp_path, "-o", out, "--steps", 1, "--folds", 2, *TINY]
    done = septum("reproduce", "hela", *options)
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    for part in ("U-Net (the paper)", "0.7756", "septum, preset default", "2-fold", "contiguous"):
        assert part in said
    facts = json.loads((out / "scores.json").read_text())
    tested = [image for fold in facts["folds"] for image in fold["images"]]
    assert tested == ["01_t000", "01_t010", "01_t020", "01_t030"]
    for fold, number in zip(facts["folds"], (0, 1), strict=True):
        run = json.loads((out / f"fold-{number}" / "model" / "model.json").read_text())
        assert not set(run["training"]["images"]) & set(fold["images"])
    assert 0 <= facts["pooled"]["seg"] <= 1
    assert facts["orientations"] == "flips"
    # A fold that was interrupted goes on; one that is finished is not trained again.
    shutil.rmtree(out / "fold-1" / "model")
    weights = (out / "fold-0" / "model" / "model.safetensors").stat().st_mtime_ns
    again = septum("reproduce", "hela", *options)
    assert again.exit_code == 0, again.output
    assert "the run ends after 1 step; thresholds are chosen now" in " ".join(again.stderr.split())
    assert (out / "fold-0" / "model" / "model.safetensors").stat().st_mtime_ns == weights
    assert json.loads((out / "scores.json").read_text()) == facts


def test_an_interrupt_while_the_command_is_loaded_is_one_line(monkeypatch, capsys):
    def interrupted(*_given):
        raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "septum.cli")
    monkeypatch.setattr("builtins.__import__", interrupted)
    with pytest.raises(SystemExit) as stopped:
        entry()
    monkeypatch.undo()
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "stopped before anything was done\n"
