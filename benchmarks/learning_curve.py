"""How the score grows with the number of annotated images: 1, 2, 4, 8, and all of a fold.

    python benchmarks/learning_curve.py em|hela|u373 [STEPS] [PRESET] [SEED]

The first fold of `septum reproduce`, trained on fewer and fewer of its images, which are spread
evenly over them; what is tested on stays the same. Of EM slices each is taken by itself, since few
of them have their neighbours.
"""

import sys
import tempfile
from pathlib import Path

from septum import api, evaluation
from septum.data.layouts import find
from septum.evenly import evenly
from septum.experiments import EXPERIMENTS, predicted

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
COUNTS = (1, 2, 4, 8)
ALONE = ("data.context=0",)
FOLDS = {"em": 2, "hela": 3, "u373": 3}


def main() -> None:
    name, steps, preset, seed = (*sys.argv[1:], *("em", "400", "default", "0")[len(sys.argv) - 1 :])
    experiment = EXPERIMENTS[name]
    fold = experiment.folds(find(DATA / experiment.folder).load(), FOLDS[name])[0]
    images = sorted(fold.train, key=lambda sample: sample.name)
    print(f"preset {preset}, {steps} steps, seed {seed}; tested on {len(fold.test)} images")
    for count in (*(count for count in COUNTS if count < len(images)), len(images)):
        few = evenly(images, count)
        with tempfile.TemporaryDirectory() as folder:
            model = api.train(
                few, Path(folder) / "run", preset, int(steps), seed=int(seed), settings=ALONE
            )
        tested = predicted(model, fold.test, experiment.orientations)
        scores = evaluation.score(tested, [experiment.metric])[experiment.metric]
        shown = ", ".join(f"{key} {value:.4f}" for key, value in scores.items())
        seconds = model.description.training["seconds"]
        print(f"{count} images, {seconds:.0f} s: {shown}", flush=True)


if __name__ == "__main__":
    main()
