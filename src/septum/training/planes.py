"""The network and the tiles for images: as deep as the objects ask for, several tiles a step."""

from dataclasses import replace

from septum.counted import counted
from septum.geometry import context, input_size
from septum.plan import NetworkPlan, Plan

# Of the network, by how far it must see: 44 px to each side, or the paper's 92.
_DEPTHS = (3, 4)
# The network should see this many diameters of an object to each side of a pixel.
_SEEN = 1.5
# What a tile yields, px. Several small tiles a step, from as many images, teach more than a large
# one that takes as long: it is of one image, and so are the statistics that it normalises with.
_OUTPUT = 132
# What the tiles of a step have in all: the pixels of one tile of 444 px, about 0.5 s on two cores.
_PIXELS = 444**2


def with_network(plan: Plan, diameter: float) -> tuple[Plan, list[str]]:
    """Return the plan with the network and the tiles for images, where they are open.

    Parameters
    ----------
    plan : Plan
        What it sets is kept.
    diameter : float
        Of the median object, in working pixels; 0 where unknown.

    Returns
    -------
    plan : Plan
    reasons : list of str
    """
    network, training, reasons = plan.network, plan.training, []
    depth, tile = network.depth, training.tile
    if depth is None:
        seen = next((d for d in _DEPTHS if context(d) >= _SEEN * diameter > 0), _DEPTHS[-1])
        depth = seen
        wide = f", for objects {diameter:.0f} px wide there" if diameter else ""
        reasons.append(
            f"{counted(depth, 'pooling')}: the network sees {context(seen)} px around{wide}"
        )
    batch = training.batch
    if tile is None:
        tile = input_size(_OUTPUT, depth if isinstance(depth, int) else max(depth))
        if batch is None:
            batch = max(1, round(_PIXELS / tile**2))
        reasons.append(f"tiles of {tile} px, {batch} a step")
    batch = 1 if batch is None else batch  # who chooses the tile, chooses how long a step takes
    width = NetworkPlan().width if network.width is None else network.width
    return (
        replace(
            plan,
            network=replace(network, width=width, depth=depth),
            training=replace(training, tile=tile, batch=batch),
        ),
        reasons,
    )
