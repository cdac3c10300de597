"""`septum train`: what a run that goes on may change, several seeds, validation on the terminal."""

import io
import json
import re
import shlex
import shutil
import signal

import numpy as np
import pytest
import tifffile
from rich.console import Console
from rich.progress import Task
from typer.testing import CliRunner

from septum.cli import app, main, show
from septum.cli.steps import Steps
from septum.data.formats import read_image, write_labels, write_tiff
from septum.data.layouts import LAYOUTS, Dataset
from septum.data.synthetic import draw_cells
from septum.description import describe
from septum.errors import DataError, SeptumError
from septum.model import Prediction
from septum.training import Step
from septum.training.folder import begun
from septum.training.presets import preset
from septum.training.report import write_report

TINY = ("--set", "network.width=4", "--set", "network.depth=1", "--set", "training.tile=60")


@pytest.fixture(scope="module")
def data(tmp_path_factory, cells_in):
    return cells_in(tmp_path_factory.mktemp("data"), images=5)


def train(data, out, *arguments):
    return CliRunner().invoke(app, ["train", str(data), "-o", str(out), *map(str, arguments)])


def done(data, out, *arguments):
    result = train(data, out, *arguments)
    assert result.exit_code == 0, result.output
    return " ".join(result.stderr.split())


def test_validation_and_waiting_are_told(data, tmp_path):
    printed = done(data, tmp_path / "run", "--steps", 3, "--val", 0.2, *TINY)
    assert "held out to validate with: 1 of 5 images: 2" in printed
    assert "the model is that of step 3: panoptic quality" in printed
    assert "of the time was spent waiting for tiles" in printed


@pytest.mark.parametrize("found", [0, 1])
def test_how_much_was_found_is_told_and_finding_nothing_is_no_success(
    data, tmp_path, monkeypatch, found
):
    def predict(model, image):
        cell = np.zeros(image.shape[1:], np.int32)
        cell[:] = found * draw_cells(0, (64, 64), radius=8).truth
        return Prediction(cell, np.zeros((2, *cell.shape), np.float32))

    monkeypatch.setattr("septum.training.complete.calibrated", lambda model, *_given: model)
    monkeypatch.setattr("septum.model.Model.predict", predict)
    printed = done(data, tmp_path / "run", "--steps", 1, *TINY)
    run = tmp_path / "run"
    if found:
        assert re.search(r"• found [1-9]\d* of \d+ objects in 5 training images", printed)
        assert f"✓ {run}: 1 step in" in printed
        assert f"Next: septum predict {run} IMAGE -o OUT" in printed
    else:
        assert re.search(r"• found 0 of \d+ objects in 5 training images", printed)
        assert "WARNING: not one of" in printed
        assert f"✗ {run}: 1 step in" in printed
        assert "✓" not in printed


OVERVIEW = (
    r"image +annotation +range +objects +width",
    r"0 +0\.tif +\d+ – \d+ +\d+ +\d+ px",
    "images +64 × 64 px, 1 channel, uint8",
    "axes +read as YX",
    "spacing +not stated",
    "labels +instance ids; in masks/",
    r"objects +\d+, \d+ px wide in the middle",
    r"foreground +\d+\.\d% of what is annotated",
    "annotated +100.0% of all pixels",
    "not used +1 file: lonely.tif",
)


@pytest.fixture
def six(tmp_path, cells_in):
    data = cells_in(tmp_path / "data", images=6)
    write_labels(data / "masks" / "lonely.tif", np.ones((8, 8), np.uint8), "YX")
    return data


