"""Durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.duration import readable, seconds
from septum.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90),
        (" 20m ", 1200),
        ("1h30m", 5400),
        ("1h30m5s", 5405),
        ("1.5h", 5400),
        ("0.5s", 0.5),
        (45, 45),
        (0.25, 0.25),
        (1e-5, 1e-5),
        (1e17, 1e17),
    ],
)
def test_durations_are_read(text, expected):
    assert seconds(text) == pytest.approx(expected)


def test_no_limit_stays_none():
    assert seconds(None) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "5 minutes",
        "10x",
        "30m1h",
        "-5m",
        "0",
        "20",
        "0s",
        0,
        -3,
        float("nan"),
        float("inf"),
    ],
)
def test_what_is_no_duration_is_named_with_what_would_be(text):
    with pytest.raises(ConfigError, match="is no duration; write it as 90s, 20m or 1h30m") as error:
        seconds(text)
    assert repr(text) in str(error.value)


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_hours_minutes_and_seconds_add_up(hours, minutes, rest):
    total = 3600 * hours + 60 * minutes + rest
    if total:
        assert seconds(f"{hours}h{minutes}m{rest}s") == total


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0s"), (59.6, "1m 00s"), (75, "1m 15s"), (3599.7, "1h 00m"), (5400, "1h 30m")],
)
def test_seconds_are_written_as_people_read_them(value, text):
    assert readable(value) == text
