"""The part of a page that the benchmark writes; the rest is by hand and stays."""

from collections.abc import Iterable
from pathlib import Path

from septum.atomic import write_text
from septum.bench.section import Section, markdown
from septum.errors import DataError

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def page(sections: Iterable[Section], machine: str, command: str) -> str:
    """Return what was measured as Markdown, with the machine and the command."""
    head = f"`{command}` on {machine}\n"
    return "\n".join([head, *map(markdown, sections)])


def replace_in(path: Path, text: str) -> None:
    """Put `text` between the markers in the file at `path`, which is then written as a whole.

    Raises
    ------
    DataError
        If there is no such file, or not one pair of markers in it.
    """
    before, after = _around(path)
    write_text(path, f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def check(path: Path) -> None:
    """Raise DataError if `replace_in` could not write to `path`."""
    _around(path)


def _around(path: Path) -> tuple[str, str]:
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    before, begun, rest = content.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not begun or not ended or BEGIN in rest or END in before + after:
        raise DataError(
            f"{path} has no place for the benchmark; write a line {BEGIN} and one {END} below it"
        )
    return before, after
