"""Durations as people write them: 90s, 20m, 1h30m."""

import math
import re

from septum.errors import ConfigError

_UNITS = {"h": 3600, "m": 60, "s": 1}
_PATTERN = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def seconds(duration: str | float | None) -> float | None:
    """Return a duration in seconds.

    Parameters
    ----------
    duration : str, float or None
        ``"90s"``, ``"20m"``, ``"1h30m"``, or a number of seconds; None stays None. A text needs
        its unit: who writes 20 may mean minutes.

    Raises
    ------
    ConfigError
        If it cannot be read, or is not positive.

    Examples
    --------
    >>> seconds("1h30m"), seconds("20m"), seconds(5)
    (5400.0, 1200.0, 5.0)
    """
    if duration is None:
        return None
    total = _total(duration) if isinstance(duration, str) else float(duration)
    if not 0 < total < math.inf:
        raise ConfigError(
            f"{duration!r} is no duration; write it as 90s, 20m or 1h30m, longer than 0"
        )
    return total


def _total(text: str) -> float:
    match = _PATTERN.fullmatch(text.strip())
    amounts = match.groups(default="0") if match else ()
    return sum(
        float(amount) * factor for amount, factor in zip(amounts, _UNITS.values(), strict=False)
    )


def readable(duration: float) -> str:
    """Return seconds as people read them.

    Examples
    --------
    >>> readable(5400), readable(75), readable(9.6)
    ('1h 30m', '1m 15s', '10s')
    """
    whole = round(duration)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
