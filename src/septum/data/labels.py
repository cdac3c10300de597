"""What the numbers of a label image are: ids, a mask, or no labels at all."""

from collections.abc import Iterable

import numpy as np
from scipy import ndimage

from septum.counted import counted
from septum.errors import DataError


def instances_from(
    array: np.ndarray,
    where: str,
    mask: bool | None = None,
    channel_axis: int | None = None,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Make an instance image of what a label file held.

    Whole numbers of three or more values are instance ids and kept as they are. Two values (0 and
    255, 0 and 1, true and false) are a foreground mask, whose face-connected components become
    the instances.

    Parameters
    ----------
    array : numpy.ndarray
        As read.
    where : str
        The file, for messages.
    mask : bool, optional
        Whether the connected components of each value are the instances, rather than the values;
        by default decided by :func:`is_mask`.
    channel_axis : int, optional
        The axis of colour samples, if there is one (S or C in the axes of the file).

    Returns
    -------
    labels : numpy.ndarray, int32
        0 background.
    notes : tuple of str
        How the values were understood; empty where there is nothing to say.

    Raises
    ------
    DataError
        For colour, grey-scale (smoothed) masks, fractions, negative values, NaN.
    """
    array = whole_numbers(array, where, channel_axis)
    if not array.any():
        return np.zeros(array.shape, np.int32), ("no objects: every pixel is 0",)
    single = is_mask(array)
    if not single:
        refuse_smoothed(array, where)
    if single if mask is None else mask:
        labels = pieces(array)
        count = int(labels.max())
        if single:
            taken = f"0/{int(array.max())} mask taken as foreground; {count} connected components"
        else:
            taken = f"{np.unique(array[array > 0]).size} values; {count} components of one value"
        note = (
            f"{taken} are the instances, cells that touch being one: number them 1, 2, 3 … to "
            "have them told apart"
        )
        return labels, (note,)
    if array.max() > np.iinfo(np.int32).max:
        raise DataError(f"{where}: the largest id {array.max()} does not fit 31 bits; renumber")
    return array.astype(np.int32), ()


def without_gaps(array: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return ids mapped to 1, 2, … n in order where they have gaps, and a note that says so.

    Ids may be as large as their type allows; everything that counts per id wants few.
    """
    ids = np.unique(array[array > 0])
    if not ids.size or ids.size == ids[-1]:
        return array, ()
    mapped = np.searchsorted(ids, array, side="right").astype(np.int32)
    if ids.size == 1:
        return mapped, (f"the only id, {ids[0]}, was mapped to 1",)
    return mapped, (f"the {ids.size} ids go up to {ids[-1]} and were mapped to 1 to {ids.size}",)


def pieces(array: np.ndarray) -> np.ndarray:
    """Return the face-connected components of each value but 0, numbered 1 to n, int32."""
    labels = np.zeros(array.shape, np.int32)
    values = np.unique(array[array > 0])
    if values.size == 1:
        ndimage.label(array, output=labels)
        return labels
    count, ranks = 0, without_gaps(array)[0]
    for rank, box in enumerate(ndimage.find_objects(ranks.astype(np.int32)), 1):
        of_value, more = ndimage.label(ranks[box] == rank)  # pyright: ignore[reportGeneralTypeIssues]
        labels[box] += np.where(of_value > 0, of_value + count, 0).astype(np.int32)
        count += more
    return labels


def is_mask(array: np.ndarray) -> bool:
    """Whether an image holds one value besides 0: a foreground mask, not instance ids."""
    foreground = array[array != 0]
    return foreground.size > 0 and bool((foreground == foreground[0]).all())


def whole_numbers(
    array: np.ndarray, where: str, channel_axis: int | None = None, signed: bool = False
) -> np.ndarray:
    """Return label values as integers of one channel, or say why they are not.

    They must not be negative, unless `signed`.

    Raises
    ------
    DataError
        Colours that are not grey; fractions; negative numbers.
    """
    if channel_axis is not None:
        slices = "; or give --axes ZYX if its planes are slices" if channel_axis == 0 else ""
        array = _grey(np.moveaxis(array, channel_axis, -1), where, slices)
    if array.dtype.kind == "f":
        whole = np.isfinite(array) & (array == np.round(array))
        if not whole.all():
            example = array[~whole].flat[0]
            raise DataError(
                f"{where}: {counted(int((~whole).sum()), 'label value', 'are')} not whole, such as "
                f"{example:g}; save instance ids as integers (0 background), or a mask as 0/255"
            )
        array = array.astype(np.int64)
    if array.dtype.kind not in "bui":
        raise DataError(f"{where}: labels of type {array.dtype}; integers are expected")
    if array.dtype.kind == "i" and not signed and array.size and array.min() < 0:
        raise DataError(
            f"{where}: negative label {array.min()}; 0 is background and ids are positive"
        )
    return array.view(np.uint8) if array.dtype == bool else array


def _grey(array: np.ndarray, where: str, hint: str) -> np.ndarray:
    colours = array[..., :3] if array.shape[-1] > 2 else array[..., :1]  # without alpha
    if (colours == colours[..., :1]).all():
        return colours[..., 0]
    found = np.unique(colours.reshape(-1, colours.shape[-1]), axis=0)
    raise DataError(
        f"{where}: a colour image with {counted(len(found), 'colour')} "
        f"({_few(map(tuple, found.tolist()))}), "
        "where labels are expected; save one number per pixel: instance ids as a 16-bit grey PNG "
        "or TIFF (0 background), or a 0/255 mask; or name classes by their colours, as --classes "
        f"nucleus=#ff0000{hint}"
    )


def _few(values: Iterable[object], limit: int = 4) -> str:
    """Return the first of some values: ``0, 3, 8, 9, …``."""
    found = [str(value) for value in values]
    return ", ".join(found[:limit]) + (", …" if len(found) > limit else "")


def refuse_smoothed(array: np.ndarray, where: str) -> None:
    """Refuse grey-scale masks: drawn with smooth edges, resized with interpolation, or JPEG.

    An instance is a patch of one value. The in-between values of a smoothed mask are scattered
    along its edges: most pixels of such a value have hardly a face-neighbour of the same value, yet
    touch another foreground value. An image is refused when that holds for more than half of its
    values. Single-pixel markers on background are no patches either, but touch nothing.

    Raises
    ------
    DataError
        Naming the file, the number of values, their range and what to do.
    """
    values, inverse = np.unique(array, return_inverse=True)
    ranks = inverse.reshape(array.shape)
    if values[0] != 0:  # no background at all: every value is foreground
        ranks = ranks + 1
    count = int(ranks.max())
    area = np.bincount(ranks.ravel(), minlength=count + 1)[1:]
    same = np.zeros(count + 1, np.int64)
    touching = np.zeros(array.shape, bool)
    for axis in range(array.ndim):
        one = tuple(slice(None, -1) if a == axis else slice(None) for a in range(array.ndim))
        two = tuple(slice(1, None) if a == axis else slice(None) for a in range(array.ndim))
        equal = ranks[one] == ranks[two]
        same += np.bincount(ranks[one][equal], minlength=count + 1)
        other = ~equal & (ranks[one] > 0) & (ranks[two] > 0)
        touching[one] |= other
        touching[two] |= other
    exposed = np.bincount(ranks[touching], minlength=count + 1)[1:]
    smeared = (same[1:] < 0.75 * area) & (exposed >= 0.5 * area)
    if count >= 3 and smeared.sum() > count / 2:
        raise DataError(
            f"{where}: a grey-scale image with {count} values from {array.min()} to "
            f"{array.max()} ({_few(values.tolist())}), where instance ids or a 0/255 mask are "
            "expected. Save the mask as PNG or TIFF without smoothing, resizing or JPEG; a "
            f"threshold at {(int(array.max()) + 1) // 2 - 1} would make a 0/255 mask of this one"
        )
