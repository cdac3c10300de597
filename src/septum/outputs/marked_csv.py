"""CSV that shows whether it is as it was written, though a CSV has no place for a mark.

Quotes around a cell mean nothing to a reader. Which names of columns have them is a checksum of the
file, so that one that was edited, or saved anew by another program, is told from one of ours: but
for one edit in 2 to the number of columns less one, as there is one bit in each name but the first.
"""

import csv
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from septum.atomic import replacing

_HELD = 2**24  # bytes in memory


@contextmanager
def writing(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    """Yield a writer of rows for a CSV that appears only when it is complete."""
    with (
        replacing(path) as temporary,
        # Beside the result: of its disk "full" is said, and elsewhere may be less space.
        SpooledTemporaryFile(
            _HELD, "w+", newline="", encoding="utf-8", dir=str(path.parent)
        ) as rows,
    ):
        yield csv.writer(rows)
        rows.seek(0)
        checksum = 0
        while part := rows.read(_HELD):
            checksum = zlib.crc32(part.encode(), checksum)
        rows.seek(0)
        with temporary.open("w", newline="", encoding="utf-8") as file:
            file.write(_head(columns, checksum))
            shutil.copyfileobj(rows, file)


def is_as_written(path: Path, columns: Sequence[str]) -> bool:
    """Tell whether a CSV of these columns is, byte by byte, what `writing` wrote."""
    try:
        with path.open("rb") as file:
            first = file.readline().decode()
            return first == _head(columns, _checksum(file))
    except (OSError, ValueError):
        return False


def _checksum(file: IO[bytes]) -> int:
    """Return the checksum of what is left to read."""
    checksum = 0
    while part := file.read(_HELD):
        checksum = zlib.crc32(part, checksum)
    return checksum


def _head(columns: Sequence[str], checksum: int) -> str:
    """Return the first line; its first cell is quoted always, as programs quote all or none."""
    cells = []
    for number, name in enumerate(columns):
        quoted = number == 0 or checksum >> (number % 32) & 1 or set(name) & set(',"\r\n')
        cells.append('"' + name.replace('"', '""') + '"' if quoted else name)
    return ",".join(cells) + "\r\n"
