"""Which augmentation and how strong: a frozen value, and the draw from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from septum.augment.affine import draw_matrix
from septum.augment.displacement import draw_displacement
from septum.augment.intensity import Grey
from septum.augment.sections import Sections, draw_sections
from septum.errors import ConfigError


class Varied(NamedTuple):
    """How strongly sizes and grey values are varied; see `Augmentation`."""

    scale: float
    brightness: float
    contrast: float
    gamma: float


@dataclass(frozen=True)
class Augmentation:
    """How strongly training crops are varied; 0 or False switches each part off.

    None, where it is possible, leaves a strength open until the data are known; see
    `septum.training.propose`.

    Attributes
    ----------
    elastic_sigma : float
        Standard deviation of the displacement vectors, in pixels (the paper: 10). Here and below,
        a pixel is as long as its shortest side; along an axis where it is longer, as many µm are
        fewer pixels.
    elastic_grid : int
        Nodes of the displacement grid along each axis, 2 or more (the paper: 3).
    rotate : float
        Largest angle in degrees, either way: of images in their plane, of volumes about any axis,
        or in the plane of flat voxels.
    scale : float or None
        Largest relative change of size: factors between 1 / (1 + scale) and 1 + scale.
    mirror : bool
        Mirror each axis with probability 1/2.
    shift : float
        Largest shift along each axis, in pixels; crops are placed at random anyway.
    brightness : float or None
        Largest added grey value, as a share of white - black.
    contrast, gamma : float or None
        Largest relative change: factors and exponents between 1 / (1 + x) and 1 + x.
    noise : float
        Largest standard deviation of added Gaussian noise, as a share of white - black.
    noise_probability : float
        Share of the crops that get noise.
    blur : float
        Largest standard deviation of Gaussian blur, in pixels.
    blur_probability : float
        Share of the crops that are blurred.
    jump : float
        Standard deviation of how far each section of a volume, one step along Z, lies beside its
        place, in pixels; for serial sections. Images of two axes have none.
    lost : float
        Share of the sections of a volume that are lost: black, grey or buried in noise.
    per_channel : bool
        Draw brightness, contrast and gamma for each channel on its own (stains, fluorophores)
        instead of once for all (colour images).
    drop_channel : float
        Share of the crops in which one channel of an image of several, drawn at random, is black
        throughout: what is learnt must not hang on a single stain.
    black, white : float
        Grey values of dark and bright after normalisation: contrast turns about their middle,
        gamma bends what is between. (0, 1) suits images scaled to that range; for images with
        mean 0 and standard deviation 1, (-2, 2) does.
    """

    elastic_sigma: float = 10.0
    elastic_grid: int = 3
    rotate: float = 180.0
    scale: float | None = 0.1
    mirror: bool = True
    shift: float = 0.0
    brightness: float | None = 0.1
    contrast: float | None = 0.2
    gamma: float | None = 0.2
    noise: float = 0.03
    noise_probability: float = 0.2
    blur: float = 1.0
    blur_probability: float = 0.2
    jump: float = 0.0
    lost: float = 0.0
    per_channel: bool = False
    drop_channel: float = 0.0
    black: float = 0.0
    white: float = 1.0

    def __post_init__(self) -> None:
        strengths = "elastic_sigma rotate scale shift brightness contrast gamma noise blur jump"
        for name in strengths.split():
            value = getattr(self, name)
            if value is not None and not (value >= 0 and np.isfinite(value)):
                raise ConfigError(f"{name} is {value}; expected 0 (off) or more")
        for name in ("noise_probability", "blur_probability", "lost", "drop_channel"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected 0 to 1")
        if self.elastic_grid < 2:
            raise ConfigError(f"elastic_grid is {self.elastic_grid}; expected 2 or more nodes")
        if not self.white > self.black:
            raise ConfigError(f"white is {self.white}; expected more than black, {self.black}")

    @property
    def cut_in_sections(self) -> bool:
        """Whether volumes get the defects of serial sections."""
        return self.jump > 0 or self.lost > 0

    @property
    def varied(self) -> Varied:
        """The strengths that may be left open, once they are decided.

        Raises
        ------
        ConfigError
            If one is still open; see `septum.training.propose`.
        """
        values = {name: getattr(self, name) for name in Varied._fields}
        still = [name for name, value in values.items() if value is None]
        if still:
            raise ConfigError(f"the policy leaves {', '.join(still)} open; propose them")
        return Varied(**values)

    @classmethod
    def none(cls) -> "Augmentation":
        """Return the policy that changes nothing."""
        return cls(
            elastic_sigma=0.0,
            rotate=0.0,
            scale=0.0,
            mirror=False,
            brightness=0.0,
            contrast=0.0,
            gamma=0.0,
            noise=0.0,
            blur=0.0,
        )


@dataclass(frozen=True, eq=False)
class Drawn:
    """One draw from a policy: all that is random about one crop.

    A pixel at the offset o from the centre of the crop shows the source at
    ``center + shift + matrix @ (o + displacement(o))``.

    Attributes
    ----------
    displacement : ndarray, shape (ndim, *grid)
        Displacement vectors at the nodes of a grid stretched over the crop, in pixels.
    matrix : ndarray, shape (ndim, ndim)
        Rotation, scale and mirroring.
    shift : ndarray, shape (ndim,)
        In pixels of the source.
    grey : Grey
        Change of grey values.
    dropped : tuple of int
        Channels that are black throughout: what an image without this stain is to the network.
    sections : Sections or None
        Defects of serial sections; None where none are asked for.
    """

    displacement: NDArray[np.float64]
    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]
    grey: Grey
    dropped: tuple[int, ...] = ()
    sections: Sections | None = None


def draw(
    policy: Augmentation,
    rng: np.random.Generator,
    ndim: int = 2,
    channels: int = 1,
    size: Sequence[int] | None = None,
    voxel: Sequence[float] | None = None,
    slices: int = 1,
) -> Drawn:
    """Draw the augmentation of one crop.

    Each part takes the same numbers from the generator whether it is on or off: switching one off
    leaves the others as they were.

    Parameters
    ----------
    policy : Augmentation
        What to draw and how strong.
    rng : numpy.random.Generator
        Source of all randomness.
    ndim : int
        Number of spatial axes.
    channels : int
        Channels of the image; matters only if the policy draws per channel or drops some.
    size : sequence of int, optional
        Size of the crop, input size of the network. Where given, displacements are limited to
        what does not fold a crop of that size (see `draw_displacement`); give it for crops
        under 161 px and for 3D stacks. Defects of sections need it.
    voxel : sequence of float, optional
        How long a pixel is along each axis, in lengths of one along the last; see `septum.voxel`.
    slices : int, optional
        Neighbouring slices that the channels are of, those of one after those of the other: a stain
        is dropped in all of them.

    Returns
    -------
    Drawn
        Apply it with `crop`.

    Raises
    ------
    ConfigError
        If the policy has defects of sections, and the size of a volume is not given, or if it
        leaves a strength open.
    """
    varied = policy.varied
    return Drawn(
        displacement=draw_displacement(
            rng, ndim, policy.elastic_sigma, policy.elastic_grid, size, voxel
        ),
        # Sections jump along their own plane, so volumes with such defects keep it.
        matrix=draw_matrix(
            rng, ndim, policy.rotate, varied.scale, policy.mirror, voxel, policy.cut_in_sections
        ),
        shift=rng.uniform(-1.0, 1.0, ndim) * policy.shift,
        grey=_draw_grey(
            policy, varied, rng, channels, slices, (1.0,) * ndim if voxel is None else voxel
        ),
        dropped=_draw_dropped(policy, _another(rng), channels, slices),
        sections=_draw_sections(policy, _another(rng), ndim, size),
    )


def _another(rng: np.random.Generator) -> np.random.Generator:
    """Return a generator for what takes more or fewer numbers, so that nothing after it changes."""
    return np.random.default_rng(int(rng.integers(2**63)))


def _draw_dropped(
    policy: Augmentation, rng: np.random.Generator, channels: int, slices: int
) -> tuple[int, ...]:
    chance, place = rng.random(2)
    own = channels // slices
    if own < 2 or chance >= policy.drop_channel:
        return ()
    return tuple(range(int(place * own), channels, own))


def _draw_sections(
    policy: Augmentation, rng: np.random.Generator, ndim: int, size: Sequence[int] | None
) -> Sections | None:
    if ndim != 3 or not policy.cut_in_sections:
        return None
    if size is None:
        raise ConfigError("jump and lost are of each section; expected the size of the crop")
    return draw_sections(rng, size[0], policy.jump, policy.lost)


def _draw_grey(
    policy: Augmentation,
    varied: Varied,
    rng: np.random.Generator,
    channels: int,
    slices: int,
    voxel: Sequence[float],
) -> Grey:
    # The slices of one stain change alike: they were taken with one detector.
    own = channels // slices if policy.per_channel else 1

    def each(strength: float) -> NDArray[np.float64]:
        return np.tile(strength * rng.uniform(-1.0, 1.0, own), slices if own > 1 else 1)

    span = policy.white - policy.black
    # Uniform in [0, 1): below the probability means "do it".
    blurred, blur, noisy, noise = rng.random(4)
    return Grey(
        blur=tuple(
            blur * policy.blur / length if blurred < policy.blur_probability else 0.0
            for length in voxel
        ),
        contrast=(1.0 + varied.contrast) ** each(1.0),
        brightness=each(varied.brightness * span),
        gamma=(1.0 + varied.gamma) ** each(1.0),
        noise=noise * policy.noise * span if noisy < policy.noise_probability else 0.0,
        noise_seed=int(rng.integers(2**63)),
        black=policy.black,
        white=policy.white,
    )
