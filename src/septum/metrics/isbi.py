"""The pixel-pair metrics of the ISBI 2012 challenge: Rand, V_Rand, V_Info, and the pixel error.

All of them cut the proposal at the same thresholds and keep the best; the Rand and information
metrics compare components on the cells of the truth only ("foreground-restricted"): a membrane
that is too thick by a pixel costs little, one that is missing costs a merger.
"""

from collections.abc import Callable

import numpy as np

from septum.metrics.components import basins, components
from septum.metrics.overlap import Overlap, overlap
from septum.metrics.thresholds import THRESHOLDS, slices
from septum.metrics.warping import slice_warping_error


def rand_error(truth: np.ndarray, proposal: np.ndarray) -> float:
    """Compute 1 − the maximal F-score of the foreground-restricted Rand index.

    Over the thresholds 0.0, 0.1 … 1.0. With n_ij the pixels that component i of the truth shares
    with component j of the proposal, the F-score is 2 Σ n_ij² / (Σ n_i² + Σ n_j²); every cell
    pixel of the truth that the proposal calls membrane is a component of its own.

    Parameters
    ----------
    truth : ndarray, (Y, X) or (Z, Y, X)
        Cells are > 0, membrane is 0; the components of the cells are 4-connected.
    proposal : ndarray, same shape
        Score of "cell", in [0, 1].

    Returns
    -------
    float
        In [0, 1], 0 is perfect. A stack is scored slice by slice, each at its own best
        threshold, and averaged.

    Raises
    ------
    DataError
        The pair cannot be scored; see `isbi`.
    """
    return 1 - _best(truth, proposal, components, rand_f_score)


def v_rand(truth: np.ndarray, proposal: np.ndarray) -> float:
    """Compute the maximal foreground-restricted Rand F-score after border thinning.

    As in `rand_error`, but the membranes of the thresholded proposal are first thinned to one
    pixel by a watershed. Arganda-Carreras et al., Crowdsourcing the creation of image
    segmentation algorithms for connectomics, 2015, doi:10.3389/fnana.2015.00142.

    Parameters
    ----------
    truth, proposal : ndarray, (Y, X) or (Z, Y, X)
        As in `rand_error`.

    Returns
    -------
    float
        In [0, 1], 1 is perfect.

    Raises
    ------
    DataError
        The pair cannot be scored; see `isbi`.
    """
    return _best(truth, proposal, basins, rand_f_score)


def v_info(truth: np.ndarray, proposal: np.ndarray) -> float:
    """Compute the maximal foreground-restricted information F-score after border thinning.

    2 I(T; P) / (H(T) + H(P)) of the components of truth and thinned proposal, with I the mutual
    information and H the entropies. Same thinning and reference as `v_rand`. Where the truth or
    the proposal is a single component there is no information to share, and the score is 0, as
    in the reference; where both are the same single component it is 1 here (the reference says
    0, even for a perfect proposal).

    Parameters
    ----------
    truth, proposal : ndarray, (Y, X) or (Z, Y, X)
        As in `rand_error`.

    Returns
    -------
    float
        In [0, 1], 1 is perfect.

    Raises
    ------
    DataError
        The pair cannot be scored; see `isbi`.
    """
    return _best(truth, proposal, basins, info_f_score)


def pixel_error(truth: np.ndarray, proposal: np.ndarray) -> float:
    """Compute 1 − the maximal F-score of cell pixels, over the thresholds 0.0, 0.1 … 1.0.

    Parameters
    ----------
    truth, proposal : ndarray, (Y, X) or (Z, Y, X)
        As in `rand_error`.

    Returns
    -------
    float
        In [0, 1], 0 is perfect.

    Raises
    ------
    DataError
        The pair cannot be scored; see `isbi`.
    """
    best = [
        max(pixel_f_score(cells, score > threshold) for threshold in THRESHOLDS)
        for cells, score in slices(truth, proposal)
    ]
    return 1 - float(np.mean(best))


