"""The gradient of a batch, in as many parts as the memory of the device takes."""

from collections.abc import Callable

import torch
from lightning_fabric import Fabric
from torch.optim import Optimizer

from septum.counted import counted
from septum.data.crops import Batch
from septum.errors import SeptumError
from septum.training.objective import OF_CELLS, Objective
from septum.training.on_device import Placed


class Descent:
    """Computes gradients; when memory does not suffice, with fewer tiles at a time from then on.

    Parameters
    ----------
    fabric : Fabric
        Launched.
    model : torch.nn.Module
        As `fabric.setup` returned it.
    optimiser : torch.optim.Optimizer
        Likewise.
    on_note : callable
        Called with a sentence when the batch is cut.
    objective : Objective
        Whose gradient it is.
    """

    def __init__(
        self,
        fabric: Fabric,
        model: torch.nn.Module,
        optimiser: Optimizer,
        on_note: Callable[[str], None],
        objective: Objective = OF_CELLS,
    ) -> None:
        self._fabric, self._model, self._optimiser = fabric, model, optimiser
        self._objective = objective
        self._say, self._at_once = on_note, 0

    def step(self, batch: Batch | Placed) -> tuple[float, bool]:
        """Leave the gradient of the energy of `batch` in the parameters.

        Returns
        -------
        loss : float
            The mean energy of the pixels of all tiles of this process.
        found : bool
            Whether the network takes any pixel for more than background.

        Raises
        ------
        SeptumError
            If not even one tile fits into memory.
        """
        tiles = len(batch.images)
        self._at_once = min(self._at_once or tiles, tiles)
        while True:
            try:
                return self._gradient(batch)
            except RuntimeError as error:
                # Several processes must cut their batches alike, and would wait for each other.
                if not _is_memory(error) or self._fabric.world_size > 1:
                    raise
                size = " × ".join(map(str, batch.images.shape[2:]))
                if self._at_once == 1:
                    raise SeptumError(
                        f"the memory of the {self._fabric.device.type} does not hold the training "
                        f"of one tile of {size} px; make it smaller, as --set training.tile=252, "
                        "or the network narrower, as --set network.width=16"
                    ) from None
                self._at_once = (self._at_once + 1) // 2
                self._say(
                    f"the memory of the {self._fabric.device.type} does not hold "
                    f"{counted(tiles, 'tile')} of "
                    f"{size} px: {self._at_once} at a time from now on. The gradient is that of "
                    "all; statistics of batch norm are of fewer"
                )
                if self._fabric.device.type == "cuda":
                    torch.cuda.empty_cache()

    def _gradient(self, batch: Batch | Placed) -> tuple[float, bool]:
        self._optimiser.zero_grad(set_to_none=True)
        tiles, loss, found = len(batch.images), 0.0, False
        for start in range(0, tiles, self._at_once):
            part = slice(start, start + self._at_once)
            images, classes, weights = (
                torch.as_tensor(array[part], device=self._fabric.device)
                for array in (batch.images, batch.classes, batch.weights)
            )
            scores = self._model(images)
            energy = self._objective.energy(scores, classes.long(), weights) * (len(images) / tiles)
            self._fabric.backward(energy)
            loss += energy.item()
            found = found or self._objective.finds(scores.detach())
        return loss, found


def _is_memory(error: RuntimeError) -> bool:
    # On the CPU PyTorch raises a plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
