"""Scores of predictions against the truth, pooled as each challenge pools them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isnan, nan
from typing import Any

import numpy as np

from septum import metrics
from septum.classes import Classes
from septum.counted import counted
from septum.data.regions import Regions
from septum.data.scores import with_membranes
from septum.data.truth import Scored
from septum.errors import ConfigError, DataError

METRICS = ("isbi", "ctc", "matching")
"""Of objects; all are computed unless some are asked for."""

CLASSES = "classes"
"""The scores of classes by name, which have no objects."""

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)

_PIXELS = 2
"""How many pixels surfaces may lie apart, unless the user says more: a border as people draw it."""

Scores = dict[str, dict[str, Any]]
Cells = Callable[[], np.ndarray]


def score(
    planes: Sequence[Scored],
    wanted: Iterable[str] | None = None,
    on_plane: Callable[[int, int], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    tolerance: float | None = None,
) -> Scores:
    """Return the scores of all planes together.

    Parameters
    ----------
    planes : sequence of Scored
        Predictions beside their truth, planes or volumes.
    wanted : iterable of {"isbi", "ctc", "matching"} or {"classes"}, optional
        By default the first three, or ``classes`` where the truth is of classes by name.
        ``isbi`` is averaged over the planes at each threshold, and the best threshold kept; it is a
        score of planes, and takes volumes slice by slice. ``ctc`` is the mean over all reference
        objects, ``matching`` is computed from the counts of all planes or volumes, and so is
        ``classes``; an object of a volume is one through all its slices. What nobody annotated
        counts in none of them; see `Truth.stated` for how ``ctc`` takes the challenge's own frames.
    on_plane : callable, optional
        Called after each plane with the planes done and the planes in all.
    on_note : callable, optional
        Called with a sentence where ``isbi`` takes volumes slice by slice, and one about the planes
        that it leaves out: without a cell in the truth there is no pair of cell pixels to count.
        Of classes, how far surfaces may lie apart unless that was said.
    tolerance : float, optional
        How far apart two surfaces of a class are alike, in µm; in pixels where no size of a pixel
        is known. By default twice the width of a pixel.

    Returns
    -------
    dict
        ``{"isbi": {"warping_error", "rand_error", "pixel_error", "v_rand", "v_info"},
        "ctc": {"seg"}, "matching": {"0.5": {"precision", "recall", "f1", "ap", "pq"}, …}}``, as
        far as wanted; or ``{"classes": {NAME: {"dice", "iou", "precision", "sensitivity", "auc",
        "surface_dice", "ap"}, …, "mean": …}}``, without ``auc`` where there are no probabilities;
        ``ap`` is of connected pieces at IoU 0.5. A score of nothing is nan, and the mean over the
        classes leaves it out.

    Raises
    ------
    ConfigError
        If a metric is unknown, none is wanted, or one of objects from classes or of classes from
        objects.
    DataError
        If there is no plane, or one that cannot be scored; it is named.
    """
    if not planes:
        raise DataError("there is no plane to score")
    wanted = _wanted(planes[0].truth.named, None if wanted is None else tuple(wanted))
    if CLASSES in wanted:
        return {CLASSES: _classes(planes, tolerance, on_plane, on_note or (lambda _note: None))}
    if tolerance is not None:
        raise ConfigError(f"a tolerance of {tolerance:g} is for the surfaces of classes alone")
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
        count = counted(len(empty), "plane")
        first = empty[0] if len(empty) == 1 else f"{empty[0]} …"
        on_note(f"isbi leaves out {count} without a cell in the truth ({first})")
    scores: Scores = {}
    if "isbi" in wanted:
        scores["isbi"] = metrics.at_best_threshold(isbi)
    if "ctc" in wanted:
        scores["ctc"] = {"seg": float(np.mean(objects)) if objects else float("nan")}
    if "matching" in wanted:
        scores["matching"] = {str(count.iou): count.as_dict() for count in counts}
    return scores


def _wanted(named: Classes | None, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return what is to be computed, or say why it cannot be."""
    if wanted is None:
        return METRICS if named is None else (CLASSES,)
    if not wanted:
        raise ConfigError(f"no metric is wanted; name some of {', '.join(METRICS)}")
    for name in wanted:
        if name not in (*METRICS, CLASSES):
            raise ConfigError(
                f"there is no metric {name!r}; it is one of {', '.join(METRICS)}, tracking, "
                f"{CLASSES}"
            )
        if named is not None and name != CLASSES:
            raise ConfigError(
                f"{name} is a score of objects, and the truth is of classes "
                f"({', '.join(named.names)}); ask for --metrics {CLASSES}, or read it as objects, "
                "without --classes or with --binary-instances"
            )
        if named is None and name == CLASSES:
            raise ConfigError(
                f"{CLASSES} is a score of classes by name, and the truth was read as objects; name "
                "them, as --classes nucleus=1,membrane=2"
            )
    return wanted


