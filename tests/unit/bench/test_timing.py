from functools import partial

import numpy as np

from septum.bench import timing
from septum.bench.timing import alone, interleaved, peak_bytes

MEGABYTE = 2**20


def test_tasks_take_turns_after_a_warm_up(monkeypatch):
    order = []
    tasks = {name: partial(order.append, name) for name in "ABC"}
    interleaved(tasks, 2, warm={"B"})
    assert "".join(order) == "AC" + "ABC" * 2


def test_the_median_counts(monkeypatch):
    ticks = iter([0, 1, 10, 12, 20, 70])
    monkeypatch.setattr(timing, "perf_counter", lambda: next(ticks))
    assert interleaved({"task": lambda: None}, 3) == {"task": 2}


def test_memory_is_that_of_the_process_alone():
    much = np.ones(400 * MEGABYTE, np.uint8)
    here = peak_bytes()
    taken = alone(partial, np.ones, 20 * MEGABYTE)
    assert here >= much.nbytes
    assert taken.peak - taken.before > 150 * MEGABYTE
    assert taken.before < here
    assert taken.seconds > 0
