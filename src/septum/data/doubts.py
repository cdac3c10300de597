"""Why the result for an image may be worth little, as far as its shape and values tell."""

from collections.abc import Iterator, Sequence

import numpy as np

from septum.array import Source, item
from septum.data.normalise import bands
from septum.geometry import context
from septum.rank import ELEMENT

_FIRST_BYTES = 2**20
"""Bands of this size are read until two pixels differ; nearly always the first one shows it."""


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
            f"{len(even)} of {images.shape[0]} images of the stack hold one value only: there is "
            "nothing to find in them"
        )


def thin(working: Sequence[int], depths: Sequence[int]) -> Iterator[str]:
    """Say along which axes the network sees more mirrored pixels than real ones.

    Parameters
    ----------
    working, depths
        See `doubts`.
    """
    pixels = f"{ELEMENT[len(working)]}s"
    reaches = map(context, depths)
    for axis, size, reach in zip("ZYX"[-len(working) :], working, reaches, strict=True):
        if size < reach:
            yield (
                f"along {axis} the image has {size} {pixels} as the network sees it, and the "
                f"network looks {reach} to each side: what it sees there is mostly the image "
                "mirrored, and what it finds rests on that"
            )


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
