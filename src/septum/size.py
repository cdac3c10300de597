"""Amounts of memory as people write them: 500MB, 4GiB."""

import math
import re

from septum.errors import ConfigError

_PREFIXES = ("", "K", "M", "G", "T")
_UNITS = {f"{prefix}B".lower(): 1000**power for power, prefix in enumerate(_PREFIXES)} | {
    f"{prefix}iB".lower(): 1024**power for power, prefix in enumerate(_PREFIXES) if prefix
}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.IGNORECASE)


def parse_bytes(size: str | int) -> int:
    """Return an amount of memory in bytes.

    Parameters
    ----------
    size : str or int
        ``"4GiB"`` (1024³ bytes each), ``"500MB"`` (1000² bytes each), or a number of bytes. A text
        needs its unit: who writes 4 may mean gigabytes.

    Raises
    ------
    ConfigError
        If it cannot be read, or is less than one byte.

    Examples
    --------
    >>> parse_bytes("4GiB"), parse_bytes("1.5 MB"), parse_bytes(2048)
    (4294967296, 1500000, 2048)
    """
    amount = _amount(size) if isinstance(size, str) else float(size)
    if not 1 <= amount < math.inf:
        raise ConfigError(f"{size!r} is no amount of memory; write it as 500MB or 4GiB")
    return int(amount)


def _amount(text: str) -> float:
    match = _PATTERN.fullmatch(text.strip())
    return float(match[1]) * _UNITS.get(match[2].lower(), 0) if match else 0.0


def readable_bytes(size: float) -> str:
    """Return an amount of memory as people read it.

    Examples
    --------
    >>> readable_bytes(4 * 1024**3), readable_bytes(1.5 * 1024**2), readable_bytes(100)
    ('4 GiB', '1.5 MiB', '100 B')
    """
    power = 0
    while size >= 1024 and power + 1 < len(_PREFIXES):
        size, power = size / 1024, power + 1
    unit = f"{_PREFIXES[power]}iB" if power else "B"
    digits = f"{size:.{0 if size >= 100 else 1}f}".removesuffix(".0")
    return f"{digits} {unit}"
