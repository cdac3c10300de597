"""`septum train`: annotated images in, a model out."""

from pathlib import Path
from typing import Annotated

import typer

from septum.cli import show
from septum.cli.interrupt import first_interrupt_ends
from septum.duration import readable


def command(
    data: Annotated[Path, typer.Argument(help="Folder of annotated images, in a known layout.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the run; must be new.")],
    preset: Annotated[
        str, typer.Option(help="default, paper (2015), or an earlier plan.toml.")
    ] = "default",
    steps: Annotated[int | None, typer.Option(help="Number of training steps.")] = None,
    max_time: Annotated[
        str | None, typer.Option(help="Train for this long, as 20m or 1h30m.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed and CPU, same model, if steps end it.")] = 0,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change one choice, as network.width=16; may be repeated."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu or cuda; the faster by default.")] = None,
) -> None:
    """Train a U-Net on a folder of annotated images.

    Layouts that are understood: `images/` with `masks/` or `labels/` of the same names; `x.tif`
    beside `x_masks.tif`; the Cell Tracking Challenge; ISBI 2012 stacks. `septum check` shows how
    a folder is understood, without training.

    Ctrl-C ends the training after the step at hand and keeps what has been learnt.

    Example: `septum train my-cells -o runs/first --max-time 20m`
    """
    from septum import api  # torch takes seconds to import: only for those who train

    with show.progress("training") as bar, first_interrupt_ends() as stop:
        model = api.train(
            data,
            out,
            preset=preset,
            steps=steps,
            max_time=max_time,
            seed=seed,
            settings=set_ or (),
            device=device,
            on_note=show.note,
            on_step=lambda s: bar.update(s.progress, f"step {s.number}, loss {s.loss:.3f}"),
            stop=stop,
        )
    facts = model.description.training
    show.done(
        f"{out}: {facts['steps']} steps in {readable(facts['seconds'])}. "
        f"Next: septum predict {out} IMAGE -o OUT"
    )
