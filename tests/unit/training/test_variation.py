"""Tests of how far sizes and grey values are varied."""

from dataclasses import replace

import numpy as np
import pytest

from septum.augment import draw
from septum.data.synthetic import draw_cells
from septum.errors import ConfigError
from septum.plan import Plan
from septum.training.presets import preset
from septum.training.variation import with_variation

APART, ALIKE = (0.3, 0.2, 0.5, 0.5), (0.1, 0.1, 0.2, 0.2)


def images(*stacks):
    """An image for each name of a stack; None is no slice of one."""
    drawn = draw_cells(0, (64, 64), radius=8)
    return [replace(drawn, group=stack or "", slice=stack is not None) for stack in stacks]


@pytest.mark.parametrize(
    ("stacks", "expected"),
    [
        (("a", "a", "a"), ALIKE),
        (("a", "a", "b"), APART),
        (("a", "a", None), APART),
        ((None, None), APART),
    ],
)
def test_only_slices_of_one_stack_look_alike(stacks, expected):
    plan, reasons = with_variation(preset("default"), images(*stacks))
    assert plan.augment.varied == expected
    assert len(reasons) == 1
    assert ("one stack" in reasons[0]) == (expected == ALIKE)


def test_what_is_set_is_kept():
    own = replace(preset("default").augment, contrast=0.7, scale=0.0)
    plan, reasons = with_variation(Plan(augment=own), images("a", "a"))
    assert plan.augment.varied == (0.0, 0.1, 0.7, 0.2)
    assert reasons == [
        "tiles vary in brightness by 10%, gamma by 20%: slices of one stack look alike"
    ]
    assert with_variation(plan, images(None)) == (plan, [])


def test_nothing_is_drawn_while_a_strength_is_open():
    with pytest.raises(ConfigError, match="scale, brightness, contrast, gamma open; propose them"):
        draw(preset("default").augment, np.random.default_rng(0))
