"""The measures of every object as a table, CSV or Parquet: a row for an object.

Of classes by name, a row is a connected piece of a class.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from septum.array import View, Window, item
from septum.atomic import replacing
from septum.errors import SeptumError
from septum.instances.measure import Table, measure
from septum.outputs.marked_csv import is_as_written, writing
from septum.outputs.segmented import Segmented

_ROWS = 10_000


def tables(segmented: Segmented) -> Iterator[Table]:
    """Yield the table of each image of a file; of classes that overlap, one for each of them.

    Columns are ``image`` (the name of the file), one for each axis of the stack (``t``, ``z``; the
    index from 0), those of :func:`septum.instances.measure.measure`, and ``mean_probability``, of
    not being background. Of named classes a row is a connected piece: ``class`` is the name of its
    class, ``label`` the value (of classes that overlap: the channel) that this has in the label
    image, and ``piece`` its number among those of the class.
    """
    names = intensity_names(segmented)
    for number, place in enumerate(segmented.places):
        if segmented.named is None:
            image = _intensities(segmented, number, None)
            labels, count = item(segmented.labels, number), segmented.counts[number]
            table = measure(labels, image, count, names, segmented.spacing)
            yield placed(segmented, place, len(table["label"])) | table
            continue
        for order, pieces in enumerate(segmented.pieces):
            own = order if segmented.named.overlap else None
            owners, image = pieces.classes[number], _intensities(segmented, number, own)
            labels = item(pieces.labels, number)
            table = measure(labels, image, len(owners), names, segmented.spacing)
            del table["label"]
            known = placed(segmented, place, len(owners))
            known["class"] = np.array(segmented.named.names, object)[owners]
            known |= {"label": owners + 1, "piece": pieces.numbers[number]}
            rows = np.argsort(owners, kind="stable")
            yield {name: column[rows] for name, column in (known | table).items()}


def intensity_names(segmented: Segmented) -> tuple[str, ...]:
    """Return what the mean intensities are of: the channels, and the probability."""
    names = (*segmented.channel_names, "probability")
    if len(set(names)) < len(names):  # a channel may be called so too
        names = (*segmented.channel_names, "cell_probability")
    return names


def placed(segmented: Segmented, place: dict[str, int], rows: int) -> Table:
    """Return the columns that say where `rows` rows come from."""
    known: Table = {"image": np.full(rows, segmented.name, object)}
    return known | {axis.lower(): np.full(rows, index) for axis, index in place.items()}


def write_csv(segmented: Segmented, path: Path) -> None:
    """Write the table as CSV, numbers with 8 digits."""
    write_rows(tables(segmented), path)


def write_rows(found: Iterable[Table], path: Path) -> None:
    """Write tables of the same columns as one CSV that appears only when it is complete."""
    rest = iter(found)
    first = next(rest)
    with writing(path, list(first)) as writer:
        for table in chain([first], rest):
            for start in range(0, len(table["image"]), _ROWS):
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
    """Tell whether a CSV is a table written here, and nobody has changed it since."""
    columns = columns_of(path)
    return _ours(columns) and is_as_written(path, columns)


def columns_of(path: Path) -> list[str]:
    """Return the names of the columns of a CSV; none where it is no such file."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return next(csv.reader(file), [])
    except (OSError, ValueError, csv.Error):
        return []


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
