"""Work done in another thread before it is asked for, so that reading and computing overlap."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")


def ahead(
    make: Callable[[T], U], items: Iterable[T], lead: int = 1, workers: int = 1
) -> Iterator[U]:
    """Yield ``make(item)`` in order, each made while the ones before it are in use.

    Parameters
    ----------
    make : callable
        Called in another thread; in the order of the items, where there is one worker.
    items : iterable
        Taken only as far as needed; may be endless.
    lead : int, default 1
        How many results may lie ready.
    workers : int, default 1
        Threads that make them.

    Raises
    ------
    Exception
        What `make` raises, when its result is due.
    """
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="ahead") as pool:
        waiting: deque[Future[U]] = deque()
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > lead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Behind:
    """Calls made in another thread, in order, while the caller goes on; a context manager.

    An exception of a call is raised by a later `do`, or when the block ends.

    Parameters
    ----------
    lag : int, default 1
        How many calls may be waiting before `do` waits for the first of them.
    """

    def __init__(self, lag: int = 1) -> None:
        self._lag = lag
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> "Behind":
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="behind")
        return self

    def do(self, call: Callable[[], None]) -> None:
        """Have `call` made."""
        self._waiting.append(self._pool.submit(call))
        if len(self._waiting) > self._lag:
            self._waiting.popleft().result()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            while self._waiting and kind is None:
                self._waiting.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)
