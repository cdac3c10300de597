"""What others offer for the same job; each is imported when it is measured."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import torch

from septum.array import Source, load
from septum.bench.timing import seconds_of

BATCHES = (1, 4)
"""How many windows MONAI is given at once; the faster one counts."""


def missing(package: str, wanted: bool) -> str | None:
    """Return why `package` is not measured, or None if it can and shall be."""
    if not wanted:
        return "others were not asked for"
    if find_spec(package) is not None:
        return None
    return "it is not installed; `make bench` installs it for this comparison alone"


def sliding_window(
    network: torch.nn.Module,
    image: np.ndarray,
    window: int,
    overlap: float,
    batch: int,
    device: str,
) -> Callable[[], np.ndarray]:
    """Return what computes probabilities by MONAI's `sliding_window_inference`.

    Windows overlap and are averaged with Gaussian weights, in float32.

    Parameters
    ----------
    network : torch.nn.Module
        One whose scores have the size of the window.
    image : numpy.ndarray of float32
        Shape ``spatial``, normalised.
    window : int
        Size in pixels.
    overlap : float
        Share of the window.
    batch : int
        Windows at once.
    device : str
        Where to compute.
    """
    infer = import_module("monai.inferers.utils").sliding_window_inference
    network = network.to(device)
    sizes = (min(window, *image.shape),) * image.ndim

    def compute() -> np.ndarray:
        with torch.inference_mode():
            tiles = torch.from_numpy(image)[None, None].to(device)
            scores = infer(tiles, sizes, batch, network, overlap=overlap, mode="gaussian")
            return torch.softmax(scores, dim=1)[0].cpu().numpy()

    return compute


def faster(make: Callable[[int], Callable[[], object]]) -> int:
    """Return for which of `BATCHES` the task ``make(batch)`` takes less time."""
    return min(BATCHES, key=lambda batch: seconds_of(make(batch)))


def watershed_of_whole(
    probabilities: Source, threshold: float, seed: float, min_size: int
) -> np.ndarray:
    """Return the instances of an image by scikit-image, all of it in memory.

    Seeds are connected (`skimage.measure.label`) and flooded (`skimage.segmentation.watershed`), as
    in `septum.instances.instances`.
    """
    label = import_module("skimage.measure").label
    watershed = import_module("skimage.segmentation").watershed
    background, interior = load(probabilities)[:2]
    cells = 1 - background > threshold
    seeds = _large_enough(label((interior > seed) & cells, connectivity=1), min_size // 2)
    return _large_enough(watershed(1 - interior, seeds, mask=cells), min_size)


def _large_enough(labels: np.ndarray, min_size: int) -> np.ndarray:
    areas = np.bincount(labels.ravel())
    return np.where(areas[labels] >= min_size, labels, 0)
