"""The network and the tile for volumes: poolings follow the voxels, the tile fits the memory.

In the plane, one network serves nearly all images. Volumes differ too much for that: a section may
be ten times as thick as its pixels are wide, context costs a third axis, and a step is as long as
its tile is large.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from septum.data.crops import tile_of
from septum.geometry import (
    context,
    depth_per_axis,
    depths_within,
    input_size,
    output_size,
    smallest_input,
)
from septum.plan import Plan
from septum.size import readable_bytes
from septum.training.footprint import training_bytes
from septum.voxel import levels_left_alone

# Half as wide as for images: a convolution has three times the weights, a tile more pixels. Less
# where memory holds only tiles that are nearly all context: most of a step would be lost on it.
_WIDTHS = (16, 8)
# A tile should yield this share of the context to each side, or all that the volumes have.
_YIELD = 0.5
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
    if network.depth is None:
        thinnest = [min(sides) for sides in zip(*shapes, strict=True)]
        depths, reason = _poolings(voxel, diameter, thinnest)
        network = replace(network, depth=depths)
        reasons.append(reason)
    depths = depth_per_axis(network.depth or 0, len(voxel))
    batch = 1 if training.batch is None else training.batch
    step = _Step(depths, batch, training.precision not in ("32", "fp32"), training.memory * 2**30)
    longest = _longest(shapes)

    @cache
    def tile_at(width: int) -> tuple[int, ...]:
        if training.tile is not None:
            return tile_of(shapes, training.tile, depths)[0]
        return step.largest_tile(width, voxel, longest)

    def fits(width: int) -> bool:
        tile = tile_at(width)
        enough = training.tile is not None or step.yields_enough(tile, longest)
        return enough and step.fits(tile, width)

    width = network.width
    if width is None:
        width = next(filter(fits, _WIDTHS), _WIDTHS[-1])
        network = replace(network, width=width)
        if width < _WIDTHS[0]:
            reasons.append(f"width {width}, {_why_narrow(training.tile is None, fits(width))}")
    if training.tile is None:
        tile = tile_at(width)
        training = replace(training, tile=tile)
        wide = " × ".join(map(str, map(output_size, tile, depths)))
        kind = " in bfloat16" if step.bf16 else ""
        reasons.append(
            f"tiles of {' × '.join(map(str, tile))} voxels, of which {wide} are learnt from: a "
            f"step takes about {readable_bytes(step.needs(tile, width))}{kind} "
            f"(training.memory = {training.memory:g} GiB)"
        )
    return replace(plan, network=network, training=replace(training, batch=batch)), reasons


@dataclass(frozen=True)
class _Step:
    """What a step of training does: the poolings along each axis, its tiles, and its memory."""

    depths: tuple[int, ...]
    batch: int
    bf16: bool
    allowed: float

    def needs(self, tile: Sequence[int], width: int) -> int:
        """Return the bytes that it takes."""
        return training_bytes(tile, self.depths, width, self.batch, self.bf16)

    def fits(self, tile: Sequence[int], width: int) -> bool:
        """Tell whether that is no more than what is allowed."""
        return self.needs(tile, width) <= self.allowed

    def largest_tile(
        self, width: int, voxel: Sequence[float], longest: Sequence[int]
    ) -> tuple[int, ...]:
        """Return the largest input tile that fits, about a cube in space; else the smallest."""
        reach = max(side * length for side, length in zip(longest, voxel, strict=True))
        best = tuple(map(smallest_input, self.depths))  # whatever it takes: memory will tell
        for output in range(1, round(reach) + 1):
            tile = tuple(
                input_size(min(max(1, round(output / length)), side), depth)
                for length, side, depth in zip(voxel, longest, self.depths, strict=True)
            )
            if not self.fits(tile, width):
                break
            best = tile
        return best

    def yields_enough(self, tile: Sequence[int], longest: Sequence[int]) -> bool:
        """Tell whether a tile is not nearly all context, unless it has all there is."""
        return all(
            output_size(size, depth) >= min(side, _YIELD * context(depth))
            for size, side, depth in zip(tile, longest, self.depths, strict=True)
        )


def _longest(shapes: Sequence[Sequence[int]]) -> list[int]:
    """Return the most voxels along each axis, of Y and X the more for both: rotation swaps them."""
    sizes = [max(sides) for sides in zip(*shapes, strict=True)]
    return [*sizes[:-2], *[max(sizes[-2:])] * 2]


def _deepest(voxel: Sequence[float]) -> int:
    return max(_DEPTHS[-1], min(4, max(levels_left_alone(voxel))))


def _poolings(
    voxel: Sequence[float], diameter: float, thinnest: Sequence[int]
) -> tuple[tuple[int, ...], str]:
    """Return the poolings along each axis, and why as many."""
    deepest = next((d for d in _DEPTHS if context(d) >= _SEEN * diameter), _DEPTHS[-1])
    deepest = max(deepest, min(_deepest(voxel), max(levels_left_alone(voxel))))
    wished = [max(0, deepest - alone) for alone in levels_left_alone(voxel)]
    most = depths_within(thinnest)
    # Where the plane is small, all axes have fewer: none is pooled first that is not long.
    fewer = max(0, wished[-1] - most[-1], wished[-2] - most[-2])
    depths = tuple(min(max(0, wish - fewer), own) for wish, own in zip(wished, most, strict=True))
    reason = f"poolings along ZYX {', '.join(map(str, depths))}: {_proportions(voxel)}"
    if depths != tuple(wished):
        sizes = " × ".join(map(str, thinnest))
        reason += f"; fewer than the {', '.join(map(str, wished))} that objects and voxels ask for,"
        reason += f" so that the network looks no further than the thinnest volume goes: {sizes}"
    return depths, reason


def _why_narrow(proposed: bool, fits: bool) -> str:
    why = "are nearly all context" if proposed else "take more than training.memory"
    if fits:
        return f"since with {_WIDTHS[0]} tiles {why}"
    return f"and tiles {why} all the same: --set training.memory=2 (GiB) would allow larger ones"


def _proportions(voxel: Sequence[float]) -> str:
    longest = max(voxel)
    if longest < 1.5:
        return "voxels are about isotropic"
    return f"voxels are {longest:.3g} times as long as they are wide, so the plane is pooled first"
