"""From probabilities to separate cells."""

import numpy as np

from septum.instances.components import components, drop_small
from septum.instances.watershed import watershed

__all__ = ["components", "drop_small", "instances", "watershed"]


def instances(
    probabilities: np.ndarray, threshold: float = 0.5, seed: float = 0.9, min_size: int = 0
) -> np.ndarray:
    """Return the instances in `probabilities`.

    Two classes (background, cell), the paper's way: the connected components of the cells. Three
    classes (background, interior, touching border): the connected components of the interior are
    seeds, which flood the cells over the most interior pixels first.

    Parameters
    ----------
    probabilities : numpy.ndarray
        Shape ``(2 or 3, *spatial)``, summing to one over axis 0.
    threshold : float, default 0.5
        A pixel belongs to a cell where ``1 - background`` is above this.
    seed : float, default 0.9
        With three classes, a pixel belongs to a seed where ``interior`` is above this.
    min_size : int, default 0
        Instances of fewer pixels are dropped.

    Returns
    -------
    numpy.ndarray of int32
        Shape ``spatial``; 0 background, 1..n instances.
    """
    cells = 1 - probabilities[0] > threshold
    if len(probabilities) == 2:
        return components(cells, min_size)
    interior = probabilities[1]
    seeds = components((interior > seed) & cells, min_size // 2)
    return drop_small(watershed(1 - interior, seeds, cells), min_size)
