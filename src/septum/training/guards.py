"""What tells a user early that a training goes wrong, and why it probably does."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from septum.atomic import replacing
from septum.data.crops import Batch
from septum.errors import SeptumError
from septum.report.picture import Panel, compose, grey, heat, save
from septum.training.on_device import Placed

_EXPLODED = 1e6
_WARM, _PATIENCE = 0.2, 30


class Diverged(SeptumError):
    """The loss is no longer a number, or beyond all bounds.

    Attributes
    ----------
    number : int
        The step.
    batch : Batch
        What it learnt from.
    """

    def __init__(self, message: str, number: int, batch: Batch) -> None:
        super().__init__(message)
        self.number, self.batch = number, batch


def check_loss(loss: float, number: int, batch: Batch | Placed, learning_rate: float) -> None:
    """Raise Diverged, which names the tiles, unless the loss of a step can be learnt from."""
    if math.isfinite(loss) and loss < _EXPLODED:
        return
    tiles = ", ".join(dict.fromkeys(batch.names))
    raise Diverged(
        f"the loss is {loss:g} at step {number}, with tiles of {tiles}: training has diverged. "
        f"Lower the learning rate, for example --set training.learning_rate={learning_rate / 10:g}",
        number,
        batch.on_host() if isinstance(batch, Placed) else batch,
    )


class Background:
    """Calls out, once, a network that takes everything for background.

    Parameters
    ----------
    on_note : callable
        Called with what is wrong and what it may come from.
    """

    def __init__(self, on_note: Callable[[str], None]) -> None:
        self._say, self._empty = on_note, 0

    def look(self, batch: Batch | Placed, found: bool, share: float) -> None:
        """Look at one step: its batch, whether the network found anything, how far the run is."""
        if not batch.classes.any():
            return
        self._empty = 0 if found or share < _WARM else self._empty + 1
        if self._empty == _PATIENCE:
            self._say(
                f"WARNING: over the last {_PATIENCE} steps the network took every pixel for "
                "background, although there are objects. Likely causes: labels that do not belong "
                "to their images (`septum check DATA --picture` shows them), objects far larger "
                "or smaller than the network sees (--set data.scale), or a learning rate that is "
                "too high"
            )


def save_batch(batch: Batch, path: Path) -> Path:
    """Write a batch as arrays (``.npz``) and, in 2D, as a picture beside it; return the former."""
    arrays = path.with_suffix(".npz")
    with replacing(arrays) as part:
        np.savez(part, images=batch.images, classes=batch.classes, weights=batch.weights)
    if batch.classes.ndim == 3:
        finite = np.nan_to_num(batch.images, posinf=0, neginf=0)
        panels = [
            panel
            for name, image, classes, weights in zip(
                batch.names, finite, batch.classes, batch.weights, strict=True
            )
            for panel in (
                Panel(f"{name}, as the network sees it", grey(image)),
                Panel("classes", heat(classes.astype(np.float32))),
                Panel("weights", heat(np.nan_to_num(weights))),
            )
        ]
        save(compose(panels, columns=3), path.with_suffix(".png"))
    return arrays
