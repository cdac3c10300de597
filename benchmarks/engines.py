"""How long each engine takes for an image of 2048×2048 px, and how far its probabilities are off.

    python benchmarks/engines.py

The default network (width 32), whole image and two sizes of tile; medians of three after a first
run that compiles, all engines in turn, so that a slow moment of the machine hits all of them. The
difference is to float32 PyTorch, on an untrained network.
"""

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from septum.compress import compress
from septum.data.synthetic import draw_cells
from septum.description import Description
from septum.geometry import tile_sizes
from septum.model import Model
from septum.plan import DataPlan, NetworkPlan, Plan
from septum.predict import Probabilities, overlap_tile
from septum.predict.engines import Engine, available, choose
from septum.size import readable_bytes
from septum.stored import INT8

SIZE, TIMES = 2048, 3
TILES = (572, 876, SIZE + 1000)


def model() -> Model:
    network = NetworkPlan(width=32, norm="batch")
    description = Description(classes=3, plan=Plan(data=DataPlan(scale=1.0), network=network))
    return Model(description.build(), description, "cpu", "torch", "fp32")


def engines(reference: Model, folder: Path) -> dict[str, tuple[Engine, float]]:
    """Return every engine of this machine, and the seconds that making it took."""
    reference.save(folder / "run" / "model")
    if any("int8" in entry.precisions for entry in available()):
        compress(folder / "run", folder / "int8", [draw_cells(0, (512, 512))], max_loss=0.99)
    made = {}
    for entry in available():
        for precision in entry.precisions:
            int8 = folder / "int8" / "model" / INT8 if precision == "int8" else None
            begun = perf_counter()
            engine, _ = choose(reference.network, entry.backend, precision, entry.device, int8)
            made[f"{entry.backend} {entry.device} {precision}"] = engine, perf_counter() - begun
    return made


def main() -> None:
    reference, image = model(), np.random.default_rng(0).random((1, SIZE, SIZE), np.float32)

    def probabilities(engine: Engine, tile: int) -> np.ndarray:
        result = np.empty((3, SIZE, SIZE), np.float32)
        overlap_tile(image, engine, tile, Probabilities(result))
        return result

    with TemporaryDirectory() as folder:
        made = engines(reference, Path(folder))
        exact = probabilities(reference.engine, TILES[0])
        print(f"| engine | tile | {SIZE}² | memory | made in | first run | off at most | mean |")
        print("|---|---|---|---|---|---|---|---|")
        for tile in TILES:
            first, times, off = {}, {name: [] for name in made}, {}
            for run in range(TIMES + 1):
                for name, (engine, _) in made.items():
                    begun = perf_counter()
                    result = probabilities(engine, tile)
                    seconds = perf_counter() - begun
                    if run:
                        times[name].append(seconds)
                    else:
                        first[name], off[name] = seconds, np.abs(result - exact)
            sizes = tile_sizes((SIZE, SIZE), tile)
            for name, (engine, seconds) in made.items():
                print(
                    f"| {name} | {sizes[0]} | {median(times[name]):.2f} s "
                    f"| {readable_bytes(engine.bytes_for(sizes))} | {seconds:.2f} s "
                    f"| {first[name]:.2f} s | {off[name].max():.1g} | {off[name].mean():.1g} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
