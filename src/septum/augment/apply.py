"""Apply a draw: one composed coordinate map, one resampling, only the crop that is needed.

Arrays are ``(*spatial)`` or ``(C, *spatial)``; coordinates are in pixels of the source, pixel
centres at whole numbers.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from septum.augment.displacement import draw_displacement, spline_basis
from septum.augment.intensity import vary
from septum.augment.policy import Augmentation, Drawn
from septum.augment.resampling import resample
from septum.augment.sections import jumped, spoiled
from septum.errors import ConfigError, DataError


def crop(
    image: NDArray[np.float32],
    classes: NDArray,
    weights: NDArray[np.float32],
    drawn: Drawn,
    center: Sequence[float],
    size: Sequence[int],
    output: Sequence[int] | None = None,
) -> tuple[NDArray[np.float32], NDArray, NDArray[np.float32]]:
    """Cut one augmented training crop: image, classes and weights through the same map.

    Parameters
    ----------
    image : ndarray of float32, shape (C, *spatial)
        Normalised image.
    classes : ndarray of int, shape (*spatial)
        Class of each pixel.
    weights : ndarray of float32, shape (*spatial)
        w(x), 0 where not annotated.
    drawn : Drawn
        What `draw` answered.
    center : sequence of float
        Middle of the crop in the source: ``start + (size - 1) / 2``.
    size : sequence of int
        Input size of the network.
    output : sequence of int, optional
        Output size of the network, centred in the input; the same as `size` by default.

    Returns
    -------
    image : ndarray of float32, shape (C, *size)
        Interpolated linearly, then varied in grey value; some sections may be lost, and 0 in
        channels that were dropped.
    classes : ndarray, shape (*output)
        Of the nearest pixel.
    weights : ndarray of float32, shape (*output)
        Interpolated linearly, but 0 where the nearest pixel, whose class is shown, has weight 0:
        what nobody annotated gains no weight from its neighbours.

    Raises
    ------
    DataError
        If the shapes of image, classes and weights do not belong together.
    ConfigError
        If sizes or center do not fit the number of axes, or the output is not centred in the
        input by whole pixels.
    """
    if not image.shape[1:] == classes.shape == weights.shape:
        raise DataError(
            f"image, classes and weights have the shapes {image.shape}, {classes.shape} and "
            f"{weights.shape}; expected (C, *spatial), (*spatial) and (*spatial)"
        )
    grid = coordinates(drawn, center, size)
    inner = (slice(None), *centred(size, size if output is None else output))
    seen = vary(resample(image, grid, order=1), drawn.grey)
    if drawn.sections is not None:
        seen = spoiled(seen, drawn.sections, drawn.grey.black, drawn.grey.white)
    if drawn.dropped:
        # After the grey values: what is missing is 0 in prediction, too, and without noise.
        seen = seen.copy()
        seen[list(drawn.dropped)] = 0
    grid = grid[inner]
    known = resample(weights, grid, order=0) > 0
    weight = np.where(known, resample(weights, grid, order=1), np.float32(0))
    return seen, resample(classes, grid, order=0), weight


def elastic(
    image: ArrayLike,
    labels: ArrayLike,
    sigma: float = 10.0,
    grid: int = 3,
    seed: int | np.random.Generator = 0,
) -> tuple[NDArray, NDArray]:
    """Deform an image and its labels as in the paper, section 3.1.

    Random displacement vectors on a coarse grid stretched over the image, interpolated to
    per-pixel displacements with cubic splines.

    Parameters
    ----------
    image : array_like, shape (*spatial) or (C, *spatial)
        Image of any numeric type.
    labels : array_like, shape (*spatial)
        Labels, 2D or 3D.
    sigma : float
        Standard deviation of the displacement vectors along each axis, in pixels.
    grid : int
        Nodes along each axis, 2 or more.
    seed : int or numpy.random.Generator
        The same seed gives the same bytes.

    Returns
    -------
    image : ndarray
        Same shape and type, interpolated linearly.
    labels : ndarray
        Same shape and type, of the nearest pixel: no new ids.

    Raises
    ------
    DataError
        If the shapes do not belong together.
    ConfigError
        If sigma is negative or the grid has fewer than 2 nodes.
    """
    image, labels = np.asarray(image), np.asarray(labels)
    if labels.shape not in (image.shape, image.shape[1:]) or labels.size == 0:
        raise DataError(
            f"image has the shape {image.shape}, labels {labels.shape}; expected labels "
            "(*spatial) with at least one pixel and an image (*spatial) or (C, *spatial)"
        )
    checked = Augmentation(elastic_sigma=sigma, elastic_grid=grid)
    vectors = draw_displacement(
        np.random.default_rng(seed), labels.ndim, checked.elastic_sigma, checked.elastic_grid
    )
    middle = (np.array(labels.shape) - 1) / 2
    moved = _product(*_factors(vectors, np.eye(labels.ndim), middle, labels.shape))
    return resample(image, moved, order=1), resample(labels, moved, order=0)


def coordinates(drawn: Drawn, center: Sequence[float], size: Sequence[int]) -> NDArray[np.float32]:
    """Compose displacement, affine part and place into one map.

    Parameters
    ----------
    drawn : Drawn
        What `draw` answered.
    center : sequence of float
        Middle of the crop in the source: ``start + (size - 1) / 2``.
    size : sequence of int
        Size of the crop.

    Returns
    -------
    ndarray of float32, shape (ndim, *size)
        For each pixel of the crop the place in the source that it shows.

    Raises
    ------
    ConfigError
        If center or size do not have one number per axis, a size is not positive, or other
        sections were drawn than the crop has.
    """
    grid = _product(*factors(drawn, center, size))
    if drawn.sections is None:
        return grid
    if len(drawn.sections.kind) != size[0]:
        raise ConfigError(
            f"{len(drawn.sections.kind)} sections were drawn and the size is {tuple(size)}; "
            "expected as many as the crop has along Z"
        )
    return jumped(grid, drawn.sections)


def factors(
    drawn: Drawn, center: Sequence[float], size: Sequence[int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what `coordinates` multiplies, before sections jump: small arrays to make the map of.

    Parameters
    ----------
    drawn, center, size
        See `coordinates`.

    Returns
    -------
    rows : ndarray of float32, shape (ndim, terms, *size[:-1])
        Coefficients of functions along the last axis.
    columns : ndarray of float32, shape (size[-1], terms)
        Those functions, the same for all draws of one grid and size. The map is the sum of the
        products over the terms.

    Raises
    ------
    ConfigError
        If center or size do not have one number per axis, or a size is not positive.
    """
    ndim = len(drawn.matrix)
    if len(center) != ndim or len(size) != ndim or min(size) < 1:
        raise ConfigError(
            f"center is {tuple(center)} and size {tuple(size)}; expected {ndim} numbers each, "
            "one per axis, and sizes of at least 1 px"
        )
    return _factors(drawn.displacement, drawn.matrix, np.asarray(center) + drawn.shift, size)


