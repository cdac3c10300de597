"""The one contingency table that every overlap metric reads."""

from dataclasses import dataclass

import numpy as np

from septum.errors import DataError


@dataclass(frozen=True)
class Overlap:
    """How many pixels each object of a truth shares with each object of a prediction.

    Objects are numbered by position in `truth_ids` and `prediction_ids`; only pairs that share a
    pixel are listed. Pixels that nobody annotated are left out everywhere but in
    `prediction_ignored`, and so are truth objects without an annotated pixel.
    """

    truth_ids: np.ndarray
    """(T,) ids in the truth, ascending, without background."""
    prediction_ids: np.ndarray
    """(P,) ids in the prediction, ascending, without background."""
    truth_sizes: np.ndarray
    """(T,) pixels."""
    prediction_sizes: np.ndarray
    """(P,) pixels."""
    prediction_ignored: np.ndarray
    """(P,) pixels that nobody annotated."""
    truth_index: np.ndarray
    """(N,) for each overlapping pair, the position in `truth_ids`."""
    prediction_index: np.ndarray
    """(N,) for each overlapping pair, the position in `prediction_ids`."""
    shared: np.ndarray
    """(N,) for each overlapping pair, the pixels in common."""

    @property
    def iou(self) -> np.ndarray:
        """(N,) intersection over union of each overlapping pair."""
        union = (
            self.truth_sizes[self.truth_index]
            + self.prediction_sizes[self.prediction_index]
            - self.shared
        )
        return self.shared / union


def overlap(
    truth: np.ndarray, prediction: np.ndarray, annotated: np.ndarray | None = None
) -> Overlap:
    """Count what two label images share.

    Parameters
    ----------
    truth, prediction : ndarray of int or bool, any shape
        Label images: 0 background, any other id one object. Ids may be as large and as far
        apart as they like.
    annotated : ndarray of bool, same shape, optional
        Where the truth means something. Pixels elsewhere never count.

    Returns
    -------
    Overlap

    Raises
    ------
    DataError
        The shapes differ, ids are negative, or an image holds no ids at all but scores.
    """
    truth, prediction = _labels(truth, "truth"), _labels(prediction, "prediction")
    if truth.shape != prediction.shape:
        raise DataError(
            f"truth has the shape {truth.shape} and the prediction {prediction.shape}; they must "
            "be the same, pixel on pixel"
        )
    truth_ids, rows = _positions(truth.ravel())
    prediction_ids, columns = _positions(prediction.ravel())
    ignored = np.zeros(len(prediction_ids), np.int64)
    if annotated is not None:
        counts = annotated_pixels(annotated, truth.shape).ravel()
        ignored = np.bincount(columns[~counts], minlength=len(prediction_ids))
        rows, columns = rows[counts], columns[counts]
    truth_index, prediction_index, shared = _pairs(rows, columns, len(prediction_ids))
    truth_sizes = _sums(truth_index, shared, len(truth_ids))
    prediction_sizes = _sums(prediction_index, shared, len(prediction_ids))
    # Background is position 0 in both; truth objects that nobody annotated are dropped.
    kept = truth_sizes > 0
    kept[0] = False
    objects = kept[truth_index] & (prediction_index > 0)
    return Overlap(
        truth_ids=truth_ids[kept],
        prediction_ids=prediction_ids[1:],
        truth_sizes=truth_sizes[kept],
        prediction_sizes=prediction_sizes[1:],
        prediction_ignored=ignored[1:],
        truth_index=(np.cumsum(kept) - 1)[truth_index[objects]],
        prediction_index=prediction_index[objects] - 1,
        shared=shared[objects],
    )


def _labels(image: np.ndarray, name: str) -> np.ndarray:
    image = np.asarray(image)
    if image.dtype == bool:
        return image.astype(np.uint8)
    if image.dtype.kind not in "ui":
        raise DataError(
            f"the {name} is {image.dtype}, but a label image holds integer ids, 0 for background; "
            "label the objects first (scores of 'cell' go to septum.metrics.isbi)"
        )
    if image.dtype.kind == "i" and image.size and image.min() < 0:
        raise DataError(
            f"the {name} holds the id {image.min()}; ids are positive and background is 0 "
            "(pixels that nobody annotated go into `annotated`)"
        )
    return image


def annotated_pixels(annotated: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return where a truth of `shape` means something; DataError if that is no mask of it."""
    annotated = np.asarray(annotated)
    if annotated.dtype != bool or annotated.shape != shape:
        raise DataError(
            f"annotated is {annotated.dtype} of the shape {annotated.shape}; expected bool of the "
            f"shape {shape}, True where the truth means something"
        )
    return annotated


def _positions(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids with 0 in front, and each pixel's position among them."""
    highest = int(image.max()) if image.size else 0
    if highest <= 4 * image.size + 1024:
        # Ids are usually small, and then a table is much faster than sorting the pixels.
        present = np.zeros(highest + 1, bool)
        present[image] = True
        present[0] = True
        return np.flatnonzero(present), (np.cumsum(present) - 1)[image]
    ids, positions = np.unique(image, return_inverse=True)
    if ids[0] != 0:
        ids, positions = np.concatenate([ids[:1] * 0, ids]), positions + 1
    return ids, positions


def _pairs(
    rows: np.ndarray, columns: np.ndarray, n_columns: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keys = rows * n_columns + columns
    if keys.size and int(keys.max()) <= 4 * keys.size + 1024:
        table = np.bincount(keys)
        found = np.flatnonzero(table)
        counts = table[found]
    else:
        found, counts = np.unique(keys, return_counts=True)
    return found // n_columns, found % n_columns, counts


def _sums(positions: np.ndarray, counts: np.ndarray, length: int) -> np.ndarray:
    # bincount adds in float64: exact up to 2^53 pixels.
    return np.bincount(positions, counts, minlength=length).astype(np.int64)
