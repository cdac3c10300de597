"""Which tile sizes the U-Net can take, and how much context its unpadded convolutions consume.

Along one axis, with two unpadded 3-wide convolutions a level (figure 1 of the paper, depth 4)::

    572 ─ 568 ═══════════════════ skip ═══════════════════ 392 ─ 388
           └ pool ─ 284 ─ 280 ════ skip ════ 200 ─ 196 ─ up ┘
                     └ 140 ─ 136 ═ skip ═ 104 ─ 100 ┘
                           └ 68 ─ 64 ═ 56 ─ 52 ┘
                                 └ 32 ─ 28 ┘

A level takes 4 px on the way down and 4 on the way up, and a pixel at level l is worth 2^l of the
image, so a tile loses ``12 · 2^depth - 8`` px: a context of 92 px on each side at depth 4. Every
pooling sees an even size only if the input is ``2^depth · k + 12 · 2^depth - 4``: 16 k + 188,
that is 188, 204, … 572.

Where voxels are flat, the first levels leave the long axis alone: their convolutions do not reach
along it, and their poolings do not halve it. Along that axis the network is one of a smaller depth,
and every rule here holds axis by axis, each with its own depth.
"""

from collections.abc import Sequence


def depth_per_axis(depth: int | Sequence[int], ndim: int) -> tuple[int, ...]:
    """Return the number of poolings along each axis.

    Parameters
    ----------
    depth : int or sequence of int
        One number for all axes, or one for each.
    ndim : int
        Number of spatial axes.

    Raises
    ------
    ValueError
        If there are neither one nor `ndim` numbers.

    Examples
    --------
    >>> depth_per_axis(4, 2), depth_per_axis((1, 4, 4), 3)
    ((4, 4), (1, 4, 4))
    """
    depths = (depth,) * ndim if isinstance(depth, int) else tuple(depth)
    if len(depths) != ndim:
        raise ValueError(f"depth is {depth}; expected one number, or one for each of {ndim} axes")
    return depths


def kernels_and_factors(
    depths: Sequence[int],
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return how wide the convolutions of each level are, and what the pooling below it divides by.

    An axis takes part in as many poolings as its depth, the last ones.

    Parameters
    ----------
    depths : sequence of int
        Number of poolings along each axis.

    Returns
    -------
    kernels : list of tuple of int
        For each level, the first one first: 3 along an axis that takes part, else 1.
    factors : list of tuple of int
        For each pooling: 2 along an axis that takes part, else 1.

    Examples
    --------
    >>> kernels_and_factors((1, 2))
    ([(1, 3), (3, 3), (3, 3)], [(1, 2), (2, 2)])
    """
    levels = max(depths)
    alone = [levels - depth for depth in depths]
    return (
        [tuple(3 if level >= n else 1 for n in alone) for level in range(levels + 1)],
        [tuple(2 if level >= n else 1 for n in alone) for level in range(levels)],
    )


def context(depth: int = 4) -> int:
    """Return the pixels of context that the network needs on each side of its output.

    Parameters
    ----------
    depth : int, default 4
        Number of 2×2 poolings.

    Returns
    -------
    int
        ``6 · 2^depth - 4``; 92 for the paper's network.

    Raises
    ------
    ValueError
        If `depth` is negative.
    """
    if depth < 0:
        raise ValueError(f"depth is {depth}; it is the number of poolings, 0 or more")
    return 6 * 2**depth - 4


def deepest_within(size: int) -> int:
    """Return the most poolings with which the network looks no further than `size` px.

    Parameters
    ----------
    size : int
        Pixels to each side, or what an image has along one axis.

    Returns
    -------
    int
        0 for less than the 2 px that a network without pooling looks, too.

    Examples
    --------
    >>> [deepest_within(size) for size in (91, 92, 7, 1)]
    [3, 4, 0, 0]
    """
    depth = 0
    while context(depth + 1) <= size:
        depth += 1
    return depth


def depths_within(sizes: Sequence[int]) -> tuple[int, ...]:
    """Return `deepest_within` of each axis, of Y and X the fewer for both: a network turns them.

    Examples
    --------
    >>> depths_within((20, 96, 44))
    (2, 3, 3)
    """
    plane = min(sizes[-2:])
    return tuple(map(deepest_within, (*sizes[:-2], plane, plane)))


def smallest_input(depth: int = 4) -> int:
    """Return the smallest legal input size: the one that leaves the fewest output pixels.

    Parameters
    ----------
    depth : int, default 4
        Number of 2×2 poolings.

    Returns
    -------
    int
        188 for the paper's network, whose output is then 4 px wide.
    """
    step = 2**depth
    smallest_output = 4 % step or step
    return smallest_output + 2 * context(depth)


def is_legal(size: int, depth: int = 4) -> bool:
    """Tell whether an input of `size` px has even sizes at every pooling and some output left.

    Parameters
    ----------
    size : int
        Input size along one axis, in pixels.
    depth : int, default 4
        Number of 2×2 poolings.
    """
    smallest = smallest_input(depth)
    return size >= smallest and (size - smallest) % 2**depth == 0


def nearest_legal(size: int, depth: int = 4) -> tuple[int, int]:
    """Return the legal input sizes around `size`: the largest below or at it, the smallest above.

    Parameters
    ----------
    size : int
        Wished input size along one axis, in pixels.
    depth : int, default 4
        Number of 2×2 poolings.

    Returns
    -------
    tuple of int
        ``(lower, upper)``; both are `size` if it is legal, both are the smallest legal size if
        `size` is smaller than that.
    """
    smallest, step = smallest_input(depth), 2**depth
    if size <= smallest:
        return smallest, smallest
    lower = smallest + (size - smallest) // step * step
    return lower, lower if lower == size else lower + step


def output_size(size: int, depth: int = 4) -> int:
    """Return the output size for an input of `size` px along one axis.

    Parameters
    ----------
    size : int
        Input size in pixels.
    depth : int, default 4
        Number of 2×2 poolings.

    Returns
    -------
    int
        ``size - 2 · context(depth)``; 388 for 572.

    Raises
    ------
    ValueError
        If a pooling would see an odd size or nothing would be left; the message names the nearest
        legal sizes.

    Examples
    --------
    >>> output_size(572, depth=4)
    388
    """
    if not is_legal(size, depth):
        lower, upper = nearest_legal(size, depth)
        sizes = f"{lower}" if lower == upper else f"{lower} and {upper}"
        raise ValueError(
            f"an input of {size} px does not fit a U-Net of depth {depth}; "
            f"the nearest legal sizes are {sizes}"
        )
    return size - 2 * context(depth)


def input_size(output: int, depth: int = 4) -> int:
    """Return the smallest legal input size that yields at least `output` px.

    Parameters
    ----------
    output : int
        Wished output size in pixels, 1 or more.
    depth : int, default 4
        Number of 2×2 poolings.

    Raises
    ------
    ValueError
        If `output` is less than 1.

    Examples
    --------
    >>> input_size(388), input_size(389)
    (572, 588)
    """
    if output < 1:
        raise ValueError(f"the output size is {output}; it must be at least 1 px")
    return nearest_legal(output + 2 * context(depth), depth)[1]
