"""The command `septum`: one file per verb, each parses, makes one call and renders."""

import logging
import sys

import typer
from rich.console import Console

from septum.cli import check, demo, evaluate, info, predict, reproduce, train
from septum.errors import SeptumError

app = typer.Typer(
    help="The U-Net for microscopists: train on a few annotated images, segment images of any "
    "size, and know how good it is.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for verb in (train, predict, evaluate, check, info, demo, reproduce):
    name = verb.__name__.rpartition(".")[2]
    app.command(name, no_args_is_help=verb is not demo)(verb.command)


def main() -> None:
    """Run the command line; what the user can put right ends with one line and exit code 2."""
    # What tifffile warns of in a damaged file, the one line of the error says.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    try:
        app()
    except SeptumError as error:
        Console(stderr=True, soft_wrap=True, emoji=False).print(
            f"[bold red]error:[/] {_escaped(error)}", highlight=False
        )
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("stopped; no file was left half written")
        sys.exit(130)


def _escaped(error: SeptumError) -> str:
    # Rich reads [words] as markup; a message may hold them, as in train-volume[03].
    return str(error).replace("[", r"\[")
