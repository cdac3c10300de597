"""A 20,000 × 20,000 px OME-Zarr through `septum predict`: seconds, and the peak of its memory.

The image is one frame of ../shared/data, mirrored over and over (no chunk is empty); the network is
narrow and briefly trained, since only its cost matters here. Run: python benchmarks/large.py
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile
import zarr

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "DIC-C2DH-HeLa"
SIZE, CHUNK = 20_000, 1_000
SETTINGS = ("network.width=8", "data.scale=1", "training.tile=284", "instances.seed=0.4")


def draw(path: Path, size: int) -> None:
    """Write an OME-Zarr of `size` px: a frame, mirrored at its edges until it fills the plane."""
    frame = tifffile.imread(DATA / "01" / "t000.tif")
    group = zarr.open_group(path, mode="w", zarr_format=2)
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    scale = [{"type": "scale", "scale": [0.19, 0.19]}]
    group.attrs["multiscales"] = [
        {
            "version": "0.4",
            "name": path.name,
            "axes": axes,
            "datasets": [{"path": "0", "coordinateTransformations": scale}],
        }
    ]
    array = group.create_array("0", shape=(size, size), dtype="u1", chunks=(CHUNK, CHUNK))
    period = np.concatenate([np.arange(len(frame)), np.arange(len(frame))[::-1]])
    for top in range(0, size, CHUNK):
        rows = period[np.arange(top, min(top + CHUNK, size)) % len(period)]
        array[top : top + CHUNK] = frame[rows][:, period[np.arange(size) % len(period)]]


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else SIZE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(folder / "large.ome.zarr", size)
        septum("train", DATA, "-o", folder / "run", "--steps", "60", *_set(SETTINGS))
        begun = time.monotonic()
        septum("predict", folder / "run", folder / "large.ome.zarr", "-o", folder / "out",
               "--memory", "2GiB", "--save", "labels,probabilities8,table")  # fmt: skip
        seconds = time.monotonic() - begun
        # Of the largest child; training on small tiles takes far less than predicting.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        rows = sum(1 for _ in (folder / "out" / "large_objects.csv").open()) - 1
        facts = {
            "megapixels": size**2 / 1e6,
            "seconds": round(seconds, 1),
            "seconds_per_megapixel": round(seconds / size**2 * 1e6, 3),
            "peak_resident_GiB": round(peak / 2**30, 2),
            "objects": rows,
        }
        print(json.dumps(facts, indent=2))


def septum(*arguments) -> None:
    command = [sys.executable, "-c", "from septum.cli import main; main()"]
    subprocess.run([*command, *map(str, arguments)], check=True)


def _set(settings) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


if __name__ == "__main__":
    main()
