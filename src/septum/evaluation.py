"""Scores of predictions against the truth, pooled as each challenge pools them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from septum import metrics
from septum.data.scores import with_membranes
from septum.data.truth import Scored
from septum.errors import ConfigError, DataError

METRICS = ("isbi", "ctc", "matching")
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)

Scores = dict[str, dict[str, Any]]
Cells = Callable[[], np.ndarray]


def score(
    planes: Sequence[Scored],
    wanted: Iterable[str] = METRICS,
    on_plane: Callable[[int, int], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> Scores:
    """Return the scores of all planes together.

    Parameters
    ----------
    planes : sequence of Scored
        Predictions beside their truth, planes or volumes.
    wanted : iterable of {"isbi", "ctc", "matching"}
        ``isbi`` is averaged over the planes at each threshold, and the best threshold kept; it is a
        score of planes, and takes volumes slice by slice. ``ctc`` is the mean over all reference
        objects, ``matching`` is computed from the counts of all planes or volumes; an object of a
        volume is one through all its slices. What nobody annotated counts in none of them; see
        `Truth.stated` for how ``ctc`` takes the challenge's own frames.
    on_plane : callable, optional
        Called after each plane with the planes done and the planes in all.
    on_note : callable, optional
        Called with a sentence where ``isbi`` takes volumes slice by slice, and one about the planes
        that it leaves out: without a cell in the truth there is no pair of cell pixels to count.

    Returns
    -------
    dict
        ``{"isbi": {"warping_error", "rand_error", "pixel_error", "v_rand", "v_info"},
        "ctc": {"seg"}, "matching": {"0.5": {"precision", "recall", "f1", "ap", "pq"}, …}}``, as
        far as wanted.

    Raises
    ------
    ConfigError
        If a metric is unknown, or none is wanted.
    DataError
        If there is no plane, or one that cannot be scored; it is named.
    """
    wanted = tuple(wanted)
    if not wanted:
        raise ConfigError(f"no metric is wanted; name some of {', '.join(METRICS)}")
    if not planes:
        raise DataError("there is no plane to score")
    for name in wanted:
        if name not in METRICS:
            raise ConfigError(
                f"there is no metric {name!r}; it is one of {', '.join(METRICS)}, tracking"
            )
    isbi, objects, empty = [], [], []
    counts = [metrics.Matching(iou, tp=0, fp=0, fn=0, iou_sum=0.0) for iou in THRESHOLDS]
    for number, plane in enumerate(planes, start=1):
        labels, annotated = plane.truth.labels, plane.truth.annotated
        if "isbi" in wanted:
            curves, without = _isbi(plane)
            isbi += curves
            empty += without
        if "ctc" in wanted:
            # Where its markers show cells without outlines, the challenge takes predictions whole.
            objects += metrics.seg_scores(labels, plane.labels(), plane.truth.stated).values()
        if "matching" in wanted:
            found = metrics.matching(labels, plane.labels(), THRESHOLDS, annotated)
            counts = [a + b for a, b in zip(counts, found, strict=True)]
        if on_plane is not None:
            on_plane(number, len(planes))
    if on_note is not None and isbi and any(plane.truth.labels.ndim == 3 for plane in planes):
        on_note("isbi is a score of planes, and takes volumes slice by slice")
    if empty and not isbi:
        raise DataError(
            f"{empty[0]}: no cell in the truth, nor in that of any other plane, so that there is "
            "nothing for isbi to score; ask for the metrics ctc and matching alone"
        )
    if empty and on_note is not None:
        on_note(f"isbi leaves out {len(empty)} planes without a cell in the truth ({empty[0]} …)")
    scores: Scores = {}
    if "isbi" in wanted:
        scores["isbi"] = metrics.at_best_threshold(isbi)
    if "ctc" in wanted:
        scores["ctc"] = {"seg": float(np.mean(objects)) if objects else float("nan")}
    if "matching" in wanted:
        scores["matching"] = {str(count.iou): count.as_dict() for count in counts}
    return scores


def _isbi(scored: Scored) -> tuple[list[dict[str, np.ndarray]], list[str]]:
    """Return the curves of each plane with a cell in its truth, and the names of the others."""
    curves, empty = [], []
    for name, labels, annotated, cells in _slices(scored):
        if not _known(labels, annotated).any():
            empty.append(name)
            continue
        try:
            curves += metrics.isbi_by_threshold(with_membranes(labels), cells(), annotated)
        except DataError as error:
            raise DataError(f"{name}: {error}") from None
    return curves, empty


def _slices(scored: Scored) -> Iterator[tuple[str, np.ndarray, np.ndarray | None, Cells]]:
    """Yield name, labels, where they mean something, and cells: of a plane, or of each slice."""
    labels, annotated = scored.truth.labels, scored.truth.annotated
    if labels.ndim == 2:
        yield scored.name, labels, annotated, scored.cells
        return
    for z, plane in enumerate(labels):
        known = None if annotated is None else annotated[z]
        yield f"{scored.name}[{z:02}]", plane, known, lambda z=z: scored.cells()[z]


def _known(labels: np.ndarray, annotated: np.ndarray | None) -> np.ndarray:
    return labels if annotated is None else labels[annotated]
