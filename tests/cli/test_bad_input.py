"""Bad input gets one clear line on the standard error and exit code 2, and never a traceback."""

import errno
import io
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image
from rich.console import Console

from septum.cli import app, main, show
from septum.data.formats import write_labels, write_tiff
from septum.data.synthetic import draw_cells

TINY = ["--set", "network.width=4", "--set", "network.depth=1", "--set", "training.tile=60"]
CELLS = draw_cells(0, (64, 64), radius=8)


@pytest.fixture
def septum(monkeypatch, capsys):
    """Run a command; return the exit code and the lines on the standard error."""

    def run(*arguments, shown=""):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["septum", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        captured = capsys.readouterr()
        assert captured.out[:10] == shown
        return caught.value.code, captured.err.splitlines()

    return run


@pytest.fixture
def data(tmp_path):
    for number in range(2):
        write_tiff(tmp_path / "data" / "images" / f"c{number}.tif", CELLS.image[0], "YX")
        write_labels(tmp_path / "data" / "masks" / f"c{number}.tif", CELLS.truth, "YX")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    import septum

    out = tmp_path_factory.mktemp("model") / "run"
    settings = [part for part in TINY if part != "--set"]
    septum.train([CELLS], out, steps=1, settings=settings)
    return out


OVERVIEW = {"image", "c0", "c1", "images", "axes", "spacing", "labels", "objects", "foreground"}
OVERVIEW |= {"annotated"}


def the_error(result, *parts):
    code, lines = result
    errors = [line for line in lines if line.startswith("error:")]
    assert code == 2
    assert len(errors) == 1, lines
    # Before it stand the overview of the data and notes at most, and no half of a progress bar.
    assert lines[-1] == errors[0]
    others = [line for line in lines[:-1] if line and line.split()[0] not in OVERVIEW]
    assert all(line.startswith(("•", "  ", "✗")) for line in others), lines
    for part in parts:
        assert part in errors[0], errors[0]
    return errors[0]


def smoothed():
    mask = np.where(CELLS.truth > 0, 255.0, 0.0)
    for axis in (0, 1):
        mask = (np.roll(mask, 1, axis) + mask + np.roll(mask, -1, axis)) / 3
    return mask.astype(np.uint8)


def colourful():
    palette = np.random.default_rng(0).integers(0, 255, (CELLS.truth.max() + 1, 3), np.uint8)
    return palette[CELLS.truth]


def nan_image():
    image = CELLS.image[0].astype(np.float32)
    image[3, 5] = np.nan
    return image


def no_pairs(data):
    for path in (data / "masks").iterdir():
        path.rename(data / "images" / f"also_{path.name}")
    (data / "masks").rmdir()
    (data / "images").rename(data.parent / "moved")
    for path in (data.parent / "moved").iterdir():
        path.rename(data / path.name)


BROKEN = {
    "an empty folder": (
        lambda data: [path.unlink() for path in data.rglob("*.tif")],
        ["images", "no image files"],
    ),
    "no pairs": (no_pairs, ["data", "images without masks", "Understood are"]),
    "no mask": (
        lambda data: (data / "masks" / "c1.tif").unlink(),
        ["1 of 2 images has no mask: c1.tif", "c1_mask.tif"],
    ),
    "sizes differ": (
        lambda data: tifffile.imwrite(data / "masks" / "c1.tif", CELLS.truth[:-2]),
        ["c1.tif", "sizes differ", "64 x 64", "62 x 64"],
    ),
    "RGB mask": (
        lambda data: tifffile.imwrite(data / "masks" / "c1.tif", colourful(), photometric="rgb"),
        ["c1.tif", "a colour image", "where labels are expected"],
    ),
    "grey-scale mask": (
        lambda data: tifffile.imwrite(data / "masks" / "c1.tif", smoothed()),
        ["c1.tif", "a grey-scale image", "0/255 mask"],
    ),
    "NaN": (
        lambda data: tifffile.imwrite(data / "images" / "c1.tif", nan_image()),
        ["c1.tif", "1 of 4,096 pixels is NaN or infinite", "the first at Y 3, X 5 (counted"],
    ),
    "empty labels": (
        lambda data: [
            tifffile.imwrite(path, np.zeros((64, 64), np.uint8))
            for path in (data / "masks").iterdir()
        ],
        ["data", "empty labels", "2 label images"],
    ),
    "corrupt image": (
        lambda data: (data / "images" / "c1.tif").write_bytes(b"rubbish"),
        ["c1.tif", "cannot be read as TIFF"],
    ),
    "cut-off mask": (
        lambda data: (data / "masks" / "c1.tif").write_bytes(
            (data / "masks" / "c1.tif").read_bytes()[:200]
        ),
        ["c1.tif", "cannot be read as TIFF"],
    ),
    "negative labels": (
        lambda data: tifffile.imwrite(data / "masks" / "c1.tif", CELLS.truth - 1),
        ["c1.tif", "negative label -1"],
    ),
}


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("verb", ["train", "check"])
def test_data_that_cannot_be_used(septum, data, tmp_path, verb, what):
    spoil, parts = BROKEN[what]
    spoil(data)
    options = ["-o", tmp_path / "run", "--steps", 1, *TINY] if verb == "train" else []
    the_error(septum(verb, data, *options), *parts)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--preset", "papre"], ["no preset 'papre'", "paper, default"]),
        (["--set", "network.widht=3"], ["'network.widht'", "did you mean 'width'"]),
        (["--set", "network.width=wide"], ["network.width is 'wide'", "a whole number"]),
        (["--set", "network.width=0"], ["width is 0"]),
        (["--set", "network.norm=instance"], ["norm is 'instance'"]),
        (["--set", "nonsense"], ["'nonsense' is no assignment", "section.key=value"]),
        (["--set", "data.normalise=max"], ["data.normalise is 'max'"]),
        (["--set", "training.optimiser=adam"], ["optimiser is 'adam'"]),
        (["--max-time", "soon"], ["'soon' is no duration", "20m"]),
        (["--max-time", "-5m"], ["'-5m' is no duration"]),
        (["--steps", "0"], ["steps is 0"]),
        (["--seed", "-1"], ["seed is -1"]),
        (["--device", "abacus"], ["device is 'abacus'"]),
        (["--classes", "cell=1,b=x"], ["classes takes 'cell' from values", "'b' from a file"]),
        (["--classes", "cell=9999"], ["pixels have the value", "of no class in cell=9999"]),
    ],
)
def test_options_of_train_that_cannot_be(septum, data, tmp_path, options, parts):
    given = ["--steps", 1, *TINY, *options]
    the_error(septum("train", data, "-o", tmp_path / "run", *given), *parts)


