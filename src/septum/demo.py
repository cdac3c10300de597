"""The main job on embedded data: draw cells, train on a few, segment a large image, score it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from septum import api, segment
from septum.atomic import write_text
from septum.counted import counted
from septum.data.formats import write_labels, write_tiff
from septum.data.prepared import prepare
from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.evaluation import Scores
from septum.model import Model
from septum.report.picture import Panel, coloured, compose, grey, heat, save
from septum.training import Step
from septum.training.standing import refuse_existing

# A network that sees 44 px around a pixel suits cells of 34 px, and trains in two minutes.
SETTINGS = ("network.width=16", "network.depth=3", "training.tile=260", "training.batch=2")
STEPS = 500
TRAINING_IMAGES, TRAINING_SIZE, LARGE_SIZE = 6, (256, 256), (1024, 1024)
_SHOWN = 320


@dataclass(frozen=True)
class Progress:
    """Where `run` reports to: sentences, training steps, and stages of the prediction."""

    note: Callable[[str], None] = lambda _text: None
    step: Callable[[Step], None] = lambda _step: None
    stage: segment.Progress = lambda _stage, _done, _total: None


def run(
    out: Path, seed: int = 0, steps: int = STEPS, progress: Progress | None = None
) -> tuple[Scores, Path]:
    """Run the demo and return its scores and its picture.

    Writes to `out`: the training set (``data/images``, ``data/masks``), the run (``run/``), a large
    image that the training has not seen with its truth (``large.tif``, ``large_truth.tif``), the
    prediction (``result/``), ``scores.json`` and ``demo.png``.

    Parameters
    ----------
    out : Path
        Folder to write to; must not hold an earlier demo.
    seed : int, default 0
        Of the images and of the training.
    steps : int, optional
        Training steps.
    progress : Progress, optional
        Where to report to.
    """
    progress = progress or Progress()
    refuse_existing(out / "run")
    few, large = draw(out, seed)
    progress.note(
        f"drew {counted(len(few), 'image')} of {few[0].truth.max()} or so touching "
        f"cells to train on, and one of {large.truth.max()} to test with, in {out}"
    )
    model = api.train(
        out / "data",
        out / "run",
        steps=steps,
        seed=seed,
        settings=SETTINGS,
        on_note=progress.note,
        on_step=progress.step,
    )
    segment.segment_file(model, out / "large.tif", out / "result", on_progress=progress.stage)
    scores = api.evaluate(
        out / "result" / "large_labels.tif", out / "large_truth.tif", ["ctc", "matching"]
    )
    write_text(out / "scores.json", json.dumps(scores, indent=2) + "\n")
    save(picture(model, large), out / "demo.png")
    return scores, out / "demo.png"


def draw(out: Path, seed: int) -> tuple[list[Sample], Sample]:
    """Draw the training images and the large one, and write them to `out`."""
    few = [draw_cells(seed * 1000 + number, TRAINING_SIZE) for number in range(TRAINING_IMAGES)]
    large = draw_cells(seed * 1000 + 999, LARGE_SIZE)
    for number, sample in enumerate(few):
        write_tiff(out / "data" / "images" / f"cells_{number}.tif", sample.image[0], "YX")
        write_labels(out / "data" / "masks" / f"cells_{number}.tif", sample.truth, "YX")
    write_tiff(out / "large.tif", large.image[0], "YX")
    write_labels(out / "large_truth.tif", large.truth, "YX")
    return few, large


def picture(model: Model, sample: Sample):
    """Return raw image, truth, weight map, probability and instances of a corner, side by side."""
    corner = (slice(0, _SHOWN), slice(0, _SHOWN))
    plan = model.description.plan
    prediction = model.predict(sample.image)
    weights = prepare(sample, plan.data, plan.targets).weights
    raw = grey(sample.image[0][corner])
    panels = [
        Panel("image, never seen in training", raw),
        Panel("truth", coloured(sample.truth[corner])),
        Panel("weights of the energy, w(x)", heat(weights[corner], highest=12)),
        Panel("probability of a cell's interior", heat(prediction.probabilities[1][corner], 1)),
        Panel("instances", coloured(prediction.labels[corner])),
        Panel("instances over the image", coloured(prediction.labels[corner], raw)),
    ]
    return compose(panels, columns=3)
