"""Times that can be compared: taken in turn in one process, or alone in a process of its own."""

import multiprocessing
import sys
from collections.abc import Callable, Container, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter


def interleaved(
    tasks: Mapping[str, Callable[[], object]], times: int, warm: Container[str] = ()
) -> dict[str, float]:
    """Return the median seconds of each task, taken in turn: A B C A B C ...

    So a slow moment of the machine hits all alike. A task runs once before, untimed.

    Parameters
    ----------
    tasks : mapping of str to callable
        What to measure, by name.
    times : int
        Runs of each.
    warm : container of str
        Names of those that have run already.
    """
    for name, task in tasks.items():
        if name not in warm:
            task()
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(times):
        for name, task in tasks.items():
            taken[name].append(seconds_of(task))
    return {name: median(seconds) for name, seconds in taken.items()}


def seconds_of(task: Callable[[], object]) -> float:
    """Return how long one call takes."""
    begun = perf_counter()
    task()
    return perf_counter() - begun


@dataclass(frozen=True)
class Alone:
    """What one call took, in a process of its own.

    Attributes
    ----------
    seconds : float
        Of the call.
    before, peak : int
        Resident bytes before the call, and the most of the whole life of the process.
    """

    seconds: float
    before: int
    peak: int


def alone(prepare: Callable[..., Callable[[], object]], *arguments: object) -> Alone:
    """Measure ``prepare(*arguments)()`` in a new process; what `prepare` does is not timed.

    Parameters
    ----------
    prepare : callable
        A function of a module.
    arguments
        Numbers, strings and paths.
    """
    # Not a fork, which would begin with all that is in the memory of this process.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(_measured, prepare, arguments).result()


def _measured(prepare: Callable[..., Callable[[], object]], arguments: tuple) -> Alone:
    task = prepare(*arguments)
    before = peak_bytes()
    return Alone(seconds=seconds_of(task), before=before, peak=peak_bytes())


def peak_bytes() -> int:
    """Return the most memory that this process has had resident so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage, whose maximum a new process inherits from the one that started it.
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
