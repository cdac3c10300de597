"""Where the real data and the reference answers are, and a skip that says so where they are not."""

from pathlib import Path

import pytest
from hypothesis import settings

SHARED = Path(__file__).resolve().parents[2] / "shared"

# Machines differ too much for a time limit on one example; size limits are in the strategies.
settings.register_profile("septum", deadline=None, max_examples=50)
settings.load_profile("septum")


def _folder(name: str) -> Path:
    path = SHARED / name
    if not path.is_dir():
        pytest.skip(f"the folder ../shared/{name} is not at hand")
    return path


@pytest.fixture(scope="session")
def data_dir() -> Path:
    return _folder("data")


@pytest.fixture(scope="session")
def golden_dir() -> Path:
    return _folder("golden")
