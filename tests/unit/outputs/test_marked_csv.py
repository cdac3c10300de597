"""A table that somebody has edited is told from one that is as it was written."""

import csv

import numpy as np
import pandas
import pytest

from septum.data.synthetic import draw_cells
from septum.outputs import KINDS, save

CELLS = np.stack([draw_cells(seed, (90, 120), radius=8).truth for seed in range(2)])


def spoilt(path):
    """Yield the file after each of the things that people do to it."""
    text = path.read_bytes()
    head, first, rest = text.split(b"\r\n", 2)
    yield text.replace(first, first.replace(b"1", b"2", 1))
    yield b"\r\n".join([head, rest])
    yield text + b"my notes\r\n"
    yield b"\r\n".join([head + b",remark", first + b",look again", rest])
    pandas.read_csv(path).to_csv(path, index=False)
    yield path.read_bytes()
    pandas.read_csv(path).to_csv(path, index=False, quoting=csv.QUOTE_NONNUMERIC)
    yield path.read_bytes()


@pytest.mark.parametrize("kind", ["table", "summary"])
def test_what_was_edited_is_not_ours_any_more(make, tmp_path, kind):
    path = save(kind, make(CELLS), tmp_path)
    assert KINDS[kind].is_ours(path)
    before = path.read_bytes()
    for after in list(spoilt(path)):
        assert after != before
        path.write_bytes(after)
        assert not KINDS[kind].is_ours(path), after
    path.write_bytes(before)
    assert KINDS[kind].is_ours(path)


def test_readers_see_no_quotes(make, tmp_path):
    path = save("table", make(CELLS), tmp_path)
    names = next(csv.reader(path.open(newline="", encoding="utf-8")))
    assert names[:2] == list(pandas.read_csv(path).columns[:2])
    assert not [name for name in names if '"' in name]
    assert path.read_bytes().startswith(b'"image",')
