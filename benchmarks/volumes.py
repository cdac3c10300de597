"""Nuclei in 3D: one half of StarDist's test volume against the other.

    python benchmarks/volumes.py [STEPS] [--every N] [--seed N] [--set KEY=VALUE ...]

The volume is cut across its Y axis; each half is predicted by a model that learnt from the other.
Default preset. Nuclei that the cut divides count on both sides with what is left of them. With
`--every` only each N-th slice along Z is annotated for the training, and the volume tested is whole
all the same.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from septum import api
from septum.data.layouts import Reading, find
from septum.data.sample import Sample
from septum.metrics import matching

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "stardist3d"


def halves(sample: Sample) -> list[Sample]:
    """Return the front and the back half of a volume, across its Y axis."""
    middle = sample.shape[1] // 2
    return [
        replace(
            sample,
            image=np.ascontiguousarray(sample.image[:, :, part]),
            labels=np.ascontiguousarray(sample.truth[:, part]),
            name=f"{sample.name} {name}",
        )
        for name, part in (("front", slice(0, middle)), ("back", slice(middle, None)))
    ]


def sparse(sample: Sample, every: int) -> Sample:
    """Return the volume with nothing known of it but each `every`-th slice."""
    annotated = np.zeros(sample.shape, bool)
    annotated[::every] = True
    return replace(sample, labels=np.where(annotated, sample.truth, 0), annotated=annotated)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("steps", type=int, nargs="?", default=300)
    parser.add_argument("--every", type=int, default=1, help="annotate each N-th slice only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="change one choice of the plan")
    given = parser.parse_args()
    (sample,) = find(DATA, Reading(ndim=3)).load()
    parts = halves(sample)
    found = []
    for taught, tested in (parts, parts[::-1]):
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            model = api.train(
                [sparse(taught, given.every) if given.every > 1 else taught],
                run,
                steps=given.steps,
                on_note=print,
                seed=given.seed,
                settings=given.set,
            )
        seconds = model.description.training["seconds"]
        labels = model.predict(tested.image).labels
        found.append([matching(tested.truth, labels, iou) for iou in (0.5, 0.7)])
        own = ", ".join(f"{one.ap:.3f}" for one in found[-1])
        print(f"{tested.name}: AP {own} at IoU 0.5, 0.7 after {seconds:.0f} s", flush=True)
    for place, iou in enumerate((0.5, 0.7)):
        both = found[0][place] + found[1][place]
        print(f"both halves: AP at IoU {iou}: {both.ap:.3f}, {both.tp} found, {both.fn} missed")


if __name__ == "__main__":
    main()
