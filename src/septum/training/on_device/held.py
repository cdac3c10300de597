"""Samples in the memory of a device, read at the places of maps, whatever their rank.

Samples have shapes of their own and lie one behind the other in flat arrays, so that one gathering
reads the tiles of a whole batch. PyTorch's `grid_sample` reads images of one shape, takes places as
shares of that shape, which rounds them, and takes halves to the even pixel.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import prod

import numpy as np
import torch
from torch import Tensor

from septum.data.prepared import Prepared

_BYTES = {"image": 4, "weights": 4, "classes": 1}


def held_bytes(samples: Sequence[Prepared]) -> int:
    """Return how much memory `Held` takes."""
    return sum(size * getattr(item, name).size for item in samples for name, size in _BYTES.items())


class Held:
    """Prepared samples of one rank and number of channels, on a device.

    Parameters
    ----------
    samples : sequence of Prepared
        At least one.
    device : torch.device
        Where they are kept, each once.

    Attributes
    ----------
    images, weights : Tensor of float32, shape (values,)
        Of all samples, flat.
    classes : Tensor of uint8, shape (pixels,)
        Likewise.
    """

    def __init__(self, samples: Sequence[Prepared], device: torch.device) -> None:
        self.images = _laid_out([item.image for item in samples], torch.float32, device)
        self.classes = _laid_out([item.classes for item in samples], torch.uint8, device)
        self.weights = _laid_out([item.weights for item in samples], torch.float32, device)
        shapes = [item.classes.shape for item in samples]
        pixels = [item.classes.size for item in samples]
        strides = [[prod(shape[axis + 1 :]) for axis in range(len(shape))] for shape in shapes]
        starts = [end - own for end, own in zip(accumulate(pixels), pixels, strict=True)]
        self._shapes, self._strides, self._pixels, self._starts = (
            torch.tensor(table, device=device) for table in (shapes, strides, pixels, starts)
        )
        self._channels = len(samples[0].image)

    def read_images(self, samples: Tensor, channels: Tensor, places: Tensor) -> Tensor:
        """Interpolate images linearly.

        Parameters
        ----------
        samples : Tensor of int64, shape (N,)
            Of which sample each tile is.
        channels : Tensor of int64, shape (N, C)
            Which channels each shows.
        places : Tensor of float32, shape (N, ndim, *size)
            In pixels of the source; beyond its edge it is mirrored, as often as it takes.

        Returns
        -------
        Tensor of float32, shape (N, C, *size)
        """
        first = self._channels * self._starts[samples, None]
        return self._linear(
            self.images, first + channels * self._pixels[samples, None], samples, places
        )

    def read_labels(self, samples: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """Read the classes of the nearest pixels, and weights as `augment.crop` has them.

        Parameters
        ----------
        samples, places
            See `read_images`.

        Returns
        -------
        classes : Tensor of uint8, shape (N, *size)
        weights : Tensor of float32, shape (N, *size)
            Interpolated linearly, but 0 where the nearest pixel weighs nothing.
        """
        starts = self._starts[samples, None]
        index = _over_axes(starts[:, 0], places[:, 0])
        for axis in range(places.shape[1]):
            # Halves go up, as everywhere.
            near = (places[:, axis] + 0.5).floor().long()
            index = index + self._inside(samples, axis, near)
        weights = self._linear(self.weights, starts, samples, places)[:, 0]
        known = self.weights[index] > 0
        return self.classes[index], torch.where(known, weights, torch.zeros_like(weights))

    def _linear(self, values: Tensor, starts: Tensor, samples: Tensor, places: Tensor) -> Tensor:
        """Interpolate `values` from K first pixels for each tile, (N, K), to (N, K, *size)."""
        between = []
        for axis in range(places.shape[1]):
            below = places[:, axis].floor()
            share = places[:, axis] - below
            low, high = (self._inside(samples, axis, below.long() + step) for step in (0, 1))
            between.append((low[:, None], high[:, None], share[:, None]))
        return _between(values, _over_axes(starts, places[:, 0, None]), between)

    def _inside(self, samples: Tensor, axis: int, index: Tensor) -> Tensor:
        """Return by how much an index along an axis moves on in flat arrays; mirrored."""
        pixels, stride = (
            _over_axes(table[samples, axis], index) for table in (self._shapes, self._strides)
        )
        return mirrored(index, pixels) * stride


def mirrored(index: Tensor, pixels: Tensor) -> Tensor:
    """Mirror indices into 0..pixels-1 without repeating the edge, as often as it takes."""
    last = pixels - 1
    return last - (index.remainder((2 * last).clamp(min=1)) - last).abs()


def _between(values: Tensor, index: Tensor, axes: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """Interpolate along the first axis between what is interpolated along the others."""
    if not axes:
        return values[index]
    (low, high, share), *others = axes
    before, after = (_between(values, index + end, others) for end in (low, high))
    return torch.lerp(before, after, share)


def _over_axes(table: Tensor, like: Tensor) -> Tensor:
    """Give a table axes of one behind its own, up to as many as another tensor has."""
    return table.reshape(*table.shape, *[1] * (like.ndim - table.ndim))


def _laid_out(arrays: Sequence[np.ndarray], kind: torch.dtype, device: torch.device) -> Tensor:
    ends = list(accumulate(array.size for array in arrays))
    flat = torch.empty(ends[-1], dtype=kind, device=device)
    for array, end in zip(arrays, ends, strict=True):
        # One at a time, so that nothing is there twice in the computer's own memory.
        flat[end - array.size : end] = torch.from_numpy(np.ascontiguousarray(array).reshape(-1))
    return flat
