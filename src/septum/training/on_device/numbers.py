"""What is uploaded for a batch of drawn tiles to be cut: small arrays, and noise where there is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from septum.augment import Drawn
from septum.augment.apply import factors
from septum.augment.intensity import gaussian, noise_of, response_of
from septum.augment.sections import blank, buried
from septum.data.crops import Tile, channels_of
from septum.data.prepared import Prepared


@dataclass(frozen=True, eq=False)
class Numbers:
    """Of N tiles of C channels; None stands for nothing to do.

    Attributes
    ----------
    samples : ndarray of int64, shape (N,)
        Which of the samples each tile is of.
    channels : ndarray of int64, shape (N, C)
        Which channel of its sample each channel of a tile shows.
    rows : ndarray of float32, shape (N, ndim, terms, *size[:-1])
        Of the maps; see `augment.apply.factors`.
    columns : ndarray of float32, shape (size[-1], terms)
        Likewise.
    jumps : ndarray of float32, shape (N, ndim, size[0]), or None
        What is added to the map of each section.
    blurs : dict of int to list of list of float
        Of the tiles that are blurred: the weights along each axis.
    response : ndarray of float32, shape (5, N, C), or None
        Contrast, brightness, gamma, black and white.
    noise : dict of int to ndarray of float32, shape (C, *size)
        Of the tiles that have noise, or sections buried in it: what it adds.
    instead : ndarray of float32, shape (N, C, size[0]), or None
        Grey value that is shown in place of each section of each channel; no number where the
        image is.
    names : tuple of str
        Of the samples.
    """

    samples: NDArray[np.int64]
    channels: NDArray[np.int64]
    rows: NDArray[np.float32]
    columns: NDArray[np.float32]
    jumps: NDArray[np.float32] | None
    blurs: dict[int, list[list[float]]]
    response: NDArray[np.float32] | None
    noise: dict[int, NDArray[np.float32]]
    instead: NDArray[np.float32] | None
    names: tuple[str, ...]


def numbers_of(samples: Sequence[Prepared], tiles: Sequence[Tile], size: Sequence[int]) -> Numbers:
    """Compute what `Cutter.cut` needs to know of drawn tiles; purely, and without the device.

    Parameters
    ----------
    samples : sequence of Prepared
        Those that the tiles were drawn from.
    tiles : sequence of Tile
        What `data.crops.draw_tiles` answered, from one policy.
    size : sequence of int
        Input size of the network.
    """
    channels = len(samples[0].image)
    draws = [tile.drawn for tile in tiles]
    maps = [factors(tile.drawn, tile.centre, size) for tile in tiles]
    noise = (_noise(drawn, (channels, *size)) for drawn in draws)

    def shown(tile: Tile) -> NDArray[np.int64]:
        return channels_of(samples[tile.sample]) if tile.alone else np.arange(channels)

    return Numbers(
        samples=np.array([tile.sample for tile in tiles]),
        channels=np.stack([shown(tile) for tile in tiles]),
        rows=np.stack([rows for rows, _ in maps]),
        columns=maps[0][1],
        jumps=_jumps(draws, size),
        blurs={
            place: [gaussian(sigma).tolist() for sigma in drawn.grey.blur]
            for place, drawn in enumerate(draws)
            if any(drawn.grey.blur)
        },
        response=_response(draws, channels),
        noise={place: added for place, added in enumerate(noise) if added is not None},
        instead=_instead(draws, channels, size[0]),
        names=tuple(samples[tile.sample].name for tile in tiles),
    )


def _jumps(draws: Sequence[Drawn], size: Sequence[int]) -> NDArray[np.float32] | None:
    if all(drawn.sections is None or not drawn.sections.jump.any() for drawn in draws):
        return None
    jumps = np.zeros((len(draws), len(size), size[0]), np.float32)
    for own, drawn in zip(jumps, draws, strict=True):
        if drawn.sections is not None:
            own[1:] = drawn.sections.jump.T
    return jumps


def _response(draws: Sequence[Drawn], channels: int) -> NDArray[np.float32] | None:
    responses = [response_of(drawn.grey, channels) for drawn in draws]
    if all(response is None for response in responses):
        return None
    result = np.empty((5, len(draws), channels), np.float32)
    for place, (drawn, response) in enumerate(zip(draws, responses, strict=True)):
        unchanged = np.tile(np.array([1, 0, 1], np.float32), (channels, 1))
        result[:3, place] = (unchanged if response is None else response).T
        result[3:, place] = np.array([[drawn.grey.black], [drawn.grey.white]])
    return result


def _noise(drawn: Drawn, shape: Sequence[int]) -> NDArray[np.float32] | None:
    """Return the noise of the detector and that of buried sections, together."""
    added, grey = noise_of(drawn.grey, shape), drawn.grey
    if drawn.sections is None:
        return added
    one_section = (shape[0], *shape[2:])
    for section, noise in buried(drawn.sections, one_section, grey.black, grey.white):
        added = np.zeros(tuple(shape), np.float32) if added is None else added
        added[:, section] += noise
    return added


def _instead(draws: Sequence[Drawn], channels: int, sections: int) -> NDArray[np.float32] | None:
    instead = np.full((len(draws), channels, sections), np.nan, np.float32)
    for own, drawn in zip(instead, draws, strict=True):
        if drawn.sections is not None:
            lost = blank(drawn.sections, drawn.grey.black, drawn.grey.white)
            own[:, list(lost)] = list(lost.values())
        own[list(drawn.dropped)] = 0
    return None if np.isnan(instead).all() else instead
