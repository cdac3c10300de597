"""SEG, the segmentation measure of the Cell Tracking Challenge."""

import numpy as np

from septum.metrics.overlap import overlap


def seg(truth: np.ndarray, prediction: np.ndarray, annotated: np.ndarray | None = None) -> float:
    """Compute the mean Jaccard index of the reference objects with the objects that match them.

    A predicted object S matches a reference object R if |R ∩ S| > 0.5 |R|; there is at most one.
    The object scores |R ∩ S| / |R ∪ S|, or 0 if nothing matches. Objects that were predicted
    and match nothing cost nothing. Maška et al., A benchmark for comparison of cell tracking
    algorithms, 2014, doi:10.1093/bioinformatics/btu080.

    The challenge averages over the objects of all frames at once: for several frames, pool
    `seg_scores` instead of averaging this.

    Parameters
    ----------
    truth, prediction : ndarray of int, any rank
        Label images: 0 background, any other id one object.
    annotated : ndarray of bool, same shape, optional
        Where the truth means something. Pixels elsewhere belong to neither R nor S.

    Returns
    -------
    float
        In [0, 1], 1 is perfect; nan if the truth has no object, which scores nothing.

    Raises
    ------
    DataError
        The images cannot be compared; see `septum.metrics.overlap.overlap`.
    """
    scores = list(seg_scores(truth, prediction, annotated).values())
    return float(np.mean(scores)) if scores else float("nan")


def seg_scores(
    truth: np.ndarray, prediction: np.ndarray, annotated: np.ndarray | None = None
) -> dict[int, float]:
    """Score each reference object; the mean over the objects of all frames is SEG.

    Parameters
    ----------
    truth, prediction, annotated
        As in `seg`.

    Returns
    -------
    dict of int to float
        From the id in the truth to a score in [0, 1]. Objects that lie wholly outside
        `annotated` are left out.

    Raises
    ------
    DataError
        The images cannot be compared; see `septum.metrics.overlap.overlap`.
    """
    table = overlap(truth, prediction, annotated)
    matches = 2 * table.shared > table.truth_sizes[table.truth_index]
    scores = np.zeros(len(table.truth_ids))
    scores[table.truth_index[matches]] = table.iou[matches]
    return dict(zip(table.truth_ids.tolist(), scores.tolist(), strict=True))
