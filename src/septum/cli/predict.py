"""`septum predict`: images in, label images and probabilities out."""

from pathlib import Path
from typing import Annotated

import typer

from septum.cli import show
from septum.errors import SeptumError


def command(
    run: Annotated[Path, typer.Argument(help="Folder that `septum train` wrote.")],
    images: Annotated[list[Path], typer.Argument(help="Image files, or folders of them.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")],
    tile: Annotated[
        int | None, typer.Option(help="Input tile in pixels; any size gives the same result.")
    ] = None,
    orientations: Annotated[
        str, typer.Option(help="Average over views of the image: none, flips, or all.")
    ] = "none",
    device: Annotated[str | None, typer.Option(help="cpu or cuda; the faster by default.")] = None,
) -> None:
    """Segment images with a trained model.

    Writes `NAME_labels.tif` (0 background, 1..n objects) and `NAME_probabilities.tif` (one channel
    per class) for each image. Images may be of any size; a stack is segmented plane by plane.

    Example: `septum predict runs/first new/*.tif -o out`
    """
    from septum import api, segment

    model = api.load(run, device)
    failed = 0
    files = segment.images_in(images, show.note)
    for number, path in enumerate(files, start=1):
        try:
            with show.progress(f"{path.name} ({number} of {len(files)})") as bar:
                count = segment.segment_file(model, path, out, tile, orientations, bar.count)
        except SeptumError as error:
            if len(files) == 1:
                raise
            failed += 1
            show.failed(str(error))
        else:
            show.done(f"{path.name}: {count} objects")
    if failed:
        raise SeptumError(f"{failed} of {len(files)} images failed; the others are in {out}")
