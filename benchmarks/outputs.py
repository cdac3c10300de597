"""Seconds to write each kind of result for 70,000 objects in an image of 10,000 x 10,000 px.

    python benchmarks/outputs.py

The median of three runs, and by how much the resident memory of the process rises while it writes.
"""

import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from septum.array import View
from septum.outputs import KINDS, Segmented, save

SIZE, STEP, RUNS = 10_000, 38, 3
SHARES = np.array([[0.98, 0.02], [0.01, 0.85], [0.01, 0.13]], np.float32)  # outside, inside


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
        classes = range(window[1].start, window[1].stop)
        return np.stack([SHARES[at][cells.view(np.uint8)] for at in classes], axis=1)

    view = View((1, 3, SIZE, SIZE), np.dtype(np.float32), probabilities)
    count = int(labels.max())
    result = Segmented("cells", image, view, labels, (count,), spacing=(0.5, 0.5))
    print(f"{len(np.unique(labels)) - 1} objects, {SIZE} × {SIZE} px")
    print(f"{'kind':16}{'seconds':>9}{'MB file':>9}{'MB held':>9}")
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            save(kind, _small(), Path(folder))  # compiled, imported
            runs, peaks = [], []
            for _ in range(RUNS):
                start = time.perf_counter()
                with _peak() as peak:
                    path = save(kind, result, Path(folder))
                runs.append(time.perf_counter() - start)
                peaks.append(peak[0])
            files = (
                [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
            )
            size = sum(file.stat().st_size for file in files) / 1e6
        print(f"{kind:16}{median(runs):9.1f}{size:9.1f}{max(peaks) / 1e6:9.0f}", flush=True)


@contextmanager
def _peak():
    """Yield a list that holds the largest rise of the resident memory in bytes at the end."""
    process, done, peak = psutil.Process(), threading.Event(), [0]
    before = process.memory_info().rss

    def watch():
        while not done.wait(0.01):
            peak[0] = max(peak[0], process.memory_info().rss - before)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _small():
    labels = np.ones((1, 4, 4), np.uint32)
    shares = np.full((1, 3, 4, 4), 1 / 3, np.float32)
    image = np.ones((1, 1, 4, 4), np.uint16)
    return Segmented("small", image, shares, labels, (1,), spacing=(0.5, 0.5))


if __name__ == "__main__":
    main()
