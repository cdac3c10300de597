"""Options in groups: how annotated images are to be read, and on what a training runs."""

from typing import Annotated

import typer

from septum.data.layouts import LAYOUTS
from septum.errors import ConfigError

_HOW, _WHERE = "How the data is read", "On what"

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
Axes = Annotated[
    str | None,
    typer.Option(
        help="Axes of the files, as CYX, where they say none or others.", rich_help_panel=_HOW
    ),
]
Spacing = Annotated[
    str | None,
    typer.Option(
        help="Pixel size in µm, where files say none: 0.5, or 2,0.5,0.5 for ZYX.",
        rich_help_panel=_HOW,
    ),
]
Ndim = Annotated[
    int | None,
    typer.Option(
        help="3: stacks are volumes, 2: slices; by default found from the labels.",
        rich_help_panel=_HOW,
    ),
]
Channels = Annotated[
    str | None,
    typer.Option(
        help="Names of the channels, as DAPI,actin, if the files state none or others.",
        rich_help_panel=_HOW,
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(
        help="Classes by name: nucleus=1,membrane=2/3 of one label image, or cells,nuclei of files "
        "with a mask each.",
        rich_help_panel=_HOW,
    ),
]

Device = Annotated[
    str | None, typer.Option(help="cpu or cuda; the faster by default.", rich_help_panel=_WHERE)
]
Devices = Annotated[
    int, typer.Option(help="Processes, each on a device of its own.", rich_help_panel=_WHERE)
]
Nodes = Annotated[int, typer.Option(help="Computers that take part.", rich_help_panel=_WHERE)]
Strategy = Annotated[str, typer.Option(help="Of Lightning Fabric, as ddp.", rich_help_panel=_WHERE)]
Workers = Annotated[
    int | None,
    typer.Option(
        help="Threads that draw tiles ahead; 0 for none, by default by the processors.",
        rich_help_panel=_WHERE,
    ),
]
Deterministic = Annotated[
    bool,
    typer.Option(
        "--deterministic", help="The same result on a GPU too; slower.", rich_help_panel=_WHERE
    ),
]


def names(text: str | None) -> tuple[str, ...] | None:
    """Return the names in an option as ``DAPI,actin``."""
    return None if text is None else tuple(name.strip() for name in text.split(","))


def sizes(text: str | None) -> tuple[float, ...] | None:
    """Return the sizes in an option as ``2,0.5,0.5``.

    Raises
    ------
    ConfigError
        If they are no numbers.
    """
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(
            f"--spacing is {text!r}; expected sizes in µm with commas between, as 0.5 or 2,0.5,0.5"
        ) from None
