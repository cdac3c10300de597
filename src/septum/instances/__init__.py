"""From probabilities to separate cells, and from classes to their pieces."""

from septum.instances.components import components, drop_small
from septum.instances.find import Found, find, instances
from septum.instances.pieces import (
    BLOCK,
    Pieces,
    drop_specks,
    find_pieces,
    layers_of,
    smallest_of_each,
    without_specks,
)
from septum.instances.watershed import watershed

__all__ = [
    "BLOCK",
    "Found",
    "Pieces",
    "components",
    "drop_small",
    "drop_specks",
    "find",
    "find_pieces",
    "instances",
    "layers_of",
    "smallest_of_each",
    "watershed",
    "without_specks",
]
