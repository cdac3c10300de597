"""Numbers of things in words."""

_OF_ONE = {"are": "is", "have": "has", "do": "does", "teach": "teaches"}


def counted(number: int, what: str, do: str = "", of: int | None = None) -> str:
    """Return a number with its noun, and with a verb that goes with it.

    Parameters
    ----------
    number : int
        How many there are.
    what : str
        One of them: ``"1 image"``, ``"3,000 images"``, ``"2 classes"``.
    do : str
        The verb of many: ``"1 image has"``, ``"3 images have"``.
    of : int, optional
        How many there are in all: ``"1 of 6 images has"``, ``"1 of 1 image has"``.
    """
    plural = "es" if what.endswith("s") else "s"
    shown = f"{number:,}" if of is None else f"{number:,} of {of:,}"
    noun = f"{shown} {what}{plural * ((number if of is None else of) != 1)}"
    if not do:
        return noun
    return f"{noun} {_OF_ONE.get(do, f'{do}s') if number == 1 else do}"
