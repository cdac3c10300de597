"""Where the real data and the reference answers are, and a skip that says so where they are not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from septum.data.formats import write_labels, write_tiff
from septum.data.synthetic import draw_cells

SHARED = Path(__file__).resolve().parents[2] / "shared"

# Machines differ too much for a time limit on one example; size limits are in the strategies.
settings.register_profile("septum", deadline=None, max_examples=50)
settings.load_profile("septum")


def _folder(name: str) -> Path:
    path = SHARED / name
    if not path.is_dir():
        pytest.skip(f"the folder ../shared/{name} is not at hand")
    return path


def write_cells(root: Path, images: int = 2, size: int = 64) -> Path:
    """Draw cells from the seeds 0, 1, …, into ``images/0.tif`` … and ``masks/`` of a folder."""
    for seed in range(images):
        sample = draw_cells(seed, (size, size), radius=8)
        write_tiff(root / "images" / f"{seed}.tif", sample.image[0], "YX")
        write_labels(root / "masks" / f"{seed}.tif", sample.truth, "YX")
    return root


@pytest.fixture(scope="session")
def cells_in() -> Callable[..., Path]:
    """What fills a folder with a small dataset; see `write_cells`."""
    return write_cells


@pytest.fixture(scope="session")
def data_dir() -> Path:
    return _folder("data")


@pytest.fixture(scope="session")
def golden_dir() -> Path:
    return _folder("golden")
