"""Classes by name: three of an EM stack, taught in three ways, and vessels in colour.

    python benchmarks/classes.py vnc_sstem --way 2d|2.5d|3d [--masks] [--steps N] [--seed N]
                                           [--set KEY=VALUE]
    python benchmarks/classes.py drive [--steps N] [--folds N] [--seed N] [--set KEY=VALUE]

`vnc_sstem`: membranes, mitochondria and synapses of 20 sections of 4.6 x 4.6 x 45 nm, from the grey
values of labels.tif (the masks of their own hold no synapse in 19 of the sections). Columns 0 to
340 teach, the others are predicted, cut off before either, so that neither sees the other. 2d:
each section by itself; 2.5d: with its neighbours as channels; 3d: the volume. V_Rand is that of
the components of what is no membrane, over the sections. With --masks membranes and mitochondria
are taken from masks of their own, which overlap: a sigmoid each.

`drive`: vessels in the field of view of 20 colour images, five folds: every fifth image is
predicted by a model that learnt from the others. `--folds 1` does the first of them alone.

Default preset. Prints a row for each class, pooled over the pixels of all that was predicted: Dice,
IoU and AUC, the surface Dice within two pixels, the AP of connected pieces at IoU 0.5, and the
seconds that prediction takes for a megavoxel, once the engine is ready.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from septum import api
from septum.classes import parse_classes
from septum.data.context import with_context
from septum.data.layouts import Reading, find
from septum.data.sample import Sample
from septum.metrics import ClassScore, class_score, v_rand

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SPACING = (0.045, 0.0046, 0.0046)
TAUGHT = 340
"""Columns of the EM stack."""
MEMBRANES = "membranes"
REACH = {"2d": 0, "2.5d": 1, "3d": 0}
"""Neighbouring sections on each side that a way takes as channels."""

Fold = tuple[list[Sample], list[Sample]]
"""What teaches, and what is predicted."""


@dataclass(frozen=True)
class Predicted:
    """A prediction beside its sample."""

    sample: Sample
    masks: np.ndarray
    """(K, *spatial)."""
    probabilities: np.ndarray
    """(K, *spatial), without the background."""
    seconds: float


def columns(sample: Sample, part: slice) -> Sample:
    """Return the columns of a sample as one of its own."""
    known = None if sample.annotated is None else sample.annotated[..., part]
    return replace(
        sample,
        image=np.ascontiguousarray(sample.image[..., part]),
        labels=np.ascontiguousarray(sample.truth[..., part]),
        annotated=known,
    )


def sections(way: str, masks: bool) -> Iterator[Fold]:
    """Return the columns of the EM stack that teach and the others: sections, or a volume."""
    values = f"{MEMBRANES}=0/32/64/96/128/159,mitochondria=191,synapses=223,background=255"
    reading = Reading(
        labels=None if masks else "labels",
        spacing=SPACING,
        ndim=3 if way == "3d" else 2,
        classes=parse_classes(f"{MEMBRANES},mitochondria" if masks else values),
    )
    samples = find(DATA / "vnc_sstem", reading).load()
    left, right = slice(0, TAUGHT), slice(TAUGHT, None)
    yield [columns(one, left) for one in samples], [columns(one, right) for one in samples]


def retinas(folds: int) -> Iterator[Fold]:
    """Return the images of DRIVE that teach and those that do not, for each fold."""
    reading = Reading(classes=parse_classes("vessel=255"))
    samples = sorted(find(DATA / "drive", reading).load(), key=lambda sample: sample.name)
    for fold in range(folds):
        test = samples[fold::5]
        yield [sample for sample in samples if sample not in test], test


def predictions(
    fold: Fold, steps: int | None, seed: int, settings: Sequence[str]
) -> Iterator[Predicted]:
    """Train on one side of a fold and predict the other."""
    taught, tested = fold
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        model = api.train(taught, run, steps=steps, seed=seed, settings=settings, on_note=print)
        print(f"trained in {model.description.training['seconds']:.0f} s", flush=True)
        print(f"predicted by {model.engine.name}, {model.engine.precision}")
        for sample in with_context(tested, model.description.reach):
            start = time.perf_counter()
            found = model.predict(sample.image, spacing=sample.spacing)
            seconds = time.perf_counter() - start
            assert sample.named is not None
            masks = sample.named.masks(found.labels)
            yield Predicted(sample, masks, found.probabilities[-len(masks) :], seconds)


def scores_of(one: Predicted) -> list[ClassScore]:
    """Return the scores of each class of a prediction."""
    sample = one.sample
    assert sample.named is not None
    spacing = sample.spacing or (1.0,) * sample.truth.ndim
    return [
        class_score(truth, found, share, 2 * spacing[-1], spacing, sample.annotated)
        for truth, found, share in zip(
            sample.named.masks(sample.truth), one.masks, one.probabilities, strict=True
        )
    ]


def pooled(found: Sequence[Predicted]) -> dict[str, ClassScore]:
    """Return the score of each class over all predictions together."""
    named = found[0].sample.named
    assert named is not None
    scores = [scores_of(one) for one in found]
    return {
        name: sum((of_image[number] for of_image in scores[1:]), scores[0][number])
        for number, name in enumerate(named.names)
    }


def v_rand_of(everything: Sequence[Predicted], number: int) -> float:
    """Return V_Rand of what is not of a class, over the sections of all predictions."""
    cells, shares = [], []
    for one in everything:
        assert one.sample.named is not None
        sections = (-1, *one.sample.truth.shape[-2:])
        cells.append(~one.sample.named.masks(one.sample.truth)[number].reshape(sections))
        shares.append(1 - one.probabilities[number].reshape(sections))
    return v_rand(np.concatenate(cells), np.clip(np.concatenate(shares), 0, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train and score classes by name.")
    parser.add_argument("dataset", choices=["vnc_sstem", "drive"])
    parser.add_argument("--way", choices=list(REACH), default="2d", help="of vnc_sstem")
    parser.add_argument("--masks", action="store_true", help="of vnc_sstem: masks that overlap")
    parser.add_argument("--steps", type=int, help="by default the preset's")
    parser.add_argument("--folds", type=int, choices=range(1, 6), default=5, help="of drive")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="change one choice of the plan")
    given = parser.parse_args()
    of_sections = given.dataset == "vnc_sstem"
    reach = REACH[given.way] if of_sections else 0
    settings = (f"data.context={reach}", *given.set)
    folds = sections(given.way, given.masks) if of_sections else retinas(given.folds)
    found: list[Predicted] = []
    for number, fold in enumerate(folds):
        more = list(predictions(fold, given.steps, given.seed, settings))
        dice = ", ".join(f"{name} {one.region.dice:.4f}" for name, one in pooled(more).items())
        print(f"fold {number}: Dice {dice}", flush=True)
        found += more
    voxels = sum(one.sample.truth.size for one in found)
    rate = sum(one.seconds for one in found) / voxels * 1e6
    print(f"| {given.dataset} | Dice | IoU | AUC | surface Dice | AP | V_Rand | s/Mvoxel |")
    print(f"|---|{'--:|' * 7}")
    for number, (name, pooled_score) in enumerate(pooled(found).items()):
        score = pooled_score.as_dict()
        row = [f"{score[key]:.4f}" for key in ("dice", "iou", "auc", "surface_dice", "ap")]
        thinned = f"{v_rand_of(found, number):.4f}" if name == MEMBRANES else "–"
        print(f"| {name} | {' | '.join(row)} | {thinned} | {rate:.2f} |")


if __name__ == "__main__":
    main()
