"""How long instances take, and how much memory; run `python benchmarks/instances.py`.

Probabilities of drawn cells with a border class, from 1k x 1k to 8k x 8k pixels, in a file: septum
block by block (`find`, labels written to a file) and in one piece (`instances`), beside
scikit-image on the whole image: `measure.label`, and `segmentation.watershed` from the same seeds
over the same 256 levels. Last, what is hard for blocks: one sheet that is all cell and has 20
seeds, whose floods run through all blocks.

Every row is the median of the runs in one process of its own, all kernels compiled before the
clock starts, and the resident memory of that process at its peak, about 200 MiB of which are the
interpreter and its modules. `reads` is how many times a block was read. An image above 0.5 GB is
run once.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from scipy import ndimage
from skimage import measure, segmentation

from septum.array import Sink, Source, View
from septum.data.synthetic import draw_cells
from septum.instances import drop_small, find, instances

SIDES = (1024, 2048, 4096, 8192)
BLOCK = 2048
TILE = 1000  # drawn once and mirrored; not along the faces of blocks, where nothing would cross
THRESHOLD, SEED, MIN_SIZE = 0.5, 0.9, 50
RUNS = 3


def cells(side: int) -> np.ndarray:
    """Return background, interior and border of cells that touch, (3, side, side)."""
    labels = np.asarray(draw_cells(0, (TILE, TILE), cells=500, radius=17.0).labels)
    lowest = ndimage.minimum_filter(np.where(labels == 0, labels.max() + 1, labels), 3)
    line = (labels > 0) & (lowest != ndimage.maximum_filter(labels, 3))
    cell = np.clip(ndimage.gaussian_filter((labels > 0).astype(np.float32), 1), 0.01, 0.99)
    border = np.minimum(ndimage.gaussian_filter(line.astype(np.float32), 1.5), cell)
    tile = np.stack([1 - cell, cell - border, border])
    return np.pad(tile, ((0, 0), (0, side - TILE), (0, side - TILE)), mode="symmetric")


def sheet(side: int) -> np.ndarray:
    """Return an image that is all cell, with smooth interiors and 20 seeds."""
    random = np.random.default_rng(0)
    grain = ndimage.gaussian_filter(random.random((TILE, TILE), np.float32), 8, mode="wrap")
    grain = 0.8 * (grain - grain.min()) / np.ptp(grain)
    interior = np.pad(grain, (0, side - TILE), mode="wrap")
    for y, x in random.integers(8, side - 8, (20, 2)):
        interior[y - 4 : y + 5, x - 4 : x + 5] = 1
    return np.stack([np.zeros_like(interior), interior, 1 - interior])


class LabelFile:
    """Labels in a file of which no page stays mapped, so that none counts as memory."""

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self._path, self.shape, self.dtype = path, shape, np.dtype(np.uint32)
        np.lib.format.open_memmap(path, mode="w+", dtype=self.dtype, shape=shape)

    def __setitem__(self, window: tuple[slice, ...], pixels: np.ndarray) -> None:
        np.lib.format.open_memmap(self._path, mode="r+")[window] = pixels


def blockwise(path: Path, classes: int) -> int:
    """Find the instances in a file block by block and write them; return how often one is read."""
    shape, reads = np.load(path, mmap_mode="r").shape, 0

    def read(window: tuple[slice, ...]) -> np.ndarray:
        nonlocal reads
        reads += 1
        return np.array(np.load(path, mmap_mode="r")[window])

    source: Source = View((classes, *shape[1:]), np.dtype(np.float32), read)
    labels: Sink = LabelFile(path.with_suffix(".labels.npy"), shape[1:])
    find(source, THRESHOLD, SEED, MIN_SIZE, BLOCK).write(labels)
    return reads


def label_of_skimage(path: Path) -> None:
    cells = 1 - np.load(path)[0] > THRESHOLD
    drop_small(np.asarray(measure.label(cells, connectivity=1)), MIN_SIZE)


def watershed_of_skimage(path: Path) -> None:
    planes = np.load(path)
    mask = 1 - planes[0] > THRESHOLD
    seeds = np.asarray(measure.label((planes[1] > SEED) & mask, connectivity=1))
    seeds = drop_small(seeds, MIN_SIZE // 2)
    levels = ((1 - planes[1]) * 255).astype(np.uint8)
    drop_small(segmentation.watershed(levels, seeds, connectivity=1, mask=mask), MIN_SIZE)


def one_piece(path: Path, classes: int) -> None:
    instances(np.load(path)[:classes], THRESHOLD, SEED, MIN_SIZE)


METHODS: dict[str, Callable[[Path], int | None]] = {
    "components: septum, blocks": partial(blockwise, classes=2),
    "components: septum, one piece": partial(one_piece, classes=2),
    "components: scikit-image": label_of_skimage,
    "watershed: septum, blocks": partial(blockwise, classes=3),
    "watershed: septum, one piece": partial(one_piece, classes=3),
    "watershed: scikit-image": watershed_of_skimage,
}


def peak() -> int:
    """Return the most resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def clock(method: str, path: Path, small: Path) -> str:
    """Return seconds, MiB and reads of a method, as a line."""
    METHODS[method](small)
    times, reads = [], None
    for _ in range(RUNS if path.stat().st_size < 2**29 else 1):
        start = time.perf_counter()
        reads = METHODS[method](path)
        times.append(time.perf_counter() - start)
    return f"{median(times)} {peak()} {reads or 0}"


def row(title: str, method: str, path: Path, small: Path, side: int, ours: float) -> float:
    """Clock a method in a process of its own, print its row, and return its seconds."""
    answer = itself(method, path, small).split()
    seconds, reads = float(answer[0]), int(answer[2]) / max(1, side // BLOCK) ** 2
    print(
        f"{title:15}{method:32}{seconds:8.2f}{seconds * 1e9 / side**2:9.0f}{answer[1]:>8}"
        f"{f'{reads:.1f}' if reads else '':>7}{f'{seconds / ours:.2f}x' if ours else '':>9}",
        flush=True,
    )
    return seconds


def itself(*arguments: object) -> str:
    """Run this script with arguments; a peak of memory would pass from parent to child."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def table() -> None:
    """Print all rows; the last column is the time over that of septum in blocks."""
    print(f"{'pixels':15}{'':32}{'s':>8}{'ms/Mpx':>9}{'MiB':>8}{'reads':>7}{'ratio':>9}")
    floods = [method for method in METHODS if method.startswith("watershed")]
    with tempfile.TemporaryDirectory() as folder:
        small, path = Path(folder) / "small.npy", Path(folder) / "image.npy"
        itself("cells", SIDES[0], small)
        for kind, methods, sides in (("cells", METHODS, SIDES), ("sheet", floods, SIDES[1:3])):
            for side in sides:
                itself(kind, side, path)
                ours = 0.0
                for method in methods:
                    ours = 0.0 if "blocks" in method else ours
                    seconds = row(f"{side}^2, {kind}", method, path, small, side, ours)
                    ours = ours or seconds


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["cells" | "sheet" as kind, side, path]:
            np.save(path, {"cells": cells, "sheet": sheet}[kind](int(side)))
        case [method, path, small]:
            print(clock(method, Path(path), Path(small)))
        case _:
            table()
