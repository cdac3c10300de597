"""`septum plan`: what a training would do with a folder, without training."""

from pathlib import Path
from typing import Annotated

import typer

from septum.cli import choices, show
from septum.cli.facts import show_beginning
from septum.cli.reading import as_asked, with_reading
from septum.config import to_toml
from septum.data.layouts import Reading


@with_reading()
def command(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="Folder of annotated images, in a known layout.")],
    reading: Reading,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the plan to this file, as plan.toml.")
    ] = None,
    preset: Annotated[
        str, typer.Option(help="default, paper (2015), or an earlier plan.toml.")
    ] = "default",
    precision: choices.Precision = None,
    context_slices: choices.ContextSlices = None,
    set_: choices.Set = None,
) -> None:
    """Print how the data are understood and what a training would do with them, and why.

    A plan that was written with `-o` can be edited and trained with `--preset plan.toml`.

    Example: `septum plan my-cells -o plan.toml`
    """
    from septum import api
    from septum.atomic import write_text

    settings = choices.settings_of(set_, precision=precision, context_slices=context_slices)
    plan = api.planned(data, preset, settings, reading, show.note, show_beginning)
    show.console.print()
    show.verbatim(to_toml(plan))
    if out is not None:
        write_text(out, to_toml(plan))
        show.done(f"{out} written; septum train {data} -o RUN --preset {out}{as_asked(context)}")
