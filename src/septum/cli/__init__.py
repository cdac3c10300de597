"""The command `septum`: one file per verb, each parses, makes one call and renders."""

import logging
import sys
from contextlib import suppress
from shlex import join
from typing import Annotated

import typer

from septum.cli import (
    bench,
    check,
    compress,
    demo,
    evaluate,
    info,
    plan,
    predict,
    reproduce,
    show,
    track,
    train,
)
from septum.cli.interrupt import INTERRUPTED
from septum.errors import SeptumError
from septum.invocation import typed
from septum.version import __version__

app = typer.Typer(
    help="The U-Net for microscopists: train on a few annotated images, segment images of any "
    "size, and know how good it is.",
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for verb in (
    *(train, predict, track, compress, evaluate),
    *(check, plan, info, demo, reproduce, bench),
):
    name = verb.__name__.rpartition(".")[2]
    app.command(name, no_args_is_help=verb not in (demo, bench))(verb.command)


@app.callback()
def _septum(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True)
    ] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; what the user can put right ends with one line and exit code 2."""
    # What tifffile warns of in a damaged file, the one line of the error says.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    # Of a result that is kept in a file of a narrow encoding, no name may stop the rest.
    with suppress(AttributeError):
        sys.stdout.reconfigure(errors="backslashreplace")  # pyright: ignore
    try:
        with typed(join(["septum", *sys.argv[1:]])):
            app()
    except SeptumError as error:
        show.error(str(error))
        sys.exit(2)
    except MemoryError as error:
        show.error(
            f"not enough memory ({error or 'no size given'}); close other programs, or give less "
            "to --memory, --tile or --set training.batch=1"
        )
        sys.exit(2)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            show.console.print("stopped; no file was left half written")
        raise
