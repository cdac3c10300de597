"""`septum compress`: a model in, the same in 8-bit integers out."""

from pathlib import Path
from typing import Annotated

import typer

from septum.cli import show


def command(
    run: Annotated[Path, typer.Argument(help="Folder that `septum train` wrote.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the new model.")],
    calibrate: Annotated[
        Path, typer.Option(help="Annotated images, in a layout that `septum train` knows.")
    ],
    max_loss: Annotated[
        float,
        typer.Option(help="How much of the quality (of the mean Dice, for classes) may be lost."),
    ] = 0.005,
) -> None:
    """Make a model faster on a CPU: its network in 8-bit integers, checked on your images.

    The ranges of the integers are measured on the images; then the model is scored before and
    after. If it loses more than `--max-loss`, nothing is written. The new folder is a model like
    any other, and `septum predict` takes the integers where OpenVINO is installed.

    Example: `septum compress runs/first -o runs/first-int8 --calibrate my-cells`
    """
    from septum.compress import compress

    result = compress(run, out, calibrate, max_loss, show.note)
    show.done(
        f"{out}: {result.before:.4f} before, {result.after:.4f} after. "
        f"Next: septum predict {out} IMAGE -o OUT"
    )
