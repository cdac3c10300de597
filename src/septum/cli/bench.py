"""`septum bench`: how fast septum is here, beside others and beside the machine's limit."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from septum.cli import show
from septum.cli.choices import lowered
from septum.errors import ConfigError

if TYPE_CHECKING:
    from septum.bench import Section


def command(
    quick: Annotated[
        bool, typer.Option("--quick", help="A few minutes: smaller images, no peers.")
    ] = False,
    long: Annotated[
        bool, typer.Option("--long", help="Images of 16,384 px too: 10 GB of disk.")
    ] = False,
    only: Annotated[
        str | None,
        typer.Option(
            callback=lowered,
            help="whole, volume, paper, patches, growth, limit or cells; commas between.",
        ),
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="A page with the comments bench and /bench in it.")
    ] = None,
) -> None:
    """Measure speed and memory on this machine, with nothing else running.

    Other packages are measured too where they are installed; `make bench` installs them in an
    environment of their own. All of it takes about ten minutes on two cores.

    Example: `septum bench --quick`
    """
    from septum import bench

    if quick and long:
        raise ConfigError("--quick and --long exclude each other")
    if write is not None:
        bench.check(write)
    sizes = bench.QUICK if quick else bench.LONG if long else bench.FULL
    parts = [part.strip() for part in only.split(",")] if only else list(bench.PARTS)
    machine = bench.machine()
    show.remark(machine)
    sections = []
    with show.progress("measuring") as bar:
        for section in bench.run(sizes, parts):
            sections.append(section)
            with bar.aside():
                _print(section)
            bar.update(min(1.0, len(sections) / len(parts)), section.title)
    if write is not None:
        bench.replace_in(write, bench.page(sections, machine, _command()))
        show.done(f"wrote {write}")


def _command() -> str:
    return shlex.join(["septum", *sys.argv[1:]])


def _print(section: "Section") -> None:
    width = min(show.results.width, 80)
    show.results.print(Text(f"\n{section.title}", "bold"), width=width)
    show.results.print(Text(section.text, "dim"), width=width)
    first, *others = section.columns
    table = Table(first, box=None, pad_edge=False)
    for name in others:
        table.add_column(name, justify="right")
    for row in section.rows:
        table.add_row(*(Text(cell) for cell in row))
    show.results.print(table, width=width)
    for text in section.notes:
        show.results.print(Text(f"• {text}"), width=width)
