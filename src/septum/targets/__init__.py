"""What the loss sees: separated instances, class maps and the weights of equation 2."""

from septum.targets.classes import class_map
from septum.targets.distances import two_nearest
from septum.targets.separation import separate
from septum.targets.weights import balanced, border_weights, class_balance, weight_map

__all__ = [
    "balanced",
    "border_weights",
    "class_balance",
    "class_map",
    "separate",
    "two_nearest",
    "weight_map",
]
