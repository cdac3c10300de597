"""What is told at the end of a training: how much is found, and that nothing is."""

import numpy as np
import pytest

import septum
from septum.classes import Classes
from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.description import Description
from septum.training.class_pages import SeenClasses
from septum.training.descent import Descent
from septum.training.dice import regions_of
from septum.training.found import found_classes, found_objects
from septum.training.verdicts import judge

TINY = ("network.width=4", "network.depth=1", "training.tile=60")


def test_objects_that_are_found_are_counted(made_by_hand):
    seen = [judge(*made_by_hand)]
    told = found_objects(seen * 2, "validation", Description())
    assert told.sentence == (
        "found 2 of 10 objects in 2 validation images; 2 others found that are none. That is less "
        "than half: more steps mostly help"
    )
    assert (told.warnings, told.nothing) == ((), False)


def test_where_no_object_is_found_the_likely_causes_are_told(made_by_hand):
    sample, labels = made_by_hand
    known = Description(training={"steps": 20})
    told = found_objects([judge(sample, 0 * labels)], "training", known)
    assert told.sentence == "found 0 of 5 objects in 1 training image"
    assert told.nothing
    (warning,) = told.warnings
    for part in ("WARNING: not one of 5 objects", "20 so far; --extend", "data.scale", "--picture"):
        assert part in warning
    empty = Sample(sample.image, 0 * labels)
    assert not found_objects([judge(empty, labels)], "training", known).nothing


@pytest.mark.parametrize(
    ("found", "said", "warnings", "nothing"),
    [
        ([1, 1, 2, 0], "one 1.000 / 1.000, two 1.000 / 1.000", 0, False),
        ([1, 0, 0, 0], "one 0.667 / 0.500, two 0.000 / 0.000", 1, False),
        ([0, 0, 0, 1], "one 0.000 / 0.000, two 0.000 / 0.000", 2, True),
    ],
)
def test_of_classes_dice_and_iou_are_told(found, said, warnings, nothing):
    named = Classes(("one", "two", "three"), (("1",), ("2",), ("3",)))
    truth = np.array([[1, 1, 2, 0]], np.int32)
    sample = Sample(np.zeros((1, 1, 4), np.uint8), truth, named=named)
    classes = np.array([found], np.int32)
    seen = [SeenClasses(sample, classes, regions_of(sample, classes, named))]
    told = found_classes(seen, "training", Description(named=named, classes=4), named)
    assert told.sentence == f"Dice / IoU in 1 training image: {said}"
    assert (len(told.warnings), told.nothing) == (warnings, nothing)


def test_a_network_that_finds_only_background_is_called_out_and_the_report_says_so(
    tmp_path, monkeypatch
):
    step = Descent.step
    monkeypatch.setattr(Descent, "step", lambda *given: (step(*given)[0], False))
    said = []
    data = [draw_cells(0, (64, 64), radius=8)]
    septum.train(data, tmp_path / "run", steps=60, settings=TINY, on_note=said.append)
    warning = next(note for note in said if "took every pixel for background" in note)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert warning.partition(" (`")[0] in page
