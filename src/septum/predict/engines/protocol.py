"""What every engine is: tiles in, scores out, and what that takes."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from septum.geometry import output_size


class Engine(Protocol):
    """A network ready to compute on one device, in one precision.

    Attributes
    ----------
    name : {"torch", "openvino", "onnx"}
        The library that computes.
    precision : {"fp32", "bf16", "int8"}
        What the convolutions are computed in; tiles and scores are float32 always.
    device : str
        ``"cpu"``, ``"cuda"`` or ``"mps"``.
    in_channels, classes : int
        Of the network.
    depths : tuple of int
        Poolings of the network along each axis.
    """

    @property
    def name(self) -> str: ...
    @property
    def precision(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def in_channels(self) -> int: ...
    @property
    def classes(self) -> int: ...
    @property
    def depths(self) -> tuple[int, ...]: ...

    def __call__(self, tiles: np.ndarray, /) -> np.ndarray:
        """Return the scores of a batch of tiles.

        Parameters
        ----------
        tiles : numpy.ndarray of float32
            Shape ``(N, in_channels, *sizes)``, each size legal for its depth.

        Returns
        -------
        numpy.ndarray of float32
            Shape ``(N, classes, *sizes - 2 · context)``; the caller's own.
        """
        ...

    def bytes_for(self, sizes: Sequence[int]) -> int:
        """Return how many bytes one tile of `sizes` px takes at its peak, rather too many."""
        ...

    def free_memory(self) -> int | None:
        """Return the bytes of its own that the device has free; None where it has none."""
        ...

    def batch_size(self, sizes: Sequence[int], memory: int) -> int:
        """Return how many tiles of `sizes` px to give at once.

        Parameters
        ----------
        sizes : sequence of int
            Of the input tile, in pixels.
        memory : int
            Bytes of main memory that all of prediction may take.
        """
        ...

    def release(self) -> None:
        """Give back what is kept ready for the next tile; computing one more makes it again."""
        ...


def scores_shape(engine: Engine, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the scores for tiles of `shape`, ``(N, classes, *smaller)``.

    Raises
    ------
    ValueError
        If the tiles have other channels than the network, or a size that is not legal.
    """
    if shape[1] != engine.in_channels:
        raise ValueError(f"the tiles have shape {shape}; expected {engine.in_channels} channels")
    sizes = map(output_size, shape[2:], engine.depths)
    return shape[0], engine.classes, *sizes
