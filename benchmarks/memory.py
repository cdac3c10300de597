"""Memory of volumes, as planned and as taken: a step of training, and prediction.

    python benchmarks/memory.py [--budgets 0.25,0.5,1] [--precision auto]

Each row is a process of its own with one thread, which has done the same on a small tile before.
Training: the tile that `septum train` proposes for a budget (training.memory, in GiB) and voxels of
three shapes, three steps. Prediction: the tile that `septum predict --memory` takes for 256³ voxels
(two thirds of the memory are for tiles), two of them from pixels to probabilities. Measured is the
growth of the largest resident memory: what was given back counts, where the system has not got it.
"""

import argparse
from collections.abc import Callable

import numpy as np
import torch

from septum.bench.section import Section, markdown
from septum.bench.timing import alone
from septum.bench.variants import seeded
from septum.config import override
from septum.data.crops import Batch
from septum.description import Description
from septum.geometry import output_size, smallest_input
from septum.model import Model
from septum.plan import Plan
from septum.predict.precision import resolve
from septum.training import preset
from septum.training.average import moving_average
from septum.training.descent import Descent
from septum.training.footprint import training_bytes
from septum.training.machine import Machine
from septum.training.schedule import build_optimiser
from septum.training.volumes import with_network

VOXELS = ((1.0, 1.0, 1.0), (4.0, 1.0, 1.0), (9.0, 1.0, 1.0))
SHAPE = (600, 600, 600)  # of the volumes that are learnt from: larger than any tile
PREDICTED = (256, 256, 256)
DIAMETER, STEPS, CLASSES, MIB = 10, 3, 3, 2**20
COLUMNS = ("budget", "voxels", "tile", "estimate", "measured", "measured / estimate")


def planned(voxel: tuple[float, ...], budget: float, precision: str) -> Plan:
    """Return the default plan for volumes of these voxels and a budget in GiB."""
    name = "32" if precision == "fp32" else precision
    settings = (f"training.memory={budget}", f"training.precision={name}")
    plan = override(preset("default"), (*settings, "data.normalise=percentile", "data.scale=1"))
    return with_network(plan, [SHAPE], voxel, DIAMETER)[0]


def described(plan: Plan) -> Description:
    """Return what is known of the network of a plan for volumes."""
    return Description(classes=CLASSES, ndim=3, plan=plan)


def estimate(plan: Plan) -> int:
    """Return the bytes that a step of the plan should take."""
    tile, depths = plan.tile_and_depth
    bf16 = plan.training.precision == "bf16"
    return training_bytes(tile, depths, plan.network.width or 0, plan.training.batch, bf16)


def training(voxel: tuple[float, ...], budget: float, precision: str) -> Callable[[], None]:
    """Return what takes the steps, after one on the smallest tile of the same network."""
    torch.set_num_threads(1)
    plan = planned(voxel, budget, precision)
    tile, depths = plan.tile_and_depth
    fabric = Machine("cpu").launch(precision)

    def steps(sizes: tuple[int, ...], count: int) -> None:
        network = described(plan).build().to(memory_format=torch.channels_last_3d)
        average = moving_average(network, plan.training.average)
        model, optimiser = fabric.setup(network, build_optimiser(network, plan.training))
        descent = Descent(fabric, model, optimiser, print)
        for _ in range(count):
            descent.step(drawn(sizes, depths, plan.training.batch))
            optimiser.step()
            if average is not None:
                average.update_parameters(network)

    steps(tuple(map(smallest_input, depths)), 1)
    return lambda: steps(tile, STEPS)


def drawn(sizes: tuple[int, ...], depths: tuple[int, ...], count: int) -> Batch:
    """Return noise to learn from."""
    random = np.random.default_rng(0)
    outputs = tuple(map(output_size, sizes, depths))
    return Batch(
        random.random((count, 1, *sizes), dtype=np.float32),
        random.integers(0, CLASSES, (count, *outputs)).astype(np.uint8),
        np.ones((count, *outputs), np.float32),
    )


def predictor(voxel: tuple[float, ...], precision: str) -> Model:
    """Return a model of the network that is planned for such voxels, with weights from a seed."""
    torch.set_num_threads(1)
    known = described(planned(voxel, 0.5, precision))
    return Model(seeded(known.build()), known, "cpu", precision=precision)


def predicting(
    voxel: tuple[float, ...], precision: str, tile: tuple[int, ...]
) -> Callable[[], None]:
    """Return what computes two tiles, after a small one."""
    model = predictor(voxel, precision)
    depths = model.network.depths

    def predict(sizes: tuple[int, ...]) -> None:
        first, *others = map(output_size, sizes, depths)
        shape = (2 * first, *others)
        image = np.random.default_rng(0).integers(0, 255, (1, *shape), np.uint8)
        model.write_probabilities(image, np.empty((CLASSES, *shape), np.float32), sizes)

    predict(tuple(map(smallest_input, depths)))
    return lambda: predict(tile)


def row(
    budget: float, voxel: tuple[float, ...], tile: tuple[int, ...], said: int, grown: int
) -> tuple[str, ...]:
    """Return a row of the table."""
    return (
        f"{budget:g} GiB",
        " : ".join(f"{length:g}" for length in voxel),
        " × ".join(map(str, tile)),
        f"{said / MIB:.0f} MiB",
        f"{grown / MIB:.0f} MiB",
        f"{grown / said:.2f}",
    )


def trainings(budgets: list[float], precision: str) -> Section:
    """Measure the steps of training."""
    rows = []
    for budget in budgets:
        for voxel in VOXELS:
            plan = planned(voxel, budget, precision)
            taken = alone(training, voxel, budget, precision)
            tile, grown = plan.tile_and_depth[0], taken.peak - taken.before
            rows.append(row(budget, voxel, tile, estimate(plan), grown))
            print(rows[-1], flush=True)
    return Section("Training", f"{STEPS} steps, {precision}.", COLUMNS, tuple(rows))


def predictions(budgets: list[float], precision: str) -> Section:
    """Measure tiles of prediction."""
    rows = []
    for budget in budgets:
        for voxel in VOXELS:
            model = predictor(voxel, precision)
            tile = model.tile(PREDICTED, memory=int(budget * 2**30))
            taken = alone(predicting, voxel, precision, tile)
            said, grown = model.engine.bytes_for(tile), taken.peak - taken.before
            rows.append(row(budget, voxel, tile, said, grown))
            print(rows[-1], flush=True)
    return Section("Prediction", f"Two tiles, {precision}.", COLUMNS, tuple(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--budgets", default="0.25,0.5,1", help="in GiB, with commas between")
    parser.add_argument("--precision", default="auto", help="auto, fp32 or bf16")
    parser.add_argument("--only", choices=("training", "prediction"))
    given = parser.parse_args()
    budgets = [float(part) for part in given.budgets.split(",")]
    precision = resolve(given.precision, torch.device("cpu"))
    parts = {"training": trainings, "prediction": predictions}
    for name in (given.only,) if given.only else parts:
        print(markdown(parts[name](budgets, precision)), flush=True)


if __name__ == "__main__":
    main()
