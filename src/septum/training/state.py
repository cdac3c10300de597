"""All that a training is after a step, and its way to disk and back, bit for bit.

``RUN/state/00000120/`` holds the tensors as safetensors and the rest as JSON. What is drawn at a
step follows from the seed and the number of the step (`septum.training.run`), so no generator needs
to be kept.
"""

import json
import shutil
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from septum.atomic import replacing_folder
from septum.errors import DataError
from septum.network import UNet

FORMAT = 1
_KEPT = 2


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes
    ----------
    number : int
        Steps done.
    seconds : float
        Time that they took, over all sessions.
    best_step : int or None
        The step whose model had the best validation score so far.
    best_score : float or None
        That score.
    without_gain : int
        Validations since then.
    """

    number: int = 0
    seconds: float = 0.0
    best_step: int | None = None
    best_score: float | None = None
    without_gain: int = 0

    def exhausted(self, patience: int | None) -> bool:
        """Tell whether so many validations have brought no gain."""
        return patience is not None and self.without_gain >= patience


@dataclass(eq=False)
class State:
    """A training between two steps.

    Attributes
    ----------
    network : UNet
        What is trained.
    optimiser : torch.optim.Optimizer
        Of its parameters.
    average : AveragedModel or None
        The moving average of the weights.
    progress : Progress
        How far it is.
    best : dict of str to torch.Tensor
        The weights that `progress.best_step` is of; empty before the first validation.
    """

    network: UNet
    optimiser: Optimizer
    average: AveragedModel | None = None
    progress: Progress = field(default_factory=Progress)
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def candidate(self) -> UNet:
        """The network that a model would be made of now."""
        return self.network if self.average is None else cast(UNet, self.average.module)

    def validated(self, score: float) -> None:
        """Take note of the validation score of the candidate.

        Of equals the last is the best, since it has seen the most; but it is no gain.
        """
        before = self.progress
        best = float("-inf") if before.best_score is None else before.best_score
        self.progress = replace(before, without_gain=0 if score > best else before.without_gain + 1)
        if score >= best:
            self.progress = replace(self.progress, best_step=before.number, best_score=score)
            weights = self.candidate.state_dict()
            self.best = {name: value.detach().cpu().clone() for name, value in weights.items()}

    def chosen(self) -> UNet:
        """Return the best network by validation; without validation, the candidate."""
        if not self.best:
            return self.candidate
        network = deepcopy(self.candidate)
        network.load_state_dict(self.best)
        return network

    def save(self, folder: Path) -> None:
        """Write the state to `folder`, and remove all but the last two.

        Raises
        ------
        SeptumError
            If it cannot be written; the earlier ones stay.
        """
        tensors = dict(self._tensors())
        size = sum(tensor.nbytes for tensor in tensors.values())
        with replacing_folder(folder / f"{self.progress.number:08d}", size) as part:
            host = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
            (part / "tensors.safetensors").write_bytes(to_bytes(host))
            facts = {"format": FORMAT, **asdict(self.progress)}
            (part / "progress.json").write_text(json.dumps(facts, indent=2) + "\n")
        for old in saved(folder)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def restore(self, path: Path) -> None:
        """Continue from what `save` wrote to `path`.

        Raises
        ------
        DataError
            If it is damaged, or of another network or optimiser.
        """
        self.progress = read_progress(path)
        try:
            tensors = load_file(path / "tensors.safetensors")
            self._fill_optimiser(tensors)
            best = {k[5:]: tensors.pop(k) for k in list(tensors) if k.startswith("best.")}
            own = dict(self._tensors())
            if set(own) != set(tensors):
                raise DataError(
                    f"{path} is of another network or optimiser than plan.toml: "
                    f"{min(set(own) ^ set(tensors))} is in one of them only"
                )
            with torch.no_grad():
                for name, tensor in own.items():
                    tensor.copy_(tensors[name])
            self.best = best
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise DataError(f"{path} cannot be continued from: {error}{_earlier(path)}") from None

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        for name, tensor in self.network.state_dict().items():
            yield f"network.{name}", tensor
        if self.average is not None:
            for name, tensor in self.average.state_dict().items():
                yield f"average.{name}", tensor
        for name, parameter in self.network.named_parameters():
            for key, value in self.optimiser.state[parameter].items():
                if isinstance(value, Tensor):
                    yield f"optimiser.{name}.{key}", value
        for name, tensor in self.best.items():
            yield f"best.{name}", tensor

    def _fill_optimiser(self, tensors: dict[str, Tensor]) -> None:
        """Make the entries that the optimiser makes at its first step, to be copied into."""
        for name, parameter in self.network.named_parameters():
            start = f"optimiser.{name}."
            for key in (k[len(start) :] for k in tensors if k.startswith(start)):
                value = tensors[start + key]
                # A moment is laid out as its parameter; the count of steps is a number beside it.
                like = parameter if value.shape == parameter.shape else value
                made = torch.empty_like(like, dtype=value.dtype, device=parameter.device)
                self.optimiser.state[parameter][key] = made


def saved(folder: Path) -> list[Path]:
    """Return the states in `folder`, the earliest first."""
    return sorted(path for path in folder.glob("[0-9]*") if path.is_dir())


def tidy(folder: Path) -> None:
    """Remove what a process that was killed while saving has left behind."""
    for path in [*folder.glob(".*.part"), *folder.glob(".*.old")]:
        shutil.rmtree(path, ignore_errors=True)


def progress_of(folder: Path) -> Progress:
    """Return how far the training in `folder` is; 0 steps where there is no state yet."""
    return read_progress(saved(folder)[-1]) if saved(folder) else Progress()


def read_progress(path: Path) -> Progress:
    """Return how far the training was when the state at `path` was saved.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    try:
        facts = json.loads((path / "progress.json").read_text())
        newer = facts.pop("format") > FORMAT
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} cannot be continued from: {error}{_earlier(path)}") from None
    if newer:
        raise DataError(f"{path} was written by a newer septum; upgrade septum")
    return Progress(**facts)


def _earlier(path: Path) -> str:
    """Return what to do about a damaged state, if there is an earlier one."""
    others = [other for other in saved(path.parent) if other.name < path.name]
    return f". Remove it to go on from {others[-1].name} beside it" if others else ""
