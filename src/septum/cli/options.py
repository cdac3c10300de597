"""Options that several verbs share: how annotated images are to be read."""

from typing import Annotated

import typer

from septum.data.layouts import LAYOUTS

_HOW = "How the data is read"

Layout = Annotated[
    str | None,
    typer.Option(
        help=f"How the folder is laid out, if not as detected: {', '.join(LAYOUTS)}.",
        rich_help_panel=_HOW,
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(help="Which annotation to take, where there are several.", rich_help_panel=_HOW),
]
Ignore = Annotated[
    int | None,
    typer.Option(
        help="The label value of what nobody annotated, as 255 or -1.", rich_help_panel=_HOW
    ),
]
BinaryInstances = Annotated[
    bool | None,
    typer.Option(
        "--binary-instances/--no-binary-instances",
        help="Whether connected components are the objects; by default in masks of one value.",
        rich_help_panel=_HOW,
    ),
]
