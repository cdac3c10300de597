"""A result on disk against the truth of the challenge, by py-ctcmetrics; what is refused."""

import contextlib
import io

import numpy as np
import pytest
import tifffile

import septum
from septum.errors import DataError
from septum.tracking import Track, score

CELLS = np.zeros((4, 12, 20), np.uint16)
CELLS[:, 2:8, 1:6] = 1
CELLS[:2, 2:8, 10:18] = 2
CELLS[2:, 2:8, 9:12] = 3
CELLS[2:, 2:8, 15:19] = 4
LINES = "1 0 3 0\n2 0 1 0\n3 2 3 2\n4 2 3 2\n"


def truth_in(root, outlined=(0, 3), cells=CELLS):
    (root / "TRA").mkdir(parents=True)
    (root / "SEG").mkdir()
    for frame, labels in enumerate(cells):
        markers = np.where(np.roll(labels, 1, -1) == labels, labels, 0)
        tifffile.imwrite(
            root / "TRA" / f"man_track{frame:03}.tif", markers, photometric="minisblack"
        )
        if frame in outlined:
            tifffile.imwrite(
                root / "SEG" / f"man_seg{frame:03}.tif", labels, photometric="minisblack"
            )
    (root / "TRA" / "man_track.txt").write_text(LINES)
    return root


@pytest.fixture
def place(tmp_path):
    """A truth in 01_GT, and in RES a result that is a little smaller and missed a cell once."""
    truth_in(tmp_path / "01_GT")
    smaller = np.where(np.roll(CELLS, 1, -2) == CELLS, CELLS, 0)
    smaller[1][smaller[1] == 1] = 0
    septum.track(smaller, tmp_path / "RES")
    return tmp_path


def test_the_scores_equal_py_ctcmetrics(place):
    oracle = pytest.importorskip("ctc_metrics.scripts.evaluate")
    done = []
    ours = score(place / "RES", place / "01_GT", lambda *count: done.append(count))
    with contextlib.redirect_stdout(io.StringIO()):
        names = ["Valid", "SEG", "DET", "TRA", "LNK"]
        found = oracle.evaluate_sequence(str(place / "RES"), str(place / "01_GT"), names, threads=1)
    assert found["Valid"] == 1
    for name in names[1:]:
        assert 0 < ours[name.lower()] < 1
        assert ours[name.lower()] == pytest.approx(found[name], abs=1e-9)
    assert ours["corrections"]["fn"] == found["AOGM_FN"] == 1
    assert done[-1] == (4, 4)


def test_evaluate_has_it_beside_the_other_metrics(place):
    scores = septum.evaluate(place / "RES", place / "01_GT", "tracking,ctc")
    assert scores["tracking"] == score(place / "RES", place / "01_GT")
    assert scores["ctc"]["seg"] == scores["tracking"]["seg"]
    assert set(septum.evaluate(place / "RES", place / "01_GT", ["tracking"])) == {"tracking"}
    with pytest.raises(DataError, match="tracking is measured on folders"):
        septum.evaluate(CELLS, CELLS, "tracking")


def test_slices_of_volumes_are_compared_with_those_of_the_result(tmp_path):
    volumes = np.stack([np.zeros_like(CELLS), CELLS, CELLS], axis=1)
    truth = truth_in(tmp_path / "01_GT", (), volumes)
    tifffile.imwrite(truth / "SEG" / "man_seg_002_001.tif", CELLS[2])
    septum.track(volumes, tmp_path / "RES")
    assert score(tmp_path / "RES", truth)["seg"] == 1
    tifffile.imwrite(truth / "SEG" / "man_seg_002_000.tif", CELLS[2])
    assert score(tmp_path / "RES", truth)["seg"] == 0.5
    tifffile.imwrite(truth / "SEG" / "man_seg_002_003.tif", CELLS[2])
    with pytest.raises(DataError, match=r"man_seg_002_003\.tif: no slice 3"):
        score(tmp_path / "RES", truth)


def test_without_outlines_there_is_no_seg_and_it_is_said(place):
    for path in (place / "01_GT" / "SEG").iterdir():
        path.unlink()
    notes = []
    assert "seg" not in score(place / "RES", place / "01_GT", on_note=notes.append)
    assert "SEG is left out" in notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 0 3\n", r"res_track\.txt, line 1: '1 0 3'; expected four whole numbers"),
        ("1 0 3 0\n2 0 x 0\n", "line 2"),
        ("1 0 -3 0\n", "line 1"),
        ("1 0 3 0\n1 0 3 0\n", r"res_track\.txt: two tracks have the label 1"),
        ("1 0 3 9\n", "parent 9, which is no track"),
        ("1 0 3 0\n", "frame 0 of the prediction: no track is there of the label 2"),
    ],
)
def test_tracks_that_make_no_sense_are_refused(place, text, message):
    (place / "RES" / "res_track.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        score(place / "RES", place / "01_GT")


def test_missing_files_are_named(place):
    (place / "01").mkdir()
    for beside in (place, place / "01", place / "01_GT" / "SEG", place / "01_GT" / "TRA"):
        with pytest.raises(DataError, match=r"man_track\.txt: no such file; .* as .*/01_GT$"):
            score(place / "RES", beside)
    with pytest.raises(DataError, match=r"no such file; give the 01_GT folder of a sequence$"):
        score(place / "RES", place / "RES")
    (place / "RES" / "mask002.tif").unlink()
    with pytest.raises(DataError, match="3 label images, and none of frame 2; the frames"):
        score(place / "RES", place / "01_GT")
    septum.track(CELLS[:3], place / "RES")
    with pytest.raises(
        DataError, match=r"RES has 3 frames, .*GT 4; .*track all 4\. .* if they are frames 0 to 2"
    ):
        score(place / "RES", place / "01_GT")
    assert septum.evaluate(place / "RES", place / "01_GT", "ctc,matching")["ctc"]["seg"] == 1
    (place / "01_GT" / "TRA" / "man_track003.tif").unlink()
    with pytest.raises(DataError, match=r"the truth: track .* ends in frame 3, .* in frame 2 and"):
        score(place / "RES", place / "01_GT")
    (place / "01_GT" / "TRA" / "man_track002.tif").unlink()
    with pytest.raises(DataError, match=r"3 frames, .*01_GT 2; .* track the 2 frames of the truth"):
        score(place / "RES", place / "01_GT")
    (place / "RES" / "res_track.txt").unlink()
    with pytest.raises(
        DataError,
        match=r"res_track\.txt: no such file, beside 3 label images .*; give what `septum track`",
    ):
        score(place / "RES", place / "01_GT")


def test_the_folder_one_is_in_is_a_truth_or_beside_one(place, monkeypatch):
    expected = score(place / "RES", place / "01_GT")
    monkeypatch.chdir(place / "01_GT")
    assert score("../RES", ".") == expected
    (place / "01").mkdir()
    monkeypatch.chdir(place / "01")
    with pytest.raises(DataError, match=r"man_track\.txt: no such file; .* as .*/01_GT$"):
        score("../RES", ".")


def test_a_truth_of_the_challenge_read_with_tabs(place):
    path = place / "01_GT" / "TRA" / "man_track.txt"
    path.write_text(LINES.replace(" ", "\t") + "\n")
    assert septum.tracking.challenge.read_truth(place / "01_GT").tracks[3] == Track(4, 2, 3, 2)
