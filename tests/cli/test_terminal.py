"""What goes to which stream, and how sentences lie in the lines of a terminal."""

import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner

from septum.cli import app, check, main, show
from septum.cli.wrapping import wrapped
from septum.data.formats import write_labels, write_tiff

COMMAND = "septum train my-cells -o runs/second --layout beside --ignore 255 --max-time 20m"
LONG = "/data/" + "a_folder/" * 12 + "cells.tif"


def septum(*arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture
def terminal(monkeypatch):
    screen = io.StringIO()
    wide = Console(file=screen, width=60, force_terminal=True, color_system=None)
    monkeypatch.setattr(show, "console", wide)
    return screen


def test_results_go_to_the_standard_output_and_the_rest_does_not(cells_in, tmp_path):
    data = cells_in(tmp_path)
    image = data / "images" / "0.tif"
    facts = septum("info", image)
    assert facts.stdout.startswith("0.tif\n")
    assert facts.stderr == ""
    check = septum("check", data)
    assert check.stdout.startswith("image ")
    assert check.stderr.startswith("✓ ")
    assert check.stderr.count("\n") == 1
    scores = septum("evaluate", data / "masks", data / "masks", "--metrics", "ctc")
    assert scores.stdout.startswith("metric ")
    assert scores.stderr == "• 2 predictions found their truth by file stem\n"


def test_a_plan_on_the_standard_output_is_that_of_the_file(cells_in, tmp_path, capsys):
    path = tmp_path / "plan.toml"
    done = septum("plan", cells_in(tmp_path), "-o", path)
    assert done.stdout.strip() == path.read_text().strip()
    assert "images" in done.stderr
    line = f"min_size = [{', '.join(map(str, range(100, 130)))}]\n"  # wider than 80 columns
    show.verbatim(line)
    assert capsys.readouterr() == (line, "")


def test_a_name_that_the_encoding_of_a_file_lacks_stops_nothing(cells_in, tmp_path, monkeypatch):
    image = cells_in(tmp_path) / "images" / "0.tif"
    image.rename(image.with_name("細胞.tif"))
    with (tmp_path / "facts").open("w", encoding="latin-1") as file:
        monkeypatch.setattr(sys, "stdout", file)
        monkeypatch.setattr(sys, "argv", ["septum", "info", str(image.with_name("細胞.tif"))])
        with pytest.raises(SystemExit, match="0"):
            main()
    assert r"\u7d30\u80de.tif" in (tmp_path / "facts").read_text(encoding="latin-1")


def test_a_sentence_is_one_line_where_there_is_no_terminal(monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(show, "console", Console(file=log, width=60))
    for say in (show.note, show.done, show.failed, show.error):
        say(f"{'a word ' * 30}{LONG}")
    assert log.getvalue().count("\n") == 4


@pytest.mark.parametrize("say", [show.note, show.done, show.failed, show.error])
def test_a_sentence_is_broken_between_words_on_a_terminal(terminal, say):
    text = (
        f"{LONG}: seven of nine images have no mask; give {LONG} or {'x' * 58} or others; so it is"
    )
    say(text)
    lines = terminal.getvalue().splitlines()
    assert all(len(line) <= 60 for line in lines if LONG not in line)
    assert all(line.startswith("  ") for line in lines[1:])
    assert len(lines) > 3
    said = " ".join(line.strip() for line in lines)
    assert said.partition(" ")[2] == text


@pytest.mark.parametrize(
    "text",
    [
        f"runs/first holds a finished run; to begin another one, type `{COMMAND}`, or leave it",
        f"runs/first: 2,000 steps in 20m. Next: {COMMAND}",
        f"a run keeps its choices. Just: {COMMAND}; or give it another folder",
    ],
)
def test_a_command_is_not_broken(terminal, text):
    show.done(text)
    assert len(terminal.getvalue().splitlines()) > 1
    assert COMMAND in terminal.getvalue()


def test_a_setting_is_not_broken(terminal):
    show.note(f"{'x' * 50} --set instances.threshold=0.5 gives more")
    assert "\n  --set instances.threshold=0.5 gives more\n" in terminal.getvalue()


def test_a_path_with_spaces_that_was_typed_is_not_broken(monkeypatch):
    path = str(Path("my microscope", "all the images of May"))
    monkeypatch.setattr(sys, "argv", ["septum", "check", path])
    lines = wrapped(f"there is no mask for any of the images in {path}/images (x.tif)", 50, 0)
    assert any(f"{path}/images" in line for line in lines)
    assert len(lines) == 2


def test_spaces_within_a_name_are_kept():
    assert wrapped("no mask for a  b   c.tif", 60, 0) == ["no mask for a  b   c.tif"]
    assert wrapped("no mask for a  b.tif", 13, 0) == ["no mask for a", "b.tif"]


def test_newlines_of_a_message_are_kept():
    assert wrapped("one two\n  three\nfour five", 9, 1) == ["one two", "  three", "four five"]


def test_prose_behind_a_command_is_no_part_of_it():
    text = f"to begin: {COMMAND.replace('my-cells', 'my.cells')}. It takes a while. So be patient"
    lines = wrapped(text, 60, 0)
    assert lines[1] == COMMAND.replace("my-cells", "my.cells") + "."
    assert lines[2] == "It takes a while. So be patient"
    assert wrapped("(see: septum info runs/a). So", 26, 0)[-1] == "So"


def test_wide_characters_count_twice():
    assert wrapped("細胞 細胞 細胞", 10, 0) == ["細胞 細胞", "細胞"]


def test_words_of_a_fixed_set_may_be_typed_in_any_case(cells_in, tmp_path):
    data = cells_in(tmp_path)
    septum("evaluate", data / "masks", data / "masks", "--metrics", "CTC,Matching")
    septum("check", data, "--layout", "Folders")
    septum("plan", data, "--preset", "Paper", "--precision", "FP32")


def test_a_layout_is_found_by_the_tool_that_made_it(tmp_path):
    for name, own in (("cellpose", "beside"), ("nnU-Net", "nnunet"), ("ome_zarr", "ome-zarr")):
        done = CliRunner().invoke(app, ["check", str(tmp_path), "--layout", name])
        assert f": --layout {own} is " in str(done.exception)


def test_info_and_check_agree_on_the_axes_of_pages(tmp_path):
    volume = np.zeros((6, 20, 20), np.uint8)
    volume[1:4, 2:8, 2:8], volume[2:6, 10:16, 10:16], volume[5, 2:6, 12:16] = 1, 2, 3
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
        tifffile.imwrite(tmp_path / name / "v.tif", volume)
    said = septum("info", tmp_path / "images" / "v.tif").stdout
    row = "QYX: 6 × 20 × 20, uint8; Q are pages, read as Z where stacks are volumes"
    assert row in " ".join(said.split())
    assert re.search("axes +read as ZYX", septum("check", tmp_path).stdout)


def test_a_picture_of_a_slice_counts_the_objects_of_the_volume_too(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(check, "compose", lambda panels, **_: drawn.extend(panels))
    monkeypatch.setattr(check, "save", lambda *_: None)
    volume = np.zeros((6, 20, 20), np.uint8)
    volume[1:4, 2:8, 2:8], volume[2:5, 10:16, 10:16], volume[5, 2:6, 12:16] = 1, 2, 3
    write_tiff(tmp_path / "images" / "v.tif", volume, "ZYX")
    write_labels(tmp_path / "masks" / "v.tif", volume, "ZYX")
    septum("check", tmp_path, "--picture", tmp_path / "v.png")
    assert drawn[1].title == "2 of 3 objects, slice 4"


def test_a_table_in_a_file_has_no_blanks_at_the_ends_of_lines(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    table = Table("name", "of it", box=None)
    table.add_row("a" * 120, "1")
    table.add_row("b", "a longer one")
    show.results.print(table)
    lines = capsys.readouterr().out.splitlines()
    assert "a" * 120 in lines[1]
    assert [line.rstrip() for line in lines] == lines


def test_what_goes_to_a_pipe_that_is_closed_is_no_traceback():
    code = "from septum.cli import show; show.results.print('x' * 1000); show.results.print('y')"
    piped = f'{sys.executable} -c "{code}" | true'
    done = subprocess.run(["bash", "-c", piped], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
