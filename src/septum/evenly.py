"""A few of many, evenly spaced: to look at, to measure on, to calibrate with."""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def evenly(items: Sequence[Item], number: int) -> list[Item]:
    """Return `number` items, evenly spaced, or all where there are no more.

    Examples
    --------
    >>> evenly("abcdefghi", 3)
    ['a', 'e', 'i']
    """
    count = min(len(items), number)
    if count < 2:
        return list(items[:count])
    return [items[round(place * (len(items) - 1) / (count - 1))] for place in range(count)]
