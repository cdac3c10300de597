"""`septum check`: how a dataset is understood, before an hour is spent on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from septum.cli import show
from septum.cli.alike import told_apart
from septum.cli.facts import show_facts
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

    Prints the layout, the pairs of image and annotation, their axes and sizes, how many objects
    there are and how large, which touch, or how much there is of each class, what is annotated, and
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
    show_facts(facts, _ROWS, "--json", show.results)
    for text in facts["notes"]:
        show.remark(text)
    if picture is not None:
        hatched = ", hatched where nobody annotated" if facts["annotated"] < 1 else ""
        outlined_are = "objects" if facts["classes"] is None else "classes"
        show.note(f"look at {picture}: the {outlined_are} are outlined{hatched}")
    kind = IMAGES[samples[0].ndim].removesuffix("s")
    held = counted(facts["objects"], "object")
    if facts["classes"] is not None:
        held = counted(len(facts["classes"]), "class")
    show.done(f"{facts['layout']}: {counted(facts['images'], f'annotated {kind}')}, {held}")


def _panels(samples: Sequence[Sample], count: int = _PAIRS) -> list[Panel]:
    """Return the images of up to `count` samples, each followed by itself with its outlines.

    They are spread evenly over those that have objects, grey ones before those of more channels; of
    volumes a plane is shown that tells much.
    """
    candidates = [s for s in samples if s.labels is not None and s.known.any()] or list(samples)
    candidates.sort(key=lambda sample: len(sample.image))
    found, shown = [], evenly(candidates, count)
    names = told_apart([sample.name for sample in shown], _NAME)
    for name, sample in zip(names, shown, strict=True):
        plane = telling_plane(sample.known)
        labels, annotated = plane_of(sample.known, plane), sample.annotated
        plain = grey(plane_of(sample.image, plane))
        width = max(1, round(plain.shape[1] / 300))
        over = plain if annotated is None else _hatched(plain, plane_of(annotated, plane))
        if sample.named is None:
            title = _objects(sample, labels, plane)
            over = outlined(labels, over, width)
        else:
            title = counted(int(sample.named.masks(labels).any(axis=(1, 2)).sum()), "class")
            over = outlined_classes(over, labels, sample.named, width)
        found += [Panel(_short(name), plain), Panel(title, over)]
    classes = samples[0].named
    return found if classes is None else [*found, legend(classes.names)]


def _objects(sample: Sample, labels: np.ndarray, plane: int | None) -> str:
    """Return how many objects are in a picture and, of a volume, how many there are in all."""
    shown = len(np.unique(labels[labels > 0]))
    if plane is None:
        return counted(shown, "object")
    whole = len(np.unique(sample.known[sample.known > 0]))
    return f"{counted(shown, 'object', of=whole)}, slice {plane + 1}"


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
