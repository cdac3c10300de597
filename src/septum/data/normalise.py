"""Grey values to the network's input range, by statistics of the whole image, never of a tile."""

import numpy as np

from septum.errors import ConfigError

# Percentiles of very large images are taken on a regular subset of about this many pixels.
_ENOUGH_PIXELS = 4_000_000


def normalise(image: np.ndarray, kind: str) -> np.ndarray:
    """Return `image` as float32, about 0 to 1.

    Parameters
    ----------
    image : numpy.ndarray
        Shape ``(C, *spatial)``, any real type.
    kind : {"percentile", "range"}
        ``percentile``: the 1st and 99.8th percentile of each channel become 0 and 1 (the extremes,
        where the two coincide; a constant channel becomes 0), values beyond are kept. ``range``:
        the range of the integer type becomes 0 to 1; float images are taken as they are.

    Raises
    ------
    ConfigError
        If `kind` is unknown.
    """
    if kind == "range":
        scale = np.iinfo(image.dtype).max if np.issubdtype(image.dtype, np.integer) else 1
        return image.astype(np.float32) / np.float32(scale)
    if kind == "percentile":
        return np.stack([_stretch(channel) for channel in image])
    raise ConfigError(f"data.normalise is {kind!r}; it is 'percentile' or 'range'")


def _stretch(channel: np.ndarray) -> np.ndarray:
    pixels = channel.ravel()
    pixels = pixels[:: max(1, pixels.size // _ENOUGH_PIXELS)]
    # Plus 0, since numpy has no percentiles of true and false.
    low, high = np.percentile(pixels + 0, [1, 99.8])
    if low == high:
        # Few bright pixels on an even ground: both percentiles are of the ground.
        low, high = np.float64(channel.min()), np.float64(channel.max())
    if low == high:
        return np.zeros(channel.shape, np.float32)
    return ((channel - low) / (high - low)).astype(np.float32)
