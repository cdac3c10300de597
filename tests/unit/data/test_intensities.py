"""What `septum info` says of the values is what numpy says of the whole image."""

import numpy as np
import pytest

from septum.array import View
from septum.data import intensities as module
from septum.data.intensities import PERCENTILES, intensities
from septum.data.normalise import bands


@pytest.fixture
def in_small_bands(monkeypatch):
    monkeypatch.setattr(
        module, "bands", lambda shape, dtype, chunks: bands(shape, dtype, chunks, limit=200)
    )


def of_numpy(pixels):
    found = np.percentile(pixels, PERCENTILES, method="inverted_cdf")
    return pixels.min(), pixels.max(), tuple(found)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint16", "int16", "int32", "float32"])
@pytest.mark.parametrize("axis", [None, 0, 1, 3])
@pytest.mark.usefixtures("in_small_bands")
def test_each_channel_has_its_values(dtype, axis):
    scale = {"bool": 2, "uint8": 256, "int8": 100}.get(dtype, 20_000)
    image = np.random.default_rng(0).integers(0, scale, (2, 3, 11, 4)) - (dtype[0] == "i") * 50
    image = image.astype(dtype)
    found = intensities(image, axis)
    parts = [image] if axis is None else np.moveaxis(image, axis, 0)
    assert len(found) == len(parts)
    for values, part in zip(found, parts, strict=True):
        assert (values.minimum, values.maximum, values.percentiles) == of_numpy(part)


@pytest.mark.usefixtures("in_small_bands")
def test_what_is_not_finite_is_counted_and_left_out():
    image = np.arange(100, dtype=np.float32).reshape(1, 10, 10)
    image[0, 0, :3] = np.nan, np.inf, -np.inf
    (found,) = intensities(image)
    assert found.not_finite == 3
    assert (found.minimum, found.maximum, found.percentiles) == of_numpy(image[np.isfinite(image)])
    (found,) = intensities(image * np.nan)
    assert (found.minimum, found.maximum, found.percentiles, found.not_finite) == (
        None, None, (), 100,
    )  # fmt: skip


def test_a_large_image_is_read_in_bands():
    """Of 150 MB, no more than a band is asked for at once, and each pixel once."""
    read = []

    def pixels(window):
        shape = [part.stop - part.start for part in window]
        read.append(int(np.prod(shape)))
        return np.broadcast_to(np.float32(3), shape)

    image = View((9, 2**11, 2**11), np.dtype(np.float32), pixels)
    (found,) = intensities(image)
    assert (sum(read), found.maximum) == (9 * 2**22, 3.0)
    assert max(read) * 4 <= 2**25
