"""From probabilities to separate cells."""

from septum.instances.components import components, drop_small
from septum.instances.find import Found, find, instances
from septum.instances.watershed import watershed

__all__ = ["Found", "components", "drop_small", "find", "instances", "watershed"]
