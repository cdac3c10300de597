"""What the U-Net replaced: a classifier that sees one patch for every pixel."""

from collections.abc import Callable
from functools import partial

import numpy as np

from septum.bench.flops import flops
from septum.bench.section import Section, in_seconds
from septum.bench.sizes import Sizes
from septum.bench.timing import interleaved, seconds_of
from septum.bench.variants import description, engine_of, seeded
from septum.geometry import input_size, smallest_input
from septum.model import Model
from septum.predict.engines import Engine
from septum.training import presets

BATCHES = (1, 8)


def section(sizes: Sizes, device: str) -> Section:
    """Time the same network pixel by pixel on a few pixels, and extrapolate to an image."""
    described = description(presets.PAPER, sizes.paper_width, 2)
    model = Model(seeded(described.build()), described, device)
    engine, depth = model.engine, model.network.depths[0]
    seen, whole = smallest_input(depth), input_size(sizes.paper_image, depth)
    random = np.random.default_rng(0)
    image = random.random((1, 1, whole, whole), dtype=np.float32)
    patches = random.random((sizes.patches, 1, seen, seen), dtype=np.float32)
    tasks = {batch: partial(_one_by_one, engine, patches, batch) for batch in BATCHES}
    for task in tasks.values():
        task()
    batch = min(tasks, key=lambda batch: seconds_of(tasks[batch]))
    both: dict[str, Callable[[], object]] = {
        "overlap-tile": partial(engine, image),
        "patches": tasks[batch],
    }
    times = interleaved(both, sizes.times)
    pixels = sizes.paper_image**2
    extrapolated = times["patches"] / sizes.patches * pixels
    arithmetic = flops((seen, seen)) * pixels / flops((whole, whole))
    name = f"{sizes.paper_image}×{sizes.paper_image} px"
    return Section(
        title="Against a patch for every pixel",
        text=(
            "The sliding-window classifier that the paper replaced computes the surroundings of "
            f"each pixel anew. Here with the same network (width {sizes.paper_width}, "
            f"{engine_of(model)}) and the smallest patch that it takes, {seen} px, {batch} at "
            f"once: {sizes.patches} pixels are measured and the rest is EXTRAPOLATED. The "
            "classifier of the day had a smaller network and saw 65 or 95 px; this compares the "
            "strategies, not that program."
        ),
        columns=("", "time"),
        rows=(
            (f"{name} at once", in_seconds(times["overlap-tile"])),
            (f"{sizes.patches} pixels, a patch each", in_seconds(times["patches"])),
            (f"{name}, a patch each (extrapolated)", in_seconds(extrapolated)),
        ),
        notes=(
            f"{extrapolated / times['overlap-tile']:,.0f} times as fast; the arithmetic alone "
            f"is {arithmetic:,.0f} times less.",
        ),
    )


def _one_by_one(engine: Engine, patches: np.ndarray, batch: int) -> None:
    for start in range(0, len(patches), batch):
        engine(patches[start : start + batch])
