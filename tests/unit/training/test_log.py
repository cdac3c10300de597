"""The log of a run: a line a step, readable while the run goes on."""

import errno
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from septum.errors import SeptumError
from septum.training import Step
from septum.training.log import StepLog, steps

STEP = Step(number=1, progress=0.5, loss=0.25, learning_rate=1e-3, seconds=2.0, waited=0.1)
FULL = Path("/dev/full")  # Linux: every write to it fails for want of space


def test_each_step_is_readable_at_once_and_two_runs_are_not_mixed(tmp_path):
    path = tmp_path / "run" / "log.jsonl"
    for _run in range(2):
        with StepLog(path) as log:
            for count in (1, 2):
                log.write(STEP)
                lines = path.read_text().splitlines()
                assert [json.loads(line) for line in lines] == [asdict(STEP)] * count


def test_a_log_of_an_earlier_version_is_read(tmp_path):
    known = asdict(STEP)
    del known["tiles"]
    (tmp_path / "log.jsonl").write_text(json.dumps(known) + "\n")
    assert list(steps(tmp_path / "log.jsonl")) == [STEP]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SeptumError, match=r"cannot write .*file/run/log\.jsonl: ") as caught:
        StepLog(tmp_path / "file" / "run" / "log.jsonl")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")
def test_a_full_disk_on_the_way_is_one_error():
    with (
        pytest.raises(SeptumError, match="cannot write /dev/full: No space left"),
        StepLog(FULL) as log,
    ):
        log.write(STEP)


def test_a_disk_that_is_full_at_the_end_is_one_error(tmp_path, monkeypatch):
    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    with (
        pytest.raises(SeptumError, match=r"cannot write .*log\.jsonl: No space left"),
        StepLog(tmp_path / "log.jsonl") as log,
    ):
        monkeypatch.setattr(log._file, "close", full, raising=False)