def test_classes_that_a_plan_cannot_be_made_for(septum, data):
    the_error(septum("plan", data, "--classes", "cell=9999"), "of no class in cell=9999")


def test_a_place_that_is_taken_or_cannot_be_written(septum, data, run, tmp_path):
    the_error(septum("train", data, "-o", run), str(run), "already holds a trained model")
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        the_error(septum("train", data, "-o", out, "--steps", 1, *TINY), str(tmp_path / "file"))
        image = data / "images" / "c0.tif"
        the_error(septum("predict", run, image, "-o", out), str(tmp_path / "file"))
    scores = tmp_path / "file" / "scores.json"
    code, lines = septum(
        "evaluate", data / "masks", data / "masks", "--json", scores, shown="metric    "
    )
    assert code == 2  # the scores are on the screen, and then:
    assert lines[-1].startswith(f"error: cannot write {scores}")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("refusal", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_file_system_that_refuses(septum, data, run, tmp_path, monkeypatch, refusal):
    def refuse(source, target):
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(os, "replace", refuse)
    says = "disk full" if refusal == errno.ENOSPC else "cannot write"
    out = tmp_path / "out"
    the_error(septum("train", data, "-o", out, "--steps", 1, *TINY), says, str(out))
    the_error(septum("predict", run, data / "images" / "c0.tif", "-o", out), says, str(out))
    assert not [path for path in out.rglob("*") if path.suffix in (".tif", ".safetensors")]


@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (lambda path: tifffile.imwrite(path, nan_image()), ["1 of 4,096 pixels is NaN"]),
        (lambda path: path.write_bytes(b"rubbish"), ["cannot be read as TIFF"]),
        (lambda path: path.write_bytes(b""), ["an empty file (0 bytes)"]),
        (lambda path: path.unlink(), ["no such file"]),
        (
            lambda path: tifffile.imwrite(path, colourful(), photometric="rgb"),
            ["3 channels (R, G, B)", "trained on 1 channel"],
        ),
    ],
    ids=["NaN", "corrupt", "no bytes", "absent", "RGB"],
)
def test_an_image_that_cannot_be_predicted(septum, run, tmp_path, spoil, parts):
    path = tmp_path / "image.tif"
    path.write_bytes(b"")
    spoil(path)
    the_error(septum("predict", run, path, "-o", tmp_path / "out"), str(path), *parts)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--tile", "0"], ["--tile is '0'", "expected auto, a size in pixels as 700"]),
        (["--tile", "²"], ["--tile is '²'", "expected auto, a size in pixels as 700"]),
        (["--tile", "-5"], ["--tile is '-5'", "expected auto, a size in pixels as 700"]),
        (["--tile", "big"], ["--tile is 'big'", "expected auto, a size in pixels as 700"]),
        (["--tile", "32,,128"], ["--tile is '32,,128'", "for each axis as 32,128,128"]),
        (["--tile", "32,128,128"], ["c0.tif: tile is (32, 128, 128)", "for each of the 2 axes"]),
        (["--spacing", "0.5um"], ["--spacing is '0.5um'", "0.5 or 2,0.5,0.5"]),
        (["--memory", "4"], ["'4' is no amount of memory", "4GiB"]),
        (["--save", "labels,mesh"], ["save has 'mesh'", "geojson"]),
        (["--backend", "abacus"], ["backend is 'abacus'", "openvino"]),
        (["--precision", "fp8"], ["precision is 'fp8'", "bf16"]),
        (["--rescale"], ["--spacing"]),
        (["--orientations", "some"], ["orientations is 'some'", "none, flips, all"]),
        (["--device", "abacus"], ["device is 'abacus'"]),
    ],
)
def test_options_of_predict_that_cannot_be(septum, run, data, tmp_path, options, parts):
    image = data / "images" / "c0.tif"
    the_error(septum("predict", run, image, "-o", tmp_path / "out", *options), *parts)


