"""A folder of the Cell Tracking Challenge: label images and a text file with a line a track."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile

from septum.atomic import replacing_folder
from septum.counted import counted
from septum.data.formats import read_labels
from septum.data.formats.own import is_ours
from septum.data.layouts.files import few
from septum.errors import DataError, SeptumError
from septum.lineage import Track, by_label
from septum.version import __version__

_HIGHEST = np.iinfo(np.uint16).max
_MASK = re.compile(r"mask(\d+)\.tif$")
_MARKERS = re.compile(r"man_track(\d+)\.tif$")
RESULT, TRUTH = "res_track.txt", "man_track.txt"


@dataclass(frozen=True)
class Sequence:
    """A tracked sequence on disk.

    Attributes
    ----------
    tracks : tuple of Track
        As the text file says; they make sense together.
    files : tuple of Path
        A label image for each frame, in order.
    """

    tracks: tuple[Track, ...]
    files: tuple[Path, ...]


def refuse_folder(out: Path, inputs: Path | None = None) -> None:
    """Refuse a folder for a result that holds anything but an earlier result of septum.

    Raises
    ------
    SeptumError
        Something else is in it, it is a file, or `inputs`, what is to be tracked, lies in it.
    """
    if inputs is not None and inputs.resolve().is_relative_to(out.resolve()):
        raise SeptumError(f"{out}: the frames are in this folder; choose another for the result")
    if out.exists() and not out.is_dir():
        raise SeptumError(f"{out}: a file, where a folder for the result is expected")
    files = sorted(out.glob("*"))
    ours = [file for file in files if _MASK.match(file.name) and is_ours(file)]
    foreign = [file for file in files if file not in ours and not (ours and file.name == RESULT)]
    if foreign:
        raise SeptumError(
            f"{out} holds what septum did not write ({few(foreign)}), and a result replaces the "
            "whole folder; choose another one"
        )


def write_result(
    out: str | Path,
    frames: Iterable[np.ndarray],
    count: int,
    tracks: Callable[[], Iterable[Track]],
) -> None:
    """Write a result as the challenge wants it: ``mask000.tif`` … and ``res_track.txt``.

    The images are uint16, compressed (LZW, as the challenge's own), with a page for each slice of
    a volume. The folder appears when it is complete, in place of an earlier result.

    Parameters
    ----------
    out : str or Path
        The folder, such as ``01_RES``.
    frames : iterable of ndarray of int
        Label images, one at a time.
    count : int
        How many there are, for the number of digits.
    tracks : callable
        Called after the last frame.

    Raises
    ------
    DataError
        There are more tracks than 16 bits can number.
    SeptumError
        The folder holds something else (see `refuse_folder`) or cannot be written.
    """
    out = Path(out).resolve()  # what a link points to is replaced, not the link
    refuse_folder(out)
    digits = max(3, len(str(count - 1)))
    with replacing_folder(out) as folder:
        for number, labels in enumerate(frames):
            if labels.max(initial=0) > _HIGHEST:
                raise DataError(
                    f"more than {_HIGHEST} tracks up to frame {number}, and the challenge's format "
                    "has 16 bits for their labels; track fewer frames, or a part of the image"
                )
            tifffile.imwrite(
                folder / f"mask{number:0{digits}}.tif",
                labels.astype(np.uint16),
                photometric="minisblack",
                compression="lzw",
                software=f"septum {__version__}",
                metadata=None,
            )
        rows = [f"{t.label} {t.begin} {t.end} {t.parent}\n" for t in tracks()]
        (folder / RESULT).write_text("".join(rows), encoding="ascii")


def read_result(folder: Path) -> Sequence:
    """Read a result, ``mask*.tif`` and ``res_track.txt``.

    Raises
    ------
    DataError
        No such folder or file, a line that is no track, tracks that make no sense together, or
        frames that are not numbered 0, 1, 2 …
    """
    return _read(folder, RESULT, _MASK, "what `septum track` wrote")


def read_truth(folder: Path) -> Sequence:
    """Read the markers of a truth, ``01_GT/TRA/man_track*.tif`` and ``man_track.txt``.

    Parameters
    ----------
    folder : Path
        The ``01_GT`` folder.

    Raises
    ------
    DataError
        As `read_result`.
    """
    near = "the 01_GT folder of a sequence"
    place = folder.resolve()  # "." has neither a name nor a parent of its own
    beside = (place.parent, place.with_name(f"{place.name}_GT"), *sorted(folder.glob("*_GT")))
    like = [str(other) for other in beside if (other / "TRA" / TRUTH).is_file()]
    return _read(folder / "TRA", TRUTH, _MARKERS, f"{near}, as {like[0]}" if like else near)


def read_frame(file: Path) -> np.ndarray:
    """Return the labels in one file of a sequence."""
    return read_labels(file).array


def _read(folder: Path, text: str, name: re.Pattern[str], expected: str) -> Sequence:
    path = folder / text
    inside = folder.iterdir() if folder.is_dir() else ()
    files = {int(m[1]): file for file in inside if (m := name.match(file.name))}
    if not path.is_file():
        lost = f", beside {counted(len(files), 'label image')} that it belongs to" * bool(files)
        raise DataError(f"{path}: no such file{lost}; give {expected}")
    missing = next((number for number in range(len(files)) if number not in files), None)
    if not files or missing is not None:
        raise DataError(
            f"{folder}: {counted(len(files), 'label image')}, and none of frame {missing or 0}; "
            "the frames of a sequence are numbered from 0 without a gap"
        )
    tracks = tuple(by_label(_tracks(path), str(path)).values())
    return Sequence(tracks, tuple(files[number] for number in range(len(files))))


def _tracks(path: Path) -> list[Track]:
    tracks = []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if len(fields) != 4 or not all(field.isdecimal() for field in fields):
            if not fields:
                continue
            raise DataError(
                f"{path}, line {number}: {line[:60]!r}; expected four whole numbers: "
                "label, first frame, last frame, parent (0 for none)"
            )
        tracks.append(Track(*map(int, fields)))
    return tracks
