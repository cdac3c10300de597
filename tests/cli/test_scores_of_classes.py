"""The table of classes fits a terminal of 80 columns, whatever the classes are called."""

import io

import pytest
from rich.console import Console

from septum.cli import show

ROW = {"dice": 0.81234, "iou": 0.7, "precision": 1.0, "sensitivity": 0.0, "auc": float("nan")}
NAMES = ["vessel", "[b]", "a name that is longer than it would have to be for a class of pixels"]


@pytest.mark.parametrize("name", NAMES)
def test_a_row_for_each_class(monkeypatch, name):
    screen = io.StringIO()
    monkeypatch.setattr(show, "results", Console(file=screen, width=80))
    row = {**ROW, "surface_dice": 0.98765, "ap": 0.5}
    show.scores({"classes": {name: row, "mean": row}})
    head, *rows = screen.getvalue().splitlines()
    assert head.split() == ["class", *list(ROW), "surface", "dice", "ap"]
    assert all(len(line) <= 80 for line in rows)
    numbers = ["0.8123", "0.7000", "1.0000", "0.0000", "–", "0.9877", "0.5000"]
    assert rows[0].split()[-7:] == numbers
    assert rows[-1].split() == ["mean", *numbers]
    written = "".join(line[: head.index("dice")] for line in rows[:-1])
    assert written.replace(" ", "") == name.replace(" ", "")


def test_where_a_row_is_too_wide_each_class_has_a_column(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    names = ("dice", "iou", "precision", "sensitivity", "auc", "surface_dice", "ap")
    rows = {name: dict.fromkeys(names, 0.12345) for name in ("mitochondrion", "membrane", "mean")}
    show.scores({"classes": rows})
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[0].split() == ["mitochondrion", "membrane", "mean"]
    assert [line[:12].strip() for line in lines[1:]] == [name.replace("_", " ") for name in names]
    assert all(line.count("0.1235") == 3 for line in lines[1:])
