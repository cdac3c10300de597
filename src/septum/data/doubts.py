"""Why the result for an image may be worth little, as far as its shape and values tell."""

from collections.abc import Iterator, Sequence

import numpy as np

from septum.array import Source, item
from septum.counted import counted
from septum.data.normalise import bands
from septum.geometry import context, depths_within

_FIRST_BYTES = 2**20
"""Bands of this size are read until two pixels differ; nearly always the first one shows it."""

_MIDDLE = 512
_ENOUGH, _EQUAL = 100, 0.9
"""How many neighbours within the middle of an image tell, and which share of them labels exceed.

Of 323 images of five data sets the flattest has 0.82, of the labels of 396 the finest 0.96.
"""


def doubts(images: Source, working: Sequence[int], depths: Sequence[int]) -> Iterator[str]:
    """Yield why what a network says of the images of a file may be worth little.

    Parameters
    ----------
    images : Source, shape ``(N, C, *spatial)``
        As stored; little of it is read unless it is all one value.
    working : sequence of int
        The spatial shape in which the network sees an image.
    depths : sequence of int
        Its poolings along each axis.
    """
    yield from thin(working, depths)
    even = [value for n in range(images.shape[0]) if (value := _only_value(item(images, n)))]
    if even and images.shape[0] == 1:
        yield f"every pixel of the image is {even[0]}: there is nothing to find in it"
    elif even:
        yield (
            f"in the stack {counted(len(even), 'image', 'hold', images.shape[0])} one value "
            "only: there is nothing to find in them"
        )
    if _is_flat(item(images, images.shape[0] // 2)):
        yield (
            "it looks like labels or a mask, not like an image: next to each other, pixels that "
            "are not background have the same value nearly everywhere"
        )


def thin(working: Sequence[int], depths: Sequence[int]) -> Iterator[str]:
    """Say along which axes of an image the network sees more mirrored pixels than real ones.

    Parameters
    ----------
    working, depths
        See `doubts`.
    """
    for axis, size, reach in _beyond(working, depths):
        yield (
            f"along {axis} the image has {counted(size, 'pixel')} as the network sees it, and it "
            f"looks {reach} to each side: what it sees there is mostly the image mirrored, and "
            "what it finds rests on that"
        )


def too_thin(working: Sequence[int], depths: Sequence[int]) -> str | None:
    """Say why a volume is thinner than what the network sees around a voxel; None if it is not.

    An image may be, see `thin`. Of a volume of a few slices nearly all that the network sees would
    be mirrored, and what it finds be worth nothing.

    Parameters
    ----------
    working, depths
        See `doubts`.
    """
    ndim, beyond = len(working), list(_beyond(working, depths))
    if ndim == 2 or not beyond:
        return None
    axes, sizes, reaches = (" × ".join(map(str, each)) for each in zip(*beyond, strict=True))
    why = (
        f"the volume is too thin along {axes}: as the network sees it, it has {sizes} voxels, and "
        f"the network looks {reaches} to each side"
    )
    if min(working) < context(0):
        return why
    depth = ",".join(map(str, map(min, depths, depths_within(working))))
    return f"{why}; one trained with --set network.depth=[{depth}] would not look too far"


def _beyond(working: Sequence[int], depths: Sequence[int]) -> Iterator[tuple[str, int, int]]:
    """Yield the axes along which the network looks further than there are pixels: both numbers."""
    reaches = map(context, depths)
    for axis, size, reach in zip("ZYX"[-len(working) :], working, reaches, strict=True):
        if size < reach:
            yield axis, size, reach


def _is_flat(image: Source) -> bool:
    """Tell whether the middle of an image ``(1, *spatial)`` is made of areas of one whole number.

    The value that is most frequent is background, and says nothing: a camera has it black, too.
    What is left must lie in areas: single photons have the value of their neighbours as well. Of a
    volume one slice is read. Images of several channels are never taken for labels.
    """
    if image.shape[0] > 1:
        return False
    most = (*(1,) * (len(image.shape) - 3), _MIDDLE, _MIDDLE)
    middle = (
        slice((size - part) // 2, (size - part) // 2 + part)
        for size, part in zip(image.shape[1:], map(min, image.shape[1:], most), strict=True)
    )
    pixels = np.asarray(image[slice(0, 1), *middle])
    values, counts = np.unique(pixels, return_counts=True)
    shown = pixels != values[counts.argmax()]
    beside = shown[..., 1:] & shown[..., :-1]
    equal = (pixels[..., 1:] == pixels[..., :-1])[beside]
    whole = not np.any(values % 1)
    return whole and len(equal) >= max(_ENOUGH, shown.sum() / 2) and equal.mean() > _EQUAL


def _only_value(image: Source) -> str | None:
    """Return the value of every pixel of an image ``(C, *spatial)``, or None if two differ."""
    chunks = getattr(image, "chunks", None)
    first = None
    for band in bands(image.shape, image.dtype, chunks, _FIRST_BYTES):
        pixels = np.asarray(image[band])
        first = pixels.flat[0] if first is None else first
        if not (pixels == first).all():
            return None
    return f"{first:g}"
