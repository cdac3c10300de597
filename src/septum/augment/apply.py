"""Apply a draw: one composed coordinate map, one resampling, only the crop that is needed.

Arrays are ``(*spatial)`` or ``(C, *spatial)``; coordinates are in pixels of the source, pixel
centres at whole numbers. Beyond its edge the source is mirrored without repeating the edge pixel,
as often as it takes.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import map_coordinates

from septum.augment.displacement import draw_displacement, interpolate
from septum.augment.intensity import vary
from septum.augment.policy import Augmentation, Drawn
from septum.errors import ConfigError, DataError

# cv2.remap takes no more pixels along an axis, and these types when it interpolates.
_REMAP_PIXELS = 32766
_REMAP_TYPES = ("uint8", "uint16", "int16", "float32", "float64")
# Types of the same number of bytes that cv2.remap copies untouched when it does not interpolate.
_SAME_BYTES = {1: np.uint8, 2: np.uint16, 4: np.float32, 8: np.float64}


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
        Interpolated linearly, then varied in grey value.
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
    inner = (slice(None), *_centred(size, size if output is None else output))
    seen = vary(resample(image, grid, order=1), drawn.grey)
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
    moved = _map(vectors, np.eye(labels.ndim), middle, labels.shape)
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
        If center or size do not have one number per axis, or a size is not positive.
    """
    ndim = len(drawn.matrix)
    if len(center) != ndim or len(size) != ndim or min(size) < 1:
        raise ConfigError(
            f"center is {tuple(center)} and size {tuple(size)}; expected {ndim} numbers each, "
            "one per axis, and sizes of at least 1 px"
        )
    return _map(drawn.displacement, drawn.matrix, np.asarray(center) + drawn.shift, size)


def _map(
    vectors: NDArray, matrix: NDArray, center: NDArray, size: Sequence[int]
) -> NDArray[np.float32]:
    """Compute ``center + matrix @ (o + displacement(o))`` for all offsets o from the middle."""
    # The few nodes are turned, not the many pixels; the affine part is a sum of one row per axis.
    composed = interpolate(np.tensordot(matrix, vectors, axes=1), size)
    for axis, pixels in enumerate(size):
        offsets = np.arange(pixels) - (pixels - 1) / 2
        along = [1] * len(size)
        along[axis] = pixels
        start = center[:, None] if axis == 0 else 0.0
        composed += (matrix[:, axis, None] * offsets + start).reshape(-1, *along)
    return composed.astype(np.float32)


def resample(array: NDArray, grid: NDArray[np.float32], order: int = 1) -> NDArray:
    """Read an array at the places of a coordinate map.

    Two axes go through ``cv2.remap``, other ranks through scipy and numpy. OpenCV before 5
    interpolates with places rounded to 1/32 px.

    Parameters
    ----------
    array : ndarray, shape (*spatial) or (C, *spatial)
        Source of any numeric type; only the part that is needed is read.
    grid : ndarray of float32, shape (ndim, *size)
        Coordinates in pixels of the source.
    order : {0, 1}
        0 takes the nearest pixel, exactly, whatever the type; 1 interpolates linearly, and
        rounds for integer types.

    Returns
    -------
    ndarray, shape (*size) or (C, *size)
        Same type as the source.

    Raises
    ------
    DataError
        If the array has neither as many axes as the map has coordinates, nor one more.
    ConfigError
        If the order is not 0 or 1.
    """
    ndim = len(grid)
    if order not in (0, 1):
        raise ConfigError(f"order is {order}; expected 0 (nearest) or 1 (linear)")
    if array.ndim not in (ndim, ndim + 1) or 0 in array.shape:
        raise DataError(
            f"array has the shape {array.shape}; expected {ndim} axes, or channels and {ndim} axes"
        )
    window, local = _window(array, grid)
    read = _read_nearest if order == 0 else _read_linear
    if array.ndim == ndim:
        return read(window, local)
    return np.stack([read(channel, local) for channel in window])


def _read_nearest(source: NDArray, grid: NDArray[np.float32]) -> NDArray:
    if _fits_remap(source, grid) and source.itemsize in _SAME_BYTES:
        same_bytes = np.ascontiguousarray(source).view(_SAME_BYTES[source.itemsize])
        read = cv2.remap(
            same_bytes, grid[1], grid[0], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101
        )
        return read.view(source.dtype)
    places = np.rint(grid).astype(np.int64)
    return source[tuple(_mirror(place, n) for place, n in zip(places, source.shape, strict=True))]


def _read_linear(source: NDArray, grid: NDArray[np.float32]) -> NDArray:
    if _fits_remap(source, grid) and source.dtype.name in _REMAP_TYPES:
        native = np.ascontiguousarray(source, source.dtype.newbyteorder("="))
        read = cv2.remap(
            native, grid[1], grid[0], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    else:
        read = map_coordinates(source.astype(np.float64), grid, order=1, mode="mirror")
        read = read if source.dtype.kind == "f" else np.rint(read)
    return read.astype(source.dtype, copy=False)


def _fits_remap(source: NDArray, grid: NDArray) -> bool:
    return source.ndim == 2 and max(*source.shape, *grid.shape) <= _REMAP_PIXELS


def _window(array: NDArray, grid: NDArray[np.float32]) -> tuple[NDArray, NDArray[np.float32]]:
    """Cut out the part of the source that the map reads, and move the map there."""
    sizes = array.shape[-len(grid) :]
    spans = [
        _span(int(np.floor(places.min())), int(np.ceil(places.max())), pixels)
        for places, pixels in zip(grid, sizes, strict=True)
    ]
    starts = np.array([start for start, _ in spans], np.float32)
    window = np.asarray(array[(..., *(slice(*span) for span in spans))])
    if not starts.any():
        return window, grid
    return window, grid - starts.reshape(-1, *[1] * len(grid))


def _span(low: int, high: int, pixels: int) -> tuple[int, int]:
    """Return the half-open range of pixels that holds low..high and what is mirrored into it.

    It ends at the edge of the image wherever something is mirrored there, so that mirroring the
    cut-out is mirroring the image.
    """
    start, stop = low, high + 1
    if low < 0:
        start, stop = 0, max(stop, 1 - low)
    if high > pixels - 1:
        start, stop = min(start, 2 * (pixels - 1) - high), pixels
    return max(start, 0), min(stop, pixels)


def _mirror(places: NDArray[np.int64], pixels: int) -> NDArray[np.int64]:
    """Mirror indices into 0..pixels-1 without repeating the edge, as often as it takes."""
    last = pixels - 1
    return last - np.abs(places % max(2 * last, 1) - last)


def _centred(size: Sequence[int], output: Sequence[int]) -> tuple[slice, ...]:
    """Return the slices that cut the output out of the middle of the input."""
    margins = [(n - m, n, m) for n, m in zip(size, output, strict=True)]
    if any(margin < 0 or margin % 2 or m < 1 for margin, _, m in margins):
        raise ConfigError(
            f"output size {tuple(output)} does not lie in the middle of the input size "
            f"{tuple(size)}; expected a smaller size, by an even number of pixels, on each axis"
        )
    return tuple(slice(margin // 2, margin // 2 + m) for margin, _, m in margins)
