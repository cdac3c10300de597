import pytest

from septum.config import override
from septum.errors import ConfigError
from septum.plan import InstancePlan, Plan


@pytest.mark.parametrize(
    "assignment",
    [
        "data.scale=0",
        "data.scale=-1",
        "targets.border=-1",
        "targets.sigma=0",
        "targets.w0=nan",
        "training.learning_rate=0",
        "training.learning_rate=inf",
        "training.batch=0",
        "training.steps=0",
        "training.tile=-5",
        "training.average=1",
        "training.momentum=1.5",
        "instances.threshold=1",
        "instances.seed=-0.1",
        "instances.min_size=-1",
    ],
)
def test_values_that_no_plan_can_have_are_refused_by_name(assignment):
    name, value = assignment.split("=")
    with pytest.raises(ConfigError, match=f"{name} is {value}; expected"):
        override(Plan(), [assignment])


@pytest.mark.parametrize(
    "assignment", ["data.scale=2", "targets.w0=0", "training.average=0", "instances.threshold=0"]
)
def test_values_at_the_edge_are_taken(assignment):
    assert override(Plan(), [assignment]) != Plan()


def test_what_has_not_been_chosen_has_a_default():
    assert InstancePlan().values == (0.5, 0.8, 0, 0)
    chosen = InstancePlan(threshold=0.0, seed=0.0, min_size=7, neck=2)
    assert chosen.values == (0.0, 0.0, 7, 2)
