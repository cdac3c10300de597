"""The log of a run: a line a step, readable while the run goes on."""

import json
from dataclasses import asdict

import pytest

from septum.errors import SeptumError
from septum.training import Step
from septum.training.log import StepLog

STEP = Step(number=1, progress=0.5, loss=0.25, learning_rate=1e-3, seconds=2.0, waited=0.1)


def test_each_step_is_readable_at_once_and_a_log_is_continued(tmp_path):
    path = tmp_path / "run" / "log.jsonl"
    for count in (1, 2):
        with StepLog(path) as log:
            log.write(STEP)
            lines = path.read_text().splitlines()
            assert [json.loads(line) for line in lines] == [asdict(STEP)] * count


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SeptumError, match=r"cannot write .*file/run/log\.jsonl: ") as caught:
        StepLog(tmp_path / "file" / "run" / "log.jsonl")
    assert "\n" not in str(caught.value)


def test_a_full_disk_on_the_way_is_one_line(tmp_path, monkeypatch):
    def full(_text):
        raise OSError(28, "No space left on device")

    with StepLog(tmp_path / "log.jsonl") as log:
        monkeypatch.setattr(log._file, "write", full, raising=False)
        with pytest.raises(SeptumError, match=r"cannot write .*log\.jsonl: No space left"):
            log.write(STEP)
