"""Frozen dataclasses to and from TOML, and ``key=value`` from a command line.

A key that does not exist, or a value of another type, is an error that names what would fit.
"""

import tomllib
import types
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from septum.errors import ConfigError

T = TypeVar("T")

_TYPES = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}


def to_dict(config: Any) -> dict[str, Any]:
    """Return a dataclass as nested dictionaries of plain values.

    TOML has no None: it is left out where it is the default, and else written as ``"none"``.
    """
    result = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if is_dataclass(value):
            result[field.name] = to_dict(value)
        elif value is not None:
            result[field.name] = list(value) if isinstance(value, tuple) else value
        elif field.default is not None:
            result[field.name] = "none"
    return result


def from_dict(cls: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Return a dataclass of type `cls` from nested dictionaries; what is absent keeps its default.

    Raises
    ------
    ConfigError
        If a key does not exist or a value has another type.
    """
    return update(cls(), values, where)


def update(config: T, values: Mapping[str, Any], where: str = "") -> T:
    """Return `config` with the nested `values` in place of its own.

    Raises
    ------
    ConfigError
        If a key does not exist or a value has another type.
    """
    hints = get_type_hints(type(config))
    changes = {}
    for key, value in values.items():
        name = f"{where}.{key}" if where else key
        if key not in hints:
            raise ConfigError(_unknown(name, key, hints))
        current = getattr(config, key)
        if is_dataclass(current):
            if not isinstance(value, Mapping):
                raise ConfigError(f"{name} is a section; set one of its keys, as {name}.key=value")
            changes[key] = update(current, value, name)
        else:
            changes[key] = _checked(name, value, hints[key])
    try:
        return replace(config, **changes)  # pyright: ignore[reportArgumentType]
    except ValueError as error:
        raise ConfigError(str(error)) from None


def override(config: T, assignments: Iterable[str]) -> T:
    """Return `config` with ``section.key=value`` assignments applied, values written as in TOML.

    Raises
    ------
    ConfigError
        If an assignment cannot be read, its key does not exist or its value has another type.

    Examples
    --------
    >>> from septum.plan import Plan
    >>> override(Plan(), ["network.width=32"]).network.width
    32
    """
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        if not separator or not key.strip():
            raise ConfigError(f"{assignment!r} is no assignment; write it as section.key=value")
        nested: Any = _value(text.strip())
        for part in reversed(key.strip().split(".")):
            nested = {part: nested}
        config = update(config, nested)
    return config


def to_toml(config: Any) -> str:
    """Return a dataclass of scalars, tuples and one level of sections as TOML."""
    return "\n".join(_toml_lines(to_dict(config), "")) + "\n"


def from_toml(cls: type[T], text: str) -> T:
    """Return a dataclass of type `cls` from TOML.

    Raises
    ------
    ConfigError
        If the text is no TOML, a key does not exist or a value has another type.
    """
    try:
        return from_dict(cls, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not a TOML file: {error}") from None


def _toml_lines(values: Mapping[str, Any], section: str) -> list[str]:
    lines = [f"[{section}]"] if section else []
    lines += [f"{k} = {_toml(v)}" for k, v in values.items() if not isinstance(v, Mapping)]
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines += ["", *_toml_lines(value, f"{section}.{key}" if section else key)]
    return lines


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return repr(value)


def _value(text: str) -> Any:
    # A bare word is meant as a string: `network.norm=batch` needs no quotes in a shell.
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _checked(name: str, value: Any, hint: Any) -> Any:
    choices = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    if type(None) in choices and value in (None, "none"):
        return None
    for choice in choices:
        if choice is float and isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        if get_origin(choice) is tuple and isinstance(value, (list, tuple)):
            inner = get_args(choice)
            if len(inner) == len(value) or (len(inner) == 2 and inner[1] is Ellipsis):
                return tuple(_checked(name, item, inner[0]) for item in value)
        if choice is str and type(value) is int:
            return str(value)  # a shell has no quotes left to tell precision=32 from "32"
        if isinstance(choice, type) and type(value) is choice:
            return value
    expected = " or ".join(map(_in_words, choices))
    raise ConfigError(f"{name} is {value!r}; expected {expected}")


def _in_words(hint: Any) -> str:
    if hint is type(None):
        return "none"
    if get_origin(hint) is tuple:
        return "a list as [1, 2]"
    return _TYPES.get(hint, getattr(hint, "__name__", str(hint)))


def _unknown(name: str, key: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = get_close_matches(key, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"it is one of {', '.join(names)}"
    return f"there is no setting {name!r}; {hint}"