def _factors(
    vectors: NDArray, matrix: NDArray, center: NDArray, size: Sequence[int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Factor ``center + matrix @ (o + displacement(o))`` for all offsets o from the middle.

    The sum of products of one function per axis: the splines of the grid, the constant and the
    offset. Their coefficients are contracted with one axis after the other; the last and large one
    is left, in float32; whole pixels stay exact.
    """
    ndim, grid = vectors.shape[:2]
    constant, offset = grid, grid + 1
    terms = np.zeros((ndim, *[grid + 2] * ndim))
    terms[(slice(None), *[slice(grid)] * ndim)] = np.tensordot(matrix, vectors, axes=1)
    terms[(slice(None), *[constant] * ndim)] = center
    for axis in range(ndim):
        only_axis = [offset if other == axis else constant for other in range(ndim)]
        terms[(slice(None), *only_axis)] = matrix[:, axis]
    bases = [_basis(pixels, grid) for pixels in size]
    for basis in bases[:-1]:
        # Consumes the first axis of coefficients and appends the axis of pixels.
        terms = np.tensordot(terms, basis, axes=(1, 1))
    return terms.astype(np.float32), bases[-1].astype(np.float32)


def _basis(pixels: int, grid: int) -> NDArray:
    offsets = np.arange(pixels) - (pixels - 1) / 2
    return np.column_stack([spline_basis(pixels, grid), np.ones(pixels), offsets])


def _product(rows: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.tensordot(rows, columns, axes=(1, 1))


def centred(size: Sequence[int], output: Sequence[int]) -> tuple[slice, ...]:
    """Return the slices that cut the output out of the middle of the input."""
    margins = [(n - m, n, m) for n, m in zip(size, output, strict=True)]
    if any(margin < 0 or margin % 2 or m < 1 for margin, _, m in margins):
        raise ConfigError(
            f"output size {tuple(output)} does not lie in the middle of the input size "
            f"{tuple(size)}; expected a smaller size, by an even number of pixels, on each axis"
        )
    return tuple(slice(margin // 2, margin // 2 + m) for margin, _, m in margins)
