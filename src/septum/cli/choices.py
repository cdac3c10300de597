"""Options that are choices of the plan, and `--set`, which takes any of them."""

from collections.abc import Sequence
from typing import Annotated

import typer

from septum.errors import ConfigError

_KEYS = {
    "steps": "training.steps",
    "patience": "training.patience",
    "robust_channels": "augment.drop_channel",
    "precision": "training.precision",
    "context_slices": "data.context",
}


def lowered(text: str | None) -> str | None:
    """Return a word of a fixed set as it is written there; it may be typed in any case."""
    return None if text is None else text.lower()


Precision = Annotated[
    str | None,
    typer.Option(
        callback=lowered,
        help="Of the computation: auto (bf16 where the machine has it), fp32 or bf16.",
    ),
]
ContextSlices = Annotated[
    int | None,
    typer.Option(
        help="Neighbouring slices on each side that are seen as channels; by default 1 in stacks."
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change one choice, as network.width=16; may be repeated."),
]


def settings_of(set_: Sequence[str] | None, **options: object) -> list[str]:
    """Return the settings that options stand for, and those of `--set`.

    Parameters
    ----------
    set_ : sequence of str or None
        Assignments as ``network.width=16``.
    **options
        The value of each option by its name, ``context_slices`` for ``--context-slices``; None
        where it is not given.

    Raises
    ------
    ConfigError
        If one choice is made twice.
    """
    assigned = {text.partition("=")[0].strip(): text for text in set_ or ()}
    asked = {name: value for name, value in options.items() if value is not None}
    for name in asked:
        if _KEYS[name] in assigned:
            raise ConfigError(
                f"--{name.replace('_', '-')} and --set {assigned[_KEYS[name]]} make the same "
                "choice; give one of them"
            )
    return [*(f"{_KEYS[name]}={value}" for name, value in asked.items()), *(set_ or ())]
