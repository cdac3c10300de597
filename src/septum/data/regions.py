"""Predicted classes as a mask each, from class numbers or from probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from septum.classes import BACKGROUND, Classes
from septum.counted import counted
from septum.data.labels import whole_numbers
from septum.errors import DataError


@dataclass(frozen=True, eq=False)
class Regions:
    """What was predicted of one plane or volume.

    Attributes
    ----------
    masks : numpy.ndarray of bool, shape (K, *spatial)
        Where each class was found.
    probabilities : numpy.ndarray or None, shape (K, *spatial)
        Of each class, as stored: floats in [0, 1], or shares of the largest number of 8 or 16 bits.
    spacing : tuple of float or None
        Distance between pixels in µm for each spatial axis, where it is known.
    """

    masks: np.ndarray
    probabilities: np.ndarray | None = None
    spacing: tuple[float, ...] | None = None


def masks_in(planes: np.ndarray, classes: Classes, where: str) -> np.ndarray:
    """Return where each class is, in labels as `septum predict` saves them.

    Parameters
    ----------
    planes : numpy.ndarray, shape (N, C, *spatial)
        Of exclusive classes, one channel of class numbers; of classes that overlap, a mask each.
    classes : Classes
        By name.
    where : str
        The file, for messages.

    Returns
    -------
    numpy.ndarray of bool, shape (N, K, *spatial)

    Raises
    ------
    DataError
        For another number of channels, or numbers that stand for no class.
    """
    count, expected = planes.shape[1], len(classes.names) if classes.overlap else 1
    if count != expected:
        form = "that may overlap have a mask each" if classes.overlap else "are numbers in one"
        raise DataError(
            f"{where} has {counted(count, 'channel')}; the labels of {_listed(classes)} {form}, "
            f"{counted(expected, 'channel')}"
        )
    if classes.overlap:
        return planes != 0
    return masks_of_numbers(planes[:, 0], classes, where)


def masks_of_numbers(numbers: np.ndarray, classes: Classes, where: str) -> np.ndarray:
    """Return where each class is in numbers as `Classes` defines them.

    Parameters
    ----------
    numbers : numpy.ndarray, shape (N, *spatial)
        Whole numbers.
    classes, where
        As for `masks_in`.

    Returns
    -------
    numpy.ndarray of bool, shape (N, K, *spatial)

    Raises
    ------
    DataError
        For fractions, and numbers that stand for no class.
    """
    if numbers.dtype.kind == "f" and (numbers != np.round(numbers)).any():
        raise DataError(
            f"{where} has fractions, where a prediction of classes has whole numbers; call a file "
            "of probabilities NAME_probabilities.tif"
        )
    numbers = whole_numbers(numbers, where)
    count = len(classes.names)
    top = 2**count - 1 if classes.overlap else count
    if numbers.max(initial=0) > top:
        raise DataError(
            f"{where} has the value {numbers.max()}; expected are 0 for {BACKGROUND} and "
            f"{_numbered(classes)}, whatever the values in the truth are"
        )
    return np.moveaxis(classes.masks(numbers), 0, 1)


def of_classes(channels: np.ndarray, classes: Classes, where: str) -> np.ndarray:
    """Return the probabilities of the classes, without that of the background.

    Parameters
    ----------
    channels : numpy.ndarray, shape (N, C, *spatial)
        One for each class; of exclusive ones, that of the background before them.
    classes, where
        As for `masks_in`.

    Returns
    -------
    numpy.ndarray, shape (N, K, *spatial)

    Raises
    ------
    DataError
        For another number of channels.
    """
    if channels.shape[1] != classes.scores:
        first = [] if classes.overlap else [BACKGROUND]
        raise DataError(
            f"{where} has {counted(channels.shape[1], 'channel')}; the probabilities of "
            f"{_listed(classes)} have {classes.scores}: {', '.join([*first, *classes.names])}"
        )
    return channels[:, -len(classes.names) :]


def likeliest(channels: np.ndarray, classes: Classes) -> np.ndarray:
    """Return where each class is likelier than not, or, of exclusive ones, than any other.

    Parameters
    ----------
    channels : numpy.ndarray, shape (N, C, *spatial)
        Probabilities of which `of_classes` has found the right number.
    classes : Classes
        By name.

    Returns
    -------
    numpy.ndarray of bool, shape (N, K, *spatial)
    """
    if classes.overlap:
        whole = 1.0 if channels.dtype.kind == "f" else np.iinfo(channels.dtype).max
        return channels > whole / 2
    return np.moveaxis(classes.masks(channels.argmax(axis=1)), 0, 1)


def stacked(
    masks: np.ndarray, probabilities: np.ndarray | None, spacing: Sequence[float] | None
) -> list[Regions]:
    """Return the planes or volumes of stacks ``(N, K, *spatial)``."""
    shares = [None] * len(masks) if probabilities is None else probabilities
    steps = None if spacing is None else tuple(spacing)
    return [Regions(mask, share, steps) for mask, share in zip(masks, shares, strict=True)]


def regions_of_array(
    prediction: np.ndarray,
    truth: tuple[int, ...],
    one: tuple[int, ...],
    classes: Classes,
    spacing: Sequence[float] | None,
) -> list[Regions]:
    """Return the planes or volumes of a prediction as `septum.model.Model.predict` gives it.

    Parameters
    ----------
    prediction : numpy.ndarray
        Class numbers of the shape of the truth, or probabilities with their channels before it.
    truth, one : tuple of int
        The shape of the truth, and of one plane or volume of it.
    classes : Classes
        By name.
    spacing : sequence of float or None
        Distance between pixels in µm for each axis of `one`.

    Raises
    ------
    DataError
        See `masks_of_numbers` and `of_classes`.
    """
    where = "the prediction"
    if prediction.ndim == len(truth):
        numbers = prediction.reshape(-1, *one)
        return stacked(masks_of_numbers(numbers, classes, where), None, spacing)
    channels = prediction.reshape(len(prediction), -1, *one).swapaxes(0, 1)
    shares = of_classes(channels, classes, where)
    return stacked(likeliest(channels, classes), shares, spacing)


def _listed(classes: Classes) -> str:
    kind = "classes" if len(classes.names) > 1 else "class"
    return f"the {kind} {', '.join(classes.names)}"


def _numbered(classes: Classes) -> str:
    values = (2**k if classes.overlap else k + 1 for k in range(len(classes.names)))
    numbers = ", ".join(
        f"{value} for {name}" for value, name in zip(values, classes.names, strict=True)
    )
    return f"{numbers}, added up where they overlap" if classes.overlap else numbers
