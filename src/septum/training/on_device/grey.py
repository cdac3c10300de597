"""Grey values on a device: blur, response, noise, and what is shown instead of the image.

The counterpart of `augment.intensity` and `augment.sections`, in their order.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from septum.training.on_device.held import mirrored
from septum.training.on_device.numbers import Numbers


def vary(images: Tensor, numbers: Numbers) -> Tensor:
    """Vary the grey values of tiles.

    Parameters
    ----------
    images : Tensor of float32, shape (N, C, *size)
        As read; may be written to.
    numbers : Numbers
        What was drawn for them.

    Returns
    -------
    Tensor of float32, shape (N, C, *size)
    """
    for place, weights in numbers.blurs.items():
        images[place] = _blurred(images[place], weights)
    if numbers.response is not None:
        response = torch.from_numpy(numbers.response).to(images.device)
        images = _responded(images, response.reshape(*response.shape, *[1] * (images.ndim - 2)))
    for place, noise in numbers.noise.items():
        images[place] += torch.from_numpy(noise).to(images.device)
    if numbers.instead is not None:
        instead = torch.from_numpy(numbers.instead).to(images.device)
        instead = instead.reshape(*instead.shape, *[1] * (images.ndim - instead.ndim))
        images = torch.where(instead.isnan(), images, instead)
    return images


def _blurred(image: Tensor, weights: Sequence[Sequence[float]]) -> Tensor:
    """Blur all channels (C, *size) with the weights along each axis; mirrored at the edge."""
    for axis, along in enumerate(weights, start=1):
        reach, pixels = len(along) // 2, image.shape[axis]
        if reach:
            index = torch.arange(-reach, pixels + reach, device=image.device)
            around = image.index_select(axis, mirrored(index, torch.tensor(pixels)))
            parts = (around.narrow(axis, start, pixels) for start in range(len(along)))
            image = sum(
                (weight * part for weight, part in zip(along, parts, strict=True)),
                torch.zeros_like(image),
            )
    return image


def _responded(images: Tensor, response: Tensor) -> Tensor:
    """Turn contrast about the middle, add brightness, and bend what is between by gamma."""
    contrast, brightness, gamma, black, white = response
    span = white - black
    middle = black + span / 2
    images = (images - middle) * contrast + (middle + brightness)
    relative = (images - black) / span
    bent = relative.clamp(0, 1) ** gamma * span + black
    return torch.where((relative > 0) & (relative < 1), bent, images)
