"""Resampling an array to another size along its axes: area average down, linear up.

Each axis is a small linear operator, a sparse matrix whose rows sum to one, so the same lines serve
any rank. Pixels are areas: a pixel of the result covers ``before / after`` pixels of the source,
and the two images share their edges, not their pixel centres.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from septum.array import Source, View, Window, whole
from septum.compile import kernel
from septum.errors import ConfigError


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
    image = np.asarray(image)
    after = (*image.shape[: image.ndim - len(shape)], *shape)
    return np.ascontiguousarray(_window(image, after, whole(after)))


def resampled(image: Source, shape: Sequence[int]) -> Source:
    """Return `image` with its last axes resampled to `shape` window by window, when it is read.

    Each window has the very pixels that :func:`resample` of the whole has there, and is computed
    from the pixels under it alone.

    Parameters
    ----------
    image : Source
        Shape ``(..., *before)``.
    shape : sequence of int
        Spatial shape of the result, in pixels.

    Returns
    -------
    Source
        Of float32; `image` itself, in its own type, if it has this shape.
    """
    after = (*image.shape[: len(image.shape) - len(shape)], *shape)
    if after == tuple(image.shape):
        return image
    return View(after, np.dtype(np.float32), lambda window: _window(image, after, window))


def _window(image: Source, after: tuple[int, ...], window: Window) -> np.ndarray:
    lines = [
        _lines(before, size, part.start, part.stop)
        for before, size, part in zip(image.shape, after, window, strict=True)
    ]
    needed = tuple(slice(first, first + count) for first, count, _ in lines)
    result = np.asarray(image[needed]).astype(np.float32, copy=False)
    for axis, (_, _, operator) in enumerate(lines):
        if operator is not None:
            moved = np.moveaxis(result, axis, 0)
            product = operator @ moved.reshape(len(moved), -1)
            result = np.moveaxis(product.reshape(-1, *moved.shape[1:]), 0, axis)
    return result


def _lines(
    before: int, after: int, start: int, stop: int
) -> tuple[int, int, sparse.csr_array | None]:
    """Return the first source pixel under ``start:stop``, how many, and what turns them into it."""
    if before == after or start == stop:
        return start, stop - start, None
    rows = np.arange(start, stop)
    row, column, weight = (_average if after < before else _linear)(before, after, rows)
    first, last = int(column.min()), int(column.max())
    operator = sparse.csr_array(
        (weight.astype(np.float32), (row - start, column - first)),
        shape=(stop - start, last - first + 1),
    )
    return first, last - first + 1, operator


def resample_labels(labels: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return integer `labels` resampled to `shape`: of each pixel, the label with the largest area.

    Of labels with equal areas the smallest wins, so that background (0) keeps gaps between objects
    open, and a mirrored image gives the mirrored result. The pixel under the centre would not: at
    half the size the centre lies between two pixels, and taking one of them moves every object.

    Parameters
    ----------
    labels : numpy.ndarray
        Integer or boolean, shape ``(*before)``, up to three axes.
    shape : sequence of int
        Shape of the result, in pixels.
    """
    if tuple(shape) == labels.shape:
        return labels
    added = 3 - labels.ndim
    native = labels.astype(labels.dtype.newbyteorder("="), copy=False)
    sizes = zip((1,) * added + labels.shape, (1,) * added + tuple(shape), strict=True)
    shares = [_shares(before, after, np.arange(after)) for before, after in sizes]
    starts = [np.searchsorted(row, np.arange(row[-1] + 2)) for row, _, _ in shares]
    result = np.empty((1,) * added + tuple(shape), native.dtype)
    most = max(1, *(int(np.diff(start).max()) for start in starts)) ** 3
    _vote(
        native.reshape((1,) * added + labels.shape),
        tuple(starts),
        tuple(column for _, column, _ in shares),
        tuple(share for _, _, share in shares),
        np.empty(most, native.dtype),
        np.empty(most, np.int64),
        result,
    )
    return result.reshape(tuple(shape))


def scale_per_axis(scale: float | Sequence[float] | None, ndim: int) -> tuple[float, ...]:
    """Return one factor an axis from one for all, one for each, or None for none.

    Raises
    ------
    ConfigError
        If there are neither one nor `ndim` factors.
    """
    if scale is None:
        return (1.0,) * ndim
    factors = (float(scale),) * ndim if isinstance(scale, int | float) else tuple(scale)
    if len(factors) != ndim:
        raise ConfigError(
            f"data.scale is {factors}; expected one number, or one for each of the {ndim} axes"
        )
    return factors


def rescaled_shape(shape: Sequence[int], scale: float | Sequence[float] | None) -> tuple[int, ...]:
    """Return `shape` times `scale`, rounded, at least 1 px an axis."""
    factors = scale_per_axis(scale, len(shape))
    return tuple(max(1, round(size * by)) for size, by in zip(shape, factors, strict=True))


def rescale(image: np.ndarray, scale: float | Sequence[float] | None) -> np.ndarray:
    """Return the image ``(C, *spatial)`` with `scale` pixels where it had one; see `resample`."""
    return resample(image, rescaled_shape(image.shape[1:], scale))


# Both in whole numbers, of pixels times `after` or twice that: a row is the same in every window,
# and mirrored images have mirrored rows.


def _shares(before: int, after: int, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return row, column and share: how much of each source pixel lies in each pixel of `rows`."""
    first = rows * before // after
    count = -(-(rows + 1) * before // after) - first
    row = np.repeat(rows, count)
    column = np.arange(len(row)) - np.repeat(count.cumsum() - count - first, count)
    stop = np.minimum((row + 1) * before, (column + 1) * after)
    return row, column, stop - np.maximum(row * before, column * after)


def _average(before: int, after: int, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return row, column and weight: the average over the area of each pixel."""
    row, column, share = _shares(before, after, rows)
    return row, column, share / before


def _linear(before: int, after: int, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return row, column and weight: the two source pixels around each centre."""
    centre = np.clip((2 * rows + 1) * before - after, 0, 2 * after * (before - 1))
    lower = np.minimum(centre // (2 * after), max(before - 2, 0))
    upper = np.minimum(lower + 1, before - 1)
    share = centre / (2 * after) - lower
    return (
        np.concatenate([rows, rows]),
        np.concatenate([lower, upper]),
        np.concatenate([1 - share, share]),
    )


@kernel
def _vote(labels, starts, columns, shares, names, votes, result):
    for z in range(result.shape[0]):
        for y in range(result.shape[1]):
            for x in range(result.shape[2]):
                found = 0
                for i in range(starts[0][z], starts[0][z + 1]):
                    for j in range(starts[1][y], starts[1][y + 1]):
                        for k in range(starts[2][x], starts[2][x + 1]):
                            label = labels[columns[0][i], columns[1][j], columns[2][k]]
                            place = 0
                            while place < found and names[place] != label:
                                place += 1
                            if place == found:
                                names[place] = label
                                votes[place] = 0
                                found += 1
                            votes[place] += shares[0][i] * shares[1][j] * shares[2][k]
                best = 0
                for place in range(1, found):
                    more = votes[place] > votes[best]
                    if more or (votes[place] == votes[best] and names[place] < names[best]):
                        best = place
                result[z, y, x] = names[best]
