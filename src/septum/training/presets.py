"""The two plans that a user can name: the paper to the letter, and what we recommend."""

from pathlib import Path

from septum.augment import Augmentation
from septum.config import from_toml
from septum.errors import ConfigError
from septum.plan import DataPlan, InstancePlan, NetworkPlan, Plan, TargetPlan, TrainingPlan

# The paper gives neither learning rate nor schedule nor length; how these were found is written in
# docs/decisions.md.
PAPER = Plan(
    data=DataPlan(scale=1.0, normalise="range", context=0),
    targets=TargetPlan(border=0.0, balance=1.0),
    network=NetworkPlan(width=64, dropout=0.5, norm=None),
    augment=Augmentation(),
    training=TrainingPlan(
        optimiser="sgd",
        learning_rate=1e-3,
        schedule="constant",
        momentum=0.99,
        weight_decay=0.0,
        steps=20_000,
        tile=572,
        batch=1,
        average=0.0,
        precision="32",
    ),
    instances=InstancePlan(threshold=0.5, min_size=0),
)

DEFAULT = Plan(
    data=DataPlan(normalise="auto"),
    network=NetworkPlan(width=None, depth=None, dropout=0.0, norm="batch"),
    augment=Augmentation(scale=None, brightness=None, contrast=None, gamma=None),
    training=TrainingPlan(tile=None, batch=None),
)

PRESETS = {"paper": PAPER, "default": DEFAULT}


def preset(name: str) -> Plan:
    """Return the plan called `name`, or the one in the file of that name.

    Parameters
    ----------
    name : str
        ``"paper"``, ``"default"``, or the path of a ``plan.toml`` that a training wrote.

    Raises
    ------
    ConfigError
        If there is no such preset, or the file is no plan.
    """
    if name.endswith(".toml"):
        try:
            return from_toml(Plan, Path(name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ConfigError) as error:
            raise ConfigError(f"{name} is no plan: {error}") from None
    if name.lower() not in PRESETS:
        raise ConfigError(
            f"there is no preset {name!r}; it is {', '.join(PRESETS)}, or a plan.toml"
        )
    return PRESETS[name.lower()]
