"""The pixels of a TIFF series, window by window, from only those strips and tiles that are needed.

tifffile parses the file once and decodes; the file itself is opened for each window and closed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from septum.array import Source, Window
from septum.data.formats.stored import Recent, Stored, native, raw

# Strips run across the image: those that a row of windows shares are decoded once.
_RECENT_BYTES = 64 * 2**20

Place = tuple[slice, ...]
"""A window of one page: separate samples, depth, length, width, samples of one pixel."""


def pixels_of(series: tifffile.TiffPageSeries, path: Path) -> Source:
    """Return the pixels of a series at full resolution.

    Uncompressed pages are mapped, others decoded strip by strip or tile by tile. What tifffile can
    only read as a whole, such as pages that it has to transform, is read as a whole.

    Parameters
    ----------
    series : tifffile.TiffPageSeries
        Of a file that is open now, and need not be later.
    path : Path
        The file.
    """
    shape, dtype, key = tuple(series.shape), np.dtype(series.dtype), series.keyframe
    if series.transform is not None:
        return series.asarray()
    if series.dataoffset is not None:
        _refuse_short(path, series.dataoffset + prod(shape) * dtype.itemsize)
        return native(raw(path, series.dataoffset, shape, dtype.newbyteorder(key.parent.byteorder)))
    depth = _depth(shape, key)
    if depth is None or len(series) != prod(shape[:depth]):
        return series.asarray()
    recent = Recent(_RECENT_BYTES)
    pages = [_reader(series[number], key, dtype, recent) for number in range(len(series))]

    def read(window: Window) -> np.ndarray:
        result = np.empty([part.stop - part.start for part in window], dtype)
        place = _place(window[depth:], shape[depth:], key.shaped)
        outer = [range(part.start, part.stop) for part in window[:depth]]
        for index in product(*outer):
            page = pages[int(np.ravel_multi_index(index, shape[:depth])) if index else 0]
            inner = tuple(at - part.start for at, part in zip(index, window, strict=False))
            result[inner] = page(place).reshape(result.shape[depth:])
        return result

    return Stored(shape, dtype, read, str(path), _chunks(shape, depth, key))


def _refuse_short(path: Path, end: int) -> None:
    size = path.stat().st_size
    if size < end:
        raise ValueError(f"its pixels end at byte {end} and the file at {size}")


def _depth(shape: tuple[int, ...], key: tifffile.TiffPage) -> int | None:
    """Return how many axes of the series lie in front of those of a page."""
    for depth in range(len(shape), -1, -1):
        if prod(shape[depth:]) == prod(key.shaped):
            same = [n for n in shape[depth:] if n > 1] == [n for n in key.shaped if n > 1]
            return depth if same else None
    return None


def _place(window: Window, shape: tuple[int, ...], shaped: tuple[int, ...]) -> Place:
    """Return the window of a page with all of its five axes; those that tifffile hides have 1."""
    parts = iter([part for part, size in zip(window, shape, strict=True) if size > 1])
    return tuple(slice(0, 1) if size == 1 else next(parts) for size in shaped)


def _chunks(shape: tuple[int, ...], depth: int, key: tifffile.TiffPage) -> tuple[int, ...] | None:
    if key.is_final:
        return None
    sizes = iter([n for n, of in zip(_segment(key), key.shaped, strict=True) if of > 1])
    return (*(1,) * depth, *(1 if size == 1 else next(sizes) for size in shape[depth:]))


def _segment(key: tifffile.TiffPage) -> tuple[int, ...]:
    """Return the shape of a strip or tile."""
    _, depth, length, width, samples = key.shaped
    if key.is_tiled:
        return 1, min(depth, key.tiledepth), key.tilelength, key.tilewidth, samples
    return 1, 1, min(length, key.rowsperstrip), width, samples


def _reader(
    page: Any, key: tifffile.TiffPage, dtype: np.dtype, recent: Recent
) -> Callable[[Place], np.ndarray]:
    """Return what reads windows of one page."""
    if page is None:  # OME-TIFF names planes that are in no file
        return lambda place: np.full([part.stop - part.start for part in place], key.nodata, dtype)
    # An OME-TIFF may have its planes in several files, stored in different ways.
    path, shaped, key = Path(page.parent.filehandle.path), key.shaped, page.keyframe
    if key.shaped != shaped or key.dtype != dtype.newbyteorder("="):
        raise ValueError(
            f"its planes are of shape and type {shaped} {dtype} and {key.shaped} {key.dtype}"
        )
    dtype = dtype.newbyteorder(page.parent.byteorder)
    if key.is_final:
        _refuse_short(path, page.dataoffsets[0] + key.nbytes)
        return raw(path, page.dataoffsets[0], key.shaped, dtype).read
    _refuse_short(path, max(map(sum, zip(page.dataoffsets, page.databytecounts, strict=False))))
    options: dict[str, Any] = {}
    if key.compression in (6, 7, 34892, 33007):  # JPEG, whose tables may be stored once a page
        options = {"jpegtables": page.jpegtables, "jpegheader": key.jpegheader}
    decode = key.decode
    segments = _Segments(
        path,
        tuple(page.dataoffsets),
        tuple(page.databytecounts),
        lambda data, number: decode(data, number, **options)[0],
        tuple(key.shaped),
        _segment(key),
        dtype.newbyteorder("="),
        key.nodata,
        recent,
    )
    return segments.read


@dataclass(frozen=True, eq=False)
class _Segments:
    """The strips or tiles of one page."""

    path: Path
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    decode: Callable[[bytes | None, int], np.ndarray | None]
    shape: tuple[int, ...]
    segment: tuple[int, ...]
    dtype: np.dtype
    nodata: float
    recent: Recent

    def read(self, place: Place) -> np.ndarray:
        result = np.empty([part.stop - part.start for part in place], self.dtype)
        with self.path.open("rb") as file:
            for number, start in self._under(place):
                pixels = self.recent.get((self, number), lambda n=number: self._pixels(file, n))
                there, here = [], []
                for part, first, size in zip(place, start, self.segment, strict=True):
                    begin, end = max(part.start, first), min(part.stop, first + size)
                    there.append(slice(begin - part.start, end - part.start))
                    here.append(slice(begin - first, end - first))
                # What is stored nowhere is `nodata`; a segment has no axis of separate samples.
                values = self.nodata if pixels is None else pixels[tuple(here[1:])]
                result[tuple(there)] = values
        return result

    def _under(self, place: Place) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield number and first pixel of each segment that has a pixel in `place`."""
        grid = [-(-size // step) for size, step in zip(self.shape, self.segment, strict=True)]
        touched = [
            range(part.start // step, -(-part.stop // step))
            for part, step in zip(place, self.segment, strict=True)
        ]
        for index in product(*touched):
            number = 0
            for at, count in zip(index, grid, strict=True):
                number = number * count + at
            yield number, tuple(at * step for at, step in zip(index, self.segment, strict=True))

    def _pixels(self, file: Any, number: int) -> np.ndarray | None:
        stored = number < len(self.offsets)
        offset, count = (self.offsets[number], self.counts[number]) if stored else (0, 0)
        if not offset or not count:
            return None
        file.seek(offset)
        data = file.read(count)
        if len(data) < count:
            raise ValueError(f"{count} bytes are needed at {offset} and {len(data)} are there")
        return self.decode(data, number)
