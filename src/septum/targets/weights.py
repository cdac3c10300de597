"""The weight map w(x) of equation 2: class balance plus the border term between cells."""

from collections.abc import Sequence
from math import log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from septum.compile import kernel
from septum.errors import ConfigError, DataError
from septum.targets.distances import two_nearest
from septum.targets.instances import as_labels, compact_ids
from septum.targets.separation import separate

# The border term is dropped where it is below this share of w0; float32 beside w_c, which is about
# 1, cannot show it.
_VANISHED = 1e-9


def border_weights(
    labels: ArrayLike,
    w0: float = 10.0,
    sigma: float = 5.0,
    spacing: float | Sequence[float] | None = None,
) -> NDArray[np.float32]:
    """Weigh the background between cells: the second term of equation 2.

    ``w0 * exp(-(d1 + d2)^2 / (2 sigma^2))`` on background, with d1 and d2 the distances to the
    nearest and second-nearest cell; 0 inside cells, and everywhere if there are fewer than two.
    The labels are taken as they are: `separate` those that touch first, or the contact gets no
    weight.

    Parameters
    ----------
    labels : array_like of int, shape (*spatial)
        Instances, 0 for background; any rank.
    w0 : float
        Weight that a gap of width 0 would get.
    sigma : float
        Width of the Gaussian, in pixels or in the unit of `spacing`.
    spacing : float or sequence of float, optional
        Size of a pixel along each axis; 1 by default.

    Returns
    -------
    ndarray of float32, shape (*spatial)
        Exact wherever the term is at least ``1e-9 * w0``; smaller values may be 0.

    Raises
    ------
    DataError
        If labels are not whole numbers, or negative.
    ConfigError
        If w0 is negative, sigma not positive or the spacing not valid.
    """
    labels = as_labels(labels)
    if not (w0 >= 0 and np.isfinite(w0)):
        raise ConfigError(f"w0 is {w0}; expected 0 or more (the paper has 10)")
    if not (sigma > 0 and np.isfinite(sigma)):
        raise ConfigError(f"sigma is {sigma}; expected more than 0 (the paper has about 5 px)")
    # d1 + d2 exceeds the reach of the exponential wherever d2 alone does.
    reach = sigma * sqrt(-2.0 * log(_VANISHED))
    d1, d2 = two_nearest(labels, reach, spacing, background_only=True)
    return _border_term(d1.ravel(), d2.ravel(), w0, sigma).reshape(labels.shape)


@kernel
def _border_term(d1, d2, w0, sigma):
    """Compute the term for flat distances; 0 where there is no second cell."""
    weights = np.zeros(d1.size, np.float32)
    for pixel in range(d1.size):
        if d2[pixel] < np.inf:
            gap = (d1[pixel] + d2[pixel]) / sigma
            weights[pixel] = w0 * np.exp(-0.5 * gap * gap)
    return weights


def class_balance(
    classes: ArrayLike, annotated: ArrayLike | None = None, power: float = 1.0
) -> NDArray[np.float32]:
    """Weigh each pixel against the frequency of its class: w_c of equation 2.

    ``N / (K * n_c)`` for a pixel of class c, with N annotated pixels of which n_c are of class c,
    and K the number of classes that occur. All classes weigh the same in total and the mean over
    the annotated pixels is 1. (With another `power` than 1, a deviation from the paper, weights go
    with ``n_c^-power``, and their mean is 1 as before.)

    Parameters
    ----------
    classes : array_like of int, shape (*spatial)
        Class of each pixel, as `class_map` answers.
    annotated : array_like of bool, shape (*spatial), optional
        Where the classes mean something; everywhere by default.
    power : float, default 1
        How far rare classes are lifted; 0 for not at all.

    Returns
    -------
    ndarray of float32, shape (*spatial)
        0 where not annotated.

    Raises
    ------
    DataError
        If classes are not whole numbers or negative, or the shapes differ.
    """
    classes = as_labels(classes)
    known = _as_annotated(annotated, classes.shape)
    index, ids = compact_ids(classes)
    share = balanced(np.bincount(index[known], minlength=ids.size), power)
    return np.where(known, share[index], np.float32(0))


def balanced(counts: ArrayLike, power: float = 1.0) -> NDArray[np.float32]:
    """Return what a pixel of each class weighs, from the pixels of each; see `class_balance`.

    A class without pixels weighs 0.
    """
    counts = np.asarray(counts, np.float64)
    present = counts > 0
    share = np.zeros(counts.shape)
    share[present] = counts[present] ** -power
    total = (share * counts).sum()
    return (share * (counts.sum() / total if total else 0)).astype(np.float32)


def weight_map(
    labels: ArrayLike,
    w0: float = 10.0,
    sigma: float = 5.0,
    annotated: ArrayLike | None = None,
    spacing: float | Sequence[float] | None = None,
) -> NDArray[np.float32]:
    """Compute w(x) of equation 2: class balance plus border term, for foreground and background.

    Touching instances are separated first and both terms are those of the separated labels.

    Parameters
    ----------
    labels : array_like of int, shape (*spatial)
        Instances as annotated, 0 for background; any rank.
    w0 : float
        Weight that a gap of width 0 would get.
    sigma : float
        Width of the border term, in pixels or in the unit of `spacing`.
    annotated : array_like of bool, shape (*spatial), optional
        Where the labels mean something; everywhere by default.
    spacing : float or sequence of float, optional
        Size of a pixel along each axis; 1 by default.

    Returns
    -------
    ndarray of float32, shape (*spatial)
        0 where not annotated.

    Raises
    ------
    DataError
        If labels are not whole numbers or negative, or the shapes differ.
    ConfigError
        If w0 is negative, sigma not positive or the spacing not valid.
    """
    cells = separate(labels)
    known = _as_annotated(annotated, cells.shape)
    border = border_weights(cells, w0, sigma, spacing)
    return class_balance(cells > 0, known) + np.where(known, border, np.float32(0))


def _as_annotated(annotated: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if annotated is None:
        return np.ones(shape, np.bool_)
    known = np.asarray(annotated)
    if known.shape != shape:
        raise DataError(
            f"annotated has the shape {known.shape}, but the labels have {shape}; "
            "expected one value per pixel"
        )
    return known != 0
