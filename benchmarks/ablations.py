"""What other networks, losses and augmentations are worth: change one, train as long, score.

    python benchmarks/ablations.py em|hela|u373 [NAME ...] [--steps N] [--times N]

Each alternative is trained as often as there are folds in `septum reproduce` or as is said with
--times: the k-th time on the k-th fold (over again, where there are fewer) with the k-th seed, and
stands beside the default of the same fold and seed. What is not in septum is put into it here. All
are predicted with by PyTorch, which takes any network. A choice that is the default's own for a
data set is not trained again.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any
from unittest.mock import patch

import torch
from scipy.ndimage import distance_transform_edt
from torch import nn
from torch.nn import functional

from septum import api, evaluation
from septum.config import override
from septum.data.layouts import find
from septum.data.sample import Sample
from septum.experiments import EXPERIMENTS, predicted
from septum.model import Model
from septum.network import UNet, energy
from septum.network.blocks import CONVOLUTION, Convolutions, crop_like
from septum.training import propose
from septum.training.objective import OF_CELLS, Objective
from septum.training.presets import DEFAULT

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FOLDS = {"em": 2, "hela": 3, "u373": 3}
SCORES = {"em": "v_rand", "hela": "seg", "u373": "seg"}

Energy = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def probabilities(
    scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what is predicted and what is true of each class; 0 where nobody annotated."""
    known = (weights > 0).unsqueeze(1)
    true = functional.one_hot(classes, scores.shape[1]).movedim(-1, 1)
    return scores.float().softmax(1) * known, (true * known).float()


