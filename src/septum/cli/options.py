"""Options of what a training runs on."""

from typing import Annotated

import typer

_WHERE = "On what"

Device = Annotated[
    str | None, typer.Option(help="cpu or cuda; the faster by default.", rich_help_panel=_WHERE)
]
Devices = Annotated[
    int | None,
    typer.Option(
        help="Processes, each on a device of its own; by default as torchrun or SLURM started.",
        rich_help_panel=_WHERE,
    ),
]
Nodes = Annotated[
    int | None,
    typer.Option(help="Computers that take part; likewise.", rich_help_panel=_WHERE),
]
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
