"""What goes wrong in a prediction is named, costs one image, and leaves nothing half written."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tifffile
import zarr

import septum
from septum.data.formats import read_image
from septum.data.synthetic import draw_cells

TINY = ("network.width=4", "network.depth=1", "training.tile=60", "data.scale=1")
KINDS = ("labels", "probabilities", "table", "zarr")
MAIN = "import sys; from septum.cli import main; sys.argv[0] = 'septum'; main()"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("model") / "run"
    septum.train([draw_cells(0, (64, 64), radius=8)], out, steps=2, settings=TINY)
    return out


def predict(run, *arguments, before=""):
    options = ["--backend", "torch", "--save", ",".join(KINDS)]
    command = [sys.executable, "-c", before + MAIN, "predict", run, *arguments, *options]
    return subprocess.Popen(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "400"},
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def results_of(stem):
    return {f"{stem}_labels.tif", f"{stem}_probabilities.tif", f"{stem}_objects.csv",
            f"{stem}.ome.zarr"}  # fmt: skip


def ome_zarr(path, size=300, chunk=100):
    group = zarr.open_group(path, mode="w", zarr_format=2)
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    scale = [{"type": "scale", "scale": [0.5, 0.5]}]
    datasets = [{"path": "0", "coordinateTransformations": scale}]
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": datasets}]
    array = group.create_array("0", shape=(size, size), dtype="u1", chunks=(chunk, chunk))
    array[:] = np.random.default_rng(0).integers(0, 255, (size, size)).astype(np.uint8)
    return path


def test_each_fault_costs_one_image_and_is_named(run, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    good = draw_cells(1, (90, 70), radius=8).image[0]
    tifffile.imwrite(images / "a_good.tif", good)
    tifffile.imwrite(images / "cut.tif", np.tile(good, (5, 5)))
    content = (images / "cut.tif").read_bytes()
    (images / "cut.tif").write_bytes(content[: len(content) // 2])
    np.save(images / "empty.npy", np.zeros((0, 30), np.uint8))
    holes = good.astype(np.float32)
    holes[3:5, 7] = np.nan
    np.save(images / "holes.npy", holes)
    ome_zarr(images / "torn.ome.zarr")
    chunk = next(path for path in (images / "torn.ome.zarr").rglob("2*2") if path.is_file())
    chunk.write_bytes(chunk.read_bytes()[:40])
    tifffile.imwrite(images / "z_good.tif", good)

    process = predict(run, images, "-o", tmp_path / "out")
    _, said = process.communicate(timeout=200)
    assert process.returncode == 1
    assert "Traceback" not in said
    failures = [line for line in said.splitlines() if line.startswith("✗")]
    assert len(failures) == 5, said
    assert "4 of 6 images failed" in failures[-1]
    for line, parts in zip(
        failures,
        [
            ("cut.tif", "damaged or cut short"),
            ("empty.npy", "(0, 30)"),
            ("holes.npy", "pixels are NaN or infinite, the first at Y 3, X 7 (counted"),
            ("torn.ome.zarr", "chunk 2.2 has 40 of"),
        ],
        strict=False,
    ):
        for part in parts:
            assert part in line
    assert set(names(tmp_path / "out")) == results_of("a_good") | results_of("z_good")


def test_a_disk_that_is_full_is_said_and_leaves_nothing(run, tmp_path):
    """For real: no file of the process may grow beyond 20 kB."""
    image = draw_cells(1, (300, 300), radius=8).image[0]
    tifffile.imwrite(tmp_path / "a.tif", image)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, -1));"
    process = predict(run, tmp_path / "a.tif", "-o", tmp_path / "out", before=limit)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 2, said
    assert "Traceback" not in said
    assert re.search(r"^error: disk full writing .*a_probabilities\.tif", said, re.MULTILINE)
    assert not {"a_labels.tif", "a_probabilities.tif", "a.ome.zarr"} & set(names(tmp_path / "out"))
    assert not [name for name in names(tmp_path / "out") if ".part" in name]


@pytest.mark.parametrize("moment", [0.0, 0.3, 1.0])
def test_a_killed_prediction_leaves_no_file_that_looks_complete(run, tmp_path, moment):
    path = ome_zarr(tmp_path / "large.ome.zarr", size=2000, chunk=500)
    out = tmp_path / "out"
    process = predict(run, path, "-o", out, "--memory", "8MiB")
    deadline = time.monotonic() + 60
    while not names(out) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(moment)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert names(out), "it was killed before it had begun"
    for name in set(names(out)) & results_of("large"):
        complete = out / name
        if name.endswith(".tif"):
            assert read_image(complete).array.shape[-2:] == (2000, 2000)
        elif name.endswith(".zarr"):
            assert zarr.open(complete, mode="r")["labels/cells/0"].shape == (2000, 2000)
    # Labels come last; a process that was killed has not written them.
    assert "large_labels.tif" not in names(out)

    done = predict(run, path, "-o", out)
    _, said = done.communicate(timeout=200)
    assert done.returncode == 0, said
    assert results_of("large") <= set(names(out))


def test_an_interrupted_prediction_leaves_nothing_half_written(run, tmp_path):
    path = ome_zarr(tmp_path / "large.ome.zarr", size=2000, chunk=500)
    out = tmp_path / "out"
    # A process of the background ignores SIGINT, unless it is told otherwise.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    process = predict(run, path, "-o", out, "--memory", "8MiB", before=heed)
    deadline = time.monotonic() + 60
    while not names(out) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped; no file was left half written" in said
    assert names(out) == []


def test_memory_that_holds_no_tile_is_an_error_that_says_what_would(run, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((300, 300), np.uint8))
    process = predict(run, tmp_path / "a.tif", "-o", tmp_path / "out", "--memory", "1kB")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert re.search(r"do not hold the smallest tile .*; allow \d", said)
