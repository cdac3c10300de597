"""What is measured of every object: its size, place, shape and mean intensities.

One pass over the labels, block by block. Each pixel adds whole numbers to the sums of its object,
so that an object may lie in any number of blocks and its measures are exact.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from septum.array import Source, Window
from septum.compile import kernel
from septum.instances import surface

Table = dict[str, np.ndarray]
"""Columns of equal length by name, one row per object."""

_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def measure(
    labels: Source,
    image: Source,
    count: int,
    names: tuple[str, ...] = (),
    spacing: tuple[float, ...] | None = None,
    block: int | None = None,
) -> Table:
    """Measure every object of one image.

    Parameters
    ----------
    labels : Source of int, shape ``(Y, X)`` or ``(Z, Y, X)``
        0 background, 1..count objects.
    image : Source, shape ``(C, *spatial)``
        Where the mean intensities are taken; any real type.
    count : int
        The highest id. An id without pixels has no row.
    names : tuple of str, optional
        Of the channels; `channel_1`, `channel_2`, ... by default.
    spacing : tuple of float, optional
        µm per axis.
    block : int, optional
        Edge of the blocks in pixels; 1024 in 2D, 128 in 3D. It makes no difference to the result.

    Returns
    -------
    Table
        - ``label``;
        - ``area_px`` (``volume_px`` in 3D), and ``area_um2`` (``volume_um3``) with `spacing`;
        - ``centroid_y_px`` ..., the mean pixel index, and ``centroid_y_um`` ... with `spacing`;
        - ``bbox_y_start``, ``bbox_y_stop`` ..., pixel indices, the stop exclusive;
        - ``axis_major_um``, ``axis_minor_um`` (``_px`` without `spacing`): of the ellipse
          (ellipsoid) with the same second moments;
        - ``eccentricity`` of that ellipse, in 2D: 0 for a circle, to 1 for a line;
        - ``surface_um2`` (``_px2``) in 3D, by Crofton's formula (see `surface.areas`), and
          ``sphericity``, the surface of a ball of this volume over it: 1 for a ball, less for all
          else. Of a few voxels Crofton's surface is too small (3.6 of a single one, where a ball
          needs 4.8), so that it is bounded at 1: such objects have no shape to measure;
        - ``touches_edge``: whether it reaches the edge of the image, and may go on beyond;
        - ``mean_NAME`` for each channel.

    Raises
    ------
    ValueError
        If a label is above `count`.
    """
    channels = image.shape[0]
    names = names or tuple(f"channel_{number + 1}" for number in range(channels))
    sums = _sums(labels, image, count, block or 1 << 21 // len(labels.shape))
    ids = np.flatnonzero(sums.area)
    present = _Sums(*(part[ids] for part in vars(sums).values()))
    return _columns(_centred(present), ids + 1, tuple(labels.shape), names, spacing)


def windows(shape: tuple[int, ...], edge: int) -> Iterator[Window]:
    """Yield the blocks of `edge` pixels that cover `shape`, in row-major order."""
    starts = (range(0, size, edge) for size in shape)
    for corner in itertools.product(*starts):
        yield tuple(
            slice(start, min(start + edge, size)) for start, size in zip(corner, shape, strict=True)
        )


@dataclass(frozen=True, eq=False)
class _Sums:
    """What is added up of each object; 2D images have a Z axis of length 1.

    Places are counted from `origin`, the pixel of the object that came first, so that the squares
    stay small: the sums are exact for objects of up to 10^9 pixels that are 10^5 across.
    """

    area: np.ndarray
    origin: np.ndarray
    first: np.ndarray
    second: np.ndarray
    low: np.ndarray
    high: np.ndarray
    crossings: np.ndarray
    intensity: np.ndarray


def _sums(labels: Source, image: Source, count: int, edge: int) -> _Sums:
    channels, solid = image.shape[0], len(labels.shape) == 3
    sums = _Sums(
        area=np.zeros(count, np.int64),
        origin=np.zeros((count, 3), np.int64),
        first=np.zeros((count, 3), np.int64),
        second=np.zeros((count, len(_PAIRS)), np.int64),
        low=np.full((count, 3), np.iinfo(np.int64).max),
        high=np.zeros((count, 3), np.int64),
        crossings=np.zeros((count, len(surface.DIRECTIONS) if solid else 0), np.int64),
        intensity=np.zeros((count, channels)),
    )
    flat = (1,) * (3 - len(labels.shape))
    for window in windows(tuple(labels.shape), edge):
        seen = surface.with_rim(labels, window) if solid else np.asarray(labels[window])
        highest = int(seen.max(initial=0))
        if highest > count:
            raise ValueError(f"label {highest} in an image of {count} objects")
        if highest == 0:
            continue
        if solid:
            surface.add_crossings(seen, surface.PAIRS, sums.crossings)
            seen = seen[tuple(slice(1, 1 + part.stop - part.start) for part in window)]
        ids = np.ascontiguousarray(seen).reshape(flat + seen.shape)
        corner = np.array([0] * len(flat) + [part.start for part in window])
        _add_places(
            ids, corner, sums.area, sums.origin, sums.first, sums.second, sums.low, sums.high
        )
        pixels = np.asarray(image[(slice(0, channels), *window)], np.float64)
        _add_intensities(ids.ravel(), pixels.reshape(channels, -1), sums.intensity)
    return sums


@kernel
def _add_places(labels, corner, area, origin, first, second, low, high):
    place = np.empty(3, np.int64)
    away = np.empty(3, np.int64)
    for z in range(labels.shape[0]):
        for y in range(labels.shape[1]):
            for x in range(labels.shape[2]):
                number = np.int64(labels[z, y, x]) - 1
                if number < 0:
                    continue
                place[0] = corner[0] + z
                place[1] = corner[1] + y
                place[2] = corner[2] + x
                if area[number] == 0:
                    origin[number] = place
                area[number] += 1
                for axis in range(3):
                    away[axis] = place[axis] - origin[number, axis]
                    first[number, axis] += away[axis]
                    second[number, axis] += away[axis] * away[axis]
                    low[number, axis] = min(low[number, axis], place[axis])
                    high[number, axis] = max(high[number, axis], place[axis] + 1)
                second[number, 3] += away[0] * away[1]
                second[number, 4] += away[0] * away[2]
                second[number, 5] += away[1] * away[2]


@kernel
def _add_intensities(labels, pixels, intensity):
    for channel in range(pixels.shape[0]):
        for pixel in range(labels.size):
            if labels[pixel]:
                intensity[np.int64(labels[pixel]) - 1, channel] += pixels[channel, pixel]


def _centred(sums: _Sums) -> _Sums:
    """Return the sums with places counted from the whole pixel before the centroid.

    The pixel that comes first depends on the blocks, and so would the last digits of what follows.
    All numbers are whole; where a product in between overflows, it wraps around, and back again.
    """
    before = sums.first // sums.area[:, None]
    second = sums.second.copy()
    for at, (one, two) in enumerate(_PAIRS):
        second[:, at] -= before[:, one] * sums.first[:, two] + before[:, two] * sums.first[:, one]
        second[:, at] += sums.area * before[:, one] * before[:, two]
    first = sums.first - sums.area[:, None] * before
    return replace(sums, origin=sums.origin + before, first=first, second=second)


def _columns(
    sums: _Sums,
    ids: np.ndarray,
    shape: tuple[int, ...],
    names: tuple[str, ...],
    spacing: tuple[float, ...] | None,
) -> Table:
    rank = len(shape)
    axes, size = "zyx"[-rank:], "area" if rank == 2 else "volume"
    area = sums.area[:, None]
    centroid = (sums.origin + sums.first / area)[:, -rank:]
    low, high = sums.low[:, -rank:], sums.high[:, -rank:]
    table: Table = {"label": ids, f"{size}_px": sums.area}
    if spacing is not None:
        table[f"{size}_um{rank}"] = sums.area * np.prod(spacing)
    table |= {f"centroid_{axis}_px": centroid[:, at] for at, axis in enumerate(axes)}
    if spacing is not None:
        table |= {
            f"centroid_{axis}_um": centroid[:, at] * spacing[at] for at, axis in enumerate(axes)
        }
    for at, axis in enumerate(axes):
        table |= {f"bbox_{axis}_start": low[:, at], f"bbox_{axis}_stop": high[:, at]}
    table |= _ellipse(_covariance(sums)[:, -rank:, -rank:], spacing)
    if rank == 3:
        table |= _surface(sums, spacing)
    table["touches_edge"] = ((low == 0) | (high == np.array(shape))).any(axis=1)
    return table | {
        f"mean_{name}": sums.intensity[:, at] / sums.area for at, name in enumerate(names)
    }


def _covariance(sums: _Sums) -> np.ndarray:
    """Return the second moments about the centroid over the area, shape ``(n, 3, 3)``."""
    area = sums.area
    result = np.empty((len(area), 3, 3))
    for at, (one, two) in enumerate(_PAIRS):
        about = sums.first[:, one] / area * sums.first[:, two]
        result[:, one, two] = result[:, two, one] = (sums.second[:, at] - about) / area
    return result


def _ellipse(covariance: np.ndarray, spacing: tuple[float, ...] | None) -> Table:
    """Return the axes of the ellipse, or ellipsoid, that has these second moments."""
    unit = "px" if spacing is None else "um"
    rank = covariance.shape[-1]
    steps = np.ones(rank) if spacing is None else np.array(spacing)
    # The variance along a diameter d of a solid ball of n dimensions is d² / (4 (n + 2)).
    spread = np.linalg.eigvalsh(covariance * np.outer(steps, steps)).clip(0)
    major, minor = (np.sqrt(4 * (rank + 2) * spread[:, at]) for at in (-1, 0))
    table = {f"axis_major_{unit}": major, f"axis_minor_{unit}": minor}
    if rank == 2:
        ratio = np.divide(minor, major, out=np.ones_like(major), where=major > 0)
        table["eccentricity"] = np.sqrt((1 - ratio**2).clip(0))
    return table


def _surface(sums: _Sums, spacing: tuple[float, ...] | None) -> Table:
    """Return the surface area of objects of a volume, and how much of it a ball would need."""
    steps, unit = ((1.0, 1.0, 1.0), "px2") if spacing is None else (spacing, "um2")
    area = surface.areas(sums.crossings, steps)
    ball = np.cbrt(36 * np.pi * (sums.area * np.prod(steps)) ** 2)
    return {f"surface_{unit}": area, "sphericity": np.minimum(ball / area, 1)}
