"""How fast and how frugal septum is on this machine, beside others and beside the machine's limit.

Ratios within one run count, since times depend on the machine; what is compared runs in turn.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from septum.bench import cells, growth, limit, paper, patches, whole
from septum.bench.machine import machine
from septum.bench.page import check, page, replace_in
from septum.bench.section import Section
from septum.bench.sizes import FULL, LONG, QUICK, Sizes
from septum.errors import ConfigError

__all__ = ["FULL", "LONG", "PARTS", "QUICK", "Section", "Sizes", "check", "machine", "page"]
__all__ += ["replace_in", "run"]

PARTS: dict[str, Callable[[Sizes, str], Section]] = {
    "whole": whole.section,
    "paper": paper.section,
    "patches": patches.section,
    "growth": lambda sizes, _: _in_folder(growth.section, sizes),
    "limit": limit.section,
    "cells": lambda sizes, _: _in_folder(cells.section, sizes),
}
"""By name, what can be measured."""

_ON_GPU = ("whole", "limit")


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
    for part in parts:
        yield PARTS[part](sizes, "cpu")
    if torch.cuda.is_available():
        for part in set(parts).intersection(_ON_GPU):
            yield PARTS[part](sizes, "cuda")


def _in_folder(section: Callable[[Sizes, Path], Section], sizes: Sizes) -> Section:
    with tempfile.TemporaryDirectory(prefix="septum-bench-") as name:
        return section(sizes, Path(name))
