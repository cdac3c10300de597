"""How the loops that numpy has no word for are compiled."""

from collections.abc import Callable

from numba import njit


def kernel(function: Callable):
    """Compile a function with numba, without the interpreter's lock.

    The machine code is kept for the next process wherever numba finds a folder it can write to: a
    read-only installation, as in a container without a home, has none, and compiles every time.
    """
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)
