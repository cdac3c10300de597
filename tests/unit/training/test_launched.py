"""Devices and nodes are those that a launcher started, or the training is refused."""

import pytest

import septum
from septum.errors import ConfigError
from septum.training import launched
from septum.training.launched import shares

ELASTIC = {"TORCHELASTIC_RUN_ID": "1", "LOCAL_RANK": "0"}
SLURM = {"SLURM_STEP_NUM_TASKS": "8"}


@pytest.fixture
def launch(monkeypatch):
    """Set the environment that a launcher would set, and no other."""
    for name in (
        *("WORLD_SIZE", "LOCAL_WORLD_SIZE", "LOCAL_RANK", "TORCHELASTIC_RUN_ID", "SLURM_NTASKS"),
        *("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS_PER_NODE", "SLURM_JOB_NAME", "LSB_JOBID"),
    ):
        monkeypatch.delenv(name, raising=False)

    def set_all(variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


def torchrun(processes, devices):
    return ELASTIC | {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(devices)}


def slurm(processes, devices):
    return SLURM | {"SLURM_NTASKS": str(processes), "SLURM_NTASKS_PER_NODE": str(devices)}


@pytest.mark.parametrize(
    ("variables", "given", "expected"),
    [
        ({}, (None, None), (1, 1)),
        ({}, (2, None), (2, 1)),
        ({}, (None, 3), (1, 3)),
        (torchrun(2, 2), (None, None), (2, 1)),
        (torchrun(6, 2), (None, None), (2, 3)),
        (torchrun(6, 2), (2, 3), (2, 3)),
        (torchrun(6, 2), (2, None), (2, 3)),
        (torchrun(1, 1), (None, None), (1, 1)),
        (slurm(8, 4), (None, None), (4, 2)),
        (slurm(8, 4), (None, 2), (4, 2)),
        # A step of one task in a job that was given more.
        (slurm(1, 4), (None, None), (1, 1)),
        ({"SLURM_NTASKS": "1"}, (None, None), (1, 1)),
        # In an interactive job nothing is started by SLURM.
        (slurm(8, 4) | {"SLURM_JOB_NAME": "bash"}, (2, None), (2, 1)),
        # Lightning Fabric's own second process.
        ({"WORLD_SIZE": "2", "LOCAL_RANK": "1"}, (2, None), (2, 1)),
        ({"WORLD_SIZE": "4", "LOCAL_RANK": "1"}, (2, 2), (2, 2)),
        # Set for a whole container, and no process was started.
        ({"WORLD_SIZE": "4"}, (None, None), (1, 1)),
    ],
)
def test_what_was_started_is_taken(launch, variables, given, expected):
    launch(variables)
    assert shares(*given) == expected


@pytest.mark.parametrize(
    ("variables", "given", "message"),
    [
        (torchrun(2, 2), (3, None), "torchrun started 2 processes, 2 on each of 1 computer, and"),
        (torchrun(2, 2), (1, None), "are --devices 1; leave both away, or have as many started"),
        (torchrun(2, 2), (1, 2), "are --devices 1 --nodes 2; leave both away"),
        (torchrun(1, 1), (2, None), "torchrun started 1 process, 1 on each of 1 computer"),
        (torchrun(3, 2), (None, None), "torchrun started 3 processes and says that 2 of them"),
        (slurm(8, 4), (8, 1), "SLURM started 8 processes, 4 on each of 2 computers"),
        ({"SLURM_NTASKS": "1"}, (2, None), "SLURM started 1 process, "),
        (SLURM | {"SLURM_NTASKS": "8"}, (None, None), "--ntasks-per-node in place of --ntasks"),
        ({"SLURM_NTASKS": "8"}, (None, None), "8 tasks, .* write `srun septum train"),
        (
            {"WORLD_SIZE": "2", "LOCAL_RANK": "1"},
            (None, None),
            "what set WORLD_SIZE started 2 processes, and --devices and --nodes are not given; say",
        ),
    ],
)
def test_what_contradicts_it_is_refused(launch, variables, given, message):
    launch(variables)
    with pytest.raises(ConfigError, match=message):
        shares(*given)


def test_mpi_must_be_told_how_many_run_where(launch, monkeypatch):
    launch({})
    monkeypatch.setattr(launched.MPIEnvironment, "detect", lambda: True)
    monkeypatch.setattr(launched.MPIEnvironment, "__init__", lambda _self: None)
    monkeypatch.setattr(launched.MPIEnvironment, "world_size", lambda _self: 4)
    with pytest.raises(ConfigError, match=r"MPI started 4 processes, .* say with --devices"):
        shares(None, None)
    assert shares(2, 2) == (2, 2)


@pytest.mark.parametrize("strategy", ["ddp_spawn", "ddp_fork", "ddp_notebook"])
def test_a_strategy_that_wants_a_function_names_what_would_work(strategy):
    with pytest.raises(
        ConfigError, match=f"{strategy}: processes .* leave --strategy away or give"
    ):
        septum.Machine("cpu", devices=2, strategy=strategy).launch("32")


def test_a_strategy_whose_library_is_missing_is_one_line():
    with pytest.raises(ConfigError, match=r"no training on .* deepspeed: .*install"):
        septum.Machine("cpu", strategy="deepspeed").launch("32")
