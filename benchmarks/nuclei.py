"""Nuclei of the Data Science Bowl 2018: average precision on a quarter of the images, held out.

    python benchmarks/nuclei.py [fluorescence|all] [STEPS] [--seed N] [--set KEY=VALUE ...]

Every fourth image by name is held out, kind by kind (grey on black, grey on white, colour), so that
both parts have all kinds. Default preset; a run chooses nothing by what is held out, but some of
the preset's own defaults were chosen by these scores (docs/decisions.md).
"""

import argparse
import tempfile
from pathlib import Path
from statistics import fmean

import numpy as np

from septum import api
from septum.data.layouts import find
from septum.data.sample import Sample
from septum.metrics import matching

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "dsb2018"
FLUORESCENCE, BRIGHT, COLOUR = "fluorescence", "bright field", "colour"


def kind_of(sample: Sample) -> str:
    if len(sample.image) > 1:
        return COLOUR
    return FLUORESCENCE if np.median(sample.image) < 100 else BRIGHT


def split(samples: list[Sample], first: int = 0) -> tuple[list[Sample], list[Sample]]:
    """Return what to train on and what to test on: of each kind every fourth, from the `first`."""
    training, test = [], []
    for kind in (FLUORESCENCE, BRIGHT, COLOUR):
        alike = sorted((s for s in samples if kind_of(s) == kind), key=lambda s: s.name)
        test += alike[first::4]
        training += [sample for place, sample in enumerate(alike) if place % 4 != first]
    return training, test


def report(name: str, pairs: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Print the average precision over all objects, and as the mean over the images."""
    row = []
    for iou in (0.5, 0.7):
        found = [matching(truth, labels, iou) for truth, labels in pairs]
        pooled = sum(found[1:], found[0])
        row.append(f"{pooled.ap:.3f} ({fmean(one.ap for one in found):.3f})")
    print(f"| {name} | {len(pairs)} | {' | '.join(row)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("kinds", choices=[FLUORESCENCE, "all"], nargs="?", default=FLUORESCENCE)
    parser.add_argument("steps", type=int, nargs="?", default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="change one choice of the plan")
    given = parser.parse_args()
    samples = find(DATA).load()
    if given.kinds != "all":
        samples = [sample for sample in samples if kind_of(sample) == given.kinds]
    training, test = split(samples)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        model = api.train(
            training, run, steps=given.steps, on_note=print, seed=given.seed, settings=given.set
        )
    seconds = model.description.training["seconds"]
    print(f"{len(training)} images, {given.steps} steps, {seconds:.0f} s")
    print(model.description.rule)
    for views in ("none", "flips"):
        found = [(kind_of(s), s.truth, model.predict(s.image, orientations=views)) for s in test]
        print(
            f"| held out, views: {views} | images | AP at IoU 0.5 (mean of images) | at IoU 0.7 |"
        )
        print("|---|--:|--:|--:|")
        for kind in dict.fromkeys(kind for kind, _, _ in found):
            report(kind, [(truth, by.labels) for of, truth, by in found if of == kind])
        report("all of them", [(truth, by.labels) for _, truth, by in found])


if __name__ == "__main__":
    main()
