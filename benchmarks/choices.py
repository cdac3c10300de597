"""What each choice of the default preset is worth: change one, train as long, score unseen cells.

    python benchmarks/choices.py [SECONDS]

Trains the demo's small network on drawn cells for the same time each and prints SEG on an image
that no training has seen, for three seeds. The order of magnitude holds; a difference smaller than
the spread between seeds does not.
"""

import sys
import tempfile
from pathlib import Path
from statistics import mean

from septum import api, metrics
from septum.data.synthetic import draw_cells
from septum.demo import SETTINGS, TRAINING_IMAGES, TRAINING_SIZE

SEEDS = (0, 1, 2)
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
    "float32": ("training.precision=32",),
    "two classes": ("targets.border=0",),
    "two classes, no border weight": ("targets.border=0", "targets.w0=0"),
    "no augmentation of grey values": (
        "augment.brightness=0",
        "augment.contrast=0",
        "augment.gamma=0",
        "augment.noise=0",
        "augment.blur=0",
    ),
    "no elastic deformation": ("augment.elastic_sigma=0",),
    "no rotation, scale, mirroring": (
        "augment.rotate=0",
        "augment.scale=0",
        "augment.mirror=false",
    ),
}


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 40.0
    train = [draw_cells(number, TRAINING_SIZE) for number in range(TRAINING_IMAGES)]
    test = draw_cells(999, (512, 512))
    print(f"{'choice':32} {'SEG of each seed':24} {'mean':>6} {'steps':>6}")
    for name, settings in CHOICES.items():
        scores, steps = [], []
        for seed in SEEDS:
            with tempfile.TemporaryDirectory() as folder:
                model = api.train(
                    train,
                    Path(folder) / "run",
                    max_time=seconds,
                    seed=seed,
                    settings=(*SETTINGS, *settings),
                )
            scores.append(metrics.seg(test.truth, model.predict(test.image).labels))
            steps.append(model.description.training["steps"])
        shown = "  ".join(f"{score:.3f}" for score in scores)
        print(f"{name:32} {shown:24} {mean(scores):6.3f} {mean(steps):6.0f}", flush=True)


if __name__ == "__main__":
    main()
