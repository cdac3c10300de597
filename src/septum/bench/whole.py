"""Whole images: septum's engines, and a window that slides with overlap."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from septum.bench import peers
from septum.bench.padded import PaddedUNet
from septum.bench.section import Section, in_seconds, skipped, verdict
from septum.bench.sizes import Sizes
from septum.bench.timing import interleaved
from septum.bench.variants import DEFAULT, INT8, description, engine_of, seeded, variants
from septum.description import Description
from septum.geometry import tile_sizes
from septum.model import Model
from septum.training import presets

CLASSES = 3
REQUIRED = {0.25: 5, 0.5: 10}
"""For each overlap, how many times as fast septum must be."""
REQUIRED_INT8 = 1.4


def section(sizes: Sizes, device: str, folder: Path) -> Section:
    """Time the probabilities of one image, from its pixels to an array.

    Parameters
    ----------
    sizes : Sizes
        How large.
    device : {"cpu", "cuda"}
        Where to compute.
    folder : Path
        For the model in 8-bit integers.
    """
    described = description(presets.DEFAULT, sizes.width, CLASSES)
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (1, sizes.image, sizes.image), dtype=np.uint8)
    models, missing = variants(described, device, folder)
    tasks: dict[str, Callable[[], object]] = {}
    computed_by = {}
    for name, model in models.items():
        tile = model.tile(image.shape[1:])
        tasks[name] = partial(probabilities, model, image, tile)
        computed_by[name] = f"{engine_of(model)}, {tile_sizes(image.shape[1:], tile)[0]} px"
    wanted = (sizes.window, sizes.peers)
    missing |= add_peers(tasks, computed_by, described, image[0], *wanted, device)
    # Peers have been tried already, and take longest.
    times = interleaved(tasks, sizes.times, warm=set(tasks) - set(models))
    return Section(
        title=f"Whole image, {sizes.image}×{sizes.image} px" + on(device),
        text=(
            f"The default preset's network ({CLASSES} classes, width {sizes.width}), from the "
            f"pixels to probabilities in memory; medians of {sizes.times} runs. MONAI is given the "
            "same network with padded convolutions (as many parameters), an image that is "
            "normalised already, windows with Gaussian weights, float32. Weights are from a seed; "
            "in int8 all layers are."
        ),
        columns=("", "engine and tile", "time", "megapixels/s", "time / septum's"),
        rows=speeds(times, computed_by, sizes.image**2),
        notes=(*_verdicts(times), *skipped(missing)),
    )


def probabilities(model: Model, image: np.ndarray, tile: tuple[int, ...]) -> None:
    """Compute the probabilities of an image ``(C, *spatial)`` and drop them."""
    into = np.empty((CLASSES, *image.shape[1:]), np.float32)
    model.write_probabilities(image, into, tile)


def speeds(
    times: dict[str, float], computed_by: dict[str, str], elements: int
) -> tuple[tuple[str, ...], ...]:
    """Return a row for each time in seconds that so many pixels or voxels have taken."""
    return tuple(
        (
            name,
            computed_by[name],
            in_seconds(seconds),
            f"{elements / 1e6 / seconds:.3g}",
            f"{seconds / times[DEFAULT]:.2f}",
        )
        for name, seconds in times.items()
    )


def add_peers(
    tasks: dict[str, Callable[[], object]],
    computed_by: dict[str, str],
    described: Description,
    pixels: np.ndarray,
    window: int,
    wanted: bool,
    device: str,
) -> dict[str, str]:
    """Add MONAI with each overlap to the tasks; return why, where it cannot be measured.

    Parameters
    ----------
    tasks, computed_by : dict
        What to run, and in words what computes it, by name; both are added to.
    described : Description
        Of the network; MONAI gets it with padded convolutions.
    pixels : numpy.ndarray of uint8
        Shape ``spatial``.
    window : int
        Size in pixels.
    wanted : bool
        Whether others are measured.
    device : {"cpu", "cuda"}
        Where to compute.
    """
    if reason := peers.missing("monai", wanted):
        return {"MONAI": reason}
    arguments: dict[str, Any] = asdict(described.plan.network) | {"ndim": described.ndim}
    network = seeded(PaddedUNet(described.in_channels, described.classes, **arguments))
    image = pixels.astype(np.float32) / 255

    def task(overlap: float, batch: int) -> Callable[[], np.ndarray]:
        return peers.sliding_window(network, image, window, overlap, batch, device)

    batch = peers.faster(partial(task, min(REQUIRED)))
    for overlap in REQUIRED:
        tasks[name_of(overlap)] = task(overlap, batch)
        computed_by[name_of(overlap)] = f"torch fp32, {window} px, {batch} at once"
    return {}


def name_of(overlap: float) -> str:
    """Return the name of the row of MONAI with an overlap."""
    return f"MONAI, overlap {overlap:g}"


def _verdicts(times: dict[str, float]) -> tuple[str, ...]:
    notes = [
        verdict(f"septum against {name_of(overlap)}", times[name_of(overlap)] / own, required)
        for own in (times[DEFAULT],)
        for overlap, required in REQUIRED.items()
        if name_of(overlap) in times
    ]
    if INT8 in times:
        notes.append(verdict("int8 against septum", times[DEFAULT] / times[INT8], REQUIRED_INT8))
    return tuple(notes)


def on(device: str) -> str:
    """Return what a title says of a device."""
    return "" if device == "cpu" else ", on the GPU"
