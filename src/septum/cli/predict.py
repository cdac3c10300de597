"""`septum predict`: images in, labels, probabilities, tables and outlines out."""

from pathlib import Path
from shlex import join
from typing import Annotated

import typer

from septum.cli import show
from septum.cli.choices import lowered
from septum.cli.meant import refuse_images_as_model
from septum.cli.reading import sizes
from septum.counted import counted
from septum.errors import ConfigError, SeptumError


def command(
    run: Annotated[Path, typer.Argument(help="Folder that `septum train` wrote.")],
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Image files, folders of them, or patterns as 'new/*.tif'.", show_default=False
        ),
    ] = None,
    *,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")],
    save: Annotated[
        str, typer.Option(callback=lowered, help="What to write, with commas between; see above.")
    ] = "labels,probabilities",
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave out images whose results are there.")
    ] = False,
    axes: Annotated[
        str | None, typer.Option(help="Axes of the files, as TZYX, where they say none or others.")
    ] = None,
    spacing: Annotated[
        str | None, typer.Option(help="Pixel size in µm, as 0.5 or 2,0.5,0.5 (Z,Y,X).")
    ] = None,
    channels: Annotated[
        str | None,
        typer.Option(help="The model's channels in the image, as DAPI=0,actin=none or 2,0."),
    ] = None,
    rescale: Annotated[
        bool, typer.Option("--rescale", help="Resample to the pixel size of the training images.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="How cells or classes are found: instances.threshold=0.6."),
    ] = None,
    orientations: Annotated[
        str,
        typer.Option(
            callback=lowered, help="Average over views of the image: none, flips, or all."
        ),
    ] = "none",
    tile: Annotated[
        str,
        typer.Option(
            help="Input tile in pixels, as 700 or 32,128,128 (Z,Y,X); any gives the same."
        ),
    ] = "auto",
    memory: Annotated[str, typer.Option(help="Memory to use, as 2GiB.")] = "4GiB",
    backend: Annotated[
        str, typer.Option(callback=lowered, help="auto, torch, openvino or onnx.")
    ] = "auto",
    precision: Annotated[
        str, typer.Option(callback=lowered, help="auto, fp32, bf16 or int8.")
    ] = "auto",
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda or mps; the fastest by default.")
    ] = None,
) -> None:
    """Segment images of any size with a trained model.

    `--save` takes: `labels` (TIFF: 0 background, 1..n objects, or classes) or `nifti` (the same as
    NIfTI, which lies over a NIfTI or DICOM image), `probabilities` (TIFF, one channel per class) or
    `probabilities8` (in 8 bits), `table` (CSV: area, place, intensity of each object, or piece of a
    class) or `parquet`, `summary` (CSV: how many, and how much of the image), `geojson` (outlines
    for QuPath), `rois` (outlines for ImageJ), `overlay` (PNG), `zarr` (OME-Zarr). A 2D model
    segments a stack plane by plane; a 3D model takes volumes.

    Example: `septum predict runs/first new/*.tif -o out --save labels,table,overlay`
    """
    from septum import api, segment
    from septum.data.channels import wishes
    from septum.data.inputs import images_in
    from septum.size import parse_bytes

    options = segment.Options(
        save=tuple(kind.strip() for kind in save.split(",") if kind.strip()),
        tile=_tile(tile),
        memory=parse_bytes(memory),
        orientations=orientations,
        axes=axes,
        spacing=sizes(spacing),
        channels=None if channels is None else wishes(channels),
        rescale=rescale,
    )
    refuse_images_as_model(run, images or (), out)
    files = images_in(images or (), show.note)
    segment.refuse_annotation_folder(out)
    for path in files:
        segment.refuse_same_folder(path, out)
    if skip_existing:
        done = [path for path in files if segment.is_done(path, out, options)]
        show.note(
            f"{counted(len(done), 'image', of=len(files))} left out: the results are in {out}"
        )
        files = [path for path in files if path not in done]
        if not files:
            return
    model = api.load(run, device, backend, precision).adjusted(set_ or ())
    segment.refuse_unwritable(options, model)
    say = show.failed if model.reason.startswith("WARNING") else show.note
    say(model.reason)
    if model.description.interrupted:
        show.note(_default_thresholds(run))
    failed = nothing = 0
    with show.files(len(files)) as bars:
        for path in files:
            bars.start(path.name)
            try:
                found = segment.segment_file(
                    model, path, out, options, bars.note_of(path), bars.report
                )
            # Whatever one image brings about, the others must not pay for it.
            except Exception as error:
                if len(files) == 1:
                    raise
                failed += 1
                known = isinstance(error, SeptumError)
                show.failed(str(error) if known else f"{path}: {type(error).__name__}: {error}")
            else:
                show.done(f"{path.name}: {found}")
                nothing += not found.objects
            bars.finish()
    if nothing == len(files):
        show.note(segment.nothing_found(model.description, options.save))
    if failed:
        done = "" if failed == len(files) else f"; the results of the others are in {out}"
        show.failed(f"{counted(failed, 'image', of=len(files))} failed{done}")
        raise typer.Exit(1)


def _default_thresholds(run: Path) -> str:
    told = "the training was interrupted: the thresholds are the default ones"
    if not (run / "state").exists():  # a copy of the model alone cannot be finished
        return told
    finish = join(["septum", "train", "DATA", "-o", str(run), "--finish"])
    return f"{told} until `{finish}` chooses them"


def _tile(text: str) -> int | tuple[int, ...] | None:
    if text == "auto":
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ConfigError(
            f"--tile is {text!r}; expected auto, a size in pixels as 700, or one for each axis as "
            "32,128,128"
        )
    return int(parts[0]) if len(parts) == 1 else tuple(map(int, parts))
