"""How fast and how frugal septum is on this machine, beside others and beside the machine's limit.

Ratios within one run count, since times depend on the machine; what is compared runs in turn.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from septum.bench import cells, growth, limit, paper, patches, volume, whole
from septum.bench.machine import machine
from septum.bench.page import check, page, replace_in
from septum.bench.section import Section
from septum.bench.sizes import FULL, LONG, QUICK, Sizes
from septum.errors import ConfigError

__all__ = ["FULL", "LONG", "PARTS", "QUICK", "Section", "Sizes", "check", "machine", "page"]
__all__ += ["replace_in", "run"]

PARTS: dict[str, Callable[[Sizes, str, Path], Section]] = {
    "whole": whole.section,
    "volume": volume.section,
    "paper": paper.section,
    "patches": lambda sizes, device, _folder: patches.section(sizes, device),
    "growth": lambda sizes, _device, folder: growth.section(sizes, folder / "growth"),
    "limit": limit.section,
    "cells": lambda sizes, _device, folder: cells.section(sizes, folder / "cells"),
}
"""By name, what can be measured."""

_ON_GPU = ("whole", "volume", "limit")


def run(sizes: Sizes = FULL, parts: Sequence[str] = tuple(PARTS)) -> Iterator[Section]:
    """Measure, and yield each section when it is done.

    Parameters
    ----------
    sizes : Sizes
        How large everything is; `FULL` takes about ten minutes on two cores.
    parts : sequence of str
        Some of `PARTS`.

    Raises
    ------
    ConfigError
        If there is no such part.
    """
    if unknown := [part for part in parts if part not in PARTS]:
        raise ConfigError(f"there is no part {unknown[0]!r}; expected some of {', '.join(PARTS)}")
    return _run(sizes, parts)


def _run(sizes: Sizes, parts: Sequence[str]) -> Iterator[Section]:
    runs = [(part, "cpu") for part in parts]
    if torch.cuda.is_available():
        runs += [(part, "cuda") for part in parts if part in _ON_GPU]
    with tempfile.TemporaryDirectory(prefix="septum-bench-", ignore_cleanup_errors=True) as name:
        for part, device in runs:
            yield PARTS[part](sizes, device, Path(name))
