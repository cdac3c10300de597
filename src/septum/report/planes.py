"""Planes of images for a page: which to show, how large, and with what in which colour."""

from collections.abc import Sequence

import numpy as np

from septum.evenly import evenly
from septum.report.html import Html, element
from septum.report.picture import grey, outlines
from septum.resample import resample

TEAL, AMBER, PINK, BLUE = (38, 200, 186), (255, 176, 0), (255, 72, 140), (92, 168, 255)
"""Lines that stand out from grey and from one another, whatever colours the reader can tell."""

_LOOKED_AT = 17  # planes of a volume


def telling_plane(labels: np.ndarray) -> int | None:
    """Return which plane of labels ``(Z, Y, X)`` tells most; of labels ``(Y, X)`` None.

    It has most of the different labels of a few planes, evenly spaced; of several the middle one.
    """
    if labels.ndim == 2:
        return None
    middle = len(labels) // 2
    candidates = sorted({middle, *evenly(range(len(labels)), _LOOKED_AT)})
    return max(candidates, key=lambda z: (len(np.unique(labels[z])), -abs(z - middle)))


def plane_of(array: np.ndarray, plane: int | None) -> np.ndarray:
    """Return a plane of an array ``(..., Z, Y, X)``; for None, of one without Z, all of it."""
    return array if plane is None else array[..., plane, :, :]


def shown(image: np.ndarray, annotated: np.ndarray | None, plane: int | None) -> np.ndarray:
    """Return an image ``(C, [Z,] Y, X)``, or a plane of it, as RGB, dark where nobody annotated."""
    pixels = grey(plane_of(image, plane))
    if annotated is None:
        return pixels
    return np.where(plane_of(annotated, plane)[..., np.newaxis], pixels, pixels // 3)


def fitting(shape: Sequence[int], side: int) -> tuple[int, ...]:
    """Return the shape at which the longest side is `side`, but by whole factors if enlarged."""
    factor = side / max(shape)
    factor = factor if factor < 1 else float(int(factor))
    return tuple(max(1, round(size * factor)) for size in shape)


def resized(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return an RGB image ``(Y, X, 3)`` at another size."""
    return np.rint(np.moveaxis(resample(np.moveaxis(image, -1, 0), shape), 0, -1)).astype(np.uint8)


def drawn(
    image: np.ndarray,
    labels: np.ndarray,
    ids: np.ndarray,
    colours: Sequence | np.ndarray,
    width: int,
) -> np.ndarray:
    """Return an RGB image with the objects of some ids outlined.

    Parameters
    ----------
    image : numpy.ndarray, shape (Y, X, 3), uint8
        Is not changed.
    labels : numpy.ndarray of int, shape (Y, X)
        The objects, as on the image.
    ids : numpy.ndarray of int
        Those to draw, in ascending order.
    colours : sequence or numpy.ndarray, shape (ids, 3)
        Of each, from 0 to 255.
    width : int
        Of the lines in px, which are inside the objects.
    """
    result = image.copy()
    if len(ids):
        known = outlines(labels, width) & np.isin(labels, ids)
        result[known] = np.asarray(colours, np.uint8)[np.searchsorted(ids, labels[known])]
    return result


def legend(*entries: tuple[tuple[int, ...], str]) -> Html:
    """Return what each colour means, as a line of swatches with their names."""
    items = []
    for colour, name in entries:
        style = f"background: rgb({', '.join(map(str, colour))})"
        items.append(element("span", element("span", class_="swatch", style=style), name))
    return element("p", *items, class_="legend")
