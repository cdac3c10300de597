"""`septum reproduce`: one of the paper's experiments, and its table with a new row."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from septum.cli import show
from septum.cli.choices import lowered
from septum.data.sample import Sample

if TYPE_CHECKING:
    from septum.model import Model
    from septum.training import Step


def command(
    experiment: Annotated[str, typer.Argument(help="em, hela or u373.", callback=lowered)],
    data: Annotated[Path, typer.Option(help="The challenge's data as downloaded.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the runs; must be new.")],
    preset: Annotated[str, typer.Option(help="default or paper.")] = "default",
    max_time: Annotated[
        str | None, typer.Option(help="Training time of each fold, as 20m.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps of each fold.")] = None,
    folds: Annotated[int, typer.Option(help="Models to train, each tested on unseen images.")] = 3,
    seed: Annotated[int, typer.Option(help="Of the training.")] = 0,
    orientations: Annotated[
        str | None,
        typer.Option(help="none, flips or all; the paper's by default.", callback=lowered),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change one choice; may be repeated.")
    ] = None,
) -> None:
    """Run one of the paper's three experiments by cross-validation and print its table.

    The challenges keep the truth of their test images secret, so every annotated training image is
    predicted by a model that has not seen it; the new row is that score.

    Example: `septum reproduce hela --data DIC-C2DH-HeLa -o runs/hela --max-time 10m`
    """
    from septum import api
    from septum.experiments import EXPERIMENTS, reproduce

    with show.progress("training") as bar:

        def on_step(step: "Step") -> None:
            bar.update(step.progress, f"loss {step.loss:.3f}")

        def train(samples: Sequence[Sample], run: Path) -> "Model":
            if (run / "state").exists():  # of an earlier call that was interrupted
                return api.resume(samples, run, on_note=show.note, on_step=on_step)
            return api.train(
                samples,
                run,
                preset=preset,
                steps=steps,
                max_time=max_time,
                seed=seed,
                settings=set_ or (),
                on_note=show.note,
                on_step=on_step,
            )

        scores = reproduce(experiment, data, out, train, folds, orientations, show.note)
    paper = EXPERIMENTS[experiment]
    table = Table("", *paper.table.columns, title=paper.table.title)
    for method, values in paper.table.rows:
        table.add_row(method, *("" if value != value else f"{value:g}" for value in values))
    table.add_section()
    own = [f"{value:.6f}" if value < 0.01 else f"{value:.4f}" for value in scores.values()]
    table.add_row(f"septum, preset {preset}", *own, style="bold")
    show.results.print(table)
    show.remark(
        f"the last row is not on the challenge's test images, whose truth is secret: it is "
        f"{folds}-fold cross-validation on its training images, {paper.split}"
    )
