"""What goes wrong when a block is cut into serial sections: some jump, some are lost.

A volume of sections is put together from images that were taken one by one. Registration leaves
each of them a little beside its neighbours; some are torn, folded, dirty or never came.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KINDS = ("whole", "black", "grey", "buried")
"""What may have become of a section: nothing, no signal, no contrast, noise over it."""

# Standard deviation of the noise that buries a section, as a share of white - black.
_NOISE = 0.5


@dataclass(frozen=True, eq=False)
class Sections:
    """The drawn defects of the sections of one crop; sections lie along its first axis.

    Attributes
    ----------
    jump : ndarray of float64, shape (sections, 2)
        How far each lies beside its place along the last two axes, in pixels of the source.
    kind : ndarray of int, shape (sections,)
        What became of each, an index into `KINDS`.
    noise_seed : int
        Seed of the noise that buries.
    """

    jump: NDArray[np.float64]
    kind: NDArray[np.int64]
    noise_seed: int


def draw_sections(rng: np.random.Generator, sections: int, jump: float, lost: float) -> Sections:
    """Draw the defects of one crop.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness; the same numbers are taken from it whatever the strengths are.
    sections : int
        Size of the crop along Z.
    jump : float
        Standard deviation of a jump along each of the last two axes, in pixels.
    lost : float
        Probability of a section to be lost: black, grey or buried in noise, each as likely.
    """
    kinds = rng.integers(1, len(KINDS), sections)
    return Sections(
        jump=jump * rng.standard_normal((sections, 2)),
        kind=np.where(rng.random(sections) < lost, kinds, 0),
        noise_seed=int(rng.integers(2**63)),
    )


def jumped(grid: NDArray[np.float32], drawn: Sections) -> NDArray[np.float32]:
    """Move the sections of a coordinate map: image, classes and weights go through it alike.

    Parameters
    ----------
    grid : ndarray of float32, shape (3, Z, Y, X)
        For each voxel of the crop the place in the source that it shows; not written to.
    drawn : Sections
        Of Z sections.
    """
    if not drawn.jump.any():
        return grid
    moved = grid.copy()
    moved[1:] += drawn.jump.T.astype(np.float32)[..., np.newaxis, np.newaxis]
    return moved


def spoiled(
    image: NDArray[np.float32], drawn: Sections, black: float, white: float
) -> NDArray[np.float32]:
    """Lose the sections that were drawn to be lost, in all channels.

    Their labels stay: what a section showed is to be told from its neighbours.

    Parameters
    ----------
    image : ndarray of float32, shape (C, Z, Y, X)
        Not written to.
    drawn : Sections
        Of Z sections.
    black, white : float
        The grey values that stand for dark and bright.
    """
    if not drawn.kind.any():
        return image
    result = image.copy()
    for section, value in blank(drawn, black, white).items():
        result[:, section] = value
    for section, noise in buried(drawn, (len(image), *image.shape[2:]), black, white):
        result[:, section] += noise
    return result


def blank(drawn: Sections, black: float, white: float) -> dict[int, float]:
    """Return the sections without signal or contrast, and the grey value that each shows."""
    values = {"black": black, "grey": (black + white) / 2}
    kinds = ((section, KINDS[kind]) for section, kind in enumerate(drawn.kind))
    return {section: values[kind] for section, kind in kinds if kind in values}


def buried(
    drawn: Sections, shape: Sequence[int], black: float, white: float
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield the sections that noise buries, each with what it adds to a section (C, Y, X)."""
    rng = np.random.default_rng(drawn.noise_seed)
    for section in np.flatnonzero(drawn.kind == KINDS.index("buried")):
        noise = rng.standard_normal(tuple(shape), np.float32)
        yield int(section), np.float32(_NOISE * (white - black)) * noise
