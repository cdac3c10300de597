"""How an image file and a model go together: whose channel is which, and what a pixel is."""

from collections.abc import Callable

from septum.data.channels import Places, Wishes, arrangement
from septum.data.formats import Planes
from septum.errors import DataError
from septum.model import Model
from septum.voxel import OTHER, SAME, in_um, unlike


def places_of(
    model: Model, planes: Planes, wished: Wishes | None, note: Callable[[str], None]
) -> Places:
    """Return which channel of the image is which of the model; say what the user may not expect."""
    known, available = model.description, planes.array.shape[1]
    if wished is None and available == 1 and known.grey_too:
        return (0,)
    pages, count = planes.stack_axes[-1:], known.image_channels
    if wished is None and pages in ("Q", "I") and planes.stack_shape[-1] == count > 1:
        raise DataError(
            f"the file has {count} pages of 1 channel, and the model was trained on as many "
            f"channels; if the pages are channels, --axes {planes.axes.replace(pages, 'C')} says so"
        )
    places = arrangement(known.channels, known.image_channels, planes.channels, available, wished)
    if wished is None and places != tuple(range(available)):
        note("the channels of the image are those of the model in another order; taken by name")
    if None in places and not known.plan.augment.drop_channel:
        note(
            "the model has not learnt to do without a channel, and may find little; "
            "`septum train --robust-channels` teaches it"
        )
    return places


def seen_spacing(
    model: Model,
    spacing: tuple[float, ...] | None,
    rescale: bool,
    note: Callable[[str], None],
) -> tuple[float, ...] | None:
    """Return the pixel size to resample by, or None; say where image and model do not agree.

    Raises
    ------
    DataError
        If the image is to be resampled and does not state its pixel size, or is not and has pixels
        of a size that the model has never learnt from.
    """
    trained = model.description.spacing
    if rescale:
        if spacing is None:
            raise DataError(
                "the image does not state its pixel size, so that it cannot be resampled; give it "
                "with --spacing, in µm"
            )
        return spacing
    if spacing is None and trained is not None:
        note(
            f"the image does not state its pixel size; its pixels are taken as those of training, "
            f"{in_um(trained)}. --spacing gives it, and --rescale resamples where it is another"
        )
    if spacing is not None and trained is not None and unlike(spacing, trained) > SAME:
        differ = (
            f"the model was trained at {in_um(trained)} a pixel, this image has {in_um(spacing)}"
        )
        ways = (
            "--rescale resamples the image to the model's pixel size and the results back; if the "
            f"file is wrong, --spacing {','.join(f'{size:.4g}' for size in trained)} says so"
        )
        if unlike(spacing, trained) > OTHER:
            raise DataError(f"{differ}: nothing that it has learnt is of that size. {ways}")
        note(f"{differ}: what the network sees is larger or smaller than what it learnt. {ways}")
    return None
