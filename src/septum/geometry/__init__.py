"""Sizes, tiles and blocks as exact integers, tested before any tensor exists."""

from septum.geometry.blocks import Block, Side, blocks
from septum.geometry.sizes import (
    context,
    deepest_within,
    depth_per_axis,
    depths_within,
    input_size,
    is_legal,
    kernels_and_factors,
    nearest_legal,
    output_size,
    smallest_input,
)
from septum.geometry.tiles import Interval, Tile, grid, mirror, tile_sizes, tile_stride

__all__ = [
    "Block",
    "Interval",
    "Side",
    "Tile",
    "blocks",
    "context",
    "deepest_within",
    "depth_per_axis",
    "depths_within",
    "grid",
    "input_size",
    "is_legal",
    "kernels_and_factors",
    "mirror",
    "nearest_legal",
    "output_size",
    "smallest_input",
    "tile_sizes",
    "tile_stride",
]
