"""How the score grows with the number of annotated images: 1, 2, 4, 8, and all of a fold.

    python benchmarks/learning_curve.py em|hela|u373 [--steps N] [--preset NAME] [--seed N]
                                        [--set KEY=VALUE ...]

The first fold of `septum reproduce`, trained on fewer and fewer of its images, which are spread
evenly over them; what is tested on stays the same. Of EM slices each is taken by itself, since few
of them have their neighbours.
"""

import argparse
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
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("experiment", choices=list(FOLDS))
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="change one choice of the plan")
    given = parser.parse_args()
    experiment = EXPERIMENTS[given.experiment]
    fold = experiment.folds(find(DATA / experiment.folder).load(), FOLDS[given.experiment])[0]
    images = sorted(fold.train, key=lambda sample: sample.name)
    settings = [*ALONE, *given.set]
    print(f"preset {given.preset}, {given.steps} steps, seed {given.seed}, {', '.join(settings)}")
    print(f"tested on {len(fold.test)} images")
    for count in (*(count for count in COUNTS if count < len(images)), len(images)):
        few = evenly(images, count)
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            model = api.train(
                few, run, given.preset, given.steps, seed=given.seed, settings=settings
            )
        tested = predicted(model, fold.test, experiment.orientations)
        scores = evaluation.score(tested, [experiment.metric])[experiment.metric]
        shown = ", ".join(f"{key} {value:.4f}" for key, value in scores.items())
        seconds = model.description.training["seconds"]
        print(
            f"{count} {'image' if count == 1 else 'images'}, {seconds:.0f} s: {shown}", flush=True
        )


if __name__ == "__main__":
    main()
