"""How long a training step and a predicted tile take, in float32 and in bfloat16.

    python benchmarks/steps.py

One step is forward, energy, backward, optimiser and moving average on one tile, and next to it what
the network alone takes of that; times are medians of five after a warm-up, in turn, so that a slow
moment of the machine hits all of them.
"""

from statistics import median
from time import perf_counter

import numpy as np
import torch

from septum import geometry
from septum.data.synthetic import draw_cells
from septum.network import UNet, energy
from septum.plan import TrainingPlan
from septum.predict.engines import TorchEngine
from septum.training import propose
from septum.training.average import moving_average
from septum.training.presets import DEFAULT, PAPER
from septum.training.schedule import build_optimiser

TIMES = 5


def training_step(network: UNet, plan: TrainingPlan, precision: str):
    output = geometry.output_size(plan.tile)
    image = torch.randn(1, 1, plan.tile, plan.tile)
    classes = torch.zeros(1, output, output, dtype=torch.int64)
    weights = torch.ones(1, output, output)
    optimiser = build_optimiser(network, plan)
    average = moving_average(network, plan.average)

    def step() -> None:
        network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = energy(network(image), classes, weights)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if average is not None:
            average.update_parameters(network)

    return step


def network_alone(network: UNet, plan: TrainingPlan, precision: str):
    image = torch.randn(1, 1, plan.tile, plan.tile)

    def there_and_back() -> None:
        network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            scores = network(image)
        network.zero_grad(set_to_none=True)
        scores.backward(torch.ones_like(scores))

    return there_and_back


def predicted_tile(network: UNet, plan: TrainingPlan, precision: str):
    engine = TorchEngine(network, "cpu", precision)
    tile = np.random.default_rng(0).normal(size=(1, 1, plan.tile, plan.tile)).astype(np.float32)

    def predict() -> None:
        engine(tile)

    return predict


def main() -> None:
    tasks = {}
    for name, preset in {"paper": PAPER, "default": DEFAULT}.items():
        resolved, _ = propose(preset, [draw_cells(0)])
        plan, shape = resolved.training, resolved.network
        network = UNet(width=shape.width, dropout=shape.dropout, norm=shape.norm)
        network.to(memory_format=torch.channels_last)
        for precision in ("fp32", "bf16"):
            row = f"{name}, width {shape.width}, {plan.tile} px"
            tasks[row, "training step", precision] = training_step(network, plan, precision)
            tasks[row, "the network's part", precision] = network_alone(network, plan, precision)
            tasks[row, "predicted tile", precision] = predicted_tile(network, plan, precision)
    times = {key: [] for key in tasks}
    for round_number in range(TIMES + 1):
        for key, task in tasks.items():
            begun = perf_counter()
            task()
            if round_number:
                times[key].append(perf_counter() - begun)
    print(f"{torch.get_num_threads()} threads")
    print(f"{'':28} {'':18} {'float32':>9} {'bfloat16':>9} {'ratio':>6}")
    for row, what in dict.fromkeys((row, what) for row, what, _ in tasks):
        full, half = (median(times[row, what, precision]) for precision in ("fp32", "bf16"))
        print(f"{row:28} {what:18} {full:7.3f} s {half:7.3f} s {full / half:6.2f}")


if __name__ == "__main__":
    main()
