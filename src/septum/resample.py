"""Resampling an array to another size along its axes: area average down, linear up.

Each axis is a small linear operator, a sparse matrix whose rows sum to one, so the same lines serve
any rank. Pixels are areas: a pixel of the result covers ``before / after`` pixels of the source,
and the two images share their edges, not their pixel centres.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy import sparse


def resample(image: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return `image` with its last axes resampled to `shape`.

    Parameters
    ----------
    image : numpy.ndarray
        Shape ``(..., *before)``; axes in front of the spatial ones, as channels, are kept.
    shape : sequence of int
        Spatial shape of the result, in pixels.

    Returns
    -------
    numpy.ndarray
        float32. Along an axis that shrinks, each pixel is the exact average over its area; along
        one that grows, linear interpolation between pixel centres, edges repeated.
    """
    result = np.asarray(image, dtype=np.float32)
    for axis, after in enumerate(shape, start=result.ndim - len(shape)):
        before = result.shape[axis]
        if before != after:
            operator = _average(before, after) if after < before else _linear(before, after)
            lines = np.moveaxis(result, axis, 0)
            product = operator @ lines.reshape(before, -1)
            result = np.moveaxis(product.reshape(after, *lines.shape[1:]), 0, axis)
    return np.ascontiguousarray(result)


def resample_labels(labels: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return integer `labels` resampled to `shape`: the pixel nearest to each centre.

    Parameters
    ----------
    labels : numpy.ndarray
        Any type, shape ``(*before)``.
    shape : sequence of int
        Shape of the result, in pixels.
    """
    for axis, (before, after) in enumerate(zip(labels.shape, shape, strict=True)):
        if before != after:
            nearest = np.floor((np.arange(after) + 0.5) * before / after).astype(np.intp)
            labels = labels.take(nearest, axis=axis)
    return labels


def rescaled_shape(shape: Sequence[int], scale: float) -> tuple[int, ...]:
    """Return `shape` times `scale`, rounded, at least 1 px an axis."""
    return tuple(max(1, round(size * scale)) for size in shape)


def rescale(image: np.ndarray, scale: float) -> np.ndarray:
    """Return the image ``(C, *spatial)`` with `scale` pixels where it had one; see `resample`."""
    return resample(image, rescaled_shape(image.shape[1:], scale))


def _average(before: int, after: int) -> sparse.csr_array:
    edges = np.linspace(0, before, after + 1)
    rows, columns, weights = [], [], []
    for row, (start, stop) in enumerate(itertools.pairwise(edges)):
        for column in range(int(start), min(int(np.ceil(stop)), before)):
            rows.append(row)
            columns.append(column)
            weights.append((min(stop, column + 1) - max(start, column)) / (stop - start))
    return _operator(rows, columns, weights, (after, before))


def _linear(before: int, after: int) -> sparse.csr_array:
    centres = np.clip((np.arange(after) + 0.5) * before / after - 0.5, 0, before - 1)
    lower = np.minimum(centres.astype(np.intp), max(before - 2, 0))
    upper = np.minimum(lower + 1, before - 1)
    rows = np.arange(after)
    return _operator(
        np.concatenate([rows, rows]),
        np.concatenate([lower, upper]),
        np.concatenate([1 - (centres - lower), centres - lower]),
        (after, before),
    )


def _operator(rows, columns, weights, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array((np.asarray(weights, dtype=np.float32), (rows, columns)), shape=shape)