def test_images_that_would_overwrite_each_other_or_annotations(septum, run, data):
    image, out = data / "images" / "c0.tif", data.parent / "out"
    Image.fromarray(CELLS.image[0]).save(data / "images" / "c0.png")
    other = data / "images" / "c0.png"
    the_error(septum("predict", run, image, other, "-o", out), "c0.png", "have the same name")
    the_error(septum("predict", run, image, "-o", data / "images"), "c0.tif", "another folder")


def test_nothing_is_written_among_images_and_annotations(septum, run, data, tmp_path):
    def files():
        return sorted(path.name for path in data.rglob("*"))

    before = files()
    for out in ("images", "images/run", "masks"):
        refused = septum("train", data, "-o", data / out, "--steps", 1, *TINY)
        the_error(refused, str(data / out), "lies among the images and annotations", "-o runs/")
    the_error(septum("predict", run, data / "images", "-o", data / "masks"), "(c0.tif, c1.tif)")
    assert files() == before
    # In a folder of that name which holds nothing else there is room: for later results, too.
    for image in ("c0.tif", "c1.tif"):
        path = data / "images" / image
        code, _ = septum("predict", run, path, "-o", tmp_path / "masks", "--save", "labels")
        assert code == 0


def test_several_failures_are_each_said_and_counted(septum, run, data, tmp_path):
    for name in ("c0.tif", "c1.tif"):
        (data / "images" / name).write_bytes(b"rubbish")
    write_tiff(data / "images" / "good.tif", CELLS.image[0], "YX")
    code, lines = septum("predict", run, data / "images", "-o", tmp_path / "out")
    assert code == 1
    assert sum(line.startswith("✗") and "cannot be read as TIFF" in line for line in lines) == 2
    assert any(line.startswith("✓ good.tif") for line in lines)
    assert lines[-1].startswith("✗ 2 of 3 images failed; the results of the others are in")
    assert (tmp_path / "out" / "good_labels.tif").exists()


@pytest.mark.parametrize("verb", ["predict", "info"])
@pytest.mark.parametrize("kind", ["empty", "data", "broken", "newer"])
def test_a_run_folder_that_is_none(septum, run, data, tmp_path, verb, kind):
    folder, part = tmp_path / kind, "is not a trained model"
    if kind == "data":
        folder = data
        if verb == "info":
            part = (
                f"folder of images, and info takes one image or the folder of a trained model; "
                f"`septum check {data}` says"
            )
    else:
        folder.mkdir()
    if kind in ("broken", "newer"):
        for path in (run / "model").iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
    if kind == "broken":
        (folder / "model.json").write_text("{")
        part = "is no description of a model"
    elif kind == "newer":
        text = (folder / "model.json").read_text().replace('"format": 2', '"format": 9')
        (folder / "model.json").write_text(text)
        part = "newer format"
    rest = [data / "images" / "c0.tif", "-o", tmp_path / "out"] if verb == "predict" else []
    the_error(septum(verb, folder, *rest), str(folder), part)


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--metrics", "dice"], ["no metric 'dice'", "isbi, ctc, matching"]),
        (["--metrics", ","], ["no metric is wanted"]),
    ],
)
def test_options_of_evaluate_that_cannot_be(septum, data, options, parts):
    the_error(septum("evaluate", data / "masks", data / "masks", *options), *parts)


def test_files_that_cannot_be_compared(septum, data, tmp_path):
    masks = data / "masks"
    the_error(septum("evaluate", tmp_path / "no", masks), str(tmp_path / "no"), "no such file")
    write_labels(tmp_path / "small.tif", CELLS.truth[:-2], "YX")
    result = septum("evaluate", tmp_path / "small.tif", masks / "c0.tif", "--metrics", "ctc")
    the_error(result, "small.tif", "(62, 64)", "(64, 64)")
    write_labels(tmp_path / "zero.tif", CELLS.truth * 0, "YX")
    the_error(septum("evaluate", masks / "c0.tif", tmp_path / "zero.tif"), "c0", "no cell")


