"""Cells found and followed over a whole sequence: SEG, DET, TRA and LNK of septum's own outlines.

    septum reproduce hela --data ../shared/data -o runs/hela
    python benchmarks/sequences.py hela runs/hela

Each frame is segmented by the model of the fold that was tested on the gold frame next to it, so
that no model sees its training frames again, nor their near copies. Cells wholly within the margin
that the challenge leaves out are dropped. Then all frames are tracked, and scored against the gold
outlines and the markers of ``01_GT``.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

import septum
from septum import api
from septum.data.layouts import find
from septum.data.layouts.markers import inside
from septum.experiments import EXPERIMENTS

MARGIN = 50  # px, of both datasets
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def tested_by(name: str, run: Path) -> dict[int, Path]:
    """Return for each gold frame the model of the fold that was tested on it."""
    experiment = EXPERIMENTS[name]
    models = sorted(run.glob("fold-*/model"))
    folds = experiment.folds(find(DATA / experiment.folder).load(), len(models))
    return {
        sample.index: model
        for model, fold in zip(models, folds, strict=True)
        for sample in fold.test
        if sample.index is not None
    }


def main() -> None:
    name, run = sys.argv[1], Path(sys.argv[2])
    sequence = DATA / EXPERIMENTS[name].folder / "01"
    models = tested_by(name, run)
    loaded = {model: septum.load(model) for model in set(models.values())}
    frames = sorted(sequence.glob("t*.tif"))
    with tempfile.TemporaryDirectory() as folder:
        found, tracks = Path(folder) / "found", Path(folder) / "tracks"
        found.mkdir()
        start = time.perf_counter()
        for file in frames:
            number = int(file.stem[1:])
            nearest = min(models, key=lambda gold: abs(gold - number))
            labels = loaded[models[nearest]].predict(tifffile.imread(file)).labels
            known = np.isin(labels, labels[inside(labels.shape, MARGIN)])
            tifffile.imwrite(found / file.name, np.where(known, labels, 0))
        seconds = time.perf_counter() - start
        tracked = septum.track(found, tracks).tracks
        scores = api.evaluate(tracks, sequence.with_name("01_GT"), "tracking")
    shown = ", ".join(f"{key} {value}" for key, value in scores["tracking"].items())
    print(f"{name}: {len(frames)} frames in {seconds:.0f} s, {len(tracked)} tracks; {shown}")


if __name__ == "__main__":
    main()