def dice(scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return 1 - the soft Dice, mean over classes (Milletari et al. 2016, with plain sums)."""
    found, true = probabilities(scores, classes, weights)
    axes = (0, *range(2, found.ndim))
    both, either = (found * true).sum(axes), (found + true).sum(axes)
    return 1 - ((2 * both + 1) / (either + 1)).mean()


def lovasz(scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the Lovász-softmax over the classes that are there (Berman et al. 2018)."""
    found, true = probabilities(scores, classes, weights)
    terms = []
    for f, t in zip(found.movedim(1, 0), true.movedim(1, 0), strict=True):
        if not t.any():
            continue
        errors, order = (t - f).abs().flatten().sort(descending=True)
        wanted = t.flatten()[order]
        missed = wanted.sum() - wanted.cumsum(0)
        jaccard = 1 - missed / (wanted.sum() + (1 - wanted).cumsum(0))
        terms.append((errors * torch.diff(jaccard, prepend=jaccard.new_zeros(1))).sum())
    return torch.stack(terms).mean()


def skeleton(mask: torch.Tensor, rounds: int = 6) -> torch.Tensor:
    """Return the soft skeleton of a mask of shape ``(N, 1, Y, X)`` (Shit et al. 2021).

    Eroded by squares of 3 px.
    """

    def eroded(values: torch.Tensor) -> torch.Tensor:
        return -functional.max_pool2d(-values, 3, 1, 1)

    def thin(values: torch.Tensor) -> torch.Tensor:
        return functional.relu(values - functional.max_pool2d(eroded(values), 3, 1, 1))

    found = thin(mask)
    for _ in range(rounds):
        mask = eroded(mask)
        found = found + functional.relu(thin(mask) - found * thin(mask))
    return found


def centreline(scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return 1 - the clDice of what is no cell: of the membranes of EM, whether they are closed."""
    found, true = (each[:, :1] for each in probabilities(scores, classes, weights))
    thin_found, thin_true = skeleton(found), skeleton(true)
    precise = ((thin_found * true).sum() + 1) / (thin_found.sum() + 1)
    complete = ((thin_true * found).sum() + 1) / (thin_true.sum() + 1)
    return 1 - 2 * precise * complete / (precise + complete)


def with_term(term: Energy) -> Energy:
    """Return the energy of the paper with a term beside it."""
    return lambda *batch: energy(*batch) + term(*batch)


class Residual(nn.Module):
    """Two convolutions with a way around them, in place of `Convolutions`."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: Sequence[int], *given: Any, **named: Any
    ) -> None:
        super().__init__()
        convolutions = list(Convolutions(in_channels, out_channels, kernel, *given, **named))
        last = max(n for n, layer in enumerate(convolutions) if isinstance(layer, nn.ReLU))
        self.inner, self.after = nn.Sequential(*convolutions[:last]), nn.Sequential()
        self.after.extend(convolutions[last:])
        self.around = CONVOLUTION[len(kernel)](in_channels, out_channels, kernel_size=1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the features of a level."""
        inner = self.inner(features)
        return self.after(inner + crop_like(self.around(features), inner))


class TwoHeads(UNet):
    """A U-Net that also says something else while it is trained; `energy` takes it from there."""

    said: torch.Tensor
    last = -1
    channels = 1

    def __init__(self, *given: Any, **choices: Any) -> None:
        super().__init__(*given, **choices)
        wide = self.scores.in_channels * 2 ** (-1 - self.last)
        self.head = CONVOLUTION[self.ndim](wide, self.channels or self.classes, kernel_size=1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the scores; keep what else it says, in training."""
        seen = []
        hook = self.expansive[self.last].register_forward_hook(lambda *given: seen.append(given[2]))
        scores = super().forward(image)
        hook.remove()
        if self.training:
            type(self).said = self.head(seen[0])
        return scores


class Distance(TwoHeads):
    """How far a pixel of a cell lies from what is none, beside the classes."""

    reach = 20.0

    @classmethod
    def energy(
        cls, scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Return the energy, and how far the distances are off, in twenties of pixels."""
        far = [distance_transform_edt(cells.cpu().numpy() == 1) for cells in classes]
        wanted = torch.stack([torch.from_numpy(each).to(scores) for each in far]) / cls.reach
        off = (cls.said[:, 0].float() - wanted.clamp(max=1)).abs()
        return energy(scores, classes, weights) + (off * (weights > 0)).mean()


class Deep(TwoHeads):
    """The classes at half the resolution, too: deep supervision."""

    last = -2
    channels = 0

    @classmethod
    def energy(
        cls, scores: torch.Tensor, classes: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Return the energy, and half of that of the coarse scores."""
        coarse = functional.interpolate(cls.said.float(), scale_factor=2.0)
        halfway = energy(crop_like(coarse, scores), classes, weights)
        return energy(scores, classes, weights) + halfway / 2


@dataclass(frozen=True)
class Alternative:
    """Settings of the plan, or what is put in the place of something in septum."""

    settings: tuple[str, ...] = ()
    energy: Energy | None = None
    network: type[UNet] | None = None
    convolutions: type[nn.Module] | None = None

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
    "deep supervision": Alternative(energy=Deep.energy, network=Deep),
    "residual blocks": Alternative(convolutions=Residual),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("experiment", choices=list(FOLDS))
    parser.add_argument("names", nargs="*", help=f"by default all: {', '.join(ALTERNATIVES)}")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    unknown = set(given.names) - set(ALTERNATIVES)
    if unknown:
        parser.error(f"no alternative {', '.join(unknown)}; there are {', '.join(ALTERNATIVES)}")
    experiment, name = EXPERIMENTS[given.experiment], SCORES[given.experiment]
    samples = find(DATA / experiment.folder).load()
    folds = experiment.folds(samples, FOLDS[given.experiment])
    print(f"{given.experiment}, {given.steps} steps, {name} of {experiment.orientations}")
    print(f"{'':30} " + " ".join(f"f{k % len(folds) + 1} s{k} " for k in range(given.times)))
    for wanted in given.names or ALTERNATIVES:
        alternative = ALTERNATIVES[wanted]
        if alternative.is_default_of(folds[0].train):
            print(f"{wanted:30} is the default")
            continue
        scores = []
        for time in range(given.times):
            fold = folds[time % len(folds)]
            with ExitStack() as place, tempfile.TemporaryDirectory() as folder:
                alternative.put(place)
                trained = api.train(
                    fold.train,
                    Path(folder) / "run",
                    steps=given.steps,
                    seed=time,
                    settings=alternative.settings,
                )
                model = Model(trained.network, trained.description, "cpu", "torch")
                tested = predicted(model, fold.test, experiment.orientations)
            scores.append(evaluation.score(tested, [experiment.metric])[experiment.metric][name])
        shown = " ".join(f"{score:.4f}" for score in scores)
        print(f"{wanted:30} {shown}  mean {mean(scores):.4f}", flush=True)


if __name__ == "__main__":
    main()
