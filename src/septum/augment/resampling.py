"""Read an image at the places of a coordinate map, whatever its rank and type.

Beyond its edge the image is mirrored without repeating the edge pixel, as often as it takes.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from septum.compile import kernel
from septum.errors import ConfigError, DataError

# cv2.remap takes no more pixels along an axis, and these types when it interpolates.
_REMAP_PIXELS = 32766
_REMAP_TYPES = ("uint8", "uint16", "int16", "float32", "float64")
# Types of the same number of bytes, which cv2.remap and compiled loops copy untouched.
_SAME_BYTES = {1: np.uint8, 2: np.uint16, 4: np.float32, 8: np.float64}


def resample(array: NDArray, grid: NDArray[np.float32], order: int = 1) -> NDArray:
    """Read an array at the places of a coordinate map.

    Two axes go through ``cv2.remap``, three through loops of our own, what neither can take through
    scipy and numpy. OpenCV before 5 interpolates with places rounded to 1/32 px.

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
    window, local = _window(array, np.asarray(grid, np.float32))
    read = _read_nearest if order == 0 else _read_linear
    if array.ndim == ndim:
        return read(window, local)
    return np.stack([read(channel, local) for channel in window])


def _read_nearest(source: NDArray, grid: NDArray[np.float32]) -> NDArray:
    # Halves go up: rounded to even, as OpenCV does, each second pixel would be shown twice.
    near = np.floor(grid + np.float32(0.5))
    if source.itemsize in _SAME_BYTES and (source.ndim == 3 or _fits_remap(source, near)):
        same_bytes = np.ascontiguousarray(source).view(_SAME_BYTES[source.itemsize])
        if source.ndim == 3:
            read = _nearest_of_volume(same_bytes, near)
        else:
            read = cv2.remap(
                same_bytes, near[1], near[0], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101
            )
        return read.view(source.dtype)
    indices = zip(near.astype(np.int64), source.shape, strict=True)
    return source[tuple(_mirror(index, pixels) for index, pixels in indices)]


def _read_linear(source: NDArray, grid: NDArray[np.float32]) -> NDArray:
    if _fits_remap(source, grid) and source.dtype.name in _REMAP_TYPES:
        native = np.ascontiguousarray(source, source.dtype.newbyteorder("="))
        read = cv2.remap(
            native, grid[1], grid[0], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    elif source.ndim == 3 and source.dtype == np.float32:
        read = _linear_of_volume(np.ascontiguousarray(source), grid)
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


@kernel
def _inside(place, pixels):
    """Mirror one index into 0..pixels-1, as `_mirror` does; most are inside already."""
    if 0 <= place < pixels:
        return place
    last = pixels - 1
    if last == 0:
        return 0
    return last - abs(place % (2 * last) - last)


@kernel
def _nearest_of_volume(source, near):
    depth, height, width = source.shape
    result = np.empty(near.shape[1:], source.dtype)
    for i in range(near.shape[1]):
        for j in range(near.shape[2]):
            for k in range(near.shape[3]):
                result[i, j, k] = source[
                    _inside(int(near[0, i, j, k]), depth),
                    _inside(int(near[1, i, j, k]), height),
                    _inside(int(near[2, i, j, k]), width),
                ]
    return result


@kernel
def _linear_of_volume(source, grid):
    """Interpolate between the eight voxels around each place."""
    depth, height, width = source.shape
    result = np.empty(grid.shape[1:], np.float32)
    for i in range(grid.shape[1]):
        for j in range(grid.shape[2]):
            for k in range(grid.shape[3]):
                z, y, x = grid[0, i, j, k], grid[1, i, j, k], grid[2, i, j, k]
                below, above, left = np.floor(z), np.floor(y), np.floor(x)
                dz, dy, dx = z - below, y - above, x - left
                z0, z1 = _inside(int(below), depth), _inside(int(below) + 1, depth)
                y0, y1 = _inside(int(above), height), _inside(int(above) + 1, height)
                x0, x1 = _inside(int(left), width), _inside(int(left) + 1, width)
                first = (source[z0, y0, x0] * (1 - dx) + source[z0, y0, x1] * dx) * (1 - dy) + (
                    source[z0, y1, x0] * (1 - dx) + source[z0, y1, x1] * dx
                ) * dy
                second = (source[z1, y0, x0] * (1 - dx) + source[z1, y0, x1] * dx) * (1 - dy) + (
                    source[z1, y1, x0] * (1 - dx) + source[z1, y1, x1] * dx
                ) * dy
                result[i, j, k] = first * (1 - dz) + second * dz
    return result
