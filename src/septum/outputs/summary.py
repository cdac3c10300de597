"""What was found in an image in all, as a table: a row for an image, or for each class in it."""

from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np

from septum.instances.measure import Table
from septum.outputs.marked_csv import is_as_written
from septum.outputs.segmented import Segmented
from septum.outputs.table import columns_of, placed, tables, write_rows


def write_summary(segmented: Segmented, path: Path) -> None:
    """Write ``NAME_summary.csv``; what is nowhere in an image has a row of zeros, too.

    Columns are ``image``, one for each axis of the stack, ``class`` and ``label`` of named classes
    (as in the table of their pieces), ``count`` of the objects or pieces, ``area_px`` in all
    (``volume_px``; also ``_um2`` or ``_um3`` where the spacing is known), ``share`` of all pixels
    of the image, and the mean intensities over all that was found.
    """
    write_rows(_summaries(segmented), path)


def is_our_summary(path: Path) -> bool:
    """Tell whether a CSV is a summary written here, and nobody has changed it since."""
    columns = columns_of(path)
    scored = any(name.endswith("probability") for name in columns)
    known = columns[:1] == ["image"] and {"count", "share"} <= set(columns) and scored
    return known and is_as_written(path, columns)


def _summaries(segmented: Segmented) -> Iterator[Table]:
    named, found = segmented.named, tables(segmented)
    names = () if named is None else named.names
    for place in segmented.places:
        layers = [next(found) for _ in segmented.layers]
        each = {name: np.concatenate([layer[name] for layer in layers]) for name in layers[0]}
        owners = each["label"] - 1 if names else np.zeros(len(each["label"]), np.int64)
        known = placed(segmented, place, max(len(names), 1))
        if names:
            known |= {"class": np.array(names, object), "label": np.arange(1, len(names) + 1)}
        yield known | _summed(each, owners, max(len(names), 1), prod(segmented.spatial))


def _summed(each: Table, owners: np.ndarray, rows: int, pixels: int) -> Table:
    """Return the sums and means of the measures in each row, of which `owners` has the numbers."""

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(owners, values, rows)

    sizes = [name for name in each if name.startswith(("area_", "volume_"))]
    means = [name for name in each if name.startswith("mean_")]
    own = each[sizes[0]]  # in pixels
    area = total(own)
    table: Table = {"count": np.bincount(owners, minlength=rows)}
    table |= {name: total(each[name]) for name in sizes}
    table[sizes[0]] = area.astype(np.int64)
    table["share"] = area / pixels
    nowhere = np.full(rows, np.nan)
    return table | {
        name: np.divide(total(each[name] * own), area, out=nowhere.copy(), where=area > 0)
        for name in means
    }
