"""Which values the pixels of an image have, channel by channel, in one pass of bounded memory."""

from dataclasses import dataclass

import numpy as np

from septum.array import Source, Window
from septum.data.normalise import bands, grid_steps

PERCENTILES = (1, 50, 99)


@dataclass(frozen=True)
class Intensities:
    """The values of one channel, of its finite pixels.

    Attributes
    ----------
    minimum, maximum : int or float or None
        None where no pixel is finite.
    percentiles : tuple of int or float
        Values that 1, 50 and 99 % of the pixels do not exceed: exact for integers of up to 16 bits,
        and those of a regular grid of about 4 million pixels for other types.
    not_finite : int
        How many pixels are NaN or infinite.
    """

    minimum: int | float | None
    maximum: int | float | None
    percentiles: tuple[int | float, ...]
    not_finite: int = 0


def intensities(image: Source, channel_axis: int | None = None) -> tuple[Intensities, ...]:
    """Return what values each channel has; the whole image is one where there are none.

    Parameters
    ----------
    image : Source
        Of any axes, size and real type; read band by band.
    channel_axis : int, optional
        Which of its axes the channels are along.

    Raises
    ------
    DataError
        When the file is damaged.
    """
    chunks = getattr(image, "chunks", None)
    channels = 1 if channel_axis is None else image.shape[channel_axis]
    exact = image.dtype.kind in "biu" and image.dtype.itemsize <= 2
    shape = tuple(size for axis, size in enumerate(image.shape) if axis != channel_axis)
    found = [_Counted(image.dtype) if exact else _Sampled(shape) for _ in range(channels)]
    # Bands hold all of the first axis, for channels; here it is one more that may be long.
    for window in bands((1, *image.shape), image.dtype, chunks and (1, *chunks)):
        place = window[1:]
        pixels = np.asarray(image[place])
        if channel_axis is None:
            found[0].add(place, pixels)
            continue
        before, along, after = (
            place[:channel_axis], place[channel_axis], place[channel_axis + 1 :]
        )  # fmt: skip
        for number, channel in enumerate(np.moveaxis(pixels, channel_axis, 0), along.start):
            found[number].add((*before, *after), channel)
    return tuple(values.result() for values in found)


class _Counted:
    """How often each value occurs: integers of up to 16 bits."""

    def __init__(self, dtype: np.dtype) -> None:
        limits = np.iinfo(dtype) if dtype.kind in "iu" else np.iinfo(np.uint8)
        self._lowest = int(limits.min)
        self._counts = np.zeros(int(limits.max) - self._lowest + 1, np.int64)

    def add(self, _window: Window, pixels: np.ndarray) -> None:
        values = pixels.ravel().astype(np.int32) - self._lowest
        self._counts += np.bincount(values, minlength=self._counts.size)

    def result(self) -> Intensities:
        present = np.flatnonzero(self._counts) + self._lowest
        total = self._counts.cumsum()
        places = [np.ceil(total[-1] * percent / 100) for percent in PERCENTILES]
        values = np.searchsorted(total, places) + self._lowest
        return Intensities(int(present[0]), int(present[-1]), tuple(values.tolist()))


class _Sampled:
    """The pixels on a regular grid, and the extremes of all: any type."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._steps = grid_steps(shape)
        self._samples: list[np.ndarray] = []
        self._extremes: list[np.ndarray] = []
        self._not_finite = 0

    def add(self, window: Window, pixels: np.ndarray) -> None:
        grid = tuple(
            slice(-part.start % step, None, step)
            for part, step in zip(window, self._steps, strict=True)
        )
        sample = pixels[grid].ravel()
        self._samples.append(sample[np.isfinite(sample)])
        finite = pixels[np.isfinite(pixels)]
        self._not_finite += pixels.size - finite.size
        if finite.size:
            self._extremes.append(np.array([finite.min(), finite.max()]))

    def result(self) -> Intensities:
        samples = np.concatenate(self._samples)
        if not self._extremes:
            return Intensities(None, None, (), self._not_finite)
        extremes = np.concatenate(self._extremes)
        found = np.percentile(samples, PERCENTILES, method="inverted_cdf") if samples.size else []
        return Intensities(
            extremes.min().item(),
            extremes.max().item(),
            tuple(np.asarray(found).tolist()),
            self._not_finite,
        )
