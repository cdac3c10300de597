"""Cells over time: objects linked from frame to frame, as the Cell Tracking Challenge writes them.

`track` does a whole sequence; `link` and `Follower` are its steps; `score` measures a result.
"""

from septum.lineage import Track
from septum.tracking.follow import Follower
from septum.tracking.link import Links, Rules, link
from septum.tracking.score import score
from septum.tracking.sequence import Tracked, track

__all__ = ["Follower", "Links", "Rules", "Track", "Tracked", "link", "score", "track"]
