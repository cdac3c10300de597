"""How an image file and a model go together: whose channel is which, and what a pixel is."""

from collections.abc import Callable, Sequence

from septum.data.channels import Places, Wishes, arrangement
from septum.data.formats import Planes
from septum.errors import DataError
from septum.intake import zoom_of
from septum.model import Model

_SAME = 1.1
"""Pixel sizes within this factor are the same: augmentation scales by as much."""


def places_of(
    model: Model, planes: Planes, wished: Wishes | None, note: Callable[[str], None]
) -> Places:
    """Return which channel of the image is which of the model; say what the user may not expect."""
    known, available = model.description, planes.array.shape[1]
    if wished is None and available == 1 and known.grey_too:
        return (0,)
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
    """Return the pixel size to resample by, or None; say where image and model do not agree."""
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
            f"{_um(trained)}. --spacing gives it, and --rescale resamples where it is another"
        )
    if spacing is not None and trained is not None:
        zoom = zoom_of(model.description, spacing)
        if max(max(zoom), 1 / min(zoom)) > _SAME:
            note(
                f"the model was trained at {_um(trained)}, this image has {_um(spacing)}: what the "
                "network sees is larger or smaller than what it learnt. --rescale resamples the "
                "image to the model's pixel size and the results back"
            )
    return None


def _um(spacing: Sequence[float]) -> str:
    return " × ".join(f"{size:.4g}" for size in spacing) + " µm per pixel"