@pytest.mark.parametrize("pixel", [np.nan, np.inf])
def test_info_of_an_image_that_is_not_finite_is_json(tmp_path, capsys, pixel):
    """JSON has neither NaN nor Infinity, and readers other than Python's refuse them."""
    np.save(tmp_path / "a.npy", np.array([[pixel, 1]], np.float32))
    app(["info", str(tmp_path / "a.npy"), "--json"], standalone_mode=False)
    printed = capsys.readouterr().out
    assert json.loads(printed)["maximum"] is None
    assert "NaN" not in printed


def test_options_of_demo_that_cannot_be(septum, tmp_path):
    code, lines = septum("demo", "--seed", -1, "-o", tmp_path / "demo")
    assert code == 2
    assert any("Invalid value for '--seed'" in line for line in lines)
    assert not (tmp_path / "demo").exists()
    the_error(septum("demo", "--steps", 0, "-o", tmp_path / "demo"), "steps is 0")


def test_an_experiment_that_cannot_be(septum, tmp_path):
    options = ["-o", tmp_path / "runs"]
    the_error(septum("reproduce", "emm", "--data", tmp_path, *options), "'emm'", "em, hela, u373")
    the_error(septum("reproduce", "em", "--data", tmp_path / "no", *options), "no such folder")


def test_what_is_no_image_or_not_there(septum, tmp_path):
    (tmp_path / "a.txt").write_text("x")
    the_error(septum("info", tmp_path / "a.txt"), "a.txt", ".txt is not an image format")
    the_error(septum("info", tmp_path / "b.tif"), "b.tif", "no such file")
    the_error(septum("check", tmp_path / "no"), str(tmp_path / "no"), "no such folder")


def test_brackets_and_colons_in_names_are_printed_as_they_are(septum, tmp_path):
    for name in ("a[red]b[/]", "c:smile:d", "[1]", "q[/b]", r"x\[red]y", "x\\"):
        the_error(septum("check", tmp_path / name), str(tmp_path / name))


def test_brackets_in_names_are_no_markup_in_tables_and_bars(data, run, tmp_path, monkeypatch):
    name, closing = "x[red]y[b]", tmp_path / "[b]c[red].tif"
    for folder in ("images", "masks"):
        (data / folder / "c1.tif").rename(data / folder / f"{name}.tif")
    write_tiff(closing, CELLS.image[0], "YX")
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=200, color_system=None)
    monkeypatch.setattr(show, "console", terminal)
    monkeypatch.setattr(show, "results", terminal)
    for arguments in (
        ["check", data],
        ["info", closing],
        ["predict", run, data / "images", "-o", tmp_path / "out"],
    ):
        app([str(argument) for argument in arguments], standalone_mode=False)
    said = screen.getvalue()
    assert re.search(rf"^ ?{re.escape(name)} +{re.escape(name)}\.tif +\d+ – ", said, re.MULTILINE)
    assert re.search(r"^\[b\]c\[red\]\.tif *$", said, re.MULTILINE)  # the title of `info`
    assert re.search(rf"^{re.escape(name)}\.tif +━", said, re.MULTILINE)  # beside the bar
    assert f"✓ {name}.tif: " in said


def test_a_missing_option_is_said_with_exit_code_2(septum, data):
    code, lines = septum("train", data)
    assert code == 2
    assert any("--out" in line for line in lines)


@pytest.mark.parametrize(
    ("verb", "name", "says"),
    [("check", "no", "no such folder"), ("info", "broken.tif", "a TIFF without an image in it")],
)
def test_the_command_in_a_process_of_its_own_prints_one_line(tmp_path, verb, name, says):
    # The offset of its first page points beyond the file, of which tifffile warns by itself.
    (tmp_path / "broken.tif").write_bytes(b"II*\x00 this is no TIFF")
    code = "from septum.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, verb, str(tmp_path / name)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [done.stderr.rstrip("\n")]
    assert done.stderr.startswith(f"error: {tmp_path / name}: {says}")


def test_ctrl_c_is_one_line_and_leaves_no_half_file(data, tmp_path):
    # The signal comes while the scores are being written.
    code = """
import json, signal
from septum.cli import main
# A test run in the background is started with the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
whole = json.dumps
json.dumps = lambda *given, **options: (signal.raise_signal(signal.SIGINT), whole({}))[1]
main()
"""
    masks, scores = data / "masks", tmp_path / "out" / "scores.json"
    arguments = ["evaluate", masks, masks, "--metrics", "ctc", "--json", scores]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "stopped; no file was left half written"
    assert "Traceback" not in done.stderr
    assert list(scores.parent.iterdir()) == []
