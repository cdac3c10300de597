"""Two processes learn what one process with twice the batch learns."""

import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from septum.data.formats import write_labels, write_tiff
from septum.data.synthetic import draw_cells

SETTINGS = (
    "network.width=4",
    "network.depth=2",
    # Batch norm looks at the tiles of a process alone; drop-out draws for each process.
    "network.norm=none",
    "network.dropout=0",
    "training.tile=60",
    "training.precision=32",
    "training.optimiser=sgd",
    "training.weight_decay=0",
)
COMMAND = (sys.executable, "-m", "septum", "train", "--device", "cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for seed in range(2):
        sample = draw_cells(seed, (96, 96), radius=8)
        write_tiff(folder / "images" / f"{seed}.tif", sample.image[0], "YX")
        write_labels(folder / "masks" / f"{seed}.tif", sample.truth, "YX")
    return folder


def trained(data, out, *arguments):
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    done = subprocess.run(
        [*COMMAND, str(data), "-o", str(out), "--steps", "6", *settings, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return load_file(out / "model" / "model.safetensors"), done.stderr


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="PyTorch without gloo")
def test_two_processes_give_the_weights_of_one_with_twice_the_batch(data, tmp_path):
    one, _ = trained(data, tmp_path / "one", "--set", "training.batch=2")
    two, printed = trained(data, tmp_path / "two", "--devices", "2")
    halved, _ = trained(data, tmp_path / "half")
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=1e-6)
    assert any((halved[name] - value).abs().max() > 1e-4 for name, value in one.items())
    assert printed.count("6 steps in") == 1  # only the first of them speaks
