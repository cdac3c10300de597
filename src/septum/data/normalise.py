"""Grey values to the network's input range, by statistics of the whole image, never of a tile.

The statistics are streamed: an image on disk is read once, in bands, and they are those that the
same image would give in memory, however it is cut.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from septum.array import Source, Window
from septum.compile import kernel
from septum.data.finite import NotFinite
from septum.errors import ConfigError, DataError

# Percentiles of types with more than 16 bits are taken on a regular grid of about this many pixels.
_ENOUGH_PIXELS = 4_000_000
_BAND_BYTES = 32 * 2**20
_PERCENTILES = (1.0, 99.8)

KINDS = ("percentile", "range", "zscore", "window", "none")
"""How grey values may become the network's; see `stretch_of`."""


@dataclass(frozen=True)
class Stretch:
    """What becomes 0 and 1 in each channel.

    Attributes
    ----------
    low, high : tuple of float
        The grey values of each channel that become 0 and 1; the same where a channel is constant.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def apply(self, window: np.ndarray) -> np.ndarray:
        """Return ``(value - low) / (high - low)``, values beyond kept; 0 where a channel is even.

        Parameters
        ----------
        window : numpy.ndarray
            Any part of the image, shape ``(C, *spatial)``.

        Returns
        -------
        numpy.ndarray
            float32, of the same shape.
        """
        result = np.zeros(window.shape, np.float32)
        for channel, low, high, out in zip(window, self.low, self.high, result, strict=True):
            if low != high:
                # In double precision, as 16 bits of contrast may sit on an offset of 2^24.
                out[...] = (channel - np.float64(low)) / (np.float64(high) - np.float64(low))
        return result

    def without(self, channels: Collection[int]) -> "Stretch":
        """Return the stretch that makes some channels 0: those that an image has not got."""
        kept = [channel not in channels for channel in range(len(self.low))]
        low, high = (
            tuple(value if keep else 0.0 for value, keep in zip(values, kept, strict=True))
            for values in (self.low, self.high)
        )
        return Stretch(low, high)


def normalise(
    image: np.ndarray, kind: str, window: tuple[float, float] | None = None
) -> np.ndarray:
    """Return `image` as float32, in the range that `kind` aims at.

    Parameters
    ----------
    image : numpy.ndarray
        Shape ``(C, *spatial)``, any real type.
    kind, window
        See `stretch_of`.

    Raises
    ------
    ConfigError
        If `kind` is unknown, or it is ``window`` and there is none.
    DataError
        If a pixel is not finite.
    """
    return stretch_of(image, kind, window).apply(image)


def stretch_of(image: Source, kind: str, window: tuple[float, float] | None = None) -> Stretch:
    """Return what becomes 0 and 1, from at most one pass over the image in bands of bounded size.

    What looks at the values of the image looks at all of them, channel by channel; those of
    integers of up to 16 bits are counted exactly, of other types a regular grid of about 4 million
    pixels is taken.

    Parameters
    ----------
    image : Source
        Shape ``(C, *spatial)``, any real type.
    kind : {"percentile", "range", "zscore", "window", "none"}
        ``percentile``: the 1st and 99.8th percentile of each channel become 0 and 1 (the extremes,
        where the two coincide; a constant channel becomes 0).
        ``range``: the range of the integer type becomes 0 to 1; float images are taken as they are.
        ``zscore``: each channel gets mean 0 and standard deviation 1 (a constant one becomes 0).
        ``window``: `window` becomes 0 to 1, values beyond kept, whatever the image holds.
        ``none``: values are taken as they are.
    window : (float, float), optional
        The two grey values of ``window``, such as Hounsfield units.

    Raises
    ------
    ConfigError
        If `kind` is unknown, or it is ``window`` and there is none.
    DataError
        If a pixel is NaN or infinite; says how many are, and where the first one is.
    """
    if kind not in KINDS:
        raise ConfigError(f"data.normalise is {kind!r}; it is one of {', '.join(KINDS)}")
    if kind == "window" and window is None:
        raise ConfigError(
            "data.normalise is 'window' and data.window is not set; give the grey values that "
            "become 0 and 1, as data.window=[-160,240]"
        )
    dtype, channels = image.dtype, image.shape[0]
    statistics: _Histogram | _Grid | None = None
    if kind in ("percentile", "zscore"):
        exact = dtype.kind in "biu" and dtype.itemsize <= 2
        statistics = _Histogram(channels, dtype) if exact else _Grid(image.shape)
    broken = NotFinite(image.shape)
    if statistics or dtype.kind == "f":
        for band in bands(image.shape, dtype, getattr(image, "chunks", None)):
            pixels = np.asarray(image[band])
            if dtype.kind == "f":
                broken.add(band, pixels)
            if statistics and not broken.count:
                statistics.add(band, pixels)
    if broken.count:
        raise DataError(broken.message())
    if statistics:
        found = statistics.limits if kind == "percentile" else statistics.deviation
        low, high = zip(*map(found, range(channels)), strict=True)
        return Stretch(low, high)
    low, high = _fixed(kind, dtype, window)
    return Stretch((low,) * channels, (high,) * channels)


def _fixed(kind: str, dtype: np.dtype, window: tuple[float, float] | None) -> tuple[float, float]:
    """Return what becomes 0 and 1 where the values of the image do not matter."""
    if kind == "window" and window is not None:
        return window
    integers = kind == "range" and dtype.kind in "iu"
    return 0.0, float(np.iinfo(dtype).max) if integers else 1.0


def bands(
    shape: Sequence[int],
    dtype: np.dtype,
    chunks: Sequence[int] | None = None,
    limit: int = _BAND_BYTES,
) -> Iterator[Window]:
    """Yield windows that cover an image once, each of all channels and of about `limit` bytes.

    Parameters
    ----------
    shape : sequence of int
        ``(C, *spatial)``.
    dtype : numpy.dtype
        Of the image.
    chunks : sequence of int, optional
        What the image is read by: no chunk is cut, even if one has more bytes than `limit`.
    limit : int, optional
        In bytes; 32 MiB by default.
    """
    steps = list(shape)
    for axis in range(1, len(shape)):
        unit = chunks[axis] if chunks else 1
        others = dtype.itemsize * prod(steps[:axis] + steps[axis + 1 :])
        steps[axis] = min(shape[axis], max(1, limit // others // unit) * unit)
    starts = [range(0, size, step) for size, step in zip(shape, steps, strict=True)]
    for place in product(*starts):
        yield tuple(
            slice(start, min(start + step, size))
            for start, step, size in zip(place, steps, shape, strict=True)
        )


def grid_steps(shape: Sequence[int]) -> list[int]:
    """Return the step along each axis that leaves about 4 million pixels, alike where possible."""
    steps, thin = [1] * len(shape), prod(shape) / _ENOUGH_PIXELS
    for left, axis in enumerate(sorted(range(len(shape)), key=lambda axis: shape[axis])):
        wanted = max(1.0, thin) ** (1 / (len(shape) - left))
        steps[axis] = min(shape[axis], round(wanted))
        thin /= steps[axis]
    return steps


class _Histogram:
    """How often each value occurs in each channel: integers of up to 16 bits."""

    def __init__(self, channels: int, dtype: np.dtype) -> None:
        unsigned = np.dtype(f"u{dtype.itemsize}")
        self._unsigned, self._native = unsigned, dtype.newbyteorder("=")
        # In two's complement, the negative numbers are the upper half of the unsigned ones.
        self._lowest = int(np.iinfo(dtype).min) if dtype.kind == "i" else 0
        self._counts = np.zeros((channels, np.iinfo(unsigned).max + 1), np.int64)

    def add(self, _window: Window, pixels: np.ndarray) -> None:
        for channel, counts in zip(pixels, self._counts, strict=True):
            values = np.ascontiguousarray(channel, self._native).view(self._unsigned)
            _count(values.ravel(), counts)

    def limits(self, channel: int) -> tuple[float, float]:
        counts = np.roll(self._counts[channel], self._lowest)
        total = counts.cumsum()
        low, high = (self._percentile(total, percent) for percent in _PERCENTILES)
        if low == high:
            # Few bright pixels on an even ground: both percentiles are of the ground.
            present = np.flatnonzero(counts) + self._lowest
            low, high = present[0], present[-1]
        return float(low), float(high)

    def deviation(self, channel: int) -> tuple[float, float]:
        counts = np.roll(self._counts[channel], self._lowest)
        values = np.arange(self._lowest, self._lowest + counts.size, dtype=np.float64)
        mean = np.average(values, weights=counts)
        return float(mean), float(mean + np.sqrt(np.average((values - mean) ** 2, weights=counts)))

    def _percentile(self, total: np.ndarray, percent: float) -> float:
        """Return what `numpy.percentile` gives for the values of which `total` is the count."""
        place = (total[-1] - 1) * (percent / 100)
        lower = int(np.floor(place))
        # The value at place n of the sorted pixels is the first that more than n do not exceed.
        one, two = np.searchsorted(total, [lower, min(lower + 1, total[-1] - 1)], "right")
        return float(np.percentile([one + self._lowest, two + self._lowest], 100 * (place - lower)))


class _Grid:
    """The pixels on a regular grid, and the extremes of all: any type."""

    def __init__(self, shape: Sequence[int]) -> None:
        self._steps = [1, *grid_steps(shape[1:])]
        self._samples: list[np.ndarray] = []
        self._extremes: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, window: Window, pixels: np.ndarray) -> None:
        grid = tuple(
            slice(-part.start % step, None, step)
            for part, step in zip(window, self._steps, strict=True)
        )
        axes = tuple(range(1, pixels.ndim))
        self._samples.append(pixels[grid].reshape(len(pixels), -1).copy())
        self._extremes.append((pixels.min(axis=axes), pixels.max(axis=axes)))

    def limits(self, channel: int) -> tuple[float, float]:
        low, high = np.percentile(self._of(channel), _PERCENTILES)
        if low == high:
            low = min(lowest[channel] for lowest, _ in self._extremes)
            high = max(highest[channel] for _, highest in self._extremes)
        return float(low), float(high)

    def deviation(self, channel: int) -> tuple[float, float]:
        # Sums depend on the order of what is added, and bands must not show: sorted, in doubles.
        samples = np.sort(self._of(channel)).astype(np.float64)
        if samples[0] == samples[-1]:
            return float(samples[0]), float(samples[0])  # a mean of equal numbers may be rounded
        mean = samples.mean()
        return float(mean), float(mean + samples.std())

    def _of(self, channel: int) -> np.ndarray:
        return np.concatenate([part[channel] for part in self._samples])


@kernel
def _count(values, counts):
    for value in values:
        counts[value] += 1
