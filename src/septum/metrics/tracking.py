"""DET, TRA and LNK, the tracking measures of the Cell Tracking Challenge."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from septum.errors import DataError
from septum.lineage import Track, by_label
from septum.metrics.overlap import Overlap, overlap

Vertex = tuple[int, int]
"""Frame and label of an object."""
Edges = dict[tuple[Vertex, Vertex], bool]
"""From an earlier object to a later one; True where the later one is a daughter."""


@dataclass(frozen=True)
class Corrections:
    """What must be done by hand to make a tracking result the truth, counted by kind.

    Objects of all frames are the vertices of a graph, and links between them its edges: an edge is
    of a track (the same cell in the next frame) or of a parent (from its last object to the first
    one of a daughter). AOGM, the acyclic oriented graph matching measure, is the weighted sum::

        AOGM   = 5 NS + 10 FN + 1 FP + 1 ED + 1.5 EA + 1 EC
        AOGM-D = 5 NS + 10 FN + 1 FP
        AOGM-A = 1 ED + 1.5 EA + 1 EC

        measure = 1 − min(AOGM, AOGM₀) / AOGM₀

    where AOGM₀ is the cost of making all of the truth out of nothing: 10 for each of its vertices
    and 1.5 for each of its edges. TRA is the measure with AOGM, DET with AOGM-D, LNK with AOGM-A.
    Matula et al., Cell Tracking Accuracy Measurement Based on Comparison of Acyclic Oriented
    Graphs, PLoS ONE 2015, doi:10.1371/journal.pone.0144959.
    """

    ns: int
    """Splits: an object that covers k > 1 true ones must be split k − 1 times."""
    fn: int
    """True objects that were missed."""
    fp: int
    """Objects that are none."""
    ed: int
    """Links between objects that are not linked in the truth."""
    ea: int
    """Links of the truth that are missing."""
    ec: int
    """Links that are of a parent and should be of a track, or the other way round."""
    vertices: int
    """Objects in the truth."""
    edges: int
    """Links in the truth."""

    @property
    def tra(self) -> float:
        """The tracking accuracy in [0, 1]; nan if the truth has no object."""
        return _share(self._detection + self._association, 10 * self.vertices + 1.5 * self.edges)

    @property
    def det(self) -> float:
        """The detection accuracy in [0, 1]; nan if the truth has no object."""
        return _share(self._detection, 10 * self.vertices)

    @property
    def lnk(self) -> float:
        """The linking accuracy in [0, 1]; nan if the truth has no link."""
        return _share(self._association, 1.5 * self.edges)

    @property
    def _detection(self) -> float:
        return 5 * self.ns + 10 * self.fn + self.fp

    @property
    def _association(self) -> float:
        return self.ed + 1.5 * self.ea + self.ec


def _share(cost: float, from_nothing: float) -> float:
    return 1 - min(cost, from_nothing) / from_nothing if from_nothing else float("nan")


def corrections(
    frames: Iterable[tuple[np.ndarray, np.ndarray]],
    truth: Iterable[Track],
    prediction: Iterable[Track],
) -> Corrections:
    """Compare the tracks of a prediction with those of the truth.

    An object S is matched to a true object R if |R ∩ S| > 0.5 |R|. The links between objects that
    are matched to a single true object are compared with the links of those; other links of the
    prediction cost nothing, since they go when their objects are put right.

    Parameters
    ----------
    frames : iterable of (ndarray of int, ndarray of int)
        For each frame in order the label images of the truth and of the prediction, of any rank.
        The truth may be markers, smaller than the cells. One frame is held at a time.
    truth, prediction : iterable of Track
        In which frames each label is, and its parent.

    Returns
    -------
    Corrections

    Raises
    ------
    DataError
        The images of a frame cannot be compared, or hold other labels than the tracks say.
    """
    true_tracks = by_label(truth, "the truth")
    tracks = by_label(prediction, "the prediction")
    matched: dict[Vertex, Vertex] = {}
    ns = fn = fp = vertices = frame = 0
    for frame, images in enumerate(frames, 1):
        try:
            table = overlap(*images)
        except DataError as error:
            raise DataError(f"frame {frame - 1}: {error}") from None
        _expect(true_tracks, table.truth_ids, frame - 1, "the truth")
        _expect(tracks, table.prediction_ids, frame - 1, "the prediction")
        true_of, covered = _matches(table)
        found = int(covered.sum())
        vertices += len(table.truth_ids)
        fn += len(table.truth_ids) - found
        fp += int((covered == 0).sum())
        ns += found - int((covered > 0).sum())
        matched |= {(frame - 1, a): (frame - 1, b) for a, b in true_of.items()}
    _expect_end(true_tracks, frame, "the truth")
    _expect_end(tracks, frame, "the prediction")
    true_edges = _edges(true_tracks)
    edges: Edges = {
        (matched[a], matched[b]): daughter
        for (a, b), daughter in _edges(tracks).items()
        if a in matched and b in matched
    }
    shared = true_edges.keys() & edges.keys()
    return Corrections(
        ns,
        fn,
        fp,
        ed=len(edges) - len(shared),
        ea=len(true_edges) - len(shared),
        ec=sum(true_edges[edge] != edges[edge] for edge in shared),
        vertices=vertices,
        edges=len(true_edges),
    )


def _matches(table: Overlap) -> tuple[dict[int, int], np.ndarray]:
    """Return the true label of each object that covers a single one, and how many each covers."""
    found = 2 * table.shared > table.truth_sizes[table.truth_index]
    rows, columns = table.truth_index[found], table.prediction_index[found]
    covered = np.bincount(columns, minlength=len(table.prediction_ids))
    single = covered[columns] == 1
    labels = table.prediction_ids[columns[single]].tolist()
    return dict(zip(labels, table.truth_ids[rows[single]].tolist(), strict=True)), covered


def _edges(tracks: Mapping[int, Track]) -> Edges:
    edges: Edges = {}
    for track in tracks.values():
        for frame in range(track.begin, track.end):
            edges[(frame, track.label), (frame + 1, track.label)] = False
        if track.parent:
            end = tracks[track.parent].end
            edges[(end, track.parent), (track.begin, track.label)] = True
    return edges


def _expect(tracks: Mapping[int, Track], labels: np.ndarray, frame: int, whose: str) -> None:
    there = {track.label for track in tracks.values() if track.begin <= frame <= track.end}
    wrong = there.symmetric_difference(labels.tolist())
    if wrong:
        label = min(wrong)
        said = "a track is there, the image has none" if label in there else "no track is there"
        raise DataError(
            f"frame {frame} of {whose}: {said} of the label {label}; "
            "the tracks and the label images must agree"
        )


def _expect_end(tracks: Mapping[int, Track], frames: int, whose: str) -> None:
    last = max(tracks.values(), key=lambda track: track.end, default=None)
    if last is not None and last.end >= frames:
        raise DataError(
            f"{whose}: track {last.label} ends in frame {last.end}, but there are {frames} frames, "
            f"counted from 0; give all of them, or end its tracks in frame {frames - 1} and leave "
            "out those that begin later"
        )
