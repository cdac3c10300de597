"""The measures of every object as a table, CSV or Parquet: a row for an object."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from septum.array import View, Window, item
from septum.atomic import replacing
from septum.errors import SeptumError
from septum.instances.measure import Table, measure
from septum.outputs.segmented import Segmented

_ROWS = 10_000


def tables(segmented: Segmented) -> Iterator[Table]:
    """Yield the table of each image of a file.

    Columns are ``image`` (the name of the file), one for each axis of the stack (``t``, ``z``; the
    index from 0), those of :func:`septum.instances.measure.measure`, and ``mean_probability``, of
    not being background.
    """
    names = (*segmented.channel_names, "probability")
    if len(set(names)) < len(names):  # a channel may be called so too
        names = (*segmented.channel_names, "cell_probability")
    for number, (count, place) in enumerate(zip(segmented.counts, segmented.places, strict=True)):
        labels = item(segmented.labels, number)
        table = measure(labels, _intensities(segmented, number), count, names, segmented.spacing)
        rows = len(table["label"])
        yield (
            {"image": np.full(rows, segmented.name, object)}
            | {axis.lower(): np.full(rows, index) for axis, index in place.items()}
            | table
        )


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
                image = pyarrow.array(table.pop("image"), pyarrow.string())
                group = pyarrow.table({"image": image} | table)
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


def _intensities(segmented: Segmented, number: int) -> View:
    """Return the channels of one image and after them the probability of not being background."""
    image, probabilities = item(segmented.image, number), item(segmented.probabilities, number)

    def read(window: Window) -> np.ndarray:
        channels, *space = window
        pixels = np.asarray(image[(slice(0, image.shape[0]), *space)], np.float64)
        cells = 1 - np.asarray(probabilities[(slice(0, 1), *space)], np.float64)
        return np.concatenate([pixels, cells])[channels]

    return View((image.shape[0] + 1, *segmented.spatial), np.dtype(np.float64), read)
