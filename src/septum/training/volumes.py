"""The network and the tile for volumes: poolings follow the voxels, the tile fits the memory.

In the plane, one network serves nearly all images. Volumes differ too much for that: a section may
be ten times as thick as its pixels are wide, context costs a third axis, and a step is as long as
its tile is large.
"""

from collections.abc import Sequence
from dataclasses import replace

from septum.geometry import (
    context,
    depth_per_axis,
    input_size,
    output_size,
    smallest_input,
)
from septum.plan import Plan
from septum.size import readable_bytes
from septum.training.footprint import training_bytes
from septum.voxel import levels_left_alone

# Half as wide as for images: a convolution has three times the weights, a tile more pixels.
_WIDTH = 16
# Of the network, by how far it must see: 20 voxels to each side, or 44.
_DEPTHS = (2, 3)
# The network should see this many diameters of an object to each side of a voxel.
_SEEN = 1.5


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
    batch = 1 if training.batch is None else training.batch
    if training.tile is None:
        depths = depth_per_axis(network.depth or 0, ndim)
        allowed, bf16 = training.memory * 2**30, training.precision not in ("32", "fp32")
        tile, needed = _largest_tile(
            shapes, voxel, depths, network.width or _WIDTH, batch, bf16, allowed
        )
        training = replace(training, tile=tile)
        wide = " × ".join(map(str, map(output_size, tile, depths)))
        kind = " in bfloat16" if bf16 else ""
        reasons.append(
            f"tiles of {' × '.join(map(str, tile))} voxels, of which {wide} are learnt from: a "
            f"step takes about {readable_bytes(needed)}{kind} "
            f"(training.memory = {training.memory:g} GiB)"
        )
    return replace(plan, network=network, training=replace(training, batch=batch)), reasons


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
