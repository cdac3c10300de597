"""A sentence in lines of a terminal, of which none breaks what a user may copy."""

import re
import sys
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

# What is between backticks, an example behind a colon (`Next: septum …`) up to its end, a setting.
_END = r"\.(?= [A-Z])"  # of a sentence; a dot within a name goes on
_EXAMPLE = rf"(?<=: )septum [a-z]+ (?:(?!{_END})[^;)`])*(?:[;)]\S*|{_END})?"
_COMMAND = rf"`[^`]*`\S*|{_EXAMPLE}|--set \S+"


def wrapped(text: str, width: int, used: int) -> list[str]:
    """Return the lines of a sentence, broken between words and where it has a newline.

    A path, a command or any other word that is wider than the terminal has a line of its own, which
    the terminal folds without putting anything into it. Spaces between words are as they were, as
    a name may have two of them.

    Parameters
    ----------
    text : str
        The sentence.
    width : int
        Of the terminal, in cells.
    used : int
        Cells that are taken at the beginning of the first line.
    """
    lines: list[str] = []
    for part in text.split("\n"):
        lines += _broken(part, width, 0 if lines else used)
    return lines


def _broken(text: str, width: int, used: int) -> list[str]:
    """Return the lines of a text without newlines; see `wrapped`."""
    lines, room = [""], width - used
    for gap, word in _words(text, [value for value in sys.argv if " " in value]):
        longer = f"{lines[-1]}{gap}{word}"
        if cell_len(longer) <= room or not (gap and lines[-1]):
            lines[-1] = longer
        else:
            lines.append(word)
            room = width
    return lines


def _words(text: str, phrases: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what stays together, behind the spaces before it.

    These are commands, what a user typed with spaces in it, and words.
    """
    # A path with a space in it looks like two words, unless it is known to be one.
    known = [rf"{re.escape(phrase)}\S*" for phrase in sorted(phrases, key=len, reverse=True)]
    end = 0
    for found in re.finditer("|".join([*known, _COMMAND, r"\S+"]), text):
        word = found[0].rstrip()
        yield text[end : found.start()], word
        end = found.start() + len(word)
