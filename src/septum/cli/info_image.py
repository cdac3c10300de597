"""What `septum info` says of an image file: axes, pixel size, values, and how it is stored."""

from math import prod
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from septum.cli import show
from septum.cli.info_labels import labels_of, sentence
from septum.data.formats import open_image
from septum.data.formats.nifti_header import orientation
from septum.data.intensities import PERCENTILES, intensities
from septum.size import readable_bytes

_ROWS = 12
"""Channels that are shown; the others are counted."""

_TOWARDS = {
    "L": "left", "R": "right", "A": "front", "P": "back", "S": "head", "I": "feet",
}  # fmt: skip


def facts_of(path: Path) -> dict[str, Any]:
    """Return what an image is; its pixels are read once, in bands.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    image = open_image(path)
    shape, axes = tuple(image.array.shape), image.axes
    # Of C and S, the one that is longer is the channels; see `as_channels_first`.
    axis = max("SC", key=lambda axis: shape[axes.index(axis)] if axis in axes else 0)
    found = intensities(image.array, axes.index(axis) if axis in axes else None)
    names = image.channels or (("red", "green", "blue") if "S" == axis in axes else ())
    values = [
        {
            "channel": names[number] if len(names) == len(found) else f"{number + 1}",
            "minimum": part.minimum,
            **dict(zip((f"percentile_{p}" for p in PERCENTILES), part.percentiles, strict=False)),
            "maximum": part.maximum,
            "not_finite": part.not_finite,
        }
        for number, part in enumerate(found)
    ]
    # Where some are NaN, nothing is the smallest of all.
    finite = not any(part.not_finite for part in found)
    lows, highs = ([getattr(p, end) for p in found] for end in ("minimum", "maximum"))
    storage = image.storage
    return {
        "file": str(path),
        "format": storage and storage.format,
        "compression": storage and storage.compression,
        "shape": list(shape),
        "axes": axes,
        "channels": None if image.channels is None else list(image.channels),
        "type": str(image.array.dtype),
        "minimum": min(lows) if finite else None,
        "maximum": max(highs) if finite else None,
        "values": values,
        "spacing_um": None if image.spacing is None else list(image.spacing),
        "orientation": orientation(image.placement) if image.placement else None,
        "labels": labels_of(path, image),
        "levels": [list(level) for level in storage.levels] if storage else [],
        "bytes_on_disk": _on_disk(path),
        "bytes_in_memory": prod(shape) * image.array.dtype.itemsize,
        "notes": list(image.notes),
    }


def _on_disk(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def print_facts(facts: dict[str, Any]) -> None:
    """Print what an image is, in at most 80 columns."""
    table = Table("", "", box=None, show_header=False, pad_edge=False)
    for name, text in _rows(facts):
        table.add_row(Text(name, "dim"), Text(text))
    show.results.print(Text(Path(facts["file"]).name, "bold"))
    show.results.print(table)
    show.results.print()
    show.results.print(_values(facts))
    for note in facts["notes"]:
        show.remark(note)


def _rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    shape, axes = facts["shape"], facts["axes"]
    codec = f", {facts['compression']}" if facts["compression"] else ""
    rows = [
        ("format", f"{facts['format']}{codec}"),
        ("axes", f"{axes}: {_times(shape)}, {facts['type']}{_pages(axes)}"),
    ]
    if facts["channels"]:
        rows.append(("channels", ", ".join(facts["channels"])))
    if facts["labels"]:
        rows.append(sentence(facts["labels"], axes))
    rows.append(("pixel size", _size(facts)))
    if facts["orientation"]:
        towards = zip("XYZ", facts["orientation"], strict=True)
        words = ", ".join(f"{axis} to the {_TOWARDS[side]}" for axis, side in towards)
        rows.append(("orientation", f"{facts['orientation']}: {words}; as stored"))
    if len(facts["levels"]) > 1:
        rows.append(("pyramid", f"{len(facts['levels'])} levels: {_levels(facts['levels'])}"))
    disk, memory = readable_bytes(facts["bytes_on_disk"]), readable_bytes(facts["bytes_in_memory"])
    rows.append(("size", f"{disk} on disk, {memory} in memory"))
    return rows


def _pages(axes: str) -> str:
    """Say how pages are read of which a file does not say what they are."""
    pages = next((axis for axis in "IQ" if axis in axes), None)
    return "" if pages is None else f"; {pages} are pages, read as Z where stacks are volumes"


def _levels(levels: list[list[int]]) -> str:
    """Return the lengths that shrink, of each level."""
    first, last = levels[0], levels[-1]
    shrinking = [axis for axis in range(len(first)) if first[axis] != last[axis]]
    return ", ".join(_times([level[axis] for axis in shrinking]) for level in levels)


def _size(facts: dict[str, Any]) -> str:
    steps = facts["spacing_um"]
    if steps is None:
        return "not stated; septum predict and train take it with --spacing"
    spatial = [axis for axis in "ZYX" if axis in facts["axes"]][-len(steps) :]
    unit, by = ("mm", 1e3) if min(steps) >= 100 else ("µm", 1.0)  # of scanners, and of microscopes
    text = " × ".join(f"{step / by:.4g}" for step in steps)
    lengths = dict(zip(facts["axes"], facts["shape"], strict=True))
    whole = " × ".join(
        f"{lengths[axis] * step / by:.4g}" for axis, step in zip(spatial, steps, strict=True)
    )
    return f"{text} {unit} ({' × '.join(spatial)}), {whole} {unit} in all"


def _times(lengths: list[int]) -> str:
    return " × ".join(map(str, lengths))


def _values(facts: dict[str, Any]) -> Table:
    """Return a table of the values, with a row for each channel."""
    rows = facts["values"]
    several, broken = len(rows) > 1, any(row["not_finite"] for row in rows)
    table = Table(box=None, pad_edge=False)
    table.add_column("channel" if several else "", style="dim", max_width=24)
    for name in ("smallest", "1 %", "median", "99 %", "largest", *(["not finite"] * broken)):
        table.add_column(name, justify="right")
    keys = ["minimum", *(f"percentile_{p}" for p in PERCENTILES), "maximum"]
    for row in rows[:_ROWS]:
        numbers = [_number(row.get(key)) for key in keys]
        if broken:
            numbers.append(str(row["not_finite"]))
        table.add_row(Text(row["channel"] if several else "values"), *numbers)
    if len(rows) > _ROWS:
        table.add_row(Text(f"and {len(rows) - _ROWS} more"))
    return table


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
