"""The network and the tile for volumes: poolings follow the voxels, the tile fits the memory.

In the plane, one network serves nearly all images. Volumes differ too much for that: a section may
be ten times as thick as its pixels are wide, context costs a third axis, and a step is as long as
its tile is large.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod

from septum.geometry import (
    context,
    depth_per_axis,
    input_size,
    kernels_and_factors,
    output_size,
    smallest_input,
)
from septum.plan import Plan
from septum.size import readable_bytes
from septum.voxel import levels_left_alone

# Half as wide as for images: a convolution has three times the weights, a tile more pixels.
_WIDTH = 16
# Of the network, by how far it must see: 20 voxels to each side, or 44.
_DEPTHS = (2, 3)
# The network should see this many diameters of an object to each side of a voxel.
_SEEN = 1.5
# Bytes of each feature that is kept for the gradient, measured: the convolution's result, what
# normalisation and ReLU make of it, and the gradients under way (docs/decisions.md).
_BYTES = {"bf16": 9.5, "32": 17.5}
# Weight, gradient, two moments of the optimiser and the moving average, float32 each.
_BYTES_OF_A_WEIGHT = 20


def largest_object(voxel: Sequence[float]) -> float:
    """Return how wide an object may be in working pixels for a network for such voxels."""
    return context(_deepest(voxel)) / _SEEN


def with_network(
    plan: Plan, shapes: Sequence[Sequence[int]], voxel: Sequence[float], diameter: float
) -> tuple[Plan, list[str]]:
    """Return the plan with the depth, the width and the tile for volumes, where they are open.

    Parameters
    ----------
    plan : Plan
        What it sets is kept.
    shapes : sequence of sequence of int
        Of the volumes at the working resolution.
    voxel : sequence of float
        How long a voxel is along each axis at the working resolution; see `septum.voxel`.
    diameter : float
        Of the median object, in working pixels along the last axis; 0 where unknown.

    Returns
    -------
    plan : Plan
    reasons : list of str
    """
    network, training, reasons = plan.network, plan.training, []
    ndim = len(voxel)
    if network.depth is None:
        deepest = next((d for d in _DEPTHS if context(d) >= _SEEN * diameter), _DEPTHS[-1])
        deepest = max(deepest, min(_deepest(voxel), max(levels_left_alone(voxel))))
        depths = tuple(max(0, deepest - alone) for alone in levels_left_alone(voxel))
        network = replace(network, depth=depths)
        reasons.append(f"{_poolings(depths)}: {_proportions(voxel)}")
    if network.width is None:
        network = replace(network, width=_WIDTH)
    if training.tile is None:
        depths = depth_per_axis(network.depth or 0, ndim)
        allowed, bf16 = training.memory * 2**30, training.precision != "32"
        tile, needed = _largest_tile(
            shapes, voxel, depths, network.width or _WIDTH, training.batch, bf16, allowed
        )
        training = replace(training, tile=tile)
        wide = " × ".join(map(str, map(output_size, tile, depths)))
        kind = " in bfloat16" if bf16 else ""
        reasons.append(
            f"tiles of {' × '.join(map(str, tile))} voxels, of which {wide} are learnt from: a "
            f"step takes about {readable_bytes(needed)}{kind} "
            f"(training.memory = {training.memory:g} GiB)"
        )
    return replace(plan, network=network, training=training), reasons


def training_bytes(
    sizes: Sequence[int], depths: Sequence[int], width: int, batch: int, bf16: bool
) -> int:
    """Return about how many bytes a training step takes beside the program.

    Parameters
    ----------
    sizes : sequence of int
        Of the input tile, legal.
    depths : sequence of int
        Poolings along each axis.
    width : int
        Of the network.
    batch : int
        Tiles of a step.
    bf16 : bool
        Whether features are bfloat16 and not float32.
    """
    weights, features = 0, 0
    before = 1
    for after, kernel, pixels in _layers(sizes, depths, width):
        weights += before * after * kernel
        features += after * pixels
        before = after
    each = _BYTES["bf16" if bf16 else "32"]
    return int(each * batch * features + _BYTES_OF_A_WEIGHT * weights)


def _layers(
    sizes: Sequence[int], depths: Sequence[int], width: int
) -> Iterator[tuple[int, int, int]]:
    """Yield the channels, the kernel's pixels and the output's pixels of each convolution."""
    kernels, factors = kernels_and_factors(depths)
    here = list(sizes)

    def two(level: int) -> Iterator[tuple[int, int, int]]:
        kernel = kernels[level]
        for _ in range(2):
            here[:] = [size - reach + 1 for size, reach in zip(here, kernel, strict=True)]
            yield width * 2**level, prod(kernel), prod(here)

    for level in range(len(kernels)):
        yield from two(level)
        if level < len(factors):
            here[:] = [size // by for size, by in zip(here, factors[level], strict=True)]
    for level, factor in reversed(list(enumerate(factors))):
        here[:] = [size * by for size, by in zip(here, factor, strict=True)]
        # The up-convolution, and the skip beside it.
        yield width * 2**level * 3 // 2, prod(factor), prod(here)
        yield from two(level)


def _largest_tile(
    shapes: Sequence[Sequence[int]],
    voxel: Sequence[float],
    depths: Sequence[int],
    width: int,
    batch: int,
    bf16: bool,
    allowed: float,
) -> tuple[tuple[int, ...], int]:
    """Return the largest input tile that fits, about a cube in space, and its bytes."""
    longest = [max(sides) for sides in zip(*shapes, strict=True)]
    longest[-2:] = [max(longest[-2:])] * 2
    reach = max(side * length for side, length in zip(longest, voxel, strict=True))
    best = tuple(map(smallest_input, depths))  # whatever it takes: memory will tell
    for output in range(1, round(reach) + 1):
        tile = tuple(
            input_size(min(max(1, round(output / length)), side), depth)
            for length, side, depth in zip(voxel, longest, depths, strict=True)
        )
        if training_bytes(tile, depths, width, batch, bf16) > allowed:
            break
        best = tile
    return best, training_bytes(best, depths, width, batch, bf16)


def _deepest(voxel: Sequence[float]) -> int:
    return max(_DEPTHS[-1], min(4, max(levels_left_alone(voxel))))


def _poolings(depths: Sequence[int]) -> str:
    return f"{max(depths)} poolings, along ZYX {', '.join(map(str, depths))}"


def _proportions(voxel: Sequence[float]) -> str:
    longest = max(voxel)
    if longest < 1.5:
        return "voxels are about isotropic"
    return f"voxels are {longest:.3g} times as long as they are wide, so the plane is pooled first"
