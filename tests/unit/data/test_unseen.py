"""Places that are annotated in no image are known to a check and to the model."""

from dataclasses import replace

import numpy as np
import pytest

import septum
from septum.data.layouts import Dataset
from septum.data.summary import summarise
from septum.data.synthetic import draw_cells
from septum.data.unseen import never_annotated

VIEW = np.ones((64, 64), bool)
VIEW[:, 48:] = False
PART = VIEW.copy()
PART[:32] = False
SAID = "25% of the image is annotated in none of the training images"


def samples(*annotated):
    return [
        replace(draw_cells(number, VIEW.shape, radius=7), annotated=area, name=f"c{number}")
        for number, area in enumerate(annotated)
    ]


@pytest.mark.parametrize(
    ("annotated", "share"),
    [
        ((VIEW, PART), 0.25),
        ((VIEW, VIEW, PART), 0.25),
        ((PART, ~PART), 0.0),
        ((VIEW, None), 0.0),
        ((VIEW,), 0.0),
        ((np.ones_like(VIEW), VIEW), 0.0),
    ],
)
def test_the_share_is_that_of_places_which_no_image_is_annotated_in(annotated, share):
    assert never_annotated(samples(*annotated)) == share


def test_strokes_and_images_of_several_sizes_do_not_tell(tmp_path):
    one, two = samples(VIEW, VIEW)
    assert never_annotated([one, replace(two, kind="scribbles")]) == 0
    other = replace(draw_cells(0, (48, 64)), annotated=VIEW[:48])
    assert never_annotated([one, other]) == 0


def test_it_is_said_by_a_check_and_kept_with_the_model(tmp_path):
    partly = samples(VIEW, PART)
    notes = summarise(Dataset("drawn", tmp_path, ()), partly)["notes"]
    assert [note for note in notes if note.startswith(SAID)]
    settings = ["network.width=4", "network.depth=1", "training.tile=44"]
    model = septum.train(partly, tmp_path / "run", steps=1, settings=settings)
    assert model.description.training["never_annotated"] == 0.25
    assert SAID in (tmp_path / "run" / "model" / "README.md").read_text()
