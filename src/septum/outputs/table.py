"""The measures of every object as a table, CSV or Parquet: a row for an object."""

import csv
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np

from septum.array import View, Window, item
from septum.atomic import replacing
from septum.errors import SeptumError
from septum.instances.measure import Table, measure
from septum.outputs.segmented import Segmented

_ROWS = 10_000


def tables(segmented: Segmented) -> Iterator[Table]:
    """Yield the table of each image of a file; of classes that overlap, one for each of them.

    Columns are ``image`` (the name of the file), one for each axis of the stack (``t``, ``z``; the
    index from 0), those of :func:`septum.instances.measure.measure`, and ``mean_probability``, of
    not being background. Of named classes a row is a class, all its pixels together, with its name
    in the column ``class``.
    """
    names = (*segmented.channel_names, "probability")
    if len(set(names)) < len(names):  # a channel may be called so too
        names = (*segmented.channel_names, "cell_probability")
    layers, overlap = segmented.layers, segmented.named is not None and segmented.named.overlap
    for (number, place), (order, layer) in product(enumerate(segmented.places), enumerate(layers)):
        labels = item(layer.labels, number)
        image = _intensities(segmented, number, order if overlap else None)
        table = measure(labels, image, layer.counts[number], names, segmented.spacing)
        rows = len(table["label"])
        known = {"image": np.full(rows, segmented.name, object)}
        known |= {axis.lower(): np.full(rows, index) for axis, index in place.items()}
        if layer.classes:
            known["class"] = np.array(layer.classes, object)[table["label"] - 1]
        if overlap:
            table["label"] = table["label"] + order
        yield known | table


def write_csv(segmented: Segmented, path: Path) -> None:
    """Write the table as CSV, numbers with 8 digits."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for number, table in enumerate(tables(segmented)):
            if number == 0:
                writer.writerow(table)
            for start in range(0, len(table["label"]), _ROWS):
                columns = [_texts(column[start : start + _ROWS]) for column in table.values()]
                writer.writerows(zip(*columns, strict=True))


def write_parquet(segmented: Segmented, path: Path) -> None:
    """Write the table as Parquet, a row group for each image.

    Raises
    ------
    SeptumError
        If pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise SeptumError(
            "a table as Parquet needs pyarrow, which is not installed; install it with "
            '`pip install "septum[parquet]"`, or ask for the kind table, which is CSV'
        ) from error
    with replacing(path) as temporary:
        writer = None
        try:
            for table in tables(segmented):
                texts = {
                    name: pyarrow.array(table[name], pyarrow.string())
                    for name in ("image", "class")
                    if name in table
                }
                group = pyarrow.table(table | texts)
                writer = writer or parquet.ParquetWriter(temporary, group.schema)
                writer.write_table(group)
        finally:
            if writer is not None:
                writer.close()


def is_our_csv(path: Path) -> bool:
    """Tell whether a CSV has the columns of a table written here; notes of others have not."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return _ours(next(csv.reader(file), []))
    except (OSError, ValueError, csv.Error):
        return False


def is_our_parquet(path: Path) -> bool:
    """Tell whether a Parquet file has the columns of a table written here."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        return False
    try:
        return _ours(parquet.read_schema(path).names)
    except (OSError, ArrowException):
        return False


def _ours(columns: Sequence[str]) -> bool:
    scored = any(name.endswith("probability") for name in columns)
    return list(columns[:1]) == ["image"] and "label" in columns and scored


def _texts(column: np.ndarray) -> list:
    return (
        [f"{value:.8g}" for value in column.tolist()]
        if column.dtype.kind == "f"
        else column.tolist()
    )


def _intensities(segmented: Segmented, number: int, own: int | None) -> View:
    """Return the channels of one image and after them the probability of not being background.

    Of classes that overlap there is no background: `own` is the channel of the class.
    """
    image, probabilities = item(segmented.image, number), item(segmented.probabilities, number)

    def read(window: Window) -> np.ndarray:
        channels, *space = window
        pixels = np.asarray(image[(slice(0, image.shape[0]), *space)], np.float64)
        first = own or 0
        cells = np.asarray(probabilities[(slice(first, first + 1), *space)], np.float64)
        if own is None:
            cells = 1 - cells
        return np.concatenate([pixels, cells])[channels]

    return View((image.shape[0] + 1, *segmented.spatial), np.dtype(np.float64), read)
