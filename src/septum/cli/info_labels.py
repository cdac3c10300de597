"""What `septum info` says of a label image that septum wrote: its objects, or its classes."""

from collections import Counter
from collections.abc import Iterator
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from septum.array import Source
from septum.data.formats import ImageFile, stem_of
from septum.data.formats.own import LABELS, class_names_in, is_ours
from septum.data.normalise import bands

_SPACE = {"plane by plane": "YX", "as volumes": "ZYX"}


def labels_of(path: Path, image: ImageFile[Source]) -> dict[str, Any] | None:
    """Return what a label image holds; None where septum did not write the file as one.

    Parameters
    ----------
    path : Path
        Of the file.
    image : ImageFile
        The same, opened; read once, in bands.

    Returns
    -------
    dict or None
        ``classes``: for each class by name the share of all pixels that is of it, where the file
        names classes. Else ``objects``: how many there are where an id is one object in a plane
        (``"plane by plane"``) and, where there is a Z axis, in a volume (``"as volumes"``). The
        file does not tell which of the two the model found.
    """
    if not stem_of(path).endswith(LABELS) or not is_ours(path):
        return None
    names = class_names_in(path)
    if names is None:
        rules = {how: axes for how, axes in _SPACE.items() if axes in image.axes}
        return {"objects": {how: _objects(image, axes) for how, axes in rules.items()}}
    return {"classes": _shares(image, names)}


def sentence(found: dict[str, Any], axes: str) -> tuple[str, str]:
    """Return the name and the text of the row that shows what `labels_of` found in a file."""
    if "classes" in found:
        shares = found["classes"].items()
        return "classes", ", ".join(f"{name} {share:.2%}" for name, share in shares)
    counts: dict[str, int] = found["objects"]
    if len(set(counts.values())) == 1 and (len(counts) > 1 or axes == "YX"):
        return "objects", f"{counts['plane by plane']:,}"
    # An id in two planes is one object of a volume, or two of planes that were seen one by one.
    return "objects", ", or ".join(f"{count:,} {how}" for how, count in reversed(counts.items()))


def _objects(image: ImageFile[Source], space: str) -> int:
    """Return how many ids there are in each plane, or volume, all planes or volumes together."""
    outer = [number for number, axis in enumerate(image.axes) if axis not in space]
    found: dict[tuple[int, ...], set[int]] = {}
    for start, pixels in _blocks(image.array):
        for place in product(*(range(pixels.shape[axis]) for axis in outer)):
            part = np.moveaxis(pixels, outer, range(len(outer)))[place]
            key = tuple(start[axis] + at for axis, at in zip(outer, place, strict=True))
            found.setdefault(key, set()).update(np.unique(part[part > 0]).tolist())
    return sum(map(len, found.values()))


def _shares(image: ImageFile[Source], names: tuple[str, ...]) -> dict[str, float]:
    """Return how much of all pixels is of each class: of its number, or in its channel."""
    pixels: Counter[int] = Counter()
    along = image.axes.find("C")
    for start, block in _blocks(image.array):
        if along < 0:
            values, counts = np.unique(block, return_counts=True)
            pixels.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
            continue
        for number, mask in enumerate(np.moveaxis(block, along, 0), start[along] + 1):
            pixels[number] += int(np.count_nonzero(mask))
    whole = prod(image.array.shape) / (1 if along < 0 else image.array.shape[along])
    return {name: pixels[number] / whole for number, name in enumerate(names, start=1)}


def _blocks(array: Source) -> Iterator[tuple[list[int], np.ndarray]]:
    chunks = getattr(array, "chunks", None)
    for _, *window in bands((1, *array.shape), array.dtype, chunks and (1, *chunks)):
        yield [part.start for part in window], np.asarray(array[tuple(window)])
