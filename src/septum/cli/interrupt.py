"""Ctrl-C in a long training: the first ends it and keeps what has been learnt, the second stops."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from septum.cli import show

INTERRUPTED = 130
"""Exit code after Ctrl-C, also where what has been learnt was kept: a script must not go on."""


@contextmanager
def first_interrupt_ends() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether Ctrl-C has been pressed; a second press raises."""
    pressed = False

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        show.note("stopping after this step and keeping the model so far; Ctrl-C again to drop it")

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
