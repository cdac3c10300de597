"""What was typed, or called from Python, to have something done: for those who do it again."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from inspect import Parameter, signature
from pathlib import Path
from shlex import join
from typing import Any

_TYPED: ContextVar[str | None] = ContextVar("typed", default=None)


@contextmanager
def typed(command: str) -> Iterator[None]:
    """Let `invocation` return `command` within the block: the command line says so, once."""
    before = _TYPED.set(command)
    try:
        yield
    finally:
        _TYPED.reset(before)


def invocation(function: Callable[..., Any], given: Mapping[str, Any]) -> str:
    """Return the command that was typed or, where there was none, the call of a function.

    Behind a call stands the command that started Python, where that was a script.

    Parameters
    ----------
    function : callable
        Of the package `septum`, which has it under the same name.
    given : mapping
        What its parameters are, by name. Those that are as by default are left out, and functions;
        for what a line cannot hold, such as images, there are three dots.

    Examples
    --------
    >>> def train(data, out, steps=None): ...
    >>> invocation(train, {"data": [object()], "out": "run", "steps": 9}).split("  #")[0]
    "septum.train(..., 'run', steps=9)"
    """
    command = _TYPED.get()
    if command is not None:
        return command
    shown = []
    for name, parameter in signature(function).parameters.items():
        value = given[name]
        if parameter.default is Parameter.empty:
            shown.append(_shown(value))
        elif not (callable(value) or _same(value, parameter.default)):
            shown.append(f"{name}={_shown(value)}")
    call = f"septum.{function.__name__}({', '.join(shown)})"
    if getattr(sys.modules.get("__main__"), "__file__", None) is None:  # a notebook, a prompt
        return call
    return f"{call}  # {join([Path(sys.orig_argv[0]).name, *sys.orig_argv[1:]])}"


def _same(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and _shown(value) == _shown(default))


def _shown(value: Any) -> str:
    """Return what gives the value in Python, or three dots."""
    if isinstance(value, Path):
        return repr(str(value))
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    if is_dataclass(value):
        given = {field: getattr(value, field.name) for field in fields(value)}
        changed = (f"{f.name}={_shown(v)}" for f, v in given.items() if not _same(v, f.default))
        return f"{type(value).__name__}({', '.join(changed)})"
    if isinstance(value, list | tuple):
        items = [_shown(item) for item in value]
        if "..." not in items:
            left, right = "[]" if isinstance(value, list) else "()"
            comma = "," * (isinstance(value, tuple) and len(items) == 1)
            return f"{left}{', '.join(items)}{comma}{right}"
    return "..."
