"""A stain that is missing: what it costs a model that was trained to do without it, and one not.

    python benchmarks/channels.py [STEPS]

Vessels in the colour images of DRIVE. Half of them teach, with more or fewer tiles that lack a
channel (`--robust-channels`: a fifth), for as many steps from the same seed; the other half of the
images is predicted with all channels and with each one missing. Prints the Dice coefficient of the
vessels, pooled over the pixels inside the field of view. Depth 3, width 16: about six minutes for
600 steps on two CPU cores.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from septum import api
from septum.data.layouts import find
from septum.data.sample import Sample
from septum.model import Model

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "drive" / "training"
SETTINGS = (
    "network.depth=3",
    "network.width=16",
    "targets.border=0",
    "data.scale=1",
)
TRAININGS = {
    "as usual": (),
    "`--robust-channels`: a fifth of the tiles lack one": ("augment.drop_channel=0.2",),
    "half of the tiles lack one": ("augment.drop_channel=0.5",),
}


def dice(model: Model, samples: list[Sample], channels: tuple[int | None, ...]) -> float:
    """Return the Dice coefficient of what is more likely vessel than not, over all samples."""
    both = either = 0
    for sample in samples:
        cell = model.predict(sample.image, channels=channels).probabilities[0] < 0.5
        true = sample.truth > 0
        known = np.ones_like(true) if sample.annotated is None else sample.annotated
        both += int((cell & true & known).sum())
        either += int((cell & known).sum() + (true & known).sum())
    return 2 * both / either if either else 0.0


def arrangements(names: tuple[str, ...]) -> dict[str, tuple[int | None, ...]]:
    """Return what is predicted with: all channels, and all but each."""
    numbers = range(len(names))
    missing = {
        f"no {name}": tuple(None if n == lost else n for n in numbers)
        for lost, name in enumerate(names)
    }
    return {"all": tuple(numbers), **missing}


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    samples = sorted(find(DATA).load(), key=lambda sample: sample.name)
    training, test = samples[::2], samples[1::2]
    shown = arrangements(samples[0].channels or ())
    print(f"{len(training)} images teach, {len(test)} are predicted; {steps} steps, seed 0")
    print(f"| trained | {' | '.join(shown)} |")
    print(f"|---|{'--:|' * len(shown)}")
    for name, settings in TRAININGS.items():
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            model = api.train(training, run, steps=steps, settings=(*SETTINGS, *settings))
        row = [f"{dice(model, test, channels):.3f}" for channels in shown.values()]
        print(f"| {name} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
