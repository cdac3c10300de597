"""One training run: samples and a resolved plan in, a model out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from septum.counted import counted
from septum.data.channels import common_names
from septum.data.colour import is_grey
from septum.data.crops import Batch, Tile, cut, draw_tiles, tile_of
from septum.data.prepared import Prepared, prepare_all
from septum.data.sample import Sample
from septum.data.unseen import never_annotated
from septum.description import Description, score_channels
from septum.errors import ConfigError, DataError
from septum.evenly import evenly
from septum.model import Model
from septum.network import UNet
from septum.plan import Plan
from septum.training.average import moving_average
from septum.training.calibrate import FEW, reachable
from septum.training.loop import Step, Watch, fit
from septum.training.machine import Machine
from septum.training.objective import objective_of
from septum.training.on_device import Placed, cutter_for
from septum.training.schedule import Length, build_optimiser
from septum.training.state import State, saved, tidy
from septum.voxel import OTHER, in_um, unlike


def train_model(
    samples: Sequence[Sample],
    plan: Plan,
    seed: int = 0,
    length: Length | None = None,
    watch: Watch | None = None,
    validation: Sequence[Sample] = (),
    states: Path | None = None,
    fabric: Fabric | None = None,
    workers: int = 1,
) -> Model:
    """Train a U-Net on annotated samples.

    Parameters
    ----------
    samples : sequence of Sample
        All of the same rank and with the same channels, with labels.
    plan : Plan
        Resolved by `propose`: without open choices.
    seed : int, default 0
        Of the weights, the drop-out and the augmentation. Every tile is drawn from a generator of
        its own, seeded by the seed, the number of the step and its place in the batch.
    length : Length, optional
        When to end; by default after the steps of the plan.
    watch : Watch, optional
        What to do beside the steps.
    validation : sequence of Sample, optional
        Of the same kind; the model that finds their objects best is returned.
    states : Path, optional
        Folder for the state of the training. If there is one in it, the training goes on from it.
    fabric : Fabric, optional
        Launched; see `Machine`.
    workers : int, default 1
        Threads that draw tiles.

    Returns
    -------
    Model
        With the default thresholds where the plan has none; see `septum.training.calibrate`.

    Raises
    ------
    DataError
        If the samples do not belong together, there is nothing to learn from them, or the state
        is not one of this training.
    ConfigError
        If the plan holds a value that the network or the optimiser cannot take.
    """
    check([*samples, *validation])
    if seed < 0:
        raise ConfigError(f"seed is {seed}; expected 0 or more")
    fabric = fabric or Machine().launch(plan.training.precision)
    description = _described(samples, plan)
    torch.manual_seed(seed)
    length = length or Length(plan.training.steps)
    state = _begun_or_restored(description, fabric, states, length)
    waiting = _Waiting(state.progress.seconds)
    watch = watch or Watch()

    def record(step: Step) -> None:
        waiting.add(step)
        watch.on_step(step)

    def save(state: State) -> None:
        if states is not None:
            state.save(states)

    seen = evenly(validation, FEW)

    def score(network: UNet) -> float:
        return reachable(Model(network, description, fabric.device.type, "torch"), seen)

    prepared = _prepared(samples, plan)
    batch_of, cut_on_device = _drawer(prepared, plan, seed, fabric)
    power = 1.0 if plan.targets.balance is None else plan.targets.balance
    fit(
        fabric,
        state,
        batch_of,
        plan.training,
        length,
        seed,
        replace(watch, on_step=record, save=save, validate=score if validation else None),
        workers,
        objective_of(samples[0].named, prepared, power, fabric.device),
        cut_on_device,
    )
    facts = {
        "images": [sample.name for sample in samples],
        "steps": state.progress.number,
        "seconds": round(state.progress.seconds, 1),
        "seed": seed,
        **waiting.facts,
    }
    hidden = never_annotated(samples)
    if hidden:
        facts["never_annotated"] = round(hidden, 4)
    if validation:
        facts |= {
            "validation_images": [sample.name for sample in seen],
            "best_step": state.progress.best_step,
            "best_score": state.progress.best_score,
        }
    return Model(
        state.chosen(), replace(description, training=facts), fabric.device.type, backend="torch"
    )


class _Waiting:
    """Which share of the time since `begun` the steps waited for their batches."""

    def __init__(self, begun: float) -> None:
        self._begun, self._waited = begun, 0.0
        self._last: Step | None = None

    def add(self, step: Step) -> None:
        self._waited += step.waited
        self._last = step

    @property
    def facts(self) -> dict[str, float]:
        """The last loss and the share, once there was a step."""
        if self._last is None:
            return {}
        passed = max(self._last.seconds - self._begun, 1e-9)
        return {"loss": self._last.loss, "waited": round(self._waited / passed, 4)}


def check(samples: Sequence[Sample]) -> None:
    """Raise DataError if one model cannot learn from all of the samples."""
    if not samples:
        raise DataError("there is no annotated image to train on")
    first = samples[0]
    for sample in samples:
        if sample.ndim != first.ndim or len(sample.image) != len(first.image):
            raise DataError(
                f"{sample.name} has {counted(len(sample.image), 'channel')} in {sample.ndim}D, "
                f"{first.name} has {len(first.image)} in {first.ndim}D; one model takes one kind "
                "of image. Train on the two kinds separately, or convert one of them"
            )
        if sample.named != first.named:
            raise DataError(
                f"{sample.name} and {first.name} are not of the same classes; one model learns one "
                "kind of annotation"
            )
    common_names(samples)
    _refuse_other_pixels(samples)
    if not any(sample.known.any() for sample in samples):
        raise DataError(
            f"no object in the annotated area of {counted(len(samples), 'label image')}"
        )


def _refuse_other_pixels(samples: Sequence[Sample]) -> None:
    """Raise DataError if two samples state pixels of sizes that one network cannot see alike.

    Sizes in the plane: how far slices lie apart varies within many sets of scans.
    """
    stated = [(sample.name, sample.spacing) for sample in samples if sample.spacing is not None]
    stated.sort(key=lambda one: one[1][-2:])
    for name, spacing in stated[1:]:
        first_name, first = stated[0]
        if unlike(spacing[-2:], first[-2:]) > OTHER:
            raise DataError(
                f"pixel sizes differ: {first_name} has {in_um(first)}, {name} {in_um(spacing)}; "
                "one model learns from one size. Resample the images alike, or train a model for "
                "each; if the files are wrong, --spacing says how large the pixels of all are"
            )


def _described(samples: Sequence[Sample], plan: Plan) -> Description:
    first = samples[0]
    return Description(
        in_channels=len(first.image),
        classes=score_channels(plan, first.named),
        ndim=first.ndim,
        grey_too=len(first.own) > 1 and any(map(is_grey, samples)),
        plan=plan,
        spacing=_common_spacing(samples),
        channels=common_names(samples),
        named=first.named,
    )


def _begun_or_restored(
    description: Description, fabric: Fabric, states: Path | None, length: Length
) -> State:
    """Return a fresh state, or the last one in the folder `states`, where there is one."""
    state = _state(description, fabric)
    if states is not None and saved(states):
        state.restore(saved(states)[-1])
        if length.from_step and state.progress.number == length.from_step:
            # The learning rate begins anew, and with it what may be hoped for.
            state.progress = replace(state.progress, without_gain=0)
    if states is not None and fabric.is_global_zero:
        tidy(states)
    return state


def _state(description: Description, fabric: Fabric) -> State:
    layout = torch.channels_last if description.ndim == 2 else torch.channels_last_3d
    network = description.build().to(fabric.device)
    network.to(memory_format=layout)  # pyright: ignore[reportCallIssue]
    plan = description.plan.training
    return State(network, build_optimiser(network, plan), moving_average(network, plan.average))


def _prepared(samples: Sequence[Sample], plan: Plan) -> list[Prepared]:
    prepared = prepare_all([s for s in samples if _taught(s)], plan.data, plan.targets)
    # At a coarser resolution the last annotated pixel of an image may be gone.
    prepared = [item for item in prepared if item.weights.any()]
    if not prepared:
        raise DataError(
            f"at data.scale={plan.data.scale} no annotated pixel is left; train at a finer one"
        )
    return prepared


def _drawer(
    samples: Sequence[Prepared], plan: Plan, seed: int, fabric: Fabric
) -> tuple[Callable[[int], Any], Callable[[Any], Batch | Placed]]:
    """Return what draws this process's share of the batch of a step, and what is left to do then.

    Threads may do the former ahead of the steps. On a GPU they only draw, and it cuts; else they
    cut too, and nothing is left.
    """
    shapes = [item.classes.shape for item in samples]
    sizes = tile_of(shapes, *plan.tile_and_depth)
    cutter = cutter_for(samples, *sizes, fabric.device)
    batch = plan.training.batch or 1
    places = range(fabric.global_rank * batch, (fabric.global_rank + 1) * batch)

    def drawn(step: int) -> list[Tile]:
        rngs = [np.random.default_rng([seed, step, place]) for place in places]
        return draw_tiles(samples, plan.augment, *sizes, rngs)

    if cutter is None:
        return lambda step: cut(samples, drawn(step), *sizes), lambda cut_already: cut_already
    return lambda step: cutter.numbers(drawn(step)), cutter.cut


def _common_spacing(samples: Sequence[Sample]) -> tuple[float, ...] | None:
    """Return the pixel size of all samples, or None if one does not state it or has another."""
    spacings = [sample.spacing for sample in samples]
    first = spacings[0]
    same = first is not None and all(
        spacing is not None and np.allclose(spacing, first, rtol=0.01) for spacing in spacings
    )
    return first if same else None


def _taught(sample: Sample) -> bool:
    """Tell whether anything in the sample is annotated: the others cannot teach."""
    return sample.annotated is None or bool(sample.annotated.any())
