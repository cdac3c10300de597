"""What a TIFF says of its axes and its pixel size, as ImageJ and other readers understand it."""

from math import prod
from typing import Any

import numpy as np

CLASSIC = 3_900_000_000
"""Bytes that plain TIFF and ImageJ can address, with room for the tags."""

_IMAGEJ_TYPES = ("uint8", "uint16", "float32")


def tags(
    shape: tuple[int, ...],
    dtype: np.dtype,
    axes: str,
    spacing: tuple[float, ...] | None,
) -> dict[str, Any]:
    """Return the arguments of `tifffile.imwrite` that say what the axes and the pixel size are.

    As ImageJ knows it where ImageJ can have it: uint8, uint16 or float32, axes in the order TZCYXS,
    none of length 1, below 4 GB. Else a plain TIFF, which carries axes and spacing in the
    description and the spacing in its resolution too; BigTIFF from 4 GB.

    Parameters
    ----------
    shape, dtype
        Of the array.
    axes : str
        One letter for each of `shape`; S for the samples of a colour.
    spacing : tuple of float or None
        In µm, for those of Z, Y, X that are in `axes`, in that order, or for Y and X only.
    """
    size = prod(shape) * dtype.itemsize
    order = ["TZCYXS".find(axis) for axis in axes]
    imagej = (
        dtype.name in _IMAGEJ_TYPES
        and min(order) >= 0
        and order == sorted(order)
        and min(shape) > 1  # ImageJ drops axes of length 1
        and size <= CLASSIC
        and ("S" not in axes or dtype == np.uint8)
    )
    metadata: dict[str, Any] = {"axes": axes}
    options: dict[str, Any] = {"metadata": metadata, "imagej": imagej, "bigtiff": size > CLASSIC}
    if spacing is None:
        return options
    *z, y, x = spacing
    if imagej:
        metadata["unit"] = "um"
        if z:
            metadata["spacing"] = z[0]
        return options | {"resolution": (1 / x, 1 / y)}
    metadata["spacing_um"] = list(spacing)
    return options | {"resolution": (1e4 / x, 1e4 / y), "resolutionunit": "CENTIMETER"}
