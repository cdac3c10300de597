"""Numbers of things in words."""


def counted(number: int, what: str) -> str:
    """Return a number with its noun: ``"1 image"``, ``"3 images"``, ``"2 classes"``."""
    plural = "es" if what.endswith("s") else "s"
    return f"{number} {what}{plural * (number != 1)}"