def isbi(truth: np.ndarray, proposal: np.ndarray) -> dict[str, float]:
    """Compute all five metrics of the ISBI 2012 challenge in one pass over the thresholds.

    Parameters
    ----------
    truth : ndarray, (Y, X) or (Z, Y, X)
        Cells are > 0, membrane is 0.
    proposal : ndarray, same shape
        Score of "cell", in [0, 1]; rounded to float32, as the reference does.

    Returns
    -------
    dict of str to float
        "warping_error", "rand_error" and "pixel_error" (0 is perfect), "v_rand" and "v_info" (1
        is perfect). A stack is scored slice by slice, each metric of each slice at its own best
        threshold, and averaged.

    Raises
    ------
    DataError
        The shapes differ, the score leaves [0, 1] or is not finite, or a slice of the truth has
        no cell: the metrics count pairs of cell pixels, and there are none.
    """
    rows = [_slice(cells, score) for cells, score in slices(truth, proposal)]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _slice(cells: np.ndarray, score: np.ndarray) -> dict[str, float]:
    labels = components(cells)
    pixel, rand, thin_rand, thin_info = [], [], [], []
    for threshold in THRESHOLDS:
        proposed = score > threshold
        thinned = basins(proposed)
        table = overlap(labels, thinned)
        pixel.append(pixel_f_score(cells, proposed))
        # On cells, basins carry the labels of the components.
        rand.append(rand_f_score(overlap(labels, thinned * proposed)))
        thin_rand.append(rand_f_score(table))
        thin_info.append(info_f_score(table))
    return {
        "warping_error": slice_warping_error(cells, score),
        "rand_error": 1 - max(rand),
        "pixel_error": 1 - max(pixel),
        "v_rand": max(thin_rand),
        "v_info": max(thin_info),
    }


def pixel_f_score(cells: np.ndarray, proposed: np.ndarray) -> float:
    """Compute 2 TP / (2 TP + FP + FN) of two boolean images of which one is not empty."""
    both = np.count_nonzero(cells & proposed)
    return 2 * both / (np.count_nonzero(cells) + np.count_nonzero(proposed))


def rand_f_score(table: Overlap) -> float:
    """Compute the foreground-restricted Rand F-score; see `rand_error`."""
    truth, proposal, both, alone = _foreground(table)
    return float(2 * (both @ both + alone) / (truth @ truth + proposal @ proposal + alone))


def info_f_score(table: Overlap) -> float:
    """Compute the foreground-restricted information F-score; see `v_info`."""
    truth, proposal, both, alone = _foreground(table)
    total = truth.sum()
    singletons = alone / total * np.log(total)
    truth_entropy = _entropy(truth / total)
    proposal_entropy = _entropy(proposal / total) + singletons
    if truth_entropy == 0 or proposal_entropy == 0:
        return float(truth_entropy == proposal_entropy)
    shared = truth_entropy + proposal_entropy - _entropy(both / total) - singletons
    return float(2 * shared / (truth_entropy + proposal_entropy))


def _foreground(table: Overlap) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return n_i, n_j and n_ij on the cells of the truth, and its pixels outside all n_j."""
    both = table.shared.astype(float)
    truth = table.truth_sizes.astype(float)
    proposal = np.bincount(table.prediction_index, both)
    return truth, proposal, both, float(truth.sum() - both.sum())


def _entropy(share: np.ndarray) -> float:
    share = share[share > 0]
    return float(-(share @ np.log(share)))


def _best(
    truth: np.ndarray,
    proposal: np.ndarray,
    divide: Callable[[np.ndarray], np.ndarray],
    f_score: Callable[[Overlap], float],
) -> float:
    """Average over slices the best score over thresholds; `divide` makes labels of a cut."""
    best = []
    for cells, score in slices(truth, proposal):
        labels = components(cells)
        cuts = (divide(score > threshold) for threshold in THRESHOLDS)
        best.append(max(f_score(overlap(labels, cut)) for cut in cuts))
    return float(np.mean(best))
