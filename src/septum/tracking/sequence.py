"""A whole sequence tracked: frames in, tracks and numbered frames out."""

from collections.abc import Callable, Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from septum.lineage import Track
from septum.tracking.challenge import refuse_folder, write_result
from septum.tracking.follow import Follower
from septum.tracking.frames import Frames, frames_in, frames_of
from septum.tracking.link import Rules


@dataclass(frozen=True, eq=False)
class Tracked:
    """A tracked sequence.

    Attributes
    ----------
    tracks : tuple of Track
        One for each cell, 1, 2, 3 … in the order in which they begin.
    labels : numpy.ndarray or None, int32, shape (T, [Z,] Y, X)
        The frames with each object numbered by its track; None where they were written to files.
    """

    tracks: tuple[Track, ...]
    labels: np.ndarray | None


def track(
    frames: str | Path | np.ndarray | SequenceOf[np.ndarray],
    out: str | Path | None = None,
    *,
    axes: str | None = None,
    rules: Rules | None = None,
    on_note: Callable[[str], None] | None = None,
    on_frame: Callable[[int, int], None] | None = None,
) -> Tracked:
    """Link the objects of label images over time, divisions included.

    Each frame is linked to the next by an assignment on IoU (`septum.tracking.link`); what divides
    ends, and its two daughters begin. In 2D or 3D.

    Parameters
    ----------
    frames : str, Path, numpy.ndarray or sequence of numpy.ndarray
        A folder with a label image for each frame, as `septum predict` writes them; a stack with a
        time axis; an array ``(T, [Z,] Y, X)``, or one array for each frame.
    out : str or Path, optional
        Write the result here as the Cell Tracking Challenge wants it, ``mask000.tif`` … and
        ``res_track.txt``, with two frames in memory at a time. The folder must be new, or hold an
        earlier result.
    axes : str, optional
        Axes of the files, such as TYX, where they state none or others.
    rules : Rules, optional
        What counts as a division.
    on_note, on_frame : callable, optional
        Called with each sentence about how the frames were understood, and with the frames done
        and in all.

    Returns
    -------
    Tracked

    Raises
    ------
    DataError
        The frames are no label images, in no order, or of different sizes; or more than 65,535
        tracks are to be written.
    SeptumError
        The result cannot be written to `out`.
    """
    say = on_note or (lambda _note: None)
    if isinstance(frames, str | Path):
        if out is not None:
            refuse_folder(Path(out), Path(frames))
        found = frames_in(frames, axes, say)
    else:
        found = frames_of(frames)
    follower = Follower(rules)
    numbered = _numbered(found, follower, say, on_frame)
    if out is None:
        return Tracked(labels=np.stack(list(numbered)), tracks=follower.tracks)
    write_result(out, numbered, len(found), lambda: follower.tracks)
    return Tracked(follower.tracks, None)


def _numbered(
    frames: Frames,
    follower: Follower,
    say: Callable[[str], None],
    on_frame: Callable[[int, int], None] | None,
) -> Iterator[np.ndarray]:
    for number, labels in enumerate(frames.instances(say), 1):
        yield follower.add(labels)
        if on_frame is not None:
            on_frame(number, len(frames))