@pytest.mark.parametrize("command", [("train", "-o", "{run}", "--steps", 2), ("plan",)])
def test_how_the_data_are_understood_is_told_first_and_they_are_read_once(
    six, tmp_path, monkeypatch, command
):
    reads, load = [], Dataset.load
    monkeypatch.setattr(Dataset, "load", lambda self: (reads.append(1), load(self))[1])
    words = [str(word).format(run=tmp_path / "run") for word in (command[0], six, *command[1:])]
    result = CliRunner().invoke(app, [*words, *TINY], env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.output
    assert len(reads) == 1
    said = result.stderr
    for part in OVERVIEW:
        assert re.search(part, said), (part, said)
    assert "• and 1 image more, which septum check lists" in said
    assert not re.search(r"^5 +5\.tif", said, re.MULTILINE)
    table, plan = said.index("annotation"), said.index("working resolution")
    assert said.index("paired by file stem: 6 annotated images") < table < plan
    assert max(map(len, said[:plan].splitlines())) <= 80


def test_an_extension_that_is_stopped_before_it_begins_is_to_be_asked_for_again(
    data, tmp_path, monkeypatch
):
    run = tmp_path / "run"
    done(data, run, "--steps", 2, *TINY)

    def interrupted(*_given):
        raise KeyboardInterrupt

    monkeypatch.setattr("septum.training.session.read_sides", interrupted)
    stopped = train(data, run, "--extend", 2)
    assert stopped.exit_code == 130
    said = f"The run is as it was. To go on:  septum train {data} -o {run} --extend 2"
    assert said in stopped.stderr.splitlines()


def test_of_seeds_that_were_all_trained_the_scores_are_compared_whatever_comes_after(
    data, tmp_path, monkeypatch
):
    """Ctrl-C while the last page is drawn."""

    def pressed(*given):
        if "seed-1" in str(given[0]):
            signal.raise_signal(signal.SIGINT)
        return write_report(*given)

    monkeypatch.setattr("septum.training.complete.write_report", pressed)
    printed = done(data, tmp_path / "run", "--steps", 2, "--seeds", 2, "--val", 0.2, *TINY)
    assert "mean and standard deviation of" in printed
    assert "not all seeds" not in printed


def test_of_several_seeds_the_data_are_told_once(six, tmp_path):
    options = ("--steps", 2, "--val", 0.2, "--seeds", 2, *TINY)
    assert done(six, tmp_path / "runs", *options).count("annotated 100.0% of all pixels") == 1


def test_a_folder_of_other_images_validates(data, tmp_path):
    other = tmp_path / "other"
    for seed in (7, 8):
        sample = draw_cells(seed, (64, 64), radius=8)
        write_tiff(other / "images" / f"{seed}.tif", sample.image[0], "YX")
        write_labels(other / "masks" / f"{seed}.tif", sample.truth, "YX")
    run = tmp_path / "run"
    printed = done(data, run, "--steps", 2, "--val", other, *TINY)
    assert "validation: folders: images/ and masks/ paired by file stem: 2 annotated" in printed
    assert "the run is finished, after 2 steps; --extend" in done(data, run, "--resume")


def test_a_folder_with_the_name_of_a_number_validates(data, tmp_path, monkeypatch):
    """As the sequence 02 of a challenge."""
    shutil.copytree(data, tmp_path / "02")
    for path in (tmp_path / "02" / "images").iterdir():
        write_tiff(path, 255 - tifffile.imread(path), "YX")
    monkeypatch.chdir(tmp_path)
    assert "validation: folders:" in done(data, "run", "--steps", 2, "--val", "02", *TINY)


def test_help_names_every_layout(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    printed = " ".join(
        CliRunner().invoke(app, ["train", "--help"]).output.replace("│", " ").split()
    )
    assert ", ".join(LAYOUTS) in printed
    for name in (
        "scribbles/",
        "Cellpose",
        "nnU-Net",
        "Cell Tracking Challenge",
        "ISBI 2012",
        "DRIVE",
    ):
        assert name in printed


class Screen(io.StringIO):
    """A terminal, of which each line that was drawn is kept."""

    def isatty(self):
        return True


def drawn(screen):
    """Return the lines that were drawn, without colours."""
    lines = re.split("[\r\n]", screen.getvalue())
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip() for line in lines]


@pytest.mark.parametrize(
    ("first", "loss", "seconds", "tiles", "shown"),
    [
        (11990, 0.12345, 80, 12, "step 12000 %loss 0.123, val 0.812, lr 9e-04, 1.5 tiles/s"),
        (199990, 0.012345, 1, 256, "step 200000 %loss 0.0123, val 0.812, lr 9e-04, 2560 tiles/s"),
        (11990, 1234.5, 160, 2, "step 12000 %loss 1234, val 0.812, lr 9e-04, 0.125 tiles/s"),
        (40, 1.2e-4, 40, 1, "step 50 %loss 1e-04, val 0.812, lr 9e-04, 0.25 tiles/s"),
    ],
)
def test_the_bar_tells_all_in_80_columns_and_goes_on_after_the_last_step(
    monkeypatch, first, loss, seconds, tiles, shown
):
    screen = Screen()
    monkeypatch.setattr(show, "console", Console(file=screen, width=80, force_terminal=True))
    monkeypatch.setattr(Task, "time_remaining", 12 * 3600 + 34 * 60)
    with show.progress("training") as bar:
        steps = Steps(bar)
        for n in range(11):
            at = 60000.0 + seconds * n / 10
            score = None if n else 0.81234
            steps.on_step(Step(first + n, 0.5, loss, 9.4e-4, at, 0.0, score, tiles))
        bar.refresh()
        steps.on_stage("choosing thresholds", 3, 24)
        bar.refresh()
    lines = drawn(screen)
    assert max(map(len, lines)) <= 80
    name, _, detail = shown.partition(" %")
    assert any(
        re.fullmatch(rf"{name} [━╸╺]+ +50 % 12:34:00 left {re.escape(detail)}", line)
        for line in lines
    ), lines
    assert any(re.search("^training .*choosing thresholds, 3 of 24$", line) for line in lines)


@pytest.fixture
def stack(tmp_path):
    drawn = [draw_cells(seed, (64, 64), radius=8) for seed in range(3)]
    images, masks = (np.stack([getattr(s, n) for s in drawn]) for n in ("image", "truth"))
    write_tiff(tmp_path / "stacks" / "images" / "a.tif", images[:, 0], "ZYX")
    write_labels(tmp_path / "stacks" / "masks" / "a.tif", masks, "ZYX")
    return tmp_path / "stacks"


def test_precision_and_neighbouring_slices_are_options_of_their_own(stack, tmp_path):
    options = ("--precision", "fp32", "--context-slices", 2, *TINY)
    done(stack, tmp_path / "run", "--steps", 2, *options)
    description = describe(tmp_path / "run")
    assert description.plan.training.precision == "fp32"
    assert (description.plan.data.context, description.in_channels) == (2, 5)
    words = ("plan", stack, "-o", tmp_path / "plan.toml", *options)
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    plan = preset(str(tmp_path / "plan.toml"))
    assert (plan.training.precision, plan.data.context) == ("fp32", 2)
    result = CliRunner().invoke(app, ["plan", str(stack), "--precision", "half"])
    assert "it is one of auto, fp32, bf16" in str(result.exception)


def test_neighbouring_slices_where_there_are_none_are_told(data, tmp_path):
    printed = done(data, tmp_path / "run", "--steps", 1, "--context-slices", 1, *TINY)
    assert "data.context: no image is a slice of a stack" in printed


def test_several_seeds_give_a_mean_and_a_spread(data, tmp_path):
    printed = done(data, tmp_path / "runs", "--steps", 2, "--val", 0.2, "--seeds", 2, *TINY)
    assert "panoptic quality at IoU 0.5 on the validation images: 0." in printed
    assert "(mean and standard deviation of 0." in printed
    with pytest.raises(
        DataError, match=r"a run for each of 2 seeds; give one of them, as .*seed-0"
    ):
        describe(tmp_path / "runs")
    one, two = ((tmp_path / "runs" / f"seed-{n}" / "model" / "model.safetensors") for n in (0, 1))
    assert one.read_bytes() != two.read_bytes()


def test_a_run_is_extended_by_steps_and_by_time(data, tmp_path):
    run = tmp_path / "run"
    done(data, run, "--steps", 2, *TINY)
    assert "4 steps in" in done(data, run, "--extend", 2)
    assert "1s more after step 4" in done(data, run, "--extend", "1s")


def test_what_was_typed_is_what_the_run_says(data, tmp_path, monkeypatch):
    run = str(tmp_path / "my run")
    ways = (["--steps", "1", *TINY], ["--extend", "1"], ["--resume"])  # the last finds it finished
    typed = [["train", str(data), "-o", run, *more] for more in ways]
    for arguments in typed:
        monkeypatch.setattr("sys.argv", ["/bin/septum", *arguments])
        with pytest.raises(SystemExit, match="0"):
            main()
    first, second, _ = (shlex.join(["septum", *arguments]) for arguments in typed)
    assert "'" in first
    _, facts = begun(tmp_path / "my run")
    assert facts.command == first
    assert [later.command for later in facts.continued] == [second]
    shown = CliRunner().invoke(app, ["info", run], env={"COLUMNS": "500"}).stdout
    assert re.search(r"command +septum train .*\n *after step 1 +septum train .*--extend 1", shown)


def test_curves_for_tensorboard_are_those_of_the_log(data, tmp_path):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = tmp_path / "run"
    batch = ("--set", "training.batch=3")
    done(data, run, "--steps", 3, "--val", 0.2, "--tensorboard", *batch, *TINY)
    read = events.EventAccumulator(str(run / "tensorboard"))
    read.Reload()
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    for name in ("loss", "validation"):
        written = [
            (event.step, pytest.approx(event.value, rel=1e-5)) for event in read.Scalars(name)
        ]
        assert [(step["number"], step[name]) for step in log] == written
    seconds = np.diff([step["seconds"] for step in log])
    rates = [(event.step, event.value) for event in read.Scalars("tiles_per_second")]
    assert [step["tiles"] for step in log] == [3] * 3
    assert rates == [
        (n, pytest.approx(3 / s, rel=1e-5)) for n, s in zip((2, 3), seconds, strict=True)
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--resume", "--steps", 5), "keeps the choices that it began with"),
        (("--resume", "--seed", 1), "keeps the choices that it began with"),
        (("--extend", 5, "--set", "network.width=2"), "keeps the choices that it began with"),
        (("--seeds", 3), "give 2 seeds or more, and --val"),
        (("--seeds", 1, "--val", 0.2), "give 2 seeds or more, and --val"),
        (("--val", "20%"), "did you mean 0.2?"),
        (("--val", 20), "20 % is 0.2"),
        (("--set", "network.depth=13"), "the largest depth that could fit is"),
        (("--set", "data.scale=30000"), "at data.scale=30000 the images (0: 1920000 × 1920000 px"),
        (("--val", 0.9), "val is 0.9; expected a share above 0 and up to 0.5, or a folder"),
        (("--extend", "soon"), "holds no run that could go on"),
        (("--patience", -1), "training.patience is -1; expected 1 or more"),
        (("--resume", "--precision", "bf16"), "--precision: a run that goes on keeps the choices"),
        (("--resume", "--context-slices", 0), "--context-slices: a run that goes on keeps"),
        (("--precision", "half"), "precision is 'half'; it is one of auto, fp32, bf16"),
        (("--context-slices", -1), "data.context is -1; expected 0 or more"),
        (("--steps", 5, "--set", "training.steps=6"), "--steps and --set training.steps=6 make"),
        (
            ("--precision", "bf16", "--set", "training.precision = 32"),
            "--precision and --set training.precision = 32 make the same choice; give one of them",
        ),
        (
            ("--context-slices", 1, "--set", "data.context=1"),
            "--context-slices and --set data.context=1 make the same choice",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_one_line(data, tmp_path, arguments, message):
    result = train(data, tmp_path / "run", *arguments)
    assert isinstance(result.exception, SeptumError), result.output
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert not (tmp_path / "run").exists()
    assert "looks" not in result.stderr  # how far, of a network that is refused


@pytest.fixture(scope="module")
def stained(tmp_path_factory):
    """Two stains of which the files state no names."""
    folder = tmp_path_factory.mktemp("stained")
    for seed in range(2):
        sample = draw_cells(seed, (64, 64), radius=8)
        image = np.stack([sample.image[0], 255 - sample.image[0]])
        write_tiff(folder / "images" / f"{seed}.tif", image, "CYX")
        write_labels(folder / "masks" / f"{seed}.tif", sample.truth, "YX")
    return folder


def test_named_channels_are_kept_by_the_run_and_asked_for_in_prediction(stained, tmp_path):
    run, image = tmp_path / "run", stained / "images" / "0.tif"
    names = ("--channels", "DAPI, actin", "--robust-channels")
    printed = done(stained, run, "--steps", 2, *names, *TINY)
    assert "channels: DAPI, actin" in printed
    assert "grey values by percentiles of each channel of an image (uint8)" in printed
    assert begun(run)[1].reading.channels == ("DAPI", "actin")  # as --resume takes them
    description = describe(run)
    assert description.channels == ("DAPI", "actin")
    assert description.plan.augment.drop_channel == 0.2
    assert description.plan.data.normalise == "percentile"
    for channels in ("0,1", "actin=1,DAPI=none"):
        arguments = [run, image, "-o", tmp_path / channels, "--channels", channels]
        arguments += ["--backend", "torch", "--precision", "fp32"]
        result = CliRunner().invoke(app, ["predict", *map(str, arguments)])
        assert result.exit_code == 0, result.output
    one, two = (
        read_image(tmp_path / channels / "0_probabilities.tif").array
        for channels in ("0,1", "actin=1,DAPI=none")
    )
    assert np.abs(one - two).max() > 1e-4
    arguments = ["predict", str(run), str(image), "-o", str(tmp_path / "out"), "--channels", "0"]
    error = CliRunner().invoke(app, arguments).exception
    assert isinstance(error, SeptumError)
    assert "trained on 2 channels (DAPI, actin)" in str(error)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--channels", "DAPI"), "0.tif has 2 channels; --channels names 1: DAPI"),
        (("--channels", "a,A"), "a different name for each, as DAPI,actin"),
        (("--set", "data.window=[3,1]"), "data.window is"),
    ],
)
def test_names_that_do_not_fit_are_refused(stained, tmp_path, options, message):
    result = train(stained, tmp_path / "run", "--steps", 1, *TINY, *options)
    assert isinstance(result.exception, SeptumError)
    assert message in str(result.exception)


def test_one_channel_cannot_be_done_without(data, tmp_path):
    result = train(data, tmp_path / "run", "--steps", 1, "--robust-channels", *TINY)
    assert "these images have one" in str(result.exception)
