"""The pixel-pair metrics of the ISBI 2012 challenge: Rand, V_Rand, V_Info, and the pixel error.

All of them cut the proposal at the same thresholds and keep the best; the Rand and information
metrics compare components on the cells of the truth only ("foreground-restricted"): a membrane
that is too thick by a pixel costs little, one that is missing costs a merger.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from septum.metrics.components import basins, components
from septum.metrics.overlap import Overlap, annotated_pixels, overlap
from septum.metrics.thresholds import THRESHOLDS, slices
from septum.metrics.warping import warping_errors


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
        In [0, 1], 0 is perfect. The scores of a stack are averaged over its slices before the
        best threshold is taken: one for all.

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
    scores = [
        [pixel_f_score(cells, score > threshold) for threshold in THRESHOLDS]
        for cells, score in slices(truth, proposal)
    ]
    return 1 - float(np.mean(scores, axis=0).max())


def isbi(
    truth: np.ndarray, proposal: np.ndarray, annotated: np.ndarray | None = None
) -> dict[str, float]:
    """Compute all five metrics of the ISBI 2012 challenge in one pass over the thresholds.

    Parameters
    ----------
    truth : ndarray, (Y, X) or (Z, Y, X)
        Cells are > 0, membrane is 0.
    proposal : ndarray, same shape
        Score of "cell", in [0, 1]; rounded to float32, as the reference does.
    annotated : ndarray of bool, same shape, optional
        Where the truth means something. Pixels elsewhere count as membrane on both sides, so that
        no metric depends on what is proposed there, and the warping error is per annotated pixel.
        (The challenge knows no such pixels.)

    Returns
    -------
    dict of str to float
        "warping_error", "rand_error" and "pixel_error" (0 is perfect), "v_rand" and "v_info" (1
        is perfect). The scores of a stack are averaged over its slices before the best threshold
        of each metric is taken: one for all slices, as in the challenge.

    Raises
    ------
    DataError
        The shapes differ, the score leaves [0, 1] or is not finite, or a slice of the truth has
        no annotated cell: the metrics count pairs of cell pixels, and there are none.
    """
    return at_best_threshold(isbi_by_threshold(truth, proposal, annotated))


def at_best_threshold(curves: Sequence[Mapping[str, np.ndarray]]) -> dict[str, float]:
    """Average the scores of slices at each threshold, and keep the best of each metric.

    Parameters
    ----------
    curves : sequence of mapping
        What `isbi_by_threshold` answers, of one stack or of several.

    Returns
    -------
    dict of str to float
        As `isbi`.
    """
    averages = {name: np.mean([curve[name] for curve in curves], axis=0) for name in curves[0]}
    return {
        name: float(values.min() if name.endswith("error") else values.max())
        for name, values in averages.items()
    }


def isbi_by_threshold(
    truth: np.ndarray, proposal: np.ndarray, annotated: np.ndarray | None = None
) -> list[dict[str, np.ndarray]]:
    """Compute all five metrics of each slice at every threshold.

    Parameters
    ----------
    truth, proposal, annotated : ndarray, (Y, X) or (Z, Y, X)
        As in `isbi`.

    Returns
    -------
    list of dict of str to ndarray
        For each slice, by the names of `isbi`, a value for each of the 11 thresholds (10 for the
        warping error). Slices of several files are pooled by `at_best_threshold` of all of them.

    Raises
    ------
    DataError
        As `isbi`.
    """
    if annotated is None:
        return [_slice(cells, score) for cells, score in slices(truth, proposal)]
    truth, proposal = (
        np.where(annotated_pixels(annotated, truth.shape), values, 0)
        for values in (np.asarray(truth), np.asarray(proposal))
    )
    curves = [_slice(cells, score) for cells, score in slices(truth, proposal)]
    shares = annotated.reshape(-1, annotated.shape[-2] * annotated.shape[-1]).mean(axis=1)
    return [
        curve | {"warping_error": curve["warping_error"] / share}
        for curve, share in zip(curves, shares, strict=True)
    ]


def _slice(cells: np.ndarray, score: np.ndarray) -> dict[str, np.ndarray]:
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
        "warping_error": warping_errors(cells, score),
        "rand_error": 1 - np.array(rand),
        "pixel_error": 1 - np.array(pixel),
        "v_rand": np.array(thin_rand),
        "v_info": np.array(thin_info),
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
    """Return the best score over thresholds of the mean over slices; `divide` labels a cut."""
    scores = []
    for cells, score in slices(truth, proposal):
        labels = components(cells)
        cuts = (divide(score > threshold) for threshold in THRESHOLDS)
        scores.append([f_score(overlap(labels, cut)) for cut in cuts])
    return float(np.mean(scores, axis=0).max())
