"""What is recorded can be done again: the command as typed, or the call and what made it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from septum.data.layouts import AS_FOUND, Reading
from septum.invocation import invocation, typed
from septum.training import Machine


def train(data, out, preset="default", settings=(), reading=AS_FOUND, machine=None, on_note=None):
    """Return what is recorded of this call, without the script behind it."""
    return invocation(train, locals()).split("  # ")[0]


@pytest.mark.parametrize(
    ("recorded", "call"),
    [
        (train("my cells", Path("runs/a")), "septum.train('my cells', 'runs/a')"),
        (train("a", "b", "default", on_note=print), "septum.train('a', 'b')"),
        (
            train("a", "b", "paper", ("network.width=4",), Reading(ignore=255), Machine(devices=2)),
            "septum.train('a', 'b', preset='paper', settings=('network.width=4',), "
            "reading=Reading(ignore=255), machine=Machine(devices=2))",
        ),
        (
            train("a", "b", settings=["x=1", "y=2"]),
            "septum.train('a', 'b', settings=['x=1', 'y=2'])",
        ),
        (train(([np.zeros(2)], [np.ones(2)]), "b"), "septum.train(..., 'b')"),
        (train("a", "b", settings=(text for text in "xy")), "septum.train('a', 'b', settings=...)"),
    ],
)
def test_a_call_is_recorded_with_what_is_not_as_by_default(recorded, call):
    assert recorded == call


def test_what_was_typed_comes_before_what_was_called():
    with typed("septum train a -o b"):
        assert train("a", "b") == "septum train a -o b"
    assert train("a", "b") == "septum.train('a', 'b')"


SCRIPT = """
from septum.invocation import invocation
def train(data, out):
    print(invocation(train, locals()))
train("a", "b")
"""


@pytest.mark.parametrize(
    ("arguments", "behind"),
    [(["my script.py", "--foo", "a b"], " 'my script.py' --foo 'a b'"), (["-c", SCRIPT], None)],
)
def test_behind_a_call_stands_the_script_that_made_it(tmp_path, arguments, behind):
    (tmp_path / "my script.py").write_text(SCRIPT)
    command = [sys.executable, *arguments]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    python = Path(sys.executable).name
    comment = "" if behind is None else f"  # {python}{behind}"
    assert printed.stdout == f"septum.train('a', 'b'){comment}\n"
