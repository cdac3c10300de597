"""From probabilities to classes by name: pixel by pixel, so that any window is as the whole."""

from collections.abc import Sequence

import numpy as np

from septum.classes import Classes
from septum.errors import ConfigError
from septum.plan import InstancePlan


def classified(
    probabilities: np.ndarray, named: Classes, thresholds: Sequence[float]
) -> np.ndarray:
    """Return the number of each pixel's class, or the bits of its classes.

    Parameters
    ----------
    probabilities : numpy.ndarray
        Shape ``(named.scores, *spatial)``.
    named : Classes
        What they are of, and how classes become numbers. Of exclusive classes, a pixel is of the
        most probable one where ``1 - background`` is above the threshold. Of classes that overlap,
        it is of each whose probability is above the threshold of the class.
    thresholds : sequence of float
        One for all, or for each of the classes that overlap.

    Returns
    -------
    numpy.ndarray of uint8
        Shape ``spatial``.

    Raises
    ------
    ConfigError
        For another number of thresholds.
    """
    check_thresholds(named, thresholds)
    spatial = probabilities.shape[1:]
    if not named.overlap:
        classes = probabilities[1:].argmax(axis=0) + 1
        return np.where(1 - probabilities[0] > thresholds[0], classes, 0).astype(np.uint8)
    limits = np.broadcast_to(np.asarray(thresholds, np.float32), len(named.names))
    found = np.zeros(spatial, np.uint8)
    for number, (shares, limit) in enumerate(zip(probabilities, limits, strict=True)):
        found |= (shares > limit).astype(np.uint8) << number
    return found


def check_choices(named: Classes | None, plan: InstancePlan) -> None:
    """Raise ConfigError if thresholds or smallest sizes are not one, or one for each class."""
    if named is None:
        _ = plan.values  # refuses several
        return
    check_thresholds(named, plan.thresholds)
    if len(plan.smallest) not in (1, len(named.names)):
        raise ConfigError(
            f"instances.min_size is {list(plan.smallest)}; expected one number of pixels, or one "
            f"for each of {', '.join(named.names)}"
        )


def check_thresholds(named: Classes, thresholds: Sequence[float]) -> None:
    """Raise ConfigError unless there is one threshold, or one for each class that overlaps."""
    count = len(named.names)
    if len(thresholds) == 1 or (named.overlap and len(thresholds) == count):
        return
    each = f", or one for each of {', '.join(named.names)}" if named.overlap else ""
    raise ConfigError(f"instances.threshold is {list(thresholds)}; expected one share{each}")
