"""septum: the U-Net for people with a microscope, a few annotations and one machine."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from septum import augment, geometry, instances, metrics, network, predict, targets, tracking
    from septum.api import Machine, evaluate, load, resume, track, train

from septum.version import __version__

__all__ = [
    "Machine",
    "__version__",
    "augment",
    "evaluate",
    "geometry",
    "instances",
    "load",
    "metrics",
    "network",
    "predict",
    "resume",
    "targets",
    "track",
    "tracking",
    "train",
]

_LAZY = {"Machine", "evaluate", "load", "resume", "track", "train"}


def __getattr__(name: str) -> Any:
    # Imported on first use: `import septum` alone must not cost the seconds that torch takes.
    if name in _LAZY:
        return getattr(importlib.import_module("septum.api"), name)
    if name in __all__:
        return importlib.import_module(f"septum.{name}")
    raise AttributeError(f"module 'septum' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
