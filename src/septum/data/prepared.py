"""A sample as the network sees it: what is computed once an image, before any tile is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from septum.data.normalise import normalise
from septum.data.resized import known_at
from septum.data.sample import Sample
from septum.plan import DataPlan, TargetPlan
from septum.resample import rescale, rescaled_shape, scale_per_axis
from septum.targets import border_weights, class_balance, class_map, separate
from septum.voxel import proportions


@dataclass(frozen=True, eq=False)
class Prepared:
    """A sample as the network sees it, at the working resolution.

    Attributes
    ----------
    image : numpy.ndarray of float32
        Normalised, shape ``(C, *spatial)``.
    classes : numpy.ndarray of uint8
        True class of each pixel, shape ``spatial``; of classes that overlap, their bits.
    weights : numpy.ndarray of float32
        w(x) of equation 2, 0 where nobody annotated, shape ``spatial``.
    name : str
        Of the sample.
    reach : int
        Neighbouring slices on each side among the channels of the image.
    voxel : tuple of float or None
        How long a pixel is along each axis; see `septum.voxel`. None: isotropic.
    """

    image: np.ndarray
    classes: np.ndarray
    weights: np.ndarray
    name: str = ""
    reach: int = 0
    voxel: tuple[float, ...] | None = None

    @cached_property
    def annotated(self) -> np.ndarray | None:
        """Flat indices of the pixels with a weight; None where every pixel has one."""
        return None if self.weights.all() else np.flatnonzero(self.weights)


def prepare(sample: Sample, data: DataPlan, targets: TargetPlan) -> Prepared:
    """Return a single sample as `prepare_all` returns several."""
    return prepare_all([sample], data, targets)[0]


def prepare_all(samples: Sequence[Sample], data: DataPlan, targets: TargetPlan) -> list[Prepared]:
    """Return labelled samples at the working resolution, with their classes and weight maps.

    The weights are those of equation 2. Cells and background are balanced over all annotated pixels
    of the set, as in the paper. A border class counts as cell in this: it is so rare that a balance
    of its own would weigh it hundreds of times, and the network would find borders everywhere; the
    border term lifts it as it does every narrow gap. That term is computed on the labels after
    touching cells have been separated, so that the ridge between them gets the weight that keeps it
    open.

    Classes by name are balanced among themselves, and have no border term. Those that overlap are
    balanced in their energy (`septum.training.objective`): their pixels weigh 1 here.

    Raises
    ------
    DataError
        If a sample has no labels.
    """
    prepared = [_unbalanced(sample, data, targets) for sample in samples]
    named = samples[0].named
    if named is not None and named.overlap:
        return prepared
    balance = class_balance(
        np.concatenate([(i.classes if named else i.classes > 0).ravel() for i in prepared]),
        np.concatenate([(item.weights > 0).ravel() for item in prepared]),
        1.0 if targets.balance is None else targets.balance,
    )
    ends = np.cumsum([item.classes.size for item in prepared])[:-1]
    parts = np.split(balance, ends)
    return [_balanced(item, part) for item, part in zip(prepared, parts, strict=True)]


def _balanced(item: Prepared, balance: np.ndarray) -> Prepared:
    # An annotated pixel has weighed 1 so far, and the border term.
    known = item.weights > 0
    weights = item.weights - known + balance.reshape(item.weights.shape)
    return replace(item, weights=weights)


def _unbalanced(sample: Sample, data: DataPlan, targets: TargetPlan) -> Prepared:
    shape = rescaled_shape(sample.shape, data.scale)
    voxel = proportions(sample.spacing, sample.ndim, scale_per_axis(data.scale, sample.ndim))
    labels, annotated = known_at(sample, shape)
    if sample.named is None:
        classes = class_map(labels, targets.border or 0.0, voxel)
        weights = 1 + border_weights(separate(labels), targets.w0, targets.sigma, voxel)
    else:
        classes, weights = labels.astype(np.uint8), np.ones(shape, np.float32)
    if annotated is not None:
        weights[~annotated] = 0
    image = rescale(normalise(sample.image, data.normalise, data.window), data.scale)
    return Prepared(image, classes, weights, sample.name, sample.reach, voxel)
