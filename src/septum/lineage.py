"""Tracks: when a cell is there, under which label, and of which cell it is a daughter."""

from collections.abc import Iterable
from dataclasses import dataclass

from septum.errors import DataError


@dataclass(frozen=True)
class Track:
    """One cell over time: a line of the Cell Tracking Challenge's ``res_track.txt``.

    Attributes
    ----------
    label : int
        Its id in the label image of every frame from `begin` to `end`; above 0.
    begin, end : int
        The first and the last frame, counted from 0, both included.
    parent : int
        The label of the track that it continues (as a daughter, or after frames in which it was not
        seen), which ended before `begin`; 0 for none.
    """

    label: int
    begin: int
    end: int
    parent: int = 0


def by_label(tracks: Iterable[Track], where: str) -> dict[int, Track]:
    """Return tracks by label if they make sense together.

    Parameters
    ----------
    tracks : iterable of Track
        In any order.
    where : str
        The file that they are from, for messages.

    Raises
    ------
    DataError
        A label twice or below 1, an end before the begin, a begin before frame 0, or a parent that
        is not there or does not end before its daughter begins.
    """
    found: dict[int, Track] = {}
    for track in tracks:
        if track.label < 1 or not 0 <= track.begin <= track.end or track.parent < 0:
            raise DataError(
                f"{where}: track {track.label} from frame {track.begin} to {track.end} with parent "
                f"{track.parent}; expected a label from 1, frames from 0 in order, a parent or 0"
            )
        if found.setdefault(track.label, track) is not track:
            raise DataError(f"{where}: two tracks have the label {track.label}; it must be one")
    for track in found.values():
        parent = found.get(track.parent)
        if track.parent and parent is None:
            raise DataError(
                f"{where}: track {track.label} has the parent {track.parent}, which is no track; "
                "expected the label of a track, or 0 for none"
            )
        if parent is not None and parent.end >= track.begin:
            raise DataError(
                f"{where}: track {track.label} begins in frame {track.begin}, and its parent "
                f"{parent.label} ends in frame {parent.end}; a parent ends before"
            )
    return found
