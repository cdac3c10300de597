"""Seconds to write each kind of result for 70,000 objects in an image of 10,000 × 10,000 px."""

import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

from septum.array import View
from septum.outputs import KINDS, Segmented, save

SIZE, STEP = 10_000, 38  # 263² = 69,169 cells, and one around them all


def main():
    """Print the table."""
    y, x = np.ogrid[:STEP, :STEP]
    radius = 14 + 2 * np.sin(5 * np.arctan2(y - 19, x - 19))
    cell = (y - 19) ** 2 + (x - 19) ** 2 < radius**2
    at = np.arange(SIZE) // STEP
    inside = np.resize(cell, (STEP, STEP))[np.arange(SIZE)[:, None] % STEP, np.arange(SIZE) % STEP]
    labels = np.where(inside, at[:, None] * (at[-1] + 1) + at + 1, 0).astype(np.uint32)[None]
    image = np.random.default_rng(0).integers(0, 4096, (1, 1, SIZE, SIZE), np.uint16)

    def probabilities(window):
        cells = labels[(window[0], *window[2:])] > 0
        shares = np.stack([1 - cells, 0.75 * cells, 0.25 * cells], axis=1).astype(np.float32)
        return shares[:, window[1]]

    view = View((1, 3, SIZE, SIZE), np.dtype(np.float32), probabilities)
    count = int(labels.max())
    result = Segmented("cells", image, view, labels, (count,), spacing=(0.5, 0.5))
    print(f"{len(np.unique(labels)) - 1} objects, {SIZE} × {SIZE} px")
    print(
        f"{'kind':16}{'seconds':>9}{'MB file':>9}{'MB peak':>9}   beyond the image and the labels"
    )
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            save(kind, _small(), Path(folder))  # compiled, imported
            start = time.perf_counter()
            path = save(kind, result, Path(folder))
            seconds = time.perf_counter() - start
            files = (
                [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]
            )
            size = sum(part.stat().st_size for part in files) / 1e6
            tracemalloc.start()
            save(kind, result, Path(folder))
            peak = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
        print(f"{kind:16}{seconds:9.1f}{size:9.1f}{peak:9.0f}", flush=True)


def _small():
    labels = np.ones((1, 4, 4), np.uint32)
    shares = np.full((1, 3, 4, 4), 1 / 3, np.float32)
    image = np.ones((1, 1, 4, 4), np.uint16)
    return Segmented("small", image, shares, labels, (1,), spacing=(0.5, 0.5))


if __name__ == "__main__":
    main()
