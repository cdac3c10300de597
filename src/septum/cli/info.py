"""`septum info`: what a model or an image is, and what this machine computes with."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from septum.cli import info_image, show
from septum.cli.meant import holds_images, is_model, results_in
from septum.config import to_dict
from septum.data.formats import is_image_folder, is_image_name
from septum.data.layouts.files import few
from septum.errors import ConfigError, DataError


def command(
    path: Annotated[
        Path | None, typer.Argument(help="A run folder, or an image.", show_default=False)
    ] = None,
    engines: Annotated[
        bool, typer.Option("--engines", help="What this machine can predict with.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Of a run: every choice of its training, too.")
    ] = False,
) -> None:
    """Show what a trained model or an image file is, or what this machine can predict with.

    Example: `septum info runs/first`, or `septum info --engines`
    """
    if engines == (path is not None):
        raise ConfigError("give a run folder or an image file, or --engines alone")
    if path is None:
        _show_engines(json_)
        return
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.is_dir() and not is_image_folder(path):
        _refuse_images(path)
        _show_run(path, json_, plan)
        return
    facts = info_image.facts_of(path)
    if json_:
        print(show.as_json(facts))
    else:
        info_image.print_facts(facts)


def _refuse_images(folder: Path) -> None:
    """Say of a folder of results or images, or of folders of them, what shows it."""
    if is_model(folder):
        return
    results = results_in(folder)
    if results:
        one = next((file for file in results if is_image_name(file)), None)
        about = f"one of the images, as `septum info {one}`" if one else "an image"
        raise DataError(
            f"{folder} holds results of `septum predict` ({few(results)}), and info takes {about}, "
            f"or the folder of a trained model; `septum evaluate {folder} TRUTH` measures them"
        )
    if holds_images(folder):
        raise DataError(
            f"{folder} is a folder of images, and info takes one image or the folder of a trained "
            f"model; `septum check {folder}` says how a folder is understood"
        )


def _show_engines(as_json: bool) -> None:
    from septum.predict.engines import available

    found = available()
    if as_json:
        print(show.as_json({"engines": [to_dict(engine) for engine in found]}))
        return
    table = Table("backend", "device", "precision", "version", "", box=None, pad_edge=False)
    for engine in found:
        precisions = ", ".join(engine.precisions) or "-"
        row = (engine.backend, engine.device, precisions, engine.version or "-", engine.note)
        table.add_row(*map(Text, row), style="" if engine.precisions else "dim")
    show.results.print(table)


def _show_run(path: Path, as_json: bool, plan: bool) -> None:
    from septum.cli.info_run import print_run
    from septum.description import describe

    known = describe(path)
    if as_json:
        print(show.as_json(to_dict(known)))
    else:
        print_run(path, known, plan)
