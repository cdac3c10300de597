"""How an image and a model go together: channels, pixel size, and what the network sees."""

from collections.abc import Sequence
from math import prod

import numpy as np

from septum.array import Source, repeated
from septum.data.doubts import too_thin
from septum.description import Description
from septum.errors import DataError
from septum.resample import rescaled_shape, scale_per_axis


def zoom_of(description: Description, spacing: Sequence[float] | None) -> tuple[float, ...]:
    """Return the pixels of a training image per pixel of an image of this spacing, each axis.

    Parameters
    ----------
    description : Description
        Of the model.
    spacing : sequence of float or None
        Pixel size of the image in µm, or None to take its pixels as those of training.

    Raises
    ------
    DataError
        If the model does not know the pixel size of its training images.
    """
    ndim, trained = description.ndim, description.spacing
    if spacing is None:
        return (1.0,) * ndim
    if trained is None:
        raise DataError(
            "the model does not know the pixel size of its training images, so that no image "
            "can be resampled to it; train with images that state theirs"
        )
    if len(spacing) != ndim or min(spacing) <= 0:
        raise DataError(f"the spacing is {tuple(spacing)}; expected {ndim} sizes in µm above 0")
    return tuple(own / wanted for own, wanted in zip(spacing, trained, strict=True))


def working_shape(
    description: Description, shape: Sequence[int], zoom: Sequence[float]
) -> tuple[int, ...]:
    """Return the spatial shape in which the network sees an image of `shape`; see `zoom_of`.

    Raises
    ------
    DataError
        If it is that of a volume thinner than what the network sees around a voxel.
    """
    scale = scale_per_axis(description.plan.data.scale, len(shape))
    working = rescaled_shape(shape, [by * more for by, more in zip(scale, zoom, strict=True)])
    why = too_thin(working, description.depths)
    if why is not None:
        raise DataError(why)
    return working


def instance_values(
    description: Description, zoom: Sequence[float]
) -> tuple[float, float, int, float]:
    """Return threshold, seed, smallest size and neck in pixels of an image with this `zoom`."""
    threshold, seed, min_size, neck = description.plan.instances.values
    along = prod(zoom) ** (1 / len(zoom))
    return threshold, seed, round(min_size / prod(zoom)), neck / along


def smallest_pieces(description: Description, zoom: Sequence[float]) -> tuple[int, ...]:
    """Return the smallest pieces of classes in pixels of an image with this `zoom`."""
    return tuple(round(size / prod(zoom)) for size in description.plan.instances.smallest)


def fitting(description: Description, image: Source) -> Source:
    """Return an image ``(C, *spatial)`` with the channels of the network.

    Grey becomes colour; an image without neighbouring slices becomes its own neighbour. With
    neighbours (`septum.data.context`) it has all channels already.

    Raises
    ------
    DataError
        If it does not suit the model.
    """
    channels = description.in_channels
    if image.shape[0] == channels and description.reach:
        return image
    image = coloured(description, image)
    return image if image.shape[0] == channels else repeated(image, channels)


def coloured(description: Description, image: Source) -> Source:
    """Return an image with its own channels, without neighbours; see `fitting`."""
    check(description, image.shape, image.dtype)
    channels = description.image_channels
    return image if image.shape[0] == channels else repeated(image, channels)


def check(description: Description, shape: Sequence[int], dtype: np.dtype) -> None:
    """Raise DataError if an image ``(C, *spatial)`` does not suit the model."""
    ndim, expected = description.ndim, description.image_channels
    axes = ", ".join("ZYX"[-ndim:])
    if len(shape) != ndim + 1 or not takes(description, shape[0]):
        colour = len(shape) == ndim + 1 and shape[0] in (3, 4) and expected == 1
        hint = ". It looks like a colour image: convert it to grey" if colour else ""
        wanted = f"({expected}, {axes})" + (f" or ({axes})" if takes(description, 1) else "")
        raise DataError(
            f"the image has shape {tuple(shape)}; the model was trained on {expected} "
            f"channel(s) in {ndim}D and takes shape {wanted}{hint}"
        )
    if 0 in shape:
        raise DataError(f"the image has shape {tuple(shape)}: there is no pixel in it")
    if dtype.kind not in "buif":
        raise DataError(f"the image is of type {dtype}; expected real numbers")


def takes(description: Description, channels: int) -> bool:
    """Tell whether the model takes images of so many channels."""
    return channels == description.image_channels or (channels == 1 and description.grey_too)
