"""A volume larger than memory to labels as OME-Zarr: seconds, and the peak of memory.

    python benchmarks/volume_limits.py [--size 512,2048,2048] [--depth 2,2,2] [--memory 2GiB]

Blobs over noise, uint8, in a zarr of no empty chunk; a network of width 4, trained for a moment,
since only its cost matters here. Then cost as the volume grows: the size and two smaller ones, each
with half as many voxels along every axis. Each in a process of its own, after a volume of 48³.
"""

import argparse
import tempfile
from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
import zarr
from scipy.ndimage import gaussian_filter

from septum import api, segment
from septum.bench.section import Section, in_seconds, markdown
from septum.bench.timing import Alone, alone
from septum.data.sample import Sample
from septum.size import parse_bytes, readable_bytes

SIZES, CHUNK, WIDTH, STEPS = 3, (32, 128, 128), 4, 20
BLOCK = (48, 48, 48)


def drawn() -> np.ndarray:
    """Return a block of blobs over noise, uint8."""
    random = np.random.default_rng(0)
    smooth = gaussian_filter(random.standard_normal(BLOCK), 3)
    blobs = 150 * (smooth > np.quantile(smooth, 0.8))
    return (blobs + random.integers(0, 100, BLOCK)).astype(np.uint8)


def write(block: np.ndarray, path: Path, shape: tuple[int, ...]) -> None:
    """Write `block`, mirrored at its faces until it fills `shape`, slab by slab."""
    chunks = tuple(map(min, CHUNK, shape))
    array = zarr.create_array(store=path, shape=shape, dtype=block.dtype, chunks=chunks)
    array.attrs["_ARRAY_DIMENSIONS"] = ["z", "y", "x"]
    planes, rows, columns = (
        np.concatenate([np.arange(size), np.arange(size)[::-1]])[np.arange(length) % (2 * size)]
        for size, length in zip(block.shape, shape, strict=True)
    )
    for top in range(0, shape[0], chunks[0]):
        array[top : top + chunks[0]] = block[np.ix_(planes[top : top + chunks[0]], rows, columns)]


def train(block: np.ndarray, folder: Path, depths: str) -> None:
    """Train the network for a moment."""
    labels = (block > 125).astype(np.int32)
    settings = (f"network.width={WIDTH}", f"network.depth=[{depths}]", "data.scale=1")
    sample = Sample(image=block[None], labels=labels, spacing=(1.0, 1.0, 1.0))
    api.train([sample], folder / "run", steps=STEPS, settings=settings)


def segmenting(folder: Path, name: str, memory: str) -> Callable[[], int]:
    """Return what segments a volume in `folder`; returns the number of objects."""
    model = api.load(folder / "run")
    options = segment.Options(
        save=("zarr",), memory=parse_bytes(memory), axes="ZYX", spacing=(1.0, 1.0, 1.0)
    )
    warm_up = folder / "warm_up.zarr"
    if not warm_up.exists():
        write(drawn(), warm_up, BLOCK)
    segment.segment_file(model, warm_up, folder / "out", options)
    return lambda: segment.segment_file(model, folder / name, folder / "out", options)


def halved(shape: tuple[int, ...], times: int) -> tuple[int, ...]:
    """Return a volume with half as many voxels along every axis, so many times."""
    return tuple(max(1, size // 2**times) for size in shape)


def row(shape: tuple[int, ...], taken: Alone) -> tuple[str, ...]:
    """Return a row of the table."""
    return (
        " × ".join(map(str, shape)),
        in_seconds(taken.seconds),
        in_seconds(taken.seconds / prod(shape) * 1e6),
        readable_bytes(taken.peak),
        readable_bytes(taken.peak - taken.before),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", default="512,2048,2048", help="Z,Y,X in voxels")
    parser.add_argument("--depth", default="2,2,2", help="poolings along Z,Y,X, as 0,3,3 for flat")
    parser.add_argument("--memory", default="2GiB", help="as for septum predict")
    given = parser.parse_args()
    largest, block, rows = tuple(map(int, given.size.split(","))), drawn(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train(block, folder, given.depth)
        for times in reversed(range(SIZES)):
            shape = halved(largest, times)
            write(block, folder / f"{times}.zarr", shape)
            taken = alone(segmenting, folder, f"{times}.zarr", given.memory)
            rows.append(row(shape, taken))
            print(rows[-1], flush=True)
    text = f"Width {WIDTH}, poolings {given.depth}, --memory {given.memory}, to OME-Zarr."
    columns = ("volume", "time", "time per megavoxel", "peak memory", "of it for the image")
    print(markdown(Section("Volumes", text, columns, tuple(rows))))


if __name__ == "__main__":
    main()
