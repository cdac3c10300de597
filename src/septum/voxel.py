"""How long a pixel is along each axis: what is flat, and which pixels are as large as others."""

from collections.abc import Sequence
from math import inf, log2

# Pixels that differ by less count as equally long: augmentation scales by as much.
SAME = 1.1
# Pixels that differ by more show what is seen at a size that was never learnt. (Scans of one kind
# differ by up to 1.7 in their plane.)
OTHER = 1.8


def unlike(one: Sequence[float], other: Sequence[float]) -> float:
    """Return by which factor two pixel sizes differ, along the axis where they differ most.

    Infinite where one of them is no size.

    Examples
    --------
    >>> unlike((0.5, 0.25), (0.5, 0.5))
    2.0
    """
    if not all(0 < size < inf for size in (*one, *other)):
        return inf
    return max(max(a / b, b / a) for a, b in zip(one, other, strict=True))


def in_um(spacing: Sequence[float]) -> str:
    """Return a pixel size in words: ``"0.5 × 0.5 µm"``."""
    return " × ".join(f"{size:.4g}" for size in spacing) + " µm"


def proportions(
    spacing: Sequence[float] | None, ndim: int, scale: Sequence[float] | None = None
) -> tuple[float, ...]:
    """Return how long a pixel is along each axis, in lengths of its shortest side.

    Parameters
    ----------
    spacing : sequence of float or None
        Size of a pixel of the image in µm. None: unknown, all are taken as equally long.
    ndim : int
        Number of spatial axes.
    scale : sequence of float, optional
        Pixels of the working resolution per pixel of the image, along each axis.

    Examples
    --------
    >>> proportions((0.045, 0.0045, 0.0045), 3)
    (10.0, 1.0, 1.0)
    >>> proportions((0.045, 0.0045, 0.0045), 3, scale=(1.0, 0.5, 0.5))
    (5.0, 1.0, 1.0)
    """
    sizes = (1.0,) * ndim if spacing is None else spacing
    factors = (1.0,) * ndim if scale is None else scale
    lengths = [size / by for size, by in zip(sizes, factors, strict=True)]
    ratios = (length / min(lengths) for length in lengths)
    return tuple(1.0 if ratio < SAME else round(ratio, 6) for ratio in ratios)


def levels_left_alone(voxel: Sequence[float]) -> tuple[int, ...]:
    """Return how many levels of the network leave each axis alone until pixels are isotropic.

    Each level halves the resolution along the other axes, so it is the logarithm to base 2 of how
    much longer a pixel is than the shortest, rounded.

    Examples
    --------
    >>> levels_left_alone((10.0, 1.0, 1.0)), levels_left_alone((2.0, 1.0, 1.0))
    ((3, 0, 0), (1, 0, 0))
    """
    return tuple(round(log2(length / min(voxel))) for length in voxel)
