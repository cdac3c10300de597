"""How many neighbouring slices a network may be shown."""

from dataclasses import replace

import pytest

from septum.config import override
from septum.data.synthetic import draw_cells
from septum.errors import ConfigError
from septum.training.presets import preset
from septum.training.propose import propose

DRAWN = draw_cells(0, (64, 64), radius=8)


def plan_of(count, context):
    """Return the plan for two stacks, one of `count` slices of which the second is left out."""
    slices = [
        replace(DRAWN, name=f"{name}{n}", group=name, index=n, slice=True)
        for name, several in (("a", count), ("b", 2))
        for n in range(several)
        if n != 1
    ]
    return propose(override(preset("default"), [f"data.context={context}"]), slices)


def test_no_more_than_the_longest_stack_has():
    plan, reasons = plan_of(4, 3)
    assert plan.data.context == 3
    assert not any("data.context" in reason for reason in reasons)
    with pytest.raises(ConfigError, match=r"context is 4, and the longest stack has 4 slices, 3 "):
        plan_of(4, 4)
