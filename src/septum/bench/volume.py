"""Whole volumes: septum's engines, and a window that slides with overlap."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path

import numpy as np

from septum.bench.section import Section, skipped
from septum.bench.sizes import Sizes
from septum.bench.timing import interleaved
from septum.bench.variants import DEFAULT, INT8, VARIANTS, engine_of, variants
from septum.bench.variants import description as planar
from septum.bench.whole import CLASSES, REQUIRED, add_peers, name_of, on, probabilities, speeds
from septum.description import Description
from septum.geometry import tile_sizes
from septum.training import presets

DEPTH = 2  # poolings along each axis, as most volumes of cells get


def section(sizes: Sizes, device: str, folder: Path) -> Section:
    """Time the probabilities of one volume, from its voxels to an array, once each.

    Parameters
    ----------
    sizes : Sizes
        How large.
    device : {"cpu", "cuda"}
        Where to compute.
    folder : Path
        For files of the models.
    """
    described = description(sizes.volume_width)
    volume = np.random.default_rng(0).integers(0, 256, (1, *sizes.volume), dtype=np.uint8)
    names = [name for name in VARIANTS if name != INT8]  # calibrated on images, not on volumes
    models, missing = variants(described, device, folder, names)
    tasks: dict[str, Callable[[], object]] = {}
    computed_by = {}
    for name, model in models.items():
        tile = model.tile(sizes.volume)
        tasks[name] = partial(probabilities, model, volume, tile)
        used = tile_sizes(sizes.volume, tile, model.network.depths)
        computed_by[name] = f"{engine_of(model)}, {_times(used)}"
    wanted = (sizes.volume_window, sizes.peers)
    missing |= add_peers(tasks, computed_by, described, volume[0], *wanted, device)
    times = interleaved(tasks, 1, warm=set(tasks) - set(models))
    return Section(
        title=f"Whole volume, {_times(sizes.volume)} voxels" + on(device),
        text=(
            f"A network for isotropic voxels ({CLASSES} classes, width {sizes.volume_width}, "
            f"{DEPTH} poolings), from the voxels to probabilities in memory; one run each, after "
            "one that warms up. MONAI as for whole images: the same network with padded "
            "convolutions, windows with Gaussian weights, float32."
        ),
        columns=("", "engine and tile", "time", "megavoxels/s", "time / septum's"),
        rows=speeds(times, computed_by, prod(sizes.volume)),
        notes=(*_ratios(times), *skipped(missing)),
    )


def description(width: int) -> Description:
    """Return the default preset's description of volumes for a network of this width."""
    plan = planar(presets.DEFAULT, width, CLASSES).plan
    network = replace(plan.network, depth=(DEPTH,) * 3)
    return Description(classes=CLASSES, ndim=3, plan=replace(plan, network=network))


def _ratios(times: dict[str, float]) -> tuple[str, ...]:
    return tuple(
        f"septum against {name_of(overlap)}: {times[name_of(overlap)] / times[DEFAULT]:.2f} times "
        "as fast."
        for overlap in REQUIRED
        if name_of(overlap) in times
    )


def _times(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes))
