"""One training run: samples and a resolved plan in, a model out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from septum import geometry
from septum.data.crops import Batch, draw_batch, prepare
from septum.data.sample import Sample
from septum.description import Description
from septum.errors import ConfigError, DataError
from septum.model import Model
from septum.plan import Plan
from septum.training.loop import Step, fit


def train_model(
    samples: Sequence[Sample],
    plan: Plan,
    seed: int = 0,
    max_time: float | None = None,
    on_step: Callable[[Step], None] | None = None,
    device: str | None = None,
    stop: Callable[[], bool] | None = None,
) -> Model:
    """Train a U-Net on annotated samples.

    Parameters
    ----------
    samples : sequence of Sample
        All of the same rank and with the same channels, with labels.
    plan : Plan
        Resolved by `propose`: without open choices.
    seed : int, default 0
        Of the weights, the drop-out and the augmentation. Every step draws from a generator of its
        own, seeded by the seed and the number of the step.
    max_time : float, optional
        Seconds of training.
    on_step : callable, optional
        Called after every step.
    device : str, optional
        ``"cpu"`` or ``"cuda"``.
    stop : callable, optional
        Asked after every step whether to end the training there.

    Returns
    -------
    Model
        With the default thresholds where the plan has none; see `septum.training.calibrate`.

    Raises
    ------
    DataError
        If the samples do not belong together, or there is nothing to learn from them.
    ConfigError
        If the plan holds a value that the network or the optimiser cannot take.
    """
    check(samples)
    if seed < 0:
        raise ConfigError(f"seed is {seed}; expected 0 or more")
    torch.manual_seed(seed)
    first, last = samples[0], None
    description = Description(
        in_channels=len(first.image),
        classes=3 if plan.targets.border else 2,
        ndim=first.ndim,
        plan=plan,
        spacing=_common_spacing(samples),
    )
    network = description.build()
    prepared = [prepare(sample, plan.data, plan.targets) for sample in samples if _taught(sample)]
    # At a coarser resolution the last annotated pixel of an image may be gone.
    prepared = [item for item in prepared if item.weights.any()]
    if not prepared:
        raise DataError(
            f"at data.scale={plan.data.scale:g} no annotated pixel is left; train at a finer one"
        )
    largest = max(max(item.classes.shape) for item in prepared)
    input_size = min(
        geometry.nearest_legal(plan.training.tile, plan.network.depth)[1],
        geometry.input_size(largest, plan.network.depth),
    )
    output_size = geometry.output_size(input_size, plan.network.depth)

    def batch_of(step: int) -> Batch:
        rng = np.random.default_rng([seed, step])
        return draw_batch(prepared, plan.augment, plan.training.batch, input_size, output_size, rng)

    def record(step: Step) -> None:
        nonlocal last
        last = step
        if on_step is not None:
            on_step(step)

    begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    kept = fit(network, batch_of, plan.training, max_time, record, device, stop)
    assert last is not None, "a plan has at least one step"
    facts = {
        "images": [sample.name for sample in samples],
        "steps": last.number,
        "seconds": round(last.seconds, 1),
        "seed": seed,
        "loss": last.loss,
        "begun": begun,
    }
    return Model(kept, replace(description, training=facts), device, backend="torch")


def check(samples: Sequence[Sample]) -> None:
    """Raise DataError if one model cannot learn from all of the samples."""
    if not samples:
        raise DataError("there is no annotated image to train on")
    first = samples[0]
    for sample in samples:
        if sample.ndim != first.ndim or len(sample.image) != len(first.image):
            raise DataError(
                f"{sample.name} has {len(sample.image)} channel(s) in {sample.ndim}D, "
                f"{first.name} has {len(first.image)} in {first.ndim}D; one model takes one kind "
                "of image. Train on the two kinds separately, or convert one of them"
            )
    if not any(sample.known.any() for sample in samples):
        raise DataError(
            f"none of the {len(samples)} label images has an object in its annotated area"
        )


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
