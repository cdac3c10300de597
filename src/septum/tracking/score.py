"""SEG, DET, TRA and LNK of a result on disk against the truth of the Cell Tracking Challenge."""

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from septum.counted import counted
from septum.errors import DataError
from septum.metrics import corrections, seg_scores
from septum.tracking.challenge import Sequence, read_frame, read_result, read_truth

_OUTLINED = re.compile(r"man_seg_?(\d+)(?:_(\d+))?\.tif$")  # a frame, or a slice of one in 3D


def score(
    result: str | Path,
    truth: str | Path,
    on_frame: Callable[[int, int], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Measure a tracking result as the challenge does.

    Parameters
    ----------
    result : str or Path
        A folder with ``mask000.tif`` … and ``res_track.txt``, as `septum.track` writes it.
    truth : str or Path
        The ``01_GT`` folder: ``TRA`` with a marker for each cell, and ``SEG`` with the outlines of
        some frames or slices.
    on_frame : callable, optional
        Called with the frames compared and those in all.
    on_note : callable, optional
        Called with a sentence about what is left out.

    Returns
    -------
    dict
        ``{"seg", "det", "tra", "lnk", "corrections": {"ns", "fn", "fp", "ed", "ea", "ec"}}``, see
        `septum.metrics.Corrections`; without ``seg`` where nothing is outlined.

    Raises
    ------
    DataError
        Files are missing or damaged, the numbers of frames differ, or images and tracks disagree.
    """
    result, truth = Path(result), Path(truth)
    found, known = read_result(result), read_truth(truth)
    _refuse_part(result, len(found.files), truth, len(known.files))
    try:
        links = corrections(_frames(found, known, on_frame), known.tracks, found.tracks)
    except DataError as error:
        raise DataError(f"{error} ({result} measured against {truth})") from None
    scores: dict[str, Any] = {}
    outlined = _outlined(truth / "SEG")
    if outlined:
        scores["seg"] = _seg(found, outlined)
    elif on_note is not None:
        on_note(f"no man_seg*.tif in {truth / 'SEG'}: SEG is left out")
    counts = asdict(links)
    kinds = ("ns", "fn", "fp", "ed", "ea", "ec")
    scores |= {"det": links.det, "tra": links.tra, "lnk": links.lnk}
    return {**scores, "corrections": {kind: counts[kind] for kind in kinds}}


def _refuse_part(result: Path, count: int, truth: Path, expected: int) -> None:
    """Refuse a result of more or fewer frames than the truth has: links go through all of them."""
    if count == expected:
        return
    way = f"track the {expected} frames of the truth alone"
    if count < expected:
        way = (
            f"predict and track all {expected}. The objects of these {count} alone, without their "
            f"links, are scored by --metrics ctc,matching, if they are frames 0 to {count - 1}"
        )
    raise DataError(
        f"{result} has {counted(count, 'frame')}, {truth} {expected}; a result has all frames of "
        f"the sequence: {way}"
    )


def _frames(
    found: Sequence, known: Sequence, on_frame: Callable[[int, int], None] | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    count = len(known.files)
    for number, files in enumerate(zip(known.files, found.files, strict=True), 1):
        yield read_frame(files[0]), read_frame(files[1])
        if on_frame is not None:
            on_frame(number, count)


def _outlined(folder: Path) -> list[tuple[Path, int, int | None]]:
    """Return the files with outlined cells, each with its frame and, in 3D, its slice or None."""
    names = sorted(folder.iterdir()) if folder.is_dir() else []
    matches = [(file, match) for file in names if (match := _OUTLINED.match(file.name))]
    return [(file, int(m[1]), None if m[2] is None else int(m[2])) for file, m in matches]


def _seg(found: Sequence, outlined: list[tuple[Path, int, int | None]]) -> float:
    """Return SEG, the mean over all outlined cells of all frames."""
    scores: list[float] = []
    for file, frame, z in outlined:
        if frame >= len(found.files):
            raise DataError(
                f"{file}: the result has {counted(len(found.files), 'frame')} only, from 0"
            )
        labels = read_frame(found.files[frame])
        if z is not None and not (labels.ndim == 3 and z < len(labels)):
            raise DataError(f"{file}: no slice {z} in {found.files[frame]}, {labels.shape}")
        try:
            scores += seg_scores(read_frame(file), labels if z is None else labels[z]).values()
        except DataError as error:
            raise DataError(f"{file}: {error}") from None
    return float(np.mean(scores)) if scores else float("nan")
