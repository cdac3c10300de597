"""A table of pairs: a CSV file with the columns image, labels and, optionally, annotated."""

import csv
from pathlib import Path

from septum.data.formats import stem_of
from septum.data.layouts.dataset import Dataset
from septum.data.layouts.pair import Pair
from septum.data.layouts.reading import Reading
from septum.errors import DataError

_NEEDED, _COLUMNS = ("image", "labels"), ("image", "labels", "annotated")
_EXAMPLE = "image,labels"


def find_table(root: Path, reading: Reading) -> Dataset | None:
    """Read the pairs from a CSV file; its paths are relative to where it lies.

    Commas, semicolons and tabs separate columns. ``annotated`` names an image that is not 0 where
    somebody annotated; it may be empty.

    Parameters
    ----------
    root : Path
        The CSV file, or a folder that holds one with these columns.
    reading : Reading
        Not used.

    Returns
    -------
    Dataset or None
        None where there is no such file.

    Raises
    ------
    DataError
        A header that lacks a column, two such files, and rows whose files do not exist, by number.
    """
    if root.is_file():
        return _read(root) if root.suffix.lower() in (".csv", ".tsv") else None
    tables = [p for p in sorted(root.iterdir()) if p.suffix.lower() == ".csv" and _is_table(p)]
    if len(tables) > 1:
        raise DataError(
            f"{root}: {tables[0].name} and {tables[1].name} both are tables of pairs; give one"
        )
    return _read(tables[0]) if tables else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").splitlines()
    except (UnicodeDecodeError, OSError) as error:
        raise DataError(f"{path}: cannot be read as a CSV file in UTF-8 ({error})") from error


def _split(lines: list[str]) -> list[list[str]]:
    """Return the cells of each line, split at what splits the header into the most columns."""
    head = lines[0] if lines else ""
    delimiter = max(",;\t", key=head.count)
    return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]


def _is_table(path: Path) -> bool:
    with path.open("rb") as file:  # any CSV file may lie here: only its first line is looked at
        head = file.readline().decode("utf-8-sig", "replace")
    return set(_NEEDED) <= {cell.lower() for cell in _split([head.rstrip()])[0]}


def _read(path: Path) -> Dataset:
    rows = _split(_lines(path))
    header = [cell.lower() for cell in rows[0]] if rows else []
    lacking = [name for name in _NEEDED if name not in header]
    if lacking:
        raise DataError(
            f"{path}: no column {' and no column '.join(lacking)} in its first row "
            f"({', '.join(header) or 'empty'}); a header {_EXAMPLE} is expected, or "
            f"{_EXAMPLE},annotated"
        )
    pairs = []
    for number, row in enumerate(rows[1:], 2):
        if any(row):
            pairs.append(_pair(path, number, dict(zip(header, row, strict=False))))
    if not pairs:
        raise DataError(f"{path}: a header and no row; one row for each image is expected")
    unused = [name for name in header if name and name not in _COLUMNS]
    notes = (f"{path.name}: column {', '.join(unused)} is not used",) if unused else ()
    layout = f"table {path.name}: columns {', '.join(n for n in header if n in _COLUMNS)}"
    return Dataset(layout, path.parent, _named(path, pairs), notes=notes)


def _pair(path: Path, number: int, cells: dict[str, str]) -> Pair:
    files = {}
    for column in _COLUMNS:
        if not cells.get(column):
            if column in _NEEDED:
                raise DataError(f"{path}, row {number}: nothing in column {column}")
            continue
        files[column] = path.parent / cells[column]
        if not files[column].exists():
            raise DataError(
                f"{path}, row {number}: {column} {cells[column]} does not exist; paths are "
                f"relative to {path.parent}"
            )
    return Pair(cells["image"], files["image"], files["labels"], area=files.get("annotated"))


def _named(path: Path, pairs: list[Pair]) -> tuple[Pair, ...]:
    """Name pairs by stem or, where two are the same, by their whole path."""
    seen: dict[str, int] = {}
    for number, pair in enumerate(pairs, 2):
        if pair.name in seen:
            raise DataError(
                f"{path}, row {number}: {pair.name} again, as in row {seen[pair.name]}; one row "
                "for each image is expected"
            )
        seen[pair.name] = number
    stems = [stem_of(pair.image) for pair in pairs]
    unique = len(set(stems)) == len(stems)
    named = []
    for stem, pair in zip(stems, pairs, strict=True):
        whole = pair.name.replace("\\", "/").replace("/", "_").rsplit(".", 1)[0]
        name = stem if unique else whole
        named.append(Pair(name, pair.image, pair.labels, area=pair.area))
    return tuple(named)
