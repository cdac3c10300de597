"""From prepared samples to training tiles: what is drawn each step, and cut as it was drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from septum import geometry
from septum.augment import Augmentation, Drawn, crop, draw
from septum.data.prepared import Prepared
from septum.errors import ConfigError

_ALONE = 0.1
"""Share of the tiles of stacks that are shown without neighbouring slices: images may have none."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Training tiles: `images` ``(N, C, *input)``, `classes` and `weights` ``(N, *output)``.

    `names` are those of the N samples that they are of.
    """

    images: np.ndarray
    classes: np.ndarray
    weights: np.ndarray
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Tile:
    """A drawn training tile: all that is random about it.

    Attributes
    ----------
    sample : int
        Which of the samples it is of.
    centre : tuple of float
        Its middle in that sample, in pixels.
    drawn : Drawn
        How it is deformed, and how its grey values are varied.
    alone : bool
        Whether a slice of a stack stands in for its neighbours.
    """

    sample: int
    centre: tuple[float, ...]
    drawn: Drawn
    alone: bool = False


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
    """Return augmented tiles from random places of random samples: `draw_tiles`, then `cut`."""
    tiles = draw_tiles(samples, policy, input_size, output_size, rngs)
    return cut(samples, tiles, input_size, output_size)


def draw_tiles(
    samples: Sequence[Prepared],
    policy: Augmentation,
    input_size: Sequence[int],
    output_size: Sequence[int],
    rngs: Sequence[np.random.Generator],
) -> list[Tile]:
    """Draw tiles from random places of random samples, one for each generator.

    Parameters
    ----------
    samples : sequence of Prepared
        Every sample is equally likely.
    policy : Augmentation
        How strongly to deform and to vary the grey values.
    input_size, output_size : sequence of int
        Sizes of the network's input and output, in pixels, along each axis.
    rngs : sequence of numpy.random.Generator
        The only source of randomness of their tiles: the same state gives the same tile.
    """
    tiles = []
    for rng in rngs:
        place = int(rng.integers(len(samples)))
        sample = samples[place]
        ndim = sample.classes.ndim
        centre = draw_centre(sample, output_size, rng)
        slices = 2 * sample.reach + 1
        drawn = draw(policy, rng, ndim, len(sample.image), input_size, sample.voxel, slices)
        alone = sample.reach > 0 and rng.random() < _ALONE
        tiles.append(Tile(place, centre, drawn, alone))
    return tiles


def cut(
    samples: Sequence[Prepared],
    tiles: Sequence[Tile],
    input_size: Sequence[int],
    output_size: Sequence[int],
) -> Batch:
    """Cut tiles as they were drawn: the same tiles give the same bytes.

    Parameters
    ----------
    samples : sequence of Prepared
        Those that the tiles were drawn from.
    tiles : sequence of Tile
        What `draw_tiles` answered.
    input_size, output_size : sequence of int
        Sizes of the network's input and output, in pixels, along each axis.
    """
    crops = []
    for tile in tiles:
        sample = samples[tile.sample]
        image = sample.image[channels_of(sample)] if tile.alone else sample.image
        arrays = image, sample.classes, sample.weights
        crops.append(crop(*arrays, tile.drawn, tile.centre, input_size, output_size))
    images, classes, weights = (np.stack(parts) for parts in zip(*crops, strict=True))
    return Batch(images, classes, weights, tuple(samples[tile.sample].name for tile in tiles))


def channels_of(sample: Prepared) -> NDArray[np.int64]:
    """Return the channels that a slice alone shows: its own, for those of its neighbours too."""
    slices = 2 * sample.reach + 1
    return np.tile(np.split(np.arange(len(sample.image)), slices)[sample.reach], slices)


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
