"""Settings survive the way to TOML, JSON and back; what does not fit is named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.config import from_dict, from_toml, override, to_dict, to_toml
from septum.errors import ConfigError
from septum.plan import DataPlan, Plan, TargetPlan
from septum.training import PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_toml_and_json(name):
    plan = PRESETS[name]
    assert from_toml(Plan, to_toml(plan)) == plan
    assert from_dict(Plan, json.loads(json.dumps(to_dict(plan)))) == plan


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300), st.text("ab\\\"' #=é"))
def test_any_number_and_any_quote_survives_toml(scale, border, text):
    plan = Plan(data=DataPlan(scale, text), targets=TargetPlan(border=border))
    assert from_toml(Plan, to_toml(plan)) == plan


def test_what_is_none_is_left_out_and_comes_back_as_none():
    plan = Plan(data=DataPlan(scale=None))
    assert "scale" not in to_dict(plan)["data"]
    assert from_toml(Plan, to_toml(plan)).data.scale is None


def test_none_in_place_of_another_default_survives():
    plan = override(Plan(), ["training.steps=none"])
    assert plan.training.steps is None
    assert from_toml(Plan, to_toml(plan)) == plan
    assert from_dict(Plan, json.loads(json.dumps(to_dict(plan)))) == plan


def test_what_is_absent_keeps_its_default():
    assert from_toml(Plan, "[network]\nwidth = 7\n") == override(Plan(), ["network.width=7"])


@pytest.mark.parametrize(
    ("assignment", "section", "key", "value"),
    [
        ("network.width=16", "network", "width", 16),
        ("network.norm=batch", "network", "norm", "batch"),
        ('network.norm="batch"', "network", "norm", "batch"),
        ("network.norm=none", "network", "norm", None),
        ("data.scale=none", "data", "scale", None),
        (" data.scale = 0.5 ", "data", "scale", 0.5),
        ("data.scale=1", "data", "scale", 1.0),
        ("training.learning_rate=1e-4", "training", "learning_rate", 1e-4),
        ("training.precision=32", "training", "precision", "32"),
        ("augment.mirror=false", "augment", "mirror", False),
    ],
)
def test_assignments_are_read_as_people_write_them(assignment, section, key, value):
    plan = override(Plan(), ["network.norm=batch", "data.scale=3", assignment])
    found = getattr(getattr(plan, section), key)
    assert found == value
    assert type(found) is type(value)


def test_later_assignments_win_and_others_stay():
    plan = override(Plan(), ["network.width=8", "network.depth=2", "network.width=9"])
    assert (plan.network.width, plan.network.depth) == (9, 2)
    assert plan.training == Plan().training


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("network.widht=16", "there is no setting 'network.widht'; did you mean 'width'?"),
        ("netwrok.width=16", "there is no setting 'netwrok'; did you mean 'network'?"),
        ("data.xyz=1", "no setting 'data.xyz'; it is one of context, normalise, scale, window"),
        ("network.width=wide", "network.width is 'wide'; expected a whole number"),
        ("network.width=1.5", "network.width is 1.5; expected a whole number"),
        ("network.width=true", "network.width is True; expected a whole number"),
        ("augment.elastic_grid=none", "augment.elastic_grid is 'none'; expected a whole number"),
        ("data.scale=true", "data.scale is True; expected a number or a list as [1, 2] or none"),
        ("data.scale=half", "data.scale is 'half'; expected a number or a list as [1, 2] or none"),
        ("augment.mirror=1", "augment.mirror is 1; expected true or false"),
        ("network=5", "network is a section; set one of its keys, as network.key=value"),
        ("network.width", "'network.width' is no assignment"),
        ("=5", "'=5' is no assignment"),
        ("augment.elastic_grid=1", "elastic_grid is 1; expected 2 or more nodes"),
    ],
)
def test_what_does_not_fit_is_named(assignment, message):
    with pytest.raises(ConfigError) as caught:
        override(Plan(), [assignment])
    assert message in str(caught.value)


def test_a_file_that_is_no_toml_is_refused():
    with pytest.raises(ConfigError, match="not a TOML file"):
        from_toml(Plan, "network = = 5")


def test_lists_become_tuples_and_their_items_are_checked():
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Sizes:
        tile: tuple[int, ...] = (1, 2)

    assert from_toml(Sizes, to_toml(Sizes((3, 4, 5)))) == Sizes((3, 4, 5))
    with pytest.raises(ConfigError, match=r"tile is 'x'; expected a whole number"):
        from_dict(Sizes, {"tile": [1, "x"]})
