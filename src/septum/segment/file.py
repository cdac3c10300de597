"""One image file, from opening it to its results; the only place that reads and writes both."""

from collections.abc import Callable
from pathlib import Path

from septum.data.channels import names_by_model
from septum.data.context import SLICES
from septum.data.doubts import doubts
from septum.data.formats import ImageFile, as_channels_first, open_image, stem_of
from septum.errors import ConfigError, DataError, SeptumError
from septum.intake import check, working_shape, zoom_of
from septum.model import Model
from septum.outputs import Segmented, save
from septum.segment.compute import Progress, computed
from septum.segment.fitting import places_of, seen_spacing
from septum.segment.options import Options, refuse_unwritable, spare_annotations
from septum.segment.outcome import Outcome, outcome
from septum.workspace import workspace


def segment_file(
    model: Model,
    path: Path,
    out: Path,
    options: Options | None = None,
    on_note: Callable[[str], None] | None = None,
    on_progress: Progress | None = None,
) -> Outcome:
    """Segment one image file of any size; return what was found in it.

    A stack is segmented image by image. Neither the image nor what becomes of it needs to fit into
    memory: what is larger than the budget lies in a hidden folder in `out` until it is done.

    Parameters
    ----------
    model : Model
        Trained.
    path : Path
        The image; only read.
    out : Path
        Folder for the results, made if missing.
    options : Options, optional
        How, and what is written.
    on_note : callable, optional
        Called with sentences about how the file was understood.
    on_progress : callable, optional
        See `Progress`.

    Raises
    ------
    DataError
        If the image cannot be read or does not suit the model, or its results could take the place
        of annotations: it lies in `out`, or a label image is there that septum did not write.
    SeptumError
        If the results cannot be written.
    """
    options = options or Options()
    note = on_note or (lambda _text: None)
    progress = on_progress or (lambda _stage, _done, _total: None)
    refuse_unwritable(options, model)
    spare_annotations(path, out, options)
    known, stem = model.description, stem_of(path)
    try:
        image = open_image(path, options.axes, options.spacing, known.ndim)
        planes = as_channels_first(image, known.ndim)
        # First of all: how the axes were understood may be why the channels do not suit the model.
        for text in planes.notes:
            note(text)
        places = places_of(model, planes, options.channels, note)
        check(known, (len(places), *planes.array.shape[2:]), planes.array.dtype)
        slices = planes.stack_shape[-1] if planes.stack_axes[-1:] in SLICES else 1
        if known.reach and slices == 1:
            note(
                "the model learnt from stacks and sees neighbouring slices too; this image has "
                "none and is seen as its own neighbour. Give the stack as one file"
            )
        spacing = seen_spacing(model, planes.spacing, options.rescale, note)
        working = working_shape(known, planes.array.shape[2:], zoom_of(known, spacing))
        for text in doubts(planes.array, working, model.network.depths):
            note(text)
        with workspace(out / stem, options.memory // 4) as space:
            probabilities, counts, labels = computed(
                model, planes.array, places, slices, spacing, options, space, progress
            )
            result = Segmented(
                name=stem,
                image=planes.array,
                probabilities=probabilities,
                labels=labels,
                counts=counts,
                stack_axes=planes.stack_axes,
                stack_shape=planes.stack_shape,
                spacing=planes.spacing,
                channels=names_by_model(
                    places, known.channels, image.channels, planes.array.shape[1]
                ),
                z_step=_z_step(image, planes.stack_axes),
                placement=image.placement,
                named=known.named,
                space=space,
            )
            # The labels last: where they are, the other results are complete.
            for kind in sorted(options.save, key=lambda kind: kind == "labels"):
                progress(f"writing {kind}", 0, 1)
                save(kind, result, out)
                progress(f"writing {kind}", 1, 1)
            return outcome(result)
    except (DataError, ConfigError) as error:
        raise _named(error, path) from None


def _z_step(image: ImageFile, stack_axes: str) -> float | None:
    known = image.spacing is not None and len(image.spacing) == 3 and "Z" in stack_axes
    return image.spacing[0] if known and image.spacing else None


def _named(error: SeptumError, path: Path) -> SeptumError:
    message = str(error)
    return error if str(path) in message else type(error)(f"{path}: {message}")
