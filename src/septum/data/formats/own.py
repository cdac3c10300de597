"""Which files septum wrote, and what the classes in them are called.

A TIFF says both in the tag for the program that wrote it. Every reader leaves that tag alone, and a
program that edits the labels writes its own. An OME-Zarr has attributes for the one and the other.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tifffile

from septum.data.formats.names import stem_of
from septum.version import __version__

LABELS, PROBABILITIES, OVERLAY = "_labels", "_probabilities", "_overlay"
"""What `septum predict` adds to the name of the image, in images that it writes."""

_WRITER = "septum"
_NAMED = re.compile(rf"{_WRITER} \S+ (\[.*\])")


def writer(names: Sequence[str] = ()) -> str:
    """Return what septum calls itself in a TIFF: its version, and what the classes are called."""
    return f"{_WRITER} {__version__}" + (f" {json.dumps(list(names))}" if names else "")


def is_ours(path: Path) -> bool:
    """Tell whether septum wrote a TIFF or an OME-Zarr: a newer result may replace it."""
    if path.is_dir():
        return _attribute(path, "_creator", "name") == _WRITER
    return (_software(path) or "").startswith(_WRITER)


def may_be_ours(path: Path) -> bool:
    """Tell whether an image may be a result by its name, or is one of septum's OME-Zarr."""
    if path.is_dir():
        return is_ours(path)
    return stem_of(path).endswith((LABELS, PROBABILITIES, OVERLAY))


def class_names_in(path: Path) -> tuple[str, ...] | None:
    """Return what the classes in a file are called, in order; None where it does not say it.

    Parameters
    ----------
    path : Path
        A TIFF, or the folder of a label image in an OME-Zarr.
    """
    if path.is_dir():
        # Other programs call objects so.
        image = path.resolve().parent.parent
        values = _attribute(path, "image-label", "properties") if is_ours(image) else None
        try:
            return tuple(str(value["class"]) for value in values) if values else None
        except (KeyError, TypeError):
            return None  # edited since
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


def _attribute(folder: Path, *names: str) -> Any:
    """Return an attribute within the attributes of an OME-Zarr 0.4; None where it is not there."""
    try:
        found = json.loads((folder / ".zattrs").read_text(encoding="utf-8"))
        for name in names:
            found = found[name]
        return found
    except (OSError, ValueError, KeyError, TypeError):
        return None  # whatever it is, septum did not write it
