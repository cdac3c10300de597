"""Names that begin alike, where there is no room for them whole."""

from collections.abc import Sequence
from itertools import takewhile

_OF_SHARED = 3
"""How much of what all names begin with is shown before that in which they differ."""


def told_apart(names: Sequence[str], room: int) -> list[str]:
    """Return names without most of what all begin with, if one is longer than `room`.

    Examples
    --------
    >>> told_apart(["plate2_well-B07", "plate2_well-C11"], 10)
    ['…ll-B07', '…ll-C11']
    """
    if len(set(names)) < 2 or max(map(len, names)) <= room:
        return list(names)
    # The first and the last of them in order differ no later than any two.
    alike = zip(min(names), max(names), strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], alike))
    if shared <= _OF_SHARED:
        return list(names)
    return [f"…{name[shared - _OF_SHARED :]}" for name in names]
