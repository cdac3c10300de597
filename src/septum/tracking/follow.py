"""Objects followed from frame to frame: the tracks they make, and the frames numbered by track."""

from dataclasses import replace

import numpy as np

from septum.lineage import Track
from septum.tracking.link import Links, Rules, link


class Follower:
    """Gives each object the number of its track, frame after frame.

    An object that is linked to one of the frame before continues its track. A daughter begins a
    track whose parent is its mother's; any other object begins one without a parent. A cell that
    is not seen in a frame ends there, and is another one if it is seen again: the challenge counts
    a link over a missing frame as one that is wrong (see docs/decisions.md).

    Only the last frame is held.

    Parameters
    ----------
    rules : Rules, optional
        How objects are linked.
    """

    def __init__(self, rules: Rules | None = None) -> None:
        self._rules = rules or Rules()
        self._tracks: dict[int, Track] = {}
        self._last: np.ndarray | None = None
        self._frame = 0

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks so far, by label: 1, 2, 3 … in the order in which they begin."""
        return tuple(self._tracks.values())

    def add(self, labels: np.ndarray) -> np.ndarray:
        """Return the next frame with each object numbered by its track, int32.

        Parameters
        ----------
        labels : ndarray of int, any rank
            0 background, any other id one object; of the same shape as the frames before.

        Raises
        ------
        DataError
            The frame cannot be compared with the one before; see `septum.metrics.overlap.overlap`.
        """
        last = np.zeros_like(labels) if self._last is None else self._last
        links = link(last, labels, self._rules)
        ids, positions = np.unique(labels, return_inverse=True)
        numbers = [self._number(label, links) if label else 0 for label in ids.tolist()]
        self._last = np.array(numbers, np.int32)[positions].reshape(labels.shape)
        self._frame += 1
        return self._last

    def _number(self, label: int, links: Links) -> int:
        """Continue or begin the track of an object, and return its number."""
        number = links.same.get(label)
        if number is None:
            number = len(self._tracks) + 1
            parent = links.mothers.get(label, 0)
            self._tracks[number] = Track(number, self._frame, self._frame, parent)
        else:
            self._tracks[number] = replace(self._tracks[number], end=self._frame)
        return number
