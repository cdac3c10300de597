"""`septum check`: how a dataset is understood, before an hour is spent on it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from septum.cli import show
from septum.data.layouts import find
from septum.data.summary import summarise


def command(
    data: Annotated[Path, typer.Argument(help="Folder of annotated images.")],
    json_: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Show how a folder of annotated images is understood, without training.

    Prints the layout, the pairs of image and annotation, their sizes, how many objects there are
    and how large, which touch, and everything that was left out or taken in a particular way.

    Example: `septum check my-cells`
    """
    dataset = find(data)
    facts = summarise(dataset, dataset.load())
    if json_:
        print(show.as_json(facts))
        return
    table = Table(
        "image", "size", "type", "range", "objects", "width", "touching", "cells", box=None
    )
    for row in facts["samples"]:
        size = " × ".join(map(str, row["shape"]))
        width = "" if row["median_diameter"] is None else f"{row['median_diameter']:.0f} px"
        table.add_row(
            Text(row["name"]),
            size if row["channels"] == 1 else f"{size}, {row['channels']} ch",
            row["dtype"],
            f"{row['minimum']:g} – {row['maximum']:g}",
            str(row["objects"]),
            width,
            f"{row['touching_pairs']} pairs" if row["touching_pairs"] else "",
            f"{row['foreground']:.0%}",
        )
    show.console.print(table)
    for text in facts["notes"]:
        show.note(text)
    for name in facts["orphans"]:
        show.note(f"{name} belongs to no pair and is not used")
    show.done(f"{facts['layout']}: {facts['images']} annotated images, {facts['objects']} objects")
