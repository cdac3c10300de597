"""Scores of "cell" from whatever a file holds: fractions, grey values, instance ids or a mask."""

import numpy as np

from septum.data.labels import refuse_smoothed
from septum.data.summary import touching_pairs
from septum.errors import DataError
from septum.targets import separate


def cell_score(array: np.ndarray, where: str, known: bool = False) -> tuple[np.ndarray, str]:
    """Return the score of "cell" in [0, 1], and how the values were understood.

    Parameters
    ----------
    array : numpy.ndarray, shape (N, Y, X)
        Fractions are scores. Whole numbers are scores, as shares of the largest number of their
        type, where they run smoothly (in 16 bits: above its half) or reach that number in fewer
        than 128 values, which instance ids hardly do. Else they are instance ids or a mask, and
        any is a cell.
    where : str
        The file, for messages.
    known : bool, default False
        Whether the values are known to be scores, as by the name of their file.

    Raises
    ------
    DataError
        For a smooth image of which it is open what its values are shares of.
    """
    # Of 8 bits, 1 is the smallest share and not the whole.
    if array.dtype.kind == "f" or (known and array.dtype != np.uint8 and array.max() <= 1):
        return array.astype(np.float64), "isbi takes the values as scores of 'cell'"
    if known or _is_grey_scale(array, where):
        top = np.iinfo(array.dtype).max
        return array / top, f"isbi takes grey values as scores of 'cell', in shares of {top}"
    cells = np.stack([with_membranes(plane) > 0 for plane in array]).astype(np.float64)
    return cells, "isbi takes any value above 0 as cell: instance ids or a mask"


def _is_grey_scale(array: np.ndarray, where: str) -> bool:
    top = np.iinfo(array.dtype).max if array.dtype.kind == "u" else np.inf
    if array.max() == top and np.unique(array).size < 128:
        return True
    try:
        refuse_smoothed(array, where)
    except DataError:
        if array.dtype == np.uint8 or array.max() > top / 2:
            return True
        raise DataError(
            f"{where}: {array.dtype} values up to {array.max()} that run too smoothly for instance "
            "ids; save scores of 'cell' as floats in [0, 1], or as 8 bits in shares of 255"
        ) from None
    return False


def with_membranes(labels: np.ndarray) -> np.ndarray:
    """Return instances that have background between them, as the ISBI metrics tell cells apart.

    The components of a mask have it already and are left as they are, to the pixel.
    """
    return separate(labels) if len(touching_pairs(labels)) else labels
