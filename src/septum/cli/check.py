"""`septum check`: how a dataset is understood, before an hour is spent on it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table
from rich.text import Text

from septum.cli import show
from septum.cli.reading import with_reading
from septum.counted import counted
from septum.data.channels import named
from septum.data.layouts import Reading, find
from septum.data.sample import Sample
from septum.data.summary import summarise
from septum.evenly import evenly
from septum.rank import IMAGES
from septum.report.picture import (
    Panel,
    compose,
    grey,
    legend,
    outlined,
    outlined_classes,
    save,
)
from septum.report.planes import plane_of, telling_plane

_ROWS = 40
"""Of more images only so many are listed; ``--json`` has them all."""

_PAIRS, _NAME = 6, 26
_KINDS = {
    "instances": "instance ids",
    "mask": "binary masks, their connected components are the objects",
    "classes": "classes, the connected components of each are the objects",
    "scribbles": "scribbles, only the strokes are annotated",
}


@with_reading()
def command(
    data: Annotated[Path, typer.Argument(help="Folder of annotated images.")],
    reading: Reading,
    json_: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
    picture: Annotated[
        Path | None, typer.Option(help="Write a PNG of up to 6 pairs with outlines.")
    ] = None,
) -> None:
    """Show how a folder of annotated images is understood, without training.

    Prints the layout, the pairs of image and annotation, their sizes, how many objects there are
    and how large, which touch, or how much there is of each class, what is annotated, and
    everything that was left out or taken in a particular way. OME-Zarr images and CSV tables of
    pairs are understood, too.

    Example: `septum check my-cells --picture pairs.png`
    """
    dataset = find(data, reading)
    samples = dataset.load()
    if reading.channels is not None:
        samples = named(samples, reading.channels)
    facts = summarise(dataset, samples)
    if picture is not None:
        save(compose(_panels(samples), columns=2 * min(2, len(samples))), picture)
    if json_:
        print(show.as_json(facts))
        return
    show.console.print(_table(facts["samples"]))
    if len(facts["samples"]) > _ROWS:
        more = counted(len(facts["samples"]) - _ROWS, "image")
        show.note(f"and {more} more, which --json lists")
    show.console.print()
    show.console.print(_overview(facts))
    show.console.print()
    for text in facts["notes"]:
        show.note(text)
    for name in facts["orphans"]:
        show.note(f"{name} belongs to no pair and is not used")
    if picture is not None:
        hatched = ", hatched where nobody annotated" if facts["annotated"] < 1 else ""
        outlined_are = "objects" if facts["classes"] is None else "classes"
        show.note(f"look at {picture}: the {outlined_are} are outlined{hatched}")
    kind = IMAGES[samples[0].ndim].removesuffix("s")
    held = counted(facts["objects"], "object")
    if facts["classes"] is not None:
        held = counted(len(facts["classes"]), "class")
    show.done(f"{facts['layout']}: {counted(facts['images'], f'annotated {kind}')}, {held}")


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return a row for each image, with a column only for what some image has."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    objects = any(row["classes"] is None for row in rows)
    touching = any(row["touching_pairs"] for row in rows)
    partly = any(row["annotated"] < 1 for row in rows)
    table.add_column("image", overflow="ellipsis", no_wrap=True, max_width=_NAME)
    for name, wanted in (
        ("size", True),
        ("type", True),
        ("range", True),
        ("objects", objects),
        ("width", objects),
        ("touching", touching),
        ("cells" if objects else "classes", True),
        ("known", partly),
    ):
        if wanted:
            table.add_column(name, justify="left" if name in ("size", "type") else "right")
    for row in rows[:_ROWS]:
        size = _by(row["shape"])
        width = "" if row["median_diameter"] is None else f"{row['median_diameter']:.0f} px"
        counted = [str(row["objects"]), width] if objects else []
        counted += [str(row["touching_pairs"] or "")] if touching else []
        known = [f"{row['annotated']:.0%}" if row["annotated"] < 1 else ""] if partly else []
        table.add_row(
            Text(row["name"]),
            size if row["channels"] == 1 else f"{size}, {row['channels']} ch",
            row["dtype"],
            f"{row['minimum']:.4g} – {row['maximum']:.4g}",
            *counted,
            f"{row['foreground']:.0%}",
            *known,
        )
    return table


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
    table.add_row("spacing", _spacing(facts))
    kinds = [
        _KINDS.get(str(kind), str(kind)) + (f" ({count})" if len(facts["kinds"]) > 1 else "")
        for kind, count in facts["kinds"].items()
    ]
    if facts["classes"] is not None:
        kinds = [
            "classes that may overlap" if facts["overlap"] else "classes that exclude one another"
        ]
    table.add_row("labels", "; ".join(kinds))
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
    return table


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


def _panels(samples: Sequence[Sample], count: int = _PAIRS) -> list[Panel]:
    """Return the images of up to `count` samples, each followed by itself with its outlines.

    They are spread evenly over those that have objects, grey ones before those of more channels; of
    volumes a plane is shown that tells much.
    """
    candidates = [s for s in samples if s.labels is not None and s.known.any()] or list(samples)
    candidates.sort(key=lambda sample: len(sample.image))
    found = []
    for sample in evenly(candidates, count):
        plane = telling_plane(sample.known)
        labels, annotated = plane_of(sample.known, plane), sample.annotated
        plain = grey(plane_of(sample.image, plane))
        width = max(1, round(plain.shape[1] / 300))
        over = plain if annotated is None else _hatched(plain, plane_of(annotated, plane))
        if sample.named is None:
            title = counted(len(np.unique(labels[labels > 0])), "object")
            over = outlined(labels, over, width)
        else:
            title = counted(int(sample.named.masks(labels).any(axis=(1, 2)).sum()), "class")
            over = outlined_classes(over, labels, sample.named, width)
        found += [Panel(_short(sample.name), plain), Panel(title, over)]
    classes = samples[0].named
    return found if classes is None else [*found, legend(classes.names)]


def _hatched(image: np.ndarray, annotated: np.ndarray) -> np.ndarray:
    """Return an RGB image, darker and with slanted lines where nobody annotated."""
    y, x = np.indices(annotated.shape)
    period = max(6, annotated.shape[1] // 40)
    line = np.less((y + x) % period, max(1, period // 6))
    veiled = np.where(line[..., None], (150, 150, 165), image * 0.45).astype(np.uint8)
    return np.where(annotated[..., None], image, veiled)


def _short(name: str) -> str:
    """Return a name that fits over a picture."""
    half = _NAME // 2
    return name if len(name) <= _NAME else f"{name[: half - 1]}…{name[-half:]}"
