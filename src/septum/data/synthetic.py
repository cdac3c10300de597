"""Cells with touching borders, drawn from a seed: the embedded data of the demo and the tests."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from septum.data.sample import Sample
from septum.errors import ConfigError

_FILL = 0.45  # of the image area, where the number of cells is not given
_PHOTONS = 220.0  # in the brightest pixel; sets the shot noise


@dataclass(frozen=True, eq=False)
class _Cell:
    """A blob: an ellipsoid whose radius varies smoothly with the direction."""

    centre: np.ndarray  # (ndim,) in pixels
    radius: float
    stretch: np.ndarray  # (ndim, ndim) maps offsets to the round cell
    waves: np.ndarray  # (K, ndim) directions along which the radius waves
    heights: np.ndarray  # (K,) of the waves, relative to the radius
    phases: np.ndarray  # (K,)
    brightness: float
    nucleus: np.ndarray  # (ndim,) offset, relative to the radius


def draw_cells(
    seed: int = 0,
    size: tuple[int, ...] = (256, 256),
    cells: int | None = None,
    radius: float = 17.0,
    dtype: str = "uint8",
    noise: float = 1.0,
) -> Sample:
    """Draw a fluorescence-like image of clustered cells, and the instances that made it.

    Cells that touch do so without a gap: their ids meet, as in the truth of the Cell Tracking
    Challenge. Only a faint dark line separates them, which a threshold does not see. Illumination
    is uneven, out-of-focus light is around the cells, and the noise is Poisson and Gaussian.

    Parameters
    ----------
    seed : int, default 0
        The same seed and arguments give the same bytes.
    size : tuple of int, default (256, 256)
        Spatial shape in pixels: (Y, X) or (Z, Y, X).
    cells : int, optional
        How many to place, at most: what finds no room is left out. By default as many as
        cover a little under half of the image.
    radius : float, default 17.0
        Mean radius of a cell in pixels.
    dtype : {"uint8", "uint16"}, default "uint8"
        Type of the pixels; uint16 uses 12 of its bits, as a camera does.
    noise : float, default 1.0
        Strength of the noise; 0 for none.

    Returns
    -------
    Sample
        ``image`` of shape (1, *size), ``labels`` of 1 to n.

    Raises
    ------
    ConfigError
        For a size that is not 2D or 3D, a radius under 2, an unknown type.
    """
    if len(size) not in (2, 3) or min(size) < 1:
        raise ConfigError(f"size {size}: (Y, X) or (Z, Y, X) in pixels is expected")
    if radius < 2 or noise < 0:
        raise ConfigError(f"radius {radius}, noise {noise}: at least 2 and 0 are expected")
    if dtype not in ("uint8", "uint16"):
        raise ConfigError(f"dtype {dtype!r}: uint8 or uint16 is expected")
    random = np.random.default_rng(seed)
    if cells is None:
        ball = np.pi * radius**2 if len(size) == 2 else 4 / 3 * np.pi * radius**3
        cells = max(1, round(_FILL * float(np.prod(size)) / ball))
    placed = _place(random, size, cells, radius)
    drawing = _paint(placed, size)
    light = _shine(random, placed, drawing, radius)
    pixels = _camera(random, light, noise, dtype)
    present = np.bincount(drawing.owner.ravel()) > 0  # a cell may be hidden altogether
    present[0] = False
    return Sample(
        image=pixels[np.newaxis],
        labels=np.cumsum(present, dtype=np.int32)[drawing.owner],
        name=f"cells_{seed:03}",
        source=f"synthetic cells, seed {seed}",
    )


def _place(
    random: np.random.Generator, size: tuple[int, ...], cells: int, radius: float
) -> list[_Cell]:
    """Grow clusters: most cells settle against an earlier one, a few found a new cluster."""
    shape = np.array(size, float)
    placed: list[_Cell] = []
    centres, radii = np.zeros((cells, len(size))), np.zeros(cells)  # of `placed`, as arrays
    for _ in range(30 * cells):
        if len(placed) == cells:
            break
        new_radius = radius * random.uniform(0.8, 1.2)
        if not placed or random.random() < 0.04:
            centre = random.uniform(0, 1, len(size)) * shape
        else:
            host = placed[random.integers(len(placed))]
            way = _direction(random, len(size))
            centre = host.centre + way * random.uniform(0.76, 0.9) * (host.radius + new_radius)
        if (centre < 0).any() or (centre >= shape).any():
            continue
        count = len(placed)
        apart = ((centres[:count] - centre) ** 2).sum(1)
        if (apart > (0.75 * (radii[:count] + new_radius)) ** 2).all():
            centres[count], radii[count] = centre, new_radius
            placed.append(_shape(random, centre, new_radius))
    return placed


def _direction(random: np.random.Generator, ndim: int) -> np.ndarray:
    vector = random.normal(size=ndim)
    return vector / np.sqrt((vector**2).sum())


def _shape(random: np.random.Generator, centre: np.ndarray, radius: float) -> _Cell:
    ndim = len(centre)
    axis = _direction(random, ndim)
    aspect = random.uniform(1.0, 1.3)
    # Shrink along one axis and grow along the others, so that the size stays the same.
    along = np.outer(axis, axis)
    stretch = aspect ** (1 - 1 / ndim) * along + aspect ** (-1 / ndim) * (np.eye(ndim) - along)
    turns = np.array([2.0, 3.0, 4.5])
    waves = turns[:, np.newaxis] * np.stack([_direction(random, ndim) for _ in turns])
    return _Cell(
        centre=centre,
        radius=radius,
        stretch=stretch,
        waves=waves,
        heights=random.normal(0, 1, 3) * (0.08, 0.055, 0.035),
        phases=random.uniform(0, 2 * np.pi, 3),
        brightness=random.uniform(0.62, 1.0),
        nucleus=random.uniform(-0.2, 0.2, ndim),
    )


@dataclass(frozen=True, eq=False)
class _Drawing:
    """Which cell each pixel is of, and where in it.

    Distances are in radii of the cell, along the direction: 0 at its centre, 1 at its outline.
    """

    owner: np.ndarray  # 1 to n, 0 background
    own: np.ndarray  # distance to the centre of the owner
    other: np.ndarray  # of the runner-up; equal to `own` on the line between touching cells
    core: np.ndarray  # distance to the nucleus of the owner


def _paint(placed: list[_Cell], size: tuple[int, ...]) -> _Drawing:
    """Give each pixel to the cell that it is deepest in."""
    owner = np.zeros(size, np.int32)
    own, other, core = (np.full(size, 2.0, np.float32) for _ in range(3))
    for number, cell in enumerate(placed, start=1):
        window, depth, to_nucleus = _relative_distance(cell, size)
        wins = depth < own[window]
        other[window] = np.where(wins, own[window], np.minimum(other[window], depth))
        own[window] = np.minimum(own[window], depth)
        core[window][wins] = to_nucleus[wins]
        owner[window][wins] = number
    owner[own >= 1] = 0
    return _Drawing(_keep_whole(owner, len(placed)), own, other, core)


def _relative_distance(
    cell: _Cell, size: tuple[int, ...]
) -> tuple[tuple[slice, ...], np.ndarray, np.ndarray]:
    """Return the window around a cell, and in it the distances to its centre and its nucleus."""
    reach = 1.6 * cell.radius
    window = tuple(
        slice(max(0, int(c - reach)), min(n, int(c + reach) + 2))
        for c, n in zip(cell.centre, size, strict=True)
    )
    grid = np.meshgrid(
        *(np.arange(s.start, s.stop) - c for s, c in zip(window, cell.centre, strict=True)),
        indexing="ij",
    )
    offsets = np.stack(grid, axis=-1).astype(np.float32) @ cell.stretch.T.astype(np.float32)
    offsets /= np.float32(cell.radius)
    distance = np.sqrt((offsets**2).sum(-1))
    directions = offsets / np.maximum(distance, 1e-6)[..., np.newaxis]
    angles = directions @ cell.waves.T.astype(np.float32) + cell.phases.astype(np.float32)
    outline = 1 + np.cos(angles) @ cell.heights.astype(np.float32)
    to_nucleus = np.sqrt(((offsets - cell.nucleus.astype(np.float32)) ** 2).sum(-1))
    return window, distance / outline, to_nucleus


def _keep_whole(owner: np.ndarray, count: int) -> np.ndarray:
    """Keep the largest face-connected piece of each cell; the rest becomes background."""
    whole = np.zeros_like(owner)
    for number, window in enumerate(ndimage.find_objects(owner, max_label=count), start=1):
        if window is None:
            continue
        pieces = np.zeros(owner[window].shape, np.int32)
        ndimage.label(owner[window] == number, output=pieces)
        whole[window][pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])] = number
    return whole


def _shine(
    random: np.random.Generator, placed: list[_Cell], drawing: _Drawing, radius: float
) -> np.ndarray:
    """Return the light that reaches the camera, before noise, about 0 to 1."""
    size = drawing.owner.shape
    brightness = np.array([0.0, *(cell.brightness for cell in placed)], np.float32)
    # The cytoplasm thins out towards the outline, the nucleus takes up less of the dye, and a thin
    # dark line runs where two cells meet. Differences of relative distances, in pixels:
    depth = np.clip((1 - drawing.own) * radius, 0, None)
    line = np.clip((drawing.other - drawing.own) * radius / 2, 0, None)
    light = brightness[drawing.owner] * (0.45 + 0.55 * (1 - np.exp(-depth / 4)))
    light *= 1 - 0.28 / (1 + np.exp((drawing.core - 0.42) / 0.05))
    light *= 1 - 0.55 * np.exp(-((line / 1.2) ** 2))
    light *= np.maximum(1 + 0.11 * _grain(random, size, 1.6), 0)
    light = ndimage.gaussian_filter(light, 1.1, truncate=3)
    haze = ndimage.gaussian_filter(light, 0.7 * radius, truncate=2)
    return _illumination(random, size) * (0.06 + 0.8 * light + 0.28 * haze)


def _grain(random: np.random.Generator, size: tuple[int, ...], sigma: float) -> np.ndarray:
    """Return smooth noise of mean 0 and standard deviation about 1."""
    grain = random.standard_normal(size, np.float32)
    grain = ndimage.gaussian_filter(grain, sigma, truncate=3)
    return grain * float(2 * sigma * np.sqrt(np.pi)) ** (len(size) / 2)


def _illumination(random: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Return a lamp that is off centre: 1 at its brightest, about 0.55 in the far corner."""
    middle = random.uniform(0.25, 0.75, len(size))
    squares = [
        ((np.linspace(0, 1, n, dtype=np.float32) - m) ** 2)
        for n, m in zip(size, middle, strict=True)
    ]
    distance = sum(np.ix_(*squares), start=np.zeros(size, np.float32))
    return np.exp(-0.6 * distance)


def _camera(random: np.random.Generator, light: np.ndarray, noise: float, dtype: str) -> np.ndarray:
    """Return the pixels: shot noise, read noise, an offset, and the digits of the camera."""
    full = 255 if dtype == "uint8" else 4095
    if noise > 0:
        photons = _PHOTONS / noise**2
        light = random.poisson(light * photons) / photons
        light = light + random.normal(0, 0.012 * noise, light.shape)
    return np.clip(np.rint((0.04 + 0.9 * light) * full), 0, full).astype(dtype)
