"""`septum track`: label images of a sequence in, tracks out."""

from pathlib import Path
from typing import Annotated

import typer

from septum.cli import show
from septum.counted import counted


def command(
    frames: Annotated[
        Path, typer.Argument(help="Folder of label images, one a frame, or a stack over time.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the result.")],
    axes: Annotated[
        str | None, typer.Option(help="Axes of the files, as TYX, where they say none or others.")
    ] = None,
) -> None:
    """Follow cells over time: the same number in every frame, and whose daughter is whose.

    FRAMES is what `septum predict` wrote for the images of a sequence, or any label images with
    frame numbers at the end of their names. The result is in the format of the Cell Tracking
    Challenge: `mask000.tif` … and `res_track.txt`, a line for each track: label, first frame, last
    frame, parent. `septum evaluate OUT 01_GT --metrics tracking` measures it.

    Example: `septum track cells -o tracks`
    """
    from septum import api

    with show.progress("tracking") as bar:
        tracks = api.track(frames, out, axes=axes, on_note=show.note, on_frame=bar.count).tracks
    if not tracks:
        show.failed(f"{out}: written, and without a track: {frames} has no object in any frame")
        return
    divisions = len({track.parent for track in tracks} - {0})
    show.done(f"{out}: {counted(len(tracks), 'track')}, {counted(divisions, 'division')}")
