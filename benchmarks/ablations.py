"""What other networks, losses and augmentations are worth: change one, train as long, score.

    python benchmarks/ablations.py em|hela|u373|nuclei [NAME ...] [--steps N] [--times N]

Each alternative is trained as often as there are folds in `septum reproduce` or as is said with
--times: the k-th time on the k-th fold (over again, where there are fewer) with the k-th seed, and
stands beside the default of the same fold and seed. Of the nuclei in fluorescence every fourth is
held out, another fourth each time. What is not in septum is put into it here, from `alternatives`.
All are predicted with by PyTorch, which takes any network. A choice that is the default's own for a
data set is not trained again.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from unittest.mock import patch

import numpy as np
from torch import nn

import nuclei
from alternatives.losses import Energy, centreline, dice, lovasz, with_term
from alternatives.networks import Deep, Distance, Flows, Residual
from septum import api, evaluation
from septum.config import override
from septum.data.layouts import find
from septum.data.sample import Sample
from septum.experiments import EXPERIMENTS, predicted
from septum.experiments.folds import Fold
from septum.metrics import matching
from septum.model import Model
from septum.network import UNet
from septum.predict.engines import Engine
from septum.training import propose
from septum.training.objective import OF_CELLS, Objective
from septum.training.presets import DEFAULT

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Task:
    """Data in folds, and what a model is worth on the images of a fold that it has not seen."""

    measure: str
    folds: list[Fold]
    score: Callable[[Model, Sequence[Sample]], float]


def of_the_paper(name: str, folds: int, score: str) -> Task:
    """Return one of the paper's experiments."""
    experiment = EXPERIMENTS[name]

    def scored(model: Model, test: Sequence[Sample]) -> float:
        planes = predicted(model, test, experiment.orientations)
        return evaluation.score(planes, [experiment.metric])[experiment.metric][score]

    samples = find(DATA / experiment.folder).load()
    measure = f"{score} of {experiment.orientations}"
    return Task(measure, experiment.folds(samples, folds), scored)


def of_nuclei() -> Task:
    """Return the nuclei in fluorescence, in four folds."""

    def scored(model: Model, test: Sequence[Sample]) -> float:
        found = [matching(s.truth, model.predict(s.image).labels, 0.5) for s in test]
        return sum(found[1:], found[0]).ap

    samples = [s for s in find(nuclei.DATA).load() if nuclei.kind_of(s) == nuclei.FLUORESCENCE]
    folds = [Fold(*map(tuple, nuclei.split(samples, first))) for first in range(4)]
    return Task("AP at IoU 0.5 of none", folds, scored)


TASKS = {
    "em": lambda: of_the_paper("em", 2, "v_rand"),
    "hela": lambda: of_the_paper("hela", 3, "seg"),
    "u373": lambda: of_the_paper("u373", 3, "seg"),
    "nuclei": of_nuclei,
}


class Together:
    """Several engines whose scores are averaged, in all else the first of them."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self.engines = engines

    def __getattr__(self, name: str) -> object:
        return getattr(self.engines[0], name)

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """Return the mean scores of a batch of tiles."""
        return np.mean([engine(tiles) for engine in self.engines], axis=0)


@dataclass(frozen=True)
class Alternative:
    """Settings of the plan, or what is put in the place of something in septum.

    With several `members` as many are trained, from other seeds, and their scores averaged; what
    finds cells in them is the thresholds of the first.
    """

    settings: tuple[str, ...] = ()
    energy: Energy | None = None
    network: type[UNet] | None = None
    convolutions: type[nn.Module] | None = None
    members: int = 1

    def is_default_of(self, samples: Sequence[Sample]) -> bool:
        """Tell whether its settings are those that the default proposes for a data set."""
        if not self.settings:
            return False
        return propose(override(DEFAULT, self.settings), samples)[0] == propose(DEFAULT, samples)[0]

    def put(self, place: ExitStack) -> None:
        """Replace it in septum until the end of a context."""
        if self.energy is not None:
            objective = Objective(self.energy, OF_CELLS.finds)
            place.enter_context(
                patch("septum.training.run.objective_of", lambda *_given: objective)
            )
        if self.network is not None:
            place.enter_context(patch("septum.description.UNet", self.network))
        if self.convolutions is not None:
            for module in ("unet", "blocks"):
                name = f"septum.network.{module}.Convolutions"
                place.enter_context(patch(name, self.convolutions))

    def trained(self, samples: Sequence[Sample], steps: int, seed: int) -> Model:
        """Return a model of samples, with PyTorch for its engine."""
        models = []
        for member in range(self.members):
            with tempfile.TemporaryDirectory() as folder:
                run, other = Path(folder) / "run", seed + 10 * member
                model = api.train(samples, run, steps=steps, seed=other, settings=self.settings)
            models.append(Model(model.network, model.description, "cpu", "torch"))
        if self.members == 1:
            return models[0]
        together = Together([model.engine for model in models])
        # Stands where a model keeps the engine that it has chosen, and why.
        models[0].__dict__["_chosen"] = (together, "all together")
        return models[0]


ALTERNATIVES = {
    "default": Alternative(),
    "not elastic": Alternative(("augment.elastic_sigma=0",)),
    "sizes not varied": Alternative(("augment.scale=0",)),
    "not turned": Alternative(("augment.rotate=0",)),
    "grey values not varied": Alternative(
        ("augment.brightness=0", "augment.contrast=0", "augment.gamma=0")
    ),
    "full resolution": Alternative(("data.scale=1",)),
    "half the resolution": Alternative(("data.scale=0.5",)),
    "half as wide": Alternative(("network.width=16",)),
    "learning rate 3e-3": Alternative(("training.learning_rate=3e-3",)),
    "no moving average": Alternative(("training.average=0",)),
    "three times the border weight": Alternative(("targets.w0=30",)),
    "Dice term": Alternative(energy=with_term(dice)),
    "Lovász term": Alternative(energy=with_term(lovasz)),
    "centreline term": Alternative(energy=with_term(centreline)),
    "distance beside it": Alternative(energy=Distance.energy, network=Distance),
    "flows beside it": Alternative(energy=Flows.energy, network=Flows),
    "deep supervision": Alternative(energy=Deep.energy, network=Deep),
    "residual blocks": Alternative(convolutions=Residual),
    "three seeds together": Alternative(members=3),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("task", choices=list(TASKS))
    parser.add_argument("names", nargs="*", help=f"by default all: {', '.join(ALTERNATIVES)}")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    unknown = set(given.names) - set(ALTERNATIVES)
    if unknown:
        parser.error(f"no alternative {', '.join(unknown)}; there are {', '.join(ALTERNATIVES)}")
    task = TASKS[given.task]()
    folds = task.folds
    print(f"{given.task}, {given.steps} steps, {task.measure}")
    print(f"{'':30} " + " ".join(f"f{k % len(folds) + 1} s{k} " for k in range(given.times)))
    for name in given.names or ALTERNATIVES:
        alternative = ALTERNATIVES[name]
        if alternative.is_default_of(folds[0].train):
            print(f"{name:30} is the default")
            continue
        scores = []
        for time in range(given.times):
            fold = folds[time % len(folds)]
            with ExitStack() as place:
                alternative.put(place)
                model = alternative.trained(fold.train, given.steps, time)
                scores.append(task.score(model, fold.test))
        shown = " ".join(f"{score:.4f}" for score in scores)
        print(f"{name:30} {shown}  mean {mean(scores):.4f}", flush=True)


if __name__ == "__main__":
    main()
