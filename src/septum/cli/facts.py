"""How a dataset was understood, on the terminal: its pairs, and what holds for all of them."""

from collections.abc import Iterable, Mapping, Sequence
from os.path import commonpath
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from septum.cli import show
from septum.cli.alike import told_apart
from septum.counted import counted
from septum.data.layouts.files import few

_NAME = 5
"""As much of a name is shown on the narrowest terminal."""

_KINDS = {
    "instances": "instance ids",
    "mask": "binary masks, their connected components are the objects",
    "classes": "classes, the connected components of each are the objects",
    "scribbles": "scribbles, only the strokes are annotated",
}


_BEGINNING = 5
"""Before a training only so many images are listed."""


def show_beginning(facts: Mapping[str, Any]) -> None:
    """Print what is known of a dataset before it is learnt from, briefly."""
    show_facts(facts, _BEGINNING, "septum check", show.console)


def show_facts(facts: Mapping[str, Any], rows: int, elsewhere: str, out: Console) -> None:
    """Print what :func:`septum.data.summary.summarise` found, but for its notes.

    Parameters
    ----------
    facts : mapping
        Of a dataset.
    rows : int
        Of more images only so many are listed.
    elsewhere : str
        What lists them all.
    out : Console
        `show.results` where they were asked for, `show.console` where they are told on the way.
    """
    out.print(_pairs(facts, rows, out.width // 3))
    if len(facts["samples"]) > rows:
        more = counted(len(facts["samples"]) - rows, "image")
        show.line(out, f"and {more} more, which {elsewhere} lists")
    out.print()
    out.print(_overview(facts))
    out.print()


def _within(folder: Path, path: Path) -> str:
    """Return a path as it reads from a folder, or whole where it lies elsewhere."""
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def _pairs(facts: Mapping[str, Any], count: int, room: int) -> Table:
    """Return a row for each image, with a column only for what some image has.

    What is the same for all images stands in the overview. A name has `room` characters.
    """
    samples = facts["samples"]
    folder = _label_folder(samples)
    objects = any(row["classes"] is None for row in samples)
    columns = {
        "image": told_apart([row["name"] for row in samples], room),
        "annotation": told_apart(
            [", ".join(_within(folder, Path(f)) for f in row["label_files"]) for row in samples],
            3 * room // 2,
        ),
        "size": _if_different(_size(row) for row in samples),
        "type": _if_different(row["dtype"] for row in samples),
        "range": [f"{row['minimum']:.5g} – {row['maximum']:.5g}" for row in samples],
        "objects": [str(row["objects"]) for row in samples] if objects else [],
        "width": [_width(row["median_diameter"]) for row in samples] if objects else [],
        "touching": [str(row["touching_pairs"] or "") for row in samples],
        "cells" if objects else "classes": [f"{row['foreground']:.0%}" for row in samples],
        "known": [f"{row['annotated']:.0%}" if row["annotated"] < 1 else "" for row in samples],
    }
    columns = {name: cells for name, cells in columns.items() if any(cells)}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        words = name in ("image", "annotation")
        table.add_column(
            name,
            justify="left" if words or name in ("size", "type") else "right",
            # Where the terminal is narrow, names give way and numbers do not.
            no_wrap=not words,
            overflow="ellipsis",
            min_width=_NAME if words else None,
            max_width=room if name == "image" else None,
        )
    for cells in list(zip(*columns.values(), strict=True))[:count]:
        table.add_row(*map(Text, cells))
    return table


def _size(row: Mapping[str, Any]) -> str:
    size = _by(row["shape"])
    return size if row["channels"] == 1 else f"{size}, {row['channels']} ch"


def _width(diameter: float | None) -> str:
    return "" if diameter is None else f"{diameter:.0f} px"


def _if_different(cells: Iterable[str]) -> list[str]:
    found = list(cells)
    return found if len(set(found)) > 1 else []


def _label_folder(samples: Sequence[Mapping[str, Any]]) -> Path:
    """Return the folder in which all the label files lie, or the empty path."""
    folders = {str(Path(path).parent) for row in samples for path in row["label_files"]}
    try:
        return Path(commonpath(folders)) if folders else Path()
    except ValueError:  # a table of pairs may name files here and there
        return Path()


def _overview(facts: Mapping[str, Any]) -> Table:
    """Return what holds for all images together: two columns, a name and a sentence."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    shapes = sorted({tuple(row["shape"]) for row in facts["samples"]})
    sizes = f"{_by(shapes[0])} px"
    if len(shapes) > 1:
        sizes = f"{_by(shapes[0])} to {_by(shapes[-1])} px, {len(shapes)} sizes"
    channels = " or ".join(map(str, facts["channels"]))
    one = "channel" if facts["channels"] == [1] else "channels"
    table.add_row("images", f"{sizes}, {channels} {one}, {', '.join(facts['dtypes'])}")
    table.add_row("axes", f"read as {' or '.join(facts['axes'])}")
    table.add_row("spacing", _spacing(facts))
    table.add_row("labels", Text(_labels(facts)))
    for found in facts["classes"] or ():
        table.add_row(
            "class",
            Text(
                f"{found['name']} ({'/'.join(found['sources'])}): {found['share']:.1%} of what is "
                f"annotated, in {found['images']} of {facts['images']}"
            ),
        )
    if facts["diameters"] is not None:
        low, middle, high = facts["diameters"]
        table.add_row(
            "objects",
            f"{facts['objects']}, {middle:.0f} px wide in the middle ({low:.0f} to {high:.0f} for "
            f"8 of 10), {_touching(facts['touching_pairs'])}",
        )
    table.add_row("foreground", f"{facts['foreground']:.1%} of what is annotated")
    table.add_row("annotated", f"{facts['annotated']:.1%} of all pixels")
    if facts["orphans"]:
        files = few([Path(name) for name in facts["orphans"]])
        table.add_row("not used", Text(f"{counted(len(facts['orphans']), 'file')}: {files}"))
    return table


def _labels(facts: Mapping[str, Any]) -> str:
    """Return what the labels are, and in which folder they lie."""
    kinds = [
        _KINDS.get(str(kind), str(kind)) + (f" ({count})" if len(facts["kinds"]) > 1 else "")
        for kind, count in facts["kinds"].items()
    ]
    if facts["classes"] is not None:
        kinds = [
            "classes that may overlap" if facts["overlap"] else "classes that exclude one another"
        ]
    folder, root = _label_folder(facts["samples"]), Path(facts["root"])
    if folder == root or folder == Path():
        return "; ".join(kinds)
    inside = folder.relative_to(root) if folder.is_relative_to(root) else folder
    return f"{'; '.join(kinds)}; in {inside}/"


def _touching(pairs: int) -> str:
    return "1 pair touches" if pairs == 1 else f"{pairs} pairs touch"


def _spacing(facts: Mapping[str, Any]) -> str:
    if not facts["spacing_um"]:
        return "not stated in the files"
    shown = "; ".join(_by(f"{step:g}" for step in steps) for steps in facts["spacing_um"])
    lacking = sum(row["spacing_um"] is None for row in facts["samples"])
    do = "does" if lacking == 1 else "do"
    return f"{shown} µm" + (f"; {counted(lacking, 'image')} {do} not state it" if lacking else "")


def _by(lengths: Iterable[object]) -> str:
    return " × ".join(map(str, lengths))
