"""Drawn tiles to a batch on a device: one map, one reading, the grey values."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from numpy.typing import NDArray
from torch import Tensor

from septum.augment.apply import centred
from septum.counted import counted
from septum.data.crops import Batch, Tile
from septum.data.prepared import Prepared
from septum.errors import SeptumError
from septum.training.on_device.grey import vary
from septum.training.on_device.held import Held, held_bytes
from septum.training.on_device.numbers import Numbers, numbers_of

_SHARE = 0.25
"""Of the memory of a device, at most, for the samples: the rest is for features of tiles.

Not of what is free at the moment: a run that goes on must be cut by whom it was begun."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A `data.crops.Batch` on a device."""

    images: Tensor
    classes: Tensor
    weights: Tensor
    names: tuple[str, ...]

    def on_host(self) -> Batch:
        """Return the batch as numpy arrays."""
        images, classes, weights = (
            part.cpu().numpy() for part in (self.images, self.classes, self.weights)
        )
        return Batch(images, classes, weights, self.names)


class Cutter:
    """Cuts drawn tiles on a device, as `data.crops.cut` does, within rounding.

    OpenCV before 5 rounds places to 1/32 px; a device does not.

    Parameters
    ----------
    samples : sequence of Prepared
        Those that tiles are drawn from; they are copied to the device.
    input_size, output_size : sequence of int
        Sizes of the network's input and output, in pixels, along each axis.
    device : torch.device
        Any that PyTorch has.
    """

    def __init__(
        self,
        samples: Sequence[Prepared],
        input_size: Sequence[int],
        output_size: Sequence[int],
        device: torch.device,
    ) -> None:
        self._samples, self._size, self._device = samples, tuple(input_size), device
        self._inner = centred(input_size, output_size)
        self._held = Held(samples, device)

    def numbers(self, tiles: Sequence[Tile]) -> Numbers:
        """Compute what `cut` needs of drawn tiles: without the device, so any thread may do it."""
        return numbers_of(self._samples, tiles, self._size)

    def cut(self, numbers: Numbers) -> Placed:
        """Cut the tiles that `numbers` are of; the same numbers give the same bytes.

        To be called between the steps and not beside them: an upload waits for all that the device
        was told to do before.

        Raises
        ------
        SeptumError
            If the memory of the device does not hold the tiles.
        """
        try:
            samples = self._placed(numbers.samples)
            places = self._map(numbers)
            images = self._held.read_images(samples, self._placed(numbers.channels), places)
            labels = self._held.read_labels(samples, places[(..., *self._inner)])
            return Placed(vary(images, numbers), *labels, numbers.names)
        except torch.OutOfMemoryError:
            raise SeptumError(
                f"the memory of the {self._device.type} does not hold "
                f"{counted(len(numbers.names), 'tile')} "
                f"of {' × '.join(map(str, self._size))} px while they are cut; have fewer of them, "
                "as --set training.batch=1, or smaller ones, as --set training.tile=252"
            ) from None

    def _map(self, numbers: Numbers) -> Tensor:
        """Return the composed coordinate map of each tile, (N, ndim, *size).

        Term by term and not as a matrix product, which a GPU may be set to round to ten bits
        (TF32).
        """
        rows = self._placed(numbers.rows)[..., None]
        columns = self._placed(numbers.columns)
        places = rows[:, :, 0] * columns[:, 0]
        for term in range(1, columns.shape[1]):
            places.addcmul_(rows[:, :, term], columns[:, term])
        if numbers.jumps is not None:
            jumps = self._placed(numbers.jumps)
            places += jumps.reshape(*jumps.shape, *[1] * (places.ndim - jumps.ndim))
        return places

    def _placed(self, array: NDArray) -> Tensor:
        return torch.from_numpy(array).to(self._device)


def cutter_for(
    samples: Sequence[Prepared],
    input_size: Sequence[int],
    output_size: Sequence[int],
    device: torch.device,
) -> Cutter | None:
    """Return what cuts on the device, or None where the CPU had better do it.

    A CPU cuts faster with OpenCV, an Apple GPU has no memory of its own to say how much is free.
    Samples that would take more than a quarter of a CUDA device's memory stay where they are:
    all tiles are cut by the CPU then, slower and as well.

    Parameters
    ----------
    samples, input_size, output_size, device
        See `Cutter`.
    """
    if device.type != "cuda":
        return None
    _, built_in = torch.cuda.mem_get_info(device)
    if held_bytes(samples) > _SHARE * built_in:
        return None
    return Cutter(samples, input_size, output_size, device)
