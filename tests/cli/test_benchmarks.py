"""Every benchmark can be begun: a name that is gone shows here, not after an hour of training."""

import os
import runpy
from pathlib import Path

import pytest

BENCHMARKS = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.py"))


@pytest.fixture(autouse=True)
def the_environment_stays_as_it_was():
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_there_are_benchmarks():
    assert len(BENCHMARKS) > 10


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_is_imported_and_says_how_it_is_run(path, monkeypatch):
    monkeypatch.syspath_prepend(path.parent)  # as `python` does for what it runs
    found = runpy.run_path(str(path), run_name="imported")
    assert f"python benchmarks/{path.name}" in found["__doc__"]
