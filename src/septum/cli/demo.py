"""`septum demo`: the whole job on drawn cells, in a few minutes."""

from pathlib import Path
from typing import Annotated

import typer

from septum.cli import show


def command(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write to.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Of the images and the training.")] = 0,
    steps: Annotated[int | None, typer.Option(help="Training steps; 500 by default.")] = None,
) -> None:
    """Draw cells, train a small U-Net on a few of them, segment a large image and score it.

    Needs no data and takes about two minutes on two CPU cores. Look at `demo/demo.png` afterwards.

    Example: `septum demo`
    """
    from septum import demo

    with show.progress("demo") as bar:
        scores, picture = demo.run(
            out,
            seed,
            demo.STEPS if steps is None else steps,
            demo.Progress(
                note=show.note,
                step=lambda s: bar.update(s.progress, f"training, loss {s.loss:.3f}"),
                stage=lambda stage, done, total: bar.update(done / total, stage),
            ),
        )
    show.scores(scores)
    show.done(f"look at {picture}")
