"""`septum evaluate`: predictions and truth in, scores out."""

from pathlib import Path
from typing import Annotated

import typer

from septum.cli import show
from septum.cli.choices import lowered
from septum.cli.meant import swapped
from septum.cli.reading import with_reading
from septum.data.layouts import Reading
from septum.errors import DataError


@with_reading("channels")
def command(
    prediction: Annotated[Path, typer.Argument(help="Label image, stack, or folder of them.")],
    truth: Annotated[Path, typer.Argument(help="The annotation: file, folder, or dataset.")],
    reading: Reading,
    metrics: Annotated[
        str | None,
        typer.Option(
            callback=lowered,
            help="Any of isbi, ctc, matching, tracking, with commas, or classes; by default the "
            "first three, or classes where there are some.",
            show_default=False,
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="How far apart surfaces of a class are alike, in µm; by default two pixels."
        ),
    ] = None,
    json_: Annotated[
        Path | None, typer.Option("--json", help="Also write the scores to this file.")
    ] = None,
) -> None:
    """Measure predictions against the truth, with the challenges' own metrics.

    **isbi**: warping, Rand and pixel error, V_Rand and V_Info after thinning (membranes).
    **ctc**: SEG, over all reference objects of all frames. **matching**: precision, recall, F1, AP
    and panoptic quality at IoU 0.5 to 0.9. **tracking**: SEG, DET, TRA and LNK of what
    `septum track` wrote, against a `01_GT` folder. **classes**: Dice, IoU, precision, sensitivity,
    AUC and surface Dice of classes by name, AP of their connected pieces, in place of objects.

    Files find their truth by stem, frame number (t013, man_seg013) or slice of a stack. The truth
    is read as `septum train` would read it; what nobody annotated does not count. Where a stack is
    a volume, ctc and matching take its objects through all slices; isbi is a score of slices.

    Example: `septum evaluate out 01_GT --metrics ctc --json scores.json`; with classes
    `septum evaluate out truth --classes vessel=255 --tolerance 2`
    """
    from septum import api
    from septum.atomic import replacing

    meant = swapped(prediction, truth)
    with show.progress("scoring") as bar:
        try:
            scores = api.evaluate(
                prediction,
                truth,
                metrics,
                on_note=show.note,
                on_plane=bar.count,
                reading=reading,
                tolerance=tolerance,
            )
        except DataError as error:
            if meant is None:
                raise
            raise DataError(f"{meant}. As given: {error}") from None
    if meant is not None:
        show.note(meant)
    show.scores(scores)
    if json_ is not None:
        with replacing(json_) as path:
            path.write_text(show.as_json(scores) + "\n", encoding="utf-8")
