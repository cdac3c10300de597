"""From samples to training tiles: what is computed once an image, and what is drawn each step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from septum import geometry
from septum.augment import Augmentation, crop, draw
from septum.data.normalise import normalise
from septum.data.sample import Sample
from septum.errors import ConfigError
from septum.plan import DataPlan, TargetPlan
from septum.resample import resample_labels, rescale, rescaled_shape, scale_per_axis
from septum.targets import border_weights, class_balance, class_map, separate
from septum.voxel import proportions

_UNKNOWN = -1
"""The label of what nobody annotated, while labels are resampled."""

_ALONE = 0.1
"""Share of the tiles of stacks that are shown without neighbouring slices: images may have none."""


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


@dataclass(frozen=True, eq=False)
class Batch:
    """Training tiles: `images` ``(N, C, *input)``, `classes` and `weights` ``(N, *output)``.

    `names` are those of the N samples that they are of.
    """

    images: np.ndarray
    classes: np.ndarray
    weights: np.ndarray
    names: tuple[str, ...] = ()


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
    labels, annotated = _known(sample, shape)
    if sample.named is None:
        classes = class_map(labels, targets.border or 0.0, voxel)
        weights = 1 + border_weights(separate(labels), targets.w0, targets.sigma, voxel)
    else:
        classes, weights = labels.astype(np.uint8), np.ones(shape, np.float32)
    if annotated is not None:
        weights[~annotated] = 0
    image = rescale(normalise(sample.image, data.normalise, data.window), data.scale)
    return Prepared(image, classes, weights, sample.name, sample.reach, voxel)


def _known(sample: Sample, shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the labels at the working resolution, and where they are annotated.

    What nobody annotated has a vote of its own in what a coarser pixel is: left out, or taken for
    background, it would let a few annotated pixels say what the pixel is not. Of classes that
    overlap each is voted on by itself. Labels are 0 where nobody vouches for them: they must not
    bend the weights of their neighbours.
    """
    numbers = np.arange(len(sample.named.names)) if sample.named and sample.named.overlap else None
    layers = [sample.truth]
    if numbers is not None:
        layers = [sample.truth >> number & 1 for number in numbers]
    if sample.annotated is not None:
        layers = [np.where(sample.annotated, layer, _UNKNOWN) for layer in layers]
    layers = [resample_labels(layer, shape) for layer in layers]
    unknown = np.any([layer == _UNKNOWN for layer in layers], axis=0)
    labels = layers[0]
    if numbers is not None:
        labels = sum(layer << number for layer, number in zip(layers, numbers, strict=True))
    if sample.annotated is None:
        return np.asarray(labels), None
    return np.where(unknown, 0, labels), ~unknown


def tile_of(
    shapes: Iterable[Sequence[int]], tile: int | Sequence[int], depth: int | Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the input and the output sizes of the network for training tiles, in pixels.

    Parameters
    ----------
    shapes : iterable of sequence of int
        Spatial shapes of the images at the working resolution, at least one.
    tile : int or sequence of int
        Wished input size, along all axes or each; the next legal one is taken. Tiles that are
        larger than the longest side of all images and its context need are not drawn.
    depth : int or sequence of int
        Number of poolings of the network, of all axes or of each.
    """
    longest = np.max(list(shapes), axis=0)
    longest[-2:] = longest[-2:].max()  # rotation turns one into the other
    wished = (tile,) * len(longest) if isinstance(tile, int) else tuple(tile)
    if len(wished) != len(longest):
        raise ConfigError(
            f"training.tile is {wished}; expected one size, or one for each of {len(longest)} axes"
        )
    depths = geometry.depth_per_axis(depth, len(longest))
    sizes = tuple(
        min(geometry.nearest_legal(want, own)[1], geometry.input_size(int(side), own))
        for want, side, own in zip(wished, longest, depths, strict=True)
    )
    return sizes, tuple(map(geometry.output_size, sizes, depths))


def draw_batch(
    samples: Sequence[Prepared],
    policy: Augmentation,
    input_size: Sequence[int],
    output_size: Sequence[int],
    rngs: Sequence[np.random.Generator],
) -> Batch:
    """Return augmented tiles from random places of random samples, one for each generator.

    Parameters
    ----------
    samples : sequence of Prepared
        Every sample is equally likely.
    policy : Augmentation
        How strongly to deform and to vary the grey values.
    input_size, output_size : sequence of int
        Sizes of the network's input and output, in pixels, along each axis.
    rngs : sequence of numpy.random.Generator
        The only source of randomness of their tiles: the same state gives the same bytes.
    """
    tiles, names = [], []
    for rng in rngs:
        sample = samples[int(rng.integers(len(samples)))]
        ndim = sample.classes.ndim
        centre = draw_centre(sample, output_size, rng)
        slices = 2 * sample.reach + 1
        drawn = draw(policy, rng, ndim, len(sample.image), input_size, sample.voxel, slices)
        image = sample.image
        if sample.reach and rng.random() < _ALONE:
            image = _own_neighbour(sample)
        tiles.append(
            crop(
                image,
                sample.classes,
                sample.weights,
                drawn,
                centre,
                input_size,
                output_size,
            )
        )
        names.append(sample.name)
    images, classes, weights = (np.stack(parts) for parts in zip(*tiles, strict=True))
    return Batch(images, classes, weights, tuple(names))


def _own_neighbour(sample: Prepared) -> np.ndarray:
    """Return the image with its own channels in place of those of its neighbours."""
    slices = 2 * sample.reach + 1
    own = np.split(sample.image, slices)[sample.reach]
    return np.concatenate([own] * slices)


def draw_centre(
    sample: Prepared, output_size: Sequence[int], rng: np.random.Generator
) -> tuple[float, ...]:
    """Return the centre of a tile: an annotated pixel, moved so that the tile stays in the image.

    Moving the centre inwards, rather than drawing it from the inside, lets pixels at the edge be
    seen about as often as the others. Along an axis shorter than the tile, the centre is that of
    the image.

    Parameters
    ----------
    sample : Prepared
        Its pixels of weight 0 are not annotated and never drawn.
    output_size : sequence of int
        Output size of the network along each axis, in pixels.
    rng : numpy.random.Generator
        Source of randomness.

    Raises
    ------
    ValueError
        If nothing is annotated.
    """
    shape, annotated = sample.classes.shape, sample.annotated
    if annotated is None:
        place = tuple(int(rng.integers(size)) for size in shape)
    elif annotated.size:
        place = np.unravel_index(annotated[rng.integers(annotated.size)], shape)
    else:
        raise ValueError("no pixel is annotated, so there is no tile to draw")
    # The middle of an even number of pixels lies between two: off it, every pixel would be blurred.
    return tuple(
        float(np.clip(index - (0.0 if width % 2 else 0.5), (width - 1) / 2, size - (width + 1) / 2))
        if size > width
        else (size - 1) / 2
        for index, size, width in zip(place, shape, output_size, strict=True)
    )
