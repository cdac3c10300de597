"""What each choice of the default preset is worth: change one, train as long, score unseen cells.

    python benchmarks/choices.py [STEPS]

Trains the demo's small network on drawn cells for the same number of steps and prints SEG on an
image that no training has seen, for two seeds, and the time of a step. The order of magnitude
holds; a difference smaller than the spread between seeds does not.
"""

import sys
import tempfile
from pathlib import Path
from statistics import mean

from septum import api, metrics
from septum.data.synthetic import draw_cells
from septum.demo import SETTINGS, TRAINING_IMAGES, TRAINING_SIZE

SEEDS = (0, 1)
BATCH = ("training.batch=1",)
CHOICES = {
    "default": (),
    "no normalisation": ("network.norm=none",),
    "SGD, momentum 0.99": (
        "training.optimiser=sgd",
        "training.momentum=0.99",
        "training.weight_decay=0",
    ),
    "learning rate 3e-4": ("training.learning_rate=3e-4",),
    "learning rate 3e-3": ("training.learning_rate=3e-3",),
    "constant learning rate": ("training.schedule=constant",),
    "no moving average": ("training.average=0",),
    "two classes": ("targets.border=0",),
    "two classes, no border weight": ("targets.border=0", "targets.w0=0"),
}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 350
    train = [draw_cells(number, TRAINING_SIZE) for number in range(TRAINING_IMAGES)]
    test = draw_cells(999, (512, 512))
    print(f"{'choice':32} {'SEG of each seed':16} {'mean':>6} {'ms/step':>8}")
    for name, settings in CHOICES.items():
        scores, seconds = [], 0.0
        for seed in SEEDS:
            with tempfile.TemporaryDirectory() as folder:
                model = api.train(
                    train,
                    Path(folder) / "run",
                    steps=count,
                    seed=seed,
                    settings=(*SETTINGS, *BATCH, *settings),
                )
            scores.append(metrics.seg(test.truth, model.predict(test.image).labels))
            seconds += model.description.training["seconds"]
        shown = "  ".join(f"{score:.3f}" for score in scores)
        step = 1000 * seconds / count / len(SEEDS)
        print(f"{name:32} {shown:16} {mean(scores):6.3f} {step:8.0f}", flush=True)


if __name__ == "__main__":
    main()
