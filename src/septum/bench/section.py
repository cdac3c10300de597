"""One part of the benchmark's result: what was measured, a table, what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A table with its words.

    Attributes
    ----------
    title, text : str
        What was measured.
    columns : tuple of str
        Heads; the first column names the row.
    rows : tuple of tuple of str
        As they are printed.
    notes : tuple of str
        What follows, or why a row is missing.
    """

    title: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def markdown(section: Section) -> str:
    """Return a section as Markdown."""
    lines = [
        f"### {section.title}",
        "",
        section.text,
        "",
        _line(section.columns),
        _line(["---", *["--:"] * (len(section.columns) - 1)]),
        *map(_line, section.rows),
    ]
    if section.notes:
        lines += ["", *(f"- {note}" for note in section.notes)]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def skipped(missing: Mapping[str, str]) -> tuple[str, ...]:
    """Return a note for each row that could not be measured, and why."""
    return tuple(f"Without {name}: {reason}" for name, reason in missing.items())


def in_seconds(value: float) -> str:
    """Return a time with three digits: ``"1.97 s"``, ``"84.2 ms"``, ``"3.4 h"``."""
    if value >= 3600:
        return f"{value / 3600:.1f} h"
    if value >= 100:
        return f"{value:.0f} s"
    return f"{value:.3g} s" if value >= 1 else f"{value * 1e3:.3g} ms"


def verdict(what: str, ratio: float, required: float) -> str:
    """Return a sentence that says whether a ratio is as high as it must be."""
    met = "met" if ratio >= required else "NOT met"
    return f"{what}: {ratio:.2f} times as fast; required are {required:g}: {met}."
