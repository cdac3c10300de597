"""Law 7: files appear only complete, nothing is overwritten, and inputs are never written to."""

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

import septum
from septum.data.formats import write_labels, write_tiff
from septum.data.synthetic import draw_cells
from septum.errors import DataError, SeptumError
from septum.segment import segment_file

TINY = ("network.width=4", "network.depth=1", "training.tile=60")


@pytest.fixture
def data(tmp_path):
    for seed in range(2):
        sample = draw_cells(seed, (64, 64), radius=8)
        write_tiff(tmp_path / "data" / "images" / f"{seed}.tif", sample.image[0], "YX")
        write_labels(tmp_path / "data" / "masks" / f"{seed}.tif", sample.truth, "YX")
    return tmp_path / "data"


def trained(data, out):
    return septum.train(data, out, steps=2, settings=TINY)


def content(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_inputs_are_never_written_to(data, tmp_path):
    before = content(data)
    assert len(before) == 4
    model = trained(data, tmp_path / "run")
    run = content(tmp_path / "run")
    segment_file(model, data / "images" / "0.tif", tmp_path / "out")
    septum.evaluate(tmp_path / "out", data)
    septum.load(tmp_path / "run").predict(tifffile.imread(data / "images" / "1.tif"))
    assert content(data) == before
    assert content(tmp_path / "run") == run


def test_training_never_overwrites_a_model(data, tmp_path):
    trained(data, tmp_path / "run")
    before = content(tmp_path / "run")
    with pytest.raises(DataError, match="run already holds a trained model; choose another folder"):
        trained(data, tmp_path / "run")
    assert content(tmp_path / "run") == before


def test_a_run_folder_that_is_a_file_is_refused(data, tmp_path):
    (tmp_path / "run").write_text("mine")
    for out in (tmp_path / "run", tmp_path / "run" / "inner"):
        with pytest.raises(SeptumError, match="run"):
            trained(data, out)
    assert (tmp_path / "run").read_text() == "mine"


def full_disk(monkeypatch, of):
    """Let the rename that would complete a file called `of` fail, as on a full disk."""
    real = os.replace

    def replace(source, target):
        if Path(target).name == of:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)


@pytest.mark.parametrize("name", ["model.safetensors", "model.json", "plan.toml"])
def test_a_model_that_could_not_be_completed_is_no_model(data, tmp_path, monkeypatch, name):
    full_disk(monkeypatch, name)
    with pytest.raises(SeptumError, match=f"disk full writing .*{name}"):
        trained(data, tmp_path / "run")
    left = content(tmp_path)
    assert not [file for file in left if name in file or ".part" in file]
    with pytest.raises(DataError, match="is not a trained model"):
        septum.load(tmp_path / "run")
    # What was learnt is not lost, and a folder in which nothing was is free for another try.
    monkeypatch.undo()
    if (tmp_path / "run" / "state").exists():
        septum.resume(data, tmp_path / "run")
    else:
        trained(data, tmp_path / "run")
    septum.load(tmp_path / "run")


@pytest.mark.parametrize("name", ["0_labels.tif", "0_probabilities.tif"])
def test_labels_stand_only_beside_their_probabilities(data, tmp_path, monkeypatch, name):
    model = trained(data, tmp_path / "run")
    full_disk(monkeypatch, name)
    with pytest.raises(SeptumError, match=f"disk full writing .*{name}"):
        segment_file(model, data / "images" / "0.tif", tmp_path / "out")
    left = [path.name for path in (tmp_path / "out").iterdir()]
    assert "0_labels.tif" not in left
    assert set(left) <= {"0_probabilities.tif"}


def test_a_file_system_that_takes_no_more_bytes_is_one_line(data, tmp_path):
    """For real, and not only in the rename: no file of this process may grow beyond 3 kB."""
    code = (
        "import resource, sys; from septum.cli import main;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY));"
        "sys.argv = ['septum', *sys.argv[1:]]; main()"
    )
    arguments = ["train", str(data), "-o", str(tmp_path / "run"), "--steps", "1"]
    arguments += [part for setting in TINY for part in ("--set", setting)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "disk full writing" in errors[0]
    assert "run/state/00000001" in errors[0]
    assert not (tmp_path / "run" / "model" / "model.json").exists()


def test_a_run_that_fails_on_the_way_leaves_no_model(data, tmp_path):
    def stop(step):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        septum.train(data, tmp_path / "run", steps=3, settings=TINY, on_step=stop)
    assert not (tmp_path / "run" / "model").exists()
    assert len((tmp_path / "run" / "log.jsonl").read_text().splitlines()) == 1


def test_scores_of_a_prediction_made_twice_are_those_of_the_last(data, tmp_path):
    model = trained(data, tmp_path / "run")
    for _ in range(2):  # results, unlike models, may be made again
        segment_file(model, data / "images" / "0.tif", tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 2
    found = tifffile.imread(tmp_path / "out" / "0_labels.tif")
    np.testing.assert_array_equal(
        found, model.predict(tifffile.imread(data / "images" / "0.tif")).labels
    )
