"""Every part of the benchmark runs, at a size that tells nothing about speed."""

import re

import pytest
from typer.testing import CliRunner

from septum import bench
from septum.cli import app
from septum.errors import ConfigError, DataError

TINY = bench.Sizes(
    times=1,
    image=96,
    width=2,
    window=64,
    volume=(24, 30, 30),
    volume_width=2,
    volume_window=16,
    paper_image=64,
    paper_width=2,
    patches=3,
    growth=(64, 128),
    growth_width=2,
    growth_steps=1,
    matrix=32,
    cells=(64,),
)
TITLES = (
    "Whole image, 96×96 px",
    "Whole volume, 24×30×30 voxels",
    "The paper's claim",
    "Against a patch for every pixel",
    "Cost as the image grows",
    "How close to the limit",
    "Cells from probabilities",
)


def septum(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def test_all_of_it_is_printed_and_written(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "FULL", TINY)
    path = tmp_path / "performance.md"
    path.write_text("by hand\n\n<!-- bench -->\nstale numbers\n<!-- /bench -->\n\nby hand too\n")
    done = septum("bench", "--write", path)
    assert done.exit_code == 0
    text = path.read_text(encoding="utf-8")
    for title in TITLES:
        assert title in done.stdout
        assert f"### {title}" in text
    assert text.startswith("by hand\n")
    assert text.endswith("by hand too\n")
    assert "stale numbers" not in text
    assert done.stderr.endswith(f"✓ wrote {path}\n")
    # Each row has as many cells as its head, and none is empty but the first of the head.
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) >= 6 * 3
    assert not [row for row in rows if re.search(r"\|\s+\|", row[2:]) and "time" not in row]


def test_one_part_can_be_asked_for(monkeypatch):
    monkeypatch.setattr(bench, "QUICK", TINY)
    done = septum("bench", "--quick", "--only", "paper")
    assert done.exit_code == 0
    assert TITLES[2] in done.stdout
    assert not [title for title in TITLES if title in done.stdout and title != TITLES[2]]


def test_what_cannot_be_asked_for(tmp_path):
    with pytest.raises(ConfigError, match="no part 'speed'; expected some of whole, volume, paper"):
        septum("bench", "--only", "speed")
    with pytest.raises(ConfigError, match="exclude each other"):
        septum("bench", "--quick", "--long")
    with pytest.raises(DataError, match="cannot be read"):
        septum("bench", "--write", tmp_path / "none.md")