def _classes(
    planes: Sequence[Scored],
    tolerance: float | None,
    on_plane: Callable[[int, int], None] | None,
    say: Callable[[str], None],
) -> dict[str, dict[str, float]]:
    """Return the scores of each class over all planes, and their means over the classes."""
    named = planes[0].truth.named
    assert named is not None, "the truth is of classes"
    pooled: list[metrics.ClassScore] = []
    ranked, widths = 0, {}
    for number, plane in enumerate(planes, start=1):
        assert plane.regions is not None, "the truth is of classes"
        regions = plane.regions()
        found = _of_plane(plane, regions, tolerance)
        pooled = [a + b for a, b in zip(pooled, found, strict=True)] if pooled else found
        ranked += regions.probabilities is not None
        widths.setdefault(regions.spacing and regions.spacing[-1], plane.name)
        if on_plane is not None:
            on_plane(number, len(planes))
    say(_distance(widths, tolerance))
    if 0 < ranked < len(planes):
        say(f"auc is of the {ranked} of {len(planes)} planes or volumes that have probabilities")
    scores = {name: score.as_dict() for name, score in zip(named.names, pooled, strict=True)}
    columns = next(iter(scores.values()))
    # Which classes have a part in the mean must not depend on what is found of them.
    there = [scores[name] for name, one in zip(named.names, pooled, strict=True) if one.occurs]
    return {**scores, "mean": {key: _mean(row[key] for row in there) for key in columns}}


def _of_plane(plane: Scored, regions: Regions, tolerance: float | None) -> list[metrics.ClassScore]:
    truth, spacing = plane.truth, regions.spacing
    assert truth.named is not None, "the truth is of classes"
    masks = truth.named.masks(truth.labels)
    shares = [None] * len(masks) if regions.probabilities is None else regions.probabilities
    if tolerance is None:
        tolerance = _PIXELS * (1.0 if spacing is None else spacing[-1])
    try:
        return [
            metrics.class_score(mask, found, share, tolerance, spacing, truth.annotated)
            for mask, found, share in zip(masks, regions.masks, shares, strict=True)
        ]
    except DataError as error:
        raise DataError(f"{plane.name}: {error}") from None


def _distance(widths: Mapping[float | None, str], tolerance: float | None) -> str:
    """Say how far apart surfaces may lie; `widths` are those of a pixel, with a plane of each."""
    if tolerance is not None and None in widths and len(widths) > 1:
        raise DataError(
            f"{widths[None]}: the size of a pixel is not known, as it is of others, so that "
            f"{tolerance:g} µm cannot be measured; give it with --spacing"
        )
    if tolerance is not None:
        unit = "pixels, as their size is not known (--spacing gives it)" if None in widths else "µm"
        return f"surface_dice takes surfaces as alike within {tolerance:g} {unit}"
    (width, *more) = widths
    exactly = f", {_PIXELS * width:g} µm" if width is not None and not more else ""
    return (
        f"surface_dice takes surfaces as alike within {_PIXELS} pixels{exactly}; another distance: "
        "--tolerance"
    )


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if not isnan(value)]
    return sum(known) / len(known) if known else nan


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
