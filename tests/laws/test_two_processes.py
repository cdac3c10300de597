"""Two processes learn what one process with twice the batch learns."""

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

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


pytestmark = pytest.mark.skipif(
    not torch.distributed.is_gloo_available(), reason="PyTorch without gloo"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory, cells_in):
    return cells_in(tmp_path_factory.mktemp("data"), size=96)


def run(*arguments):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def options(data, out):
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    return [str(data), "-o", str(out), "--steps", "6", *settings]


def weights(out):
    return load_file(out / "model" / "model.safetensors")


def trained(data, out, *arguments):
    done = run(*options(data, out), *arguments)
    assert done.returncode == 0, done.stderr
    return weights(out), done.stderr


@pytest.fixture(scope="module")
def two(data, tmp_path_factory):
    return trained(data, tmp_path_factory.mktemp("two") / "run", "--devices", "2")


def test_two_processes_give_the_weights_of_one_with_twice_the_batch(data, two, tmp_path):
    one, _ = trained(data, tmp_path / "one", "--set", "training.batch=2")
    two, printed = two
    halved, _ = trained(data, tmp_path / "half")
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=1e-6)
    assert any((halved[name] - value).abs().max() > 1e-4 for name, value in one.items())
    assert printed.count("6 steps in") == 1  # only the first of them speaks


def by_torchrun(command):
    """Start both as a user does."""
    elastic = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *elastic, *command[1:]],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def by_hand(command, *environments):
    """Start one with each environment, as two computers or SLURM would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    started = [
        subprocess.Popen(
            command, env=os.environ | meeting | more, stderr=subprocess.PIPE, text=True
        )
        for more in environments
    ]
    try:
        printed = [process.communicate(timeout=300)[1] for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0, 0], printed
    return "".join(printed)


def by_slurm(command):
    job = {"SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2", "SLURM_NTASKS_PER_NODE": "2"}
    ranks = ({"SLURM_PROCID": n, "SLURM_LOCALID": n, "SLURM_NODEID": "0"} for n in "01")
    return by_hand(command, *(job | rank for rank in ranks))


def on_two_nodes(command):
    return by_hand([*command, "--nodes", "2"], {"NODE_RANK": "0"}, {"NODE_RANK": "1"})


@pytest.mark.parametrize("start", [by_torchrun, by_slurm, on_two_nodes])
def test_processes_that_a_launcher_started_share_one_training(data, two, tmp_path, start):
    """Without ``--devices``: each would train on its own, and both in one folder."""
    out = tmp_path / "run"
    printed = start([*COMMAND, *options(data, out)])
    for name, value in two[0].items():
        torch.testing.assert_close(weights(out)[name], value, rtol=1e-6, atol=1e-8)
    assert printed.count("6 steps in") == 1  # only the first of them speaks
    facts = json.loads((out / "run.json").read_text())
    assert facts["processes"] == 2
    assert facts["command"].endswith("# in 2 processes")


def test_two_processes_validate_are_interrupted_and_go_on_as_if_nothing_had_happened(
    data, tmp_path, cells_in
):
    """The first process alone validates; the other must neither wait for it nor go its own way."""
    other = cells_in(tmp_path / "other", images=3, size=96)
    for number in (0, 1):
        for path in other.glob(f"*/{number}.tif"):
            path.unlink()
    more = ("--devices", "2", "--val", str(other), "--set", "training.save_every=0")
    whole, _ = trained(data, tmp_path / "whole", *more)
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    shutil.rmtree(tmp_path / "cut" / "state" / "00000006")  # as if killed after step 5
    shutil.rmtree(tmp_path / "cut" / "model")
    done = run(data, "-o", tmp_path / "cut", "--resume", "--devices", "2")
    assert done.returncode == 0, done.stderr
    assert "going on after step 5" in done.stderr
    model = tmp_path / "cut" / "model"
    for name, value in load_file(model / "model.safetensors").items():
        assert torch.equal(value, whole[name]), name
    facts = [
        json.loads((tmp_path / name / "model" / "model.json").read_text())["training"]
        for name in ("whole", "cut")
    ]
    assert facts[0]["best_score"] is not None
    assert facts[0]["best_score"] == facts[1]["best_score"]
    log = (tmp_path / "cut" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["number"] for line in log] == [1, 2, 3, 4, 5, 6]
    assert [json.loads(line)["tiles"] for line in log] == [2] * 6  # of both together


LEAVING = """
import atexit, sys, torch
from septum.cli import main

@atexit.register  # before the training: what it registers comes earlier
def leave():
    print("still linked:", torch.distributed.is_initialized(), file=sys.stderr)

if __name__ == "__main__":
    main()
"""


def test_the_processes_take_leave_of_each_other_before_they_end(data, tmp_path):
    """Else the threads that link them may abort either, after a training that went well."""
    script = tmp_path / "leaving.py"
    script.write_text(LEAVING)
    command = [sys.executable, script, "train", *options(data, tmp_path / "run"), "--device", "cpu"]
    printed = on_two_nodes(command)
    assert printed.count("still linked: False") == 2


DIVERGING = """
import os, sys
from septum.cli import main
from septum.training import descent

whole = descent.Descent.step

def step(self, batch):
    loss, found = whole(self, batch)
    return (float("nan") if os.environ.get("LOCAL_RANK") == "1" else loss), found

descent.Descent.step = step
if __name__ == "__main__":
    main()
"""


def test_one_process_that_diverges_ends_both_and_the_batch_is_kept(data, tmp_path):
    script = tmp_path / "diverging.py"
    script.write_text(DIVERGING)
    out = tmp_path / "run"
    done = subprocess.run(
        [sys.executable, script, "train", *options(data, out), "--devices", "2", "--device", "cpu"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "the loss is nan at step 1" in done.stderr
    assert sorted(path.name for path in out.glob("diverged-*.npz")) == [
        "diverged-1-0.npz",
        "diverged-1-1.npz",
    ]
    assert not (out / "model").exists()
