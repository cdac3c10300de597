"""The paper's claim (abstract): a 512×512 image in under a second, then on a GPU."""

import os
from functools import partial
from pathlib import Path

import numpy as np

from septum.bench.section import Section, in_seconds, skipped
from septum.bench.sizes import Sizes
from septum.bench.timing import interleaved
from septum.bench.variants import DEFAULT, description, engine_of, variants
from septum.training import presets

CLAIM = 1.0  # second


def section(sizes: Sizes, device: str, folder: Path) -> Section:
    """Time one small image through the full-width network, from pixels to labels."""
    size = sizes.paper_image
    image = np.random.default_rng(0).integers(0, 256, (size, size), dtype=np.uint8)
    models, missing = variants(description(presets.PAPER, sizes.paper_width, 2), device, folder)
    times = interleaved(
        {name: partial(model.predict, image) for name, model in models.items()}, sizes.times
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    met = "met" if times[DEFAULT] < CLAIM else "NOT met"
    return Section(
        title="The paper's claim: a 512×512 image in under a second",
        text=(
            f"The paper's network (width {sizes.paper_width}), {size}×{size} px, from pixels to "
            f"labels, on {cores} CPU cores; medians of {sizes.times} runs, the network compiled."
        ),
        columns=("", "engine", "time"),
        rows=tuple((name, engine_of(models[name]), in_seconds(times[name])) for name in times),
        notes=(f"Under a second: {met}.", *skipped(missing)),
    )
