"""From probabilities to instances: block by block, and scikit-image on the whole image."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import zarr
from scipy.ndimage import gaussian_filter

from septum.array import Source, whole
from septum.bench import peers
from septum.bench.section import Section, in_seconds, skipped
from septum.bench.sizes import Sizes
from septum.bench.timing import Alone, alone
from septum.data.synthetic import draw_cells
from septum.instances import find
from septum.size import readable_bytes
from septum.targets import class_map

TILE, BLOCK, BORDER = 512, 2048, 2.0
THRESHOLD, SEED, MIN_SIZE = 0.5, 0.9, 50
OURS, PEER = "septum, block by block", "scikit-image, label and watershed"


def section(sizes: Sizes, folder: Path) -> Section:
    """Time probabilities to labels, both in files, each in a process of its own, in turn."""
    missing = {}
    names = [OURS]
    if reason := peers.missing("skimage", sizes.peers):
        missing["scikit-image"] = reason
    else:
        names.append(PEER)
    for size in sizes.cells:
        write_probabilities(folder / f"{size}.zarr", size)
    taken: dict[tuple[int, str], list[Alone]] = {}
    for _ in range(sizes.times):
        for size in sizes.cells:
            for name in names:
                run = alone(separating, folder, size, name)
                taken.setdefault((size, name), []).append(run)
    seconds = {key: median(run.seconds for run in runs) for key, runs in taken.items()}
    return Section(
        title="Cells from probabilities",
        text=(
            f"Touching cells, three classes; {BLOCK}×{BLOCK} px a block. Probabilities and labels "
            "are zarr arrays on disk, read and written within the time; memory is what the process "
            f"grows by. Medians of {sizes.times} runs, each in a process of its own."
        ),
        columns=("image", "", "time per megapixel", "time / septum's", "memory"),
        rows=tuple(
            (
                f"{size}×{size}",
                name,
                in_seconds(seconds[size, name] / size**2 * 1e6),
                f"{seconds[size, name] / seconds[size, OURS]:.2f}",
                readable_bytes(int(median(run.peak - run.before for run in runs))),
            )
            for (size, name), runs in taken.items()
        ),
        notes=skipped(missing),
    )


def write_probabilities(path: Path, size: int) -> None:
    """Write what a network might say of drawn cells that touch, mirrored until `size` px."""
    labels = draw_cells(0, (min(TILE, size),) * 2).truth
    classes = class_map(labels, border=BORDER)
    # Smoothing keeps the sum of the classes at one.
    tile = np.stack([gaussian_filter((classes == n).astype(np.float32), 1) for n in range(3)])
    pad = [(0, 0), *[(0, size - tile.shape[-1])] * 2]
    planes = np.pad(tile, pad, mode="symmetric")
    chunks = (1, *(min(TILE, size),) * 2)
    zarr.create_array(store=path, data=planes, chunks=chunks, compressors=None)


def separating(folder: Path, size: int, name: str) -> Callable[[], object]:
    """Return what finds the cells of an image and writes them, compiled on a small one."""
    task = blockwise if name == OURS else in_one_piece
    small = np.zeros((3, 8, 8), np.float32)
    small[1, 2:5, 2:5] = 1
    small[0] = 1 - small[1]
    task(small, folder / "small.zarr")
    probabilities: Any = zarr.open_array(folder / f"{size}.zarr", mode="r")
    return partial(task, probabilities, folder / "labels.zarr")


def blockwise(probabilities: Source, path: Path) -> None:
    """Find the cells with septum and write them."""
    found = find(probabilities, THRESHOLD, SEED, MIN_SIZE, BLOCK)
    found.write(labels_at(path, probabilities.shape[1:]))


def in_one_piece(probabilities: Source, path: Path) -> None:
    """Find the cells with scikit-image and write them."""
    labels = peers.watershed_of_whole(probabilities, THRESHOLD, SEED, MIN_SIZE)
    labels_at(path, labels.shape)[whole(labels.shape)] = labels.astype(np.uint32)


def labels_at(path: Path, shape: tuple[int, ...]) -> zarr.Array:
    """Return a zarr array for labels, in place of an earlier one."""
    chunks = tuple(min(TILE, size) for size in shape)
    return zarr.create_array(
        store=path,
        shape=shape,
        dtype=np.uint32,
        chunks=chunks,
        compressors=None,
        overwrite=True,
    )
