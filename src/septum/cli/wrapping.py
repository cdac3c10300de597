"""A sentence in lines of a terminal, of which none breaks what a user may copy."""

import re
import sys
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

# What is between backticks, an example behind a colon (`Next: septum …`) up to its end, a setting.
_COMMAND = r"`[^`]*`\S*|(?<=: )septum [a-z]+ [^;)`]*[;)]?|--set \S+"


def wrapped(text: str, width: int, used: int) -> list[str]:
    """Return the lines of a sentence, broken between words.

    A path, a command or any other word that is wider than the terminal has a line of its own, which
    the terminal folds without putting anything into it.

    Parameters
    ----------
    text : str
        The sentence.
    width : int
        Of the terminal, in cells.
    used : int
        Cells that are taken at the beginning of the first line.
    """
    lines, room = [""], width - used
    for word in _words(text, [value for value in sys.argv if " " in value]):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(longer) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
            room = width
    return lines


def _words(text: str, phrases: Sequence[str]) -> Iterator[str]:
    """Yield what stays together: commands, what a user typed with spaces in it, and words."""
    # A path with a space in it looks like two words, unless it is known to be one.
    known = [rf"{re.escape(phrase)}\S*" for phrase in sorted(phrases, key=len, reverse=True)]
    for found in re.finditer("|".join([*known, _COMMAND, r"\S+"]), text):
        yield found[0].rstrip()
