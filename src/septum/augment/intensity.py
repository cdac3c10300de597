"""The grey-value part: blur, contrast, brightness, gamma and noise, in that order.

Optics blur first, the detector's response follows, its noise comes last. No step looks at the
statistics of the crop: all are about the fixed grey values black and white that normalisation
aims at, so a pixel changes in the same way whatever lies around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from septum.compile import kernel


@dataclass(frozen=True, eq=False)
class Grey:
    """A drawn change of grey values; the arrays have one value per channel, or one for all.

    Attributes
    ----------
    blur : tuple of float
        Standard deviation of the Gaussian blur along each axis, in pixels; 0 for none.
    contrast : ndarray, shape (channels,) or (1,)
        Factor about the middle between black and white; 1 for none.
    brightness : ndarray, shape (channels,) or (1,)
        Added grey value; 0 for none.
    gamma : ndarray, shape (channels,) or (1,)
        Exponent between black and white; values outside are left alone; 1 for none.
    noise : float
        Standard deviation of the added Gaussian noise, in grey values; 0 for none.
    noise_seed : int
        Seed of the noise.
    black, white : float
        The grey values that stand for dark and bright.
    """

    blur: tuple[float, ...]
    contrast: NDArray[np.float64]
    brightness: NDArray[np.float64]
    gamma: NDArray[np.float64]
    noise: float
    noise_seed: int
    black: float = 0.0
    white: float = 1.0


def vary(image: NDArray[np.float32], grey: Grey) -> NDArray[np.float32]:
    """Apply a drawn change of grey values.

    Parameters
    ----------
    image : ndarray of float32, shape (C, *spatial)
        Normalised image; not written to.
    grey : Grey
        What to change.

    Returns
    -------
    ndarray of float32, shape (C, *spatial)
        The image itself if there is nothing to change.
    """
    varied: NDArray = image
    if any(grey.blur):
        varied = np.empty(image.shape, np.float32)
        for before, after in zip(image, varied, strict=True):
            _blur(before, grey.blur, after)
    response = response_of(grey, len(image))
    if response is not None:
        varied = _responded(varied, response, grey.black, grey.white)
    noisy = noise_of(grey, image.shape)
    if noisy is not None:
        noisy += varied
        varied = noisy
    return varied.astype(np.float32, copy=False)


def response_of(grey: Grey, channels: int) -> NDArray[np.float32] | None:
    """Return contrast, brightness and gamma of each channel, or None if they change nothing.

    Returns
    -------
    ndarray of float32, shape (channels, 3), or None
    """
    if not ((grey.contrast != 1).any() or (grey.brightness != 0).any() or (grey.gamma != 1).any()):
        return None
    drawn = (values.astype(np.float32) for values in (grey.contrast, grey.brightness, grey.gamma))
    return np.broadcast_to(np.stack(list(drawn), axis=1), (channels, 3))


def noise_of(grey: Grey, shape: Sequence[int]) -> NDArray[np.float32] | None:
    """Return what noise adds to an image ``(C, *spatial)`` of a shape, or None without noise."""
    if not grey.noise > 0:
        return None
    noise = np.random.default_rng(grey.noise_seed).standard_normal(tuple(shape), np.float32)
    noise *= np.float32(grey.noise)
    return noise


def _blur(channel: NDArray, sigmas: Sequence[float], result: NDArray[np.float32]) -> None:
    """Blur one channel: the plane of the last two axes, then what lies before them.

    OpenCV knows two axes, so a volume is filtered plane by plane and then, each plane laid out as
    one row, along Z: the weights of scipy's filter, at a tenth of its time.
    """
    *before, down, across = (gaussian(sigma) for sigma in sigmas)
    size = channel.shape[-2:]
    planes = channel.astype(np.float32, copy=False).reshape(-1, *size)
    for plane, blurred in zip(planes, result.reshape(-1, *size), strict=True):
        _filter(plane, down, across, blurred)
    if before and before[0].size > 1:
        rows = result.reshape(len(planes), -1)
        _filter(rows, before[0], np.ones(1), rows)  # in place, which OpenCV allows


def _filter(plane: NDArray, down: NDArray, across: NDArray, result: NDArray) -> None:
    """Filter into memory that is there: asking for it anew takes longer than the filter."""
    cv2.sepFilter2D(plane, -1, across, down, dst=result, borderType=cv2.BORDER_REFLECT_101)


def gaussian(sigma: float) -> NDArray[np.float64]:
    """Return the weights of a Gaussian, cut off at four standard deviations."""
    reach = int(4 * sigma + 0.5)
    if reach == 0:
        return np.ones(1)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return weights / weights.sum()


def _responded(
    image: NDArray, response: NDArray[np.float32], black: float, white: float
) -> NDArray[np.float32]:
    """Change contrast, brightness and gamma, each channel on its own."""
    source = np.ascontiguousarray(image, np.float32).reshape(len(image), -1)
    result = np.empty_like(source)
    ends = np.float32(black), np.float32(white)
    for before, after, values in zip(source, result, response, strict=True):
        _respond(before, after, *values, *ends)
    return result.reshape(image.shape)


@kernel
def _respond(source, result, contrast, brightness, gamma, black, white):
    """Turn contrast about the middle, add brightness, and bend what is between by gamma."""
    span = white - black
    middle = black + span / np.float32(2)
    for pixel in range(source.size):
        value = (source[pixel] - middle) * contrast + (middle + brightness)
        relative = (value - black) / span
        if gamma != 1 and 0 < relative < 1:
            value = relative**gamma * span + black
        result[pixel] = value
