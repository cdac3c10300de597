"""How many neighbouring slices a network may be shown."""

import numpy as np
import pytest

from septum.data.formats import write_tiff
from septum.data.layouts import Reading
from septum.data.synthetic import draw_cells
from septum.errors import ConfigError
from septum.training.session import planned, train


@pytest.fixture
def stack(tmp_path):
    """Four slices of which two are annotated."""
    drawn = [draw_cells(seed, (64, 64), radius=8) for seed in range(4)]
    truth = np.stack([cells.truth for cells in drawn]).astype(np.int16)
    truth[1:3] = -1
    write_tiff(tmp_path / "images" / "a.tif", np.stack([cells.image[0] for cells in drawn]), "ZYX")
    write_tiff(tmp_path / "masks" / "a.tif", truth, "ZYX")
    return tmp_path


def choices(context):
    settings = [f"data.context={context}", "network.width=4", "network.depth=1", "training.tile=60"]
    return {"settings": settings, "reading": Reading(ndim=2, ignore=-1)}


def test_no_more_than_the_longest_stack_has(stack, tmp_path):
    assert planned(stack, **choices(3)).data.context == 3
    train(stack, tmp_path / "run", steps=1, val=0.5, **choices(3))  # whatever side they are on
    for begin in (lambda: planned(stack, **choices(4)),
                  lambda: train(stack, tmp_path / "other", **choices(4))):  # fmt: skip
        with pytest.raises(ConfigError, match=r"is 4, and the longest stack has 4 slices, 3 of"):
            begin()
    assert not (tmp_path / "other").exists()


def test_of_a_stack_of_one_slice_it_is_said_and_no_more(stack, tmp_path):
    one = tmp_path / "one"
    cells = draw_cells(0, (64, 64), radius=8)
    write_tiff(one / "images" / "a.tif", cells.image, "ZYX")
    write_tiff(one / "masks" / "a.tif", cells.truth[np.newaxis].astype(np.uint16), "ZYX")
    assert planned(one, **choices(2)).data.context == 2
