"""A table that somebody has edited is told from one that is as it was written."""

import csv
import tempfile

import numpy as np
import pandas
import pytest

from septum.data.synthetic import draw_cells
from septum.errors import DataError
from septum.outputs import KINDS, marked_csv, save
from septum.segment.options import Options, spare_annotations

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


def test_rows_that_memory_does_not_hold_lie_on_the_disk_of_the_result(make, tmp_path, monkeypatch):
    monkeypatch.setattr(marked_csv, "_HELD", 64)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "there is no such folder"))
    path = save("table", make(CELLS), tmp_path / "out")
    assert KINDS["table"].is_ours(path)
    assert list(path.parent.iterdir()) == [path]


def test_a_table_without_a_mark_is_said_to_be_of_another_version(make, tmp_path):
    path = save("table", make(CELLS), tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"', b""))  # as septum wrote it before
    image = tmp_path / "images" / f"{path.name.removesuffix(KINDS['table'].suffix)}.tif"
    with pytest.raises(DataError, match="not written by this version of septum, or was changed"):
        spare_annotations(image, tmp_path, Options(save=("table",)))
