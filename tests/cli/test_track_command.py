"""`septum track` and `septum evaluate --metrics tracking` as a user runs them."""

import json
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from septum.cli import app, main
from septum.data.formats import write_labels

CELLS = np.zeros((3, 12, 20), np.uint16)
CELLS[:, 2:8, 1:6] = 1
CELLS[:2, 2:8, 10:18] = 2
CELLS[2:, 2:8, 9:12] = 3
CELLS[2:, 2:8, 15:19] = 4


def septum(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def cells(tmp_path):
    for number, frame in enumerate(CELLS):
        write_labels(tmp_path / "cells" / f"t{number:03}_labels.tif", frame, "YX")
        write_labels(tmp_path / "01_GT" / "TRA" / f"man_track{number:03}.tif", frame, "YX")
        write_labels(tmp_path / "01_GT" / "SEG" / f"man_seg{number:03}.tif", frame, "YX")
    (tmp_path / "01_GT" / "TRA" / "man_track.txt").write_text(
        "1 0 2 0\n2 0 1 0\n3 2 2 2\n4 2 2 2\n"
    )
    return tmp_path


def test_from_label_images_to_scores(cells):
    done = septum("track", cells / "cells", "-o", cells / "RES")
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "RES: 4 tracks, 1 division\n" in done.stderr
    arguments = ("--metrics", "tracking", "--json", cells / "scores.json")
    done = septum("evaluate", cells / "RES", cells / "01_GT", *arguments)
    assert done.exit_code == 0
    for name in ("seg", "det", "tra", "lnk"):
        assert f"{name}     1.000000" in done.stdout
    scores = json.loads((cells / "scores.json").read_text())
    nothing = dict.fromkeys(("ns", "fn", "fp", "ed", "ea", "ec"), 0)
    assert scores == {"tracking": {"seg": 1, "det": 1, "tra": 1, "lnk": 1, "corrections": nothing}}


def test_frames_without_an_object_are_no_success(tmp_path):
    for number in range(3):
        write_labels(tmp_path / "cells" / f"t{number}_labels.tif", np.zeros((9, 9), np.uint8), "YX")
    done = septum("track", tmp_path / "cells", "-o", tmp_path / "RES")
    assert done.exit_code == 0
    assert "✓" not in done.stderr
    assert "has no object in any frame" in done.stderr


def test_the_truth_of_the_challenge_is_known_from_inside_its_folder(cells, monkeypatch):
    monkeypatch.chdir(cells / "01_GT" / "SEG")
    one = CELLS[0] > 0  # ids of which there is one are no mask
    write_labels(cells / "01_GT" / "SEG" / "man_seg000.tif", one.astype(np.uint16), "YX")
    from_inside = septum("evaluate", cells / "cells", ".", "--metrics", "ctc")
    from_outside = septum("evaluate", cells / "cells", cells / "01_GT", "--metrics", "ctc")
    assert from_inside.exit_code == 0
    assert from_inside.stdout == from_outside.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("track", "cells", "-o", "cells"), "cells: the frames are in this folder"),
        (("track", "none", "-o", "out"), "none: no such file or folder"),
        (("track", "cells", "-o", "01_GT"), "01_GT holds what septum did not write (SEG, TRA)"),
        (("track", "cells", "--axes", "TYX", "-o", "out"), "axes 'TYX' do not name the 2 axes"),
        (("evaluate", "cells", "01_GT", "--metrics", "tracking"), "give what `septum track` wrote"),
        (("evaluate", "cells", "01_GT", "--metrics", "tra"), "isbi, ctc, matching, tracking"),
    ],
)
def test_what_goes_wrong_is_one_line(cells, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(cells)
    monkeypatch.setattr(sys, "argv", ["septum", *arguments])
    before = sorted(path.name for path in cells.rglob("*"))
    with pytest.raises(SystemExit) as caught:
        main()
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert caught.value.code == 2
    assert len(errors) == 1
    assert message in errors[0]
    assert sorted(path.name for path in cells.rglob("*")) == before
