"""The names of the classes in a TIFF of septum, in the tag that says which program wrote it.

Every reader of TIFF leaves that tag alone, and a program that edits the labels writes its own.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import tifffile

from septum.version import __version__

_WRITER = "septum"
_NAMED = re.compile(rf"{_WRITER} \S+ (\[.*\])")


def writer(names: Sequence[str] = ()) -> str:
    """Return what septum calls itself in a TIFF: its version, and what the classes are called."""
    return f"{_WRITER} {__version__}" + (f" {json.dumps(list(names))}" if names else "")


def is_ours(path: Path) -> bool:
    """Tell whether septum wrote a TIFF, which may then be replaced by a newer result."""
    return (_software(path) or "").startswith(_WRITER)


def class_names_in(path: Path) -> tuple[str, ...] | None:
    """Return what the classes in a file are called, in order; None where it does not say it."""
    found = _NAMED.fullmatch(_software(path) or "")
    if found is None:
        return None
    try:
        return tuple(map(str, json.loads(found[1])))
    except ValueError:
        return None


def _software(path: Path) -> str | None:
    try:
        with tifffile.TiffFile(path) as tiff:
            return str(tiff.pages.first.software)
    except (OSError, ValueError, tifffile.TiffFileError):
        return None  # whatever it is, it is no TIFF of septum
