"""Amounts of memory as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.errors import ConfigError
from septum.size import parse_bytes, readable_bytes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4GiB", 4 * 2**30),
        (" 500MB ", 500_000_000),
        ("1.5 kiB", 1536),
        ("2gb", 2_000_000_000),
        ("1TiB", 2**40),
        ("7B", 7),
        (12345, 12345),
    ],
)
def test_sizes_are_read(text, expected):
    assert parse_bytes(text) == expected


@pytest.mark.parametrize(
    "text", ["", "4", "much", "4 G", "4GiBs", "-4GiB", "0GiB", "0.5B", "1e3GB", "GiB", 0, -1]
)
def test_what_is_no_size_is_named_with_what_would_be(text):
    with pytest.raises(ConfigError, match="is no amount of memory; write it as 500MB or 4GiB") as e:
        parse_bytes(text)
    assert repr(text) in str(e.value)


@given(st.integers(1, 2**50))
def test_what_is_written_is_about_what_is_read(size):
    assert parse_bytes(readable_bytes(size)) == pytest.approx(size, rel=0.05)
