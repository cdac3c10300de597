"""Work in another thread: in order, no further than allowed, and no exception lost."""

import threading
from itertools import count, islice

import pytest

from septum.ahead import Behind, ahead


def test_results_come_in_order_and_are_made_elsewhere():
    made = []

    def make(item):
        made.append(threading.current_thread())
        return item * item

    assert list(ahead(make, range(20), lead=3)) == [n * n for n in range(20)]
    assert threading.current_thread() not in made
    assert len(made) == 20


def test_an_endless_source_is_read_no_further_than_the_lead():
    asked = []

    def items():
        for number in count():
            asked.append(number)
            yield number

    assert list(islice(ahead(lambda n: n, items(), lead=2), 5)) == [0, 1, 2, 3, 4]
    assert len(asked) == 7


def test_what_making_raises_comes_when_its_result_is_due():
    def make(item):
        if item == 2:
            raise ValueError("damaged")
        return item

    results = ahead(make, range(5))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="damaged"):
        next(results)


def test_calls_are_made_in_order_and_all_of_them():
    done = []
    with Behind(lag=2) as behind:
        for number in range(10):
            behind.do(lambda number=number: done.append(number))
    assert done == list(range(10))


def fail():
    raise OSError("disk full")


def use(*calls, lag=1):
    with Behind(lag) as behind:
        for call in calls:
            behind.do(call)


def test_what_a_call_raises_is_raised_at_the_end_at_the_latest():
    with pytest.raises(OSError, match="disk full"):
        use(fail)
    calls = []
    with pytest.raises(OSError, match="disk full"):
        use(fail, *[lambda: calls.append(1)] * 100)
    assert len(calls) < 10


def test_an_error_of_the_caller_is_not_hidden_by_one_of_a_call():
    def trip():
        with Behind(lag=5) as behind:
            behind.do(fail)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        trip()
