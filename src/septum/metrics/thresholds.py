"""What the ISBI 2012 challenge compares: cells, and a score that is cut at a row of thresholds."""

from collections.abc import Iterator

import numpy as np

from septum.errors import DataError


def _row(last: float, step: float = 0.1) -> tuple[float, ...]:
    # The reference adds the step up instead of multiplying it, so that its 0.8 is a hair below
    # 0.8. Scores that come from 8-bit images lie on such thresholds, and fall to either side.
    values = []
    value = 0.0
    while value <= last:
        values.append(value)
        value += step
    return tuple(values)


THRESHOLDS = _row(1.0)
"""The 11 thresholds of the Rand, V_Rand, V_Info and pixel scores: 0.0, 0.1 … 1.0."""

WARPING_THRESHOLDS = _row(0.9)
"""The 10 thresholds of the warping error: 0.0, 0.1 … 0.9."""


def slices(truth: np.ndarray, proposal: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the slices of a checked pair as cells (bool) and score (float64), each (Y, X).

    The score is rounded to float32, in which the reference computes, and returned as float64,
    in which it compares.

    Parameters
    ----------
    truth : ndarray, (Y, X) or (Z, Y, X)
        Cells are > 0 (booleans, 0/255 or instance ids), membrane is 0.
    proposal : ndarray, same shape
        Score of "cell", in [0, 1].

    Raises
    ------
    DataError
        The shapes differ, the rank is neither 2 nor 3, there are no pixels, the score leaves
        [0, 1] or is not finite, or a slice of the truth has no cell.
    """
    truth, proposal = np.asarray(truth), np.asarray(proposal)
    if truth.shape != proposal.shape:
        raise DataError(
            f"truth has the shape {truth.shape} and the proposal {proposal.shape}; they must be "
            "the same, pixel on pixel"
        )
    if truth.ndim not in (2, 3) or truth.size == 0:
        raise DataError(
            f"the ISBI metrics take one slice (Y, X) or a stack (Z, Y, X) with at least one "
            f"pixel, not the shape {truth.shape}"
        )
    _check_scores(proposal)
    cells = (truth > 0).reshape(-1, *truth.shape[-2:])
    for index, cells_of_slice in enumerate(cells):
        if not cells_of_slice.any():
            raise DataError(
                f"slice {index} of the truth has no cell pixel (> 0), so that there is nothing "
                "to score; leave it out, or invert the truth if its membranes are not 0"
            )
    scores = proposal.astype(np.float32).astype(np.float64).reshape(cells.shape)
    yield from zip(cells, scores, strict=True)


def _check_scores(proposal: np.ndarray) -> None:
    if proposal.dtype.kind not in "bfui":
        raise DataError(f"the proposal is {proposal.dtype}; scores of 'cell' are numbers in [0, 1]")
    low, high = float(proposal.min()), float(proposal.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DataError(
            f"the proposal holds values that are not finite ({low} to {high}); "
            "scores of 'cell' are numbers in [0, 1]"
        )
    if low < 0 or high > 1:
        hint = "; divide an 8-bit image by 255" if low >= 0 and high <= 255 else ""
        raise DataError(
            f"the proposal runs from {low:g} to {high:g}, and scores of 'cell' lie in [0, 1]{hint}"
        )
