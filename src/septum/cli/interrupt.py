"""Ctrl-C in a long training: the first keeps what was learnt, if anything; the second stops."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from septum.cli import show

INTERRUPTED = 130
"""Exit code after Ctrl-C, also where what has been learnt was kept: a script must not go on."""


class Interrupt:
    """Whether Ctrl-C has been pressed.

    Parameters
    ----------
    worth_keeping : bool
        Whether the first press ends what is done in an orderly way; before anything has been done,
        there is nothing to keep, and it stops at once.
    """

    def __init__(self, worth_keeping: bool) -> None:
        self.worth_keeping, self._pressed = worth_keeping, False

    def __call__(self) -> bool:
        """Tell whether it has been."""
        return self._pressed

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Take note of a press, or raise KeyboardInterrupt."""
        if self._pressed or not self.worth_keeping:
            raise KeyboardInterrupt
        self._pressed = True
        show.note("stopping as soon as what was learnt is saved; Ctrl-C again stops at once")


@contextmanager
def first_interrupt_ends(worth_keeping: bool = False) -> Iterator[Interrupt]:
    """Yield what tells whether Ctrl-C has been pressed; a second press raises."""
    interrupt = Interrupt(worth_keeping)
    before = signal.signal(signal.SIGINT, interrupt.on_signal)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
