"""Links between true outlines against the true tracks: what the rules of a division bring.

    python benchmarks/tracking.py

The objects are the silver truth of every frame (`01_ST/SEG`) under shuffled ids, so that what is
measured is the linking; the truth are the markers of `01_GT/TRA`. All frames, and every third and
sixth, in which cells move further.
"""

from pathlib import Path

import numpy as np

import septum
from septum.data.formats import read_labels
from septum.lineage import Track
from septum.metrics import Corrections, corrections
from septum.tracking.challenge import read_truth
from septum.tracking.link import Rules

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
STEPS = (1, 3, 6)
RULES = {
    "DIC-C2DH-HeLa": (
        Rules(),
        Rules(similar=0),
        Rules(similar=0.7),
        Rules(daughter=0.3),
        Rules(daughter=0.5),
        Rules(daughter=1, similar=1),
    ),
    "PhC-C2DH-U373": (Rules(),),  # no cell divides
}


def shuffled(labels: np.ndarray, seed: int) -> np.ndarray:
    ids = np.random.default_rng(seed).permutation(int(labels.max())) + 1
    return np.concatenate([[0], ids])[labels]


def every(tracks: tuple[Track, ...], step: int) -> list[Track]:
    """Return the tracks as every `step`-th frame shows them; a parent may have no frame left."""
    spans = {t.label: (-(-t.begin // step), t.end // step) for t in tracks}
    seen = {label for label, (begin, end) in spans.items() if begin <= end}
    parents = {t.label: t.parent for t in tracks}
    found = []
    for label in sorted(seen):
        parent = parents[label]
        while parent and parent not in seen:
            parent = parents[parent]
        linked = parent and spans[parent][1] < spans[label][0]
        found.append(Track(label, *spans[label], parent if linked else 0))
    return found


def measured(name: str, step: int, rules: Rules) -> Corrections:
    truth = read_truth(DATA / name / "01_GT")
    outlines = sorted((DATA / name / "01_ST" / "SEG").glob("*.tif"))[::step]
    frames = [shuffled(read_labels(file).array, seed) for seed, file in enumerate(outlines)]
    found = septum.track(frames, rules=rules)
    assert found.labels is not None, "nothing was written to files"
    markers = (read_labels(file).array for file in truth.files[::step])
    return corrections(
        zip(markers, found.labels, strict=True), every(truth.tracks, step), found.tracks
    )


def main() -> None:
    for name, several in RULES.items():
        print(f"| {name} | " + " | ".join(f"every {step}: DET, TRA, LNK" for step in STEPS) + " |")
        for rules in several:
            cells = []
            for step in STEPS:
                one = measured(name, step, rules)
                cells.append(f"{one.det:.4f}, {one.tra:.4f}, {one.lnk:.4f}")
            row = f"daughter {rules.daughter:g}, similar {rules.similar:g}"
            print(f"| {row} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
