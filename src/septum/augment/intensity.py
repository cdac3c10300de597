"""The grey-value part: blur, contrast, brightness, gamma and noise, in that order.

Optics blur first, the detector's response follows, its noise comes last. No step looks at the
statistics of the crop: all are about the fixed grey values black and white that normalisation
aims at, so a pixel changes in the same way whatever lies around it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter


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
    per_channel = (-1, *[1] * (image.ndim - 1))
    contrast, brightness, gamma = (
        values.astype(np.float32).reshape(per_channel)
        for values in (grey.contrast, grey.brightness, grey.gamma)
    )
    black, span = np.float32(grey.black), np.float32(grey.white - grey.black)
    varied: NDArray = image
    if any(grey.blur):
        varied = gaussian_filter(varied, (0, *grey.blur), mode="mirror")
    if (contrast != 1).any() or (brightness != 0).any():
        middle = black + span / 2
        varied = (varied - middle) * contrast + (middle + brightness)
    if (gamma != 1).any():
        relative = (varied - black) / span
        within = np.clip(relative, 0, 1)
        varied = (within**gamma + (relative - within)) * span + black
    if grey.noise > 0:
        rng = np.random.default_rng(grey.noise_seed)
        varied = varied + np.float32(grey.noise) * rng.standard_normal(image.shape, np.float32)
    return varied.astype(np.float32, copy=False)
