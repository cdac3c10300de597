"""What became of each true object in what a model finds, and which predictions are none.

An object is a cell, or a connected piece of a class by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from septum.classes import Classes
from septum.data.sample import Sample
from septum.instances import Pieces, find_pieces, layers_of
from septum.metrics.overlap import Overlap, overlap
from septum.model import Model

FOUND, MERGED, SPLIT, MISSED, FALSE = "found", "merged", "split", "missed", "false"


@dataclass(frozen=True, eq=False)
class Seen:
    """An image with what the model finds in it, and what is right and wrong about that.

    Attributes
    ----------
    sample : Sample
        With its truth.
    truth, labels : numpy.ndarray of int
        The true objects, and those that the model finds; besides those in `table` there may be
        pieces of other classes.
    table : Overlap
        Of the two, of one class.
    iou : numpy.ndarray, (T,)
        Of each true object, the highest with any prediction.
    verdicts : list of str, (T,)
        FOUND, MERGED, SPLIT or MISSED for each true object.
    false : numpy.ndarray of bool, (P,)
        Which predictions are no object, nor one that was merged or split.
    broken : numpy.ndarray of bool, (P,)
        Which predictions merge true objects, or are pieces of one that is split.
    of : str
        The name of the class of which they are pieces; none for cells.
    """

    sample: Sample
    truth: np.ndarray
    labels: np.ndarray
    table: Overlap
    iou: np.ndarray
    verdicts: list[str]
    false: np.ndarray
    broken: np.ndarray
    of: str = ""

    def count(self, verdict: str) -> int:
        """Return how many objects have a verdict."""
        return int(self.false.sum()) if verdict == FALSE else self.verdicts.count(verdict)


def see(model: Model, sample: Sample) -> Seen:
    """Let the model segment an image that is annotated, and judge the result."""
    return judge(sample, model.predict(sample.image).labels)


def judge(sample: Sample, labels: np.ndarray) -> Seen:
    """Tell what became of each true object, and which predictions are none.

    An object is *found* if a prediction overlaps it with an IoU above 0.5. Of the others it is
    *merged* if a prediction covers more than half of it and of another object; *split* if two or
    more predictions lie in it with more than half of their pixels and cover more than half of it
    together; and else *missed*. A prediction is *false* if it finds nothing, and neither merges nor
    is a piece; one of which more than half lies where nobody annotated is not judged.

    Parameters
    ----------
    sample : Sample
        With its truth.
    labels : numpy.ndarray of int
        What was predicted, of the same shape.
    """
    known = overlap(sample.truth, labels, sample.annotated)
    return _judged(sample, sample.known, labels, known)


def judge_pieces(sample: Sample, classes: np.ndarray, named: Classes) -> list[Seen]:
    """Tell what became of the true pieces of each class, and which predicted ones are none.

    A piece is what is connected face to face and of one class, as far as somebody annotated; what
    becomes of it is said as in `judge`.

    Parameters
    ----------
    sample : Sample
        With its truth.
    classes : numpy.ndarray of int
        What was predicted, as numbers of `named`, of the same shape.
    named : Classes
        Of both.

    Returns
    -------
    list of Seen
        For each class, in order.
    """
    found = []
    sides = (layers_of(array.astype(np.uint8), named) for array in (sample.known, classes))
    for (truth, names), (other, _) in zip(*sides, strict=True):
        truths, labels = find_pieces(truth), find_pieces(other)
        one, two = (np.empty(sample.shape, np.int32) for _ in range(2))
        truths.write(one)
        labels.write(two)
        for value, name in enumerate(names, start=1):
            # Pieces of other classes are none of this one, on either side.
            known = overlap(
                _of_class(one, truths, value), _of_class(two, labels, value), sample.annotated
            )
            found.append(_judged(sample, one, two, known, name))
    return found


def _of_class(image: np.ndarray, pieces: Pieces, value: int) -> np.ndarray:
    """Return the pieces of one class, and 0 for those of others."""
    kept = np.concatenate([[False], pieces.values == value])
    return np.where(kept[image], image, 0)


def _judged(
    sample: Sample, truth: np.ndarray, labels: np.ndarray, known: Overlap, of: str = ""
) -> Seen:
    rows, columns, shared = known.truth_index, known.prediction_index, known.shared
    ids, predicted = len(known.truth_ids), len(known.prediction_ids)
    iou = np.zeros(ids)
    np.maximum.at(iou, rows, known.iou)
    covers = 2 * shared > known.truth_sizes[rows]
    merging = np.bincount(columns[covers], minlength=predicted) > 1
    merged = np.zeros(ids, bool)
    merged[rows[covers & merging[columns]]] = True
    inside = 2 * shared > known.prediction_sizes[columns]
    pieces = np.bincount(rows[inside], minlength=ids)
    covered = np.bincount(rows[inside], shared[inside], minlength=ids)
    found = iou > 0.5
    split = ~found & ~merged & (pieces > 1) & (2 * covered > known.truth_sizes)
    matched = np.zeros(predicted, bool)
    matched[columns[known.iou > 0.5]] = True
    broken = merging.copy()
    broken[columns[inside & split[rows]]] = True
    judged = known.prediction_ignored <= known.prediction_sizes
    verdicts = np.select([found, merged, split], [FOUND, MERGED, SPLIT], MISSED).tolist()
    false, broken = judged & ~matched & ~broken, broken & ~matched
    return Seen(sample, truth, labels, known, iou, verdicts, false, broken, of)


def confusion(seen: Sequence[Seen]) -> list[tuple[str, ...]]:
    """Return the table of true objects by size, as it is printed.

    Returns
    -------
    list of tuple of str
        For each quartile of size that holds an object, and for all: size, objects, found, merged,
        split, missed, mean IoU, false. Empty if there is no true object.
    """
    sizes = np.concatenate([np.zeros(0, int), *(item.table.truth_sizes for item in seen)])
    if not len(sizes):
        return []
    iou = np.concatenate([item.iou for item in seen])
    verdicts = np.array([verdict for item in seen for verdict in item.verdicts])
    false = np.concatenate([item.table.prediction_sizes[item.false] for item in seen])
    edges = np.quantile(sizes, (0.25, 0.5, 0.75), method="higher")
    groups, false_groups = (np.searchsorted(edges, values) for values in (sizes, false))

    def row(name: str, those: np.ndarray, wrong: np.ndarray) -> tuple[str, ...]:
        counts = [int((verdicts[those] == kind).sum()) for kind in (FOUND, MERGED, SPLIT, MISSED)]
        mean = f"{iou[those].mean():.2f}" if those.any() else "–"
        return (name, *(f"{n:,}" for n in (those.sum(), *counts)), mean, f"{wrong.sum():,}")

    names = [
        f"up to {edges[0]:,}",
        *(f"{low + 1:,} to {high:,}" for low, high in pairwise(edges)),
        f"above {edges[2]:,}",
    ]
    rows = [
        row(name, groups == number, false_groups == number)
        for number, name in enumerate(names)
        if (groups == number).any() or (false_groups == number).any()
    ]
    return [*rows, row("all", np.ones(len(sizes), bool), np.ones(len(false), bool))]
