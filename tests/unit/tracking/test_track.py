"""Sequences tracked: which tracks there are, where frames come from, and what is written."""

import os

import numpy as np
import pytest
import tifffile

import septum
from septum.data.formats import write_labels
from septum.errors import DataError, SeptumError
from septum.lineage import Track
from septum.metrics import corrections
from septum.tracking import challenge


def line(*frames):
    return np.array([[[int(pixel) for pixel in frame]] for frame in frames])


# 1 stays and goes for a frame, 2 divides, 6 comes and goes.
CELLS = line("1110002222000", "0333005555000", "0000007709900", "0444007709960")
FOLLOWED = line("1110002222000", "0111002222000", "0000003304400", "0555003304460")
TRACKS = (
    Track(1, 0, 1),
    Track(2, 0, 1),
    Track(3, 2, 3, 2),
    Track(4, 2, 3, 2),
    Track(5, 3, 3),
    Track(6, 3, 3),
)


def folder_of(root, frames, name="t{:03}_labels.tif"):
    for number, frame in enumerate(frames):
        write_labels(root / name.format(number), frame, "ZYX"[-frame.ndim :])
    return root


def read(folder):
    masks = sorted(folder.glob("mask*.tif"))
    return [path.name for path in masks], np.stack([tifffile.imread(path) for path in masks])


def test_cells_stay_divide_come_and_go():
    found = septum.track(CELLS)
    assert found.tracks == TRACKS
    np.testing.assert_array_equal(found.labels, FOLLOWED)


def test_volumes_are_followed_by_the_same_code():
    flat = septum.track(CELLS)
    volumes = septum.track([np.stack([frame] * 3) for frame in CELLS])
    assert volumes.tracks == flat.tracks
    np.testing.assert_array_equal(volumes.labels[:, 1], flat.labels)


def test_frames_without_objects_are_frames():
    nothing = np.zeros_like(CELLS[:1])
    found = septum.track(np.concatenate([nothing, CELLS[:2], nothing]))
    assert found.tracks == (Track(1, 1, 2), Track(2, 1, 2))
    assert septum.track(nothing).tracks == ()


def test_a_folder_is_written_as_the_challenge_wants_it(tmp_path):
    frames, out = folder_of(tmp_path / "cells", CELLS), tmp_path / "01_RES"
    done = []
    found = septum.track(frames, out, on_frame=lambda *count: done.append(count))
    assert (found.tracks, found.labels) == (TRACKS, None)
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    names, images = read(out)
    assert names == ["mask000.tif", "mask001.tif", "mask002.tif", "mask003.tif"]
    assert images.dtype == np.uint16
    np.testing.assert_array_equal(images, FOLLOWED)
    assert (out / "res_track.txt").read_text() == (
        "1 0 1 0\n2 0 1 0\n3 2 3 2\n4 2 3 2\n5 3 3 0\n6 3 3 0\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["01_RES", "cells"]
    assert challenge.read_result(out).tracks == TRACKS


def test_py_ctcmetrics_reads_it_and_finds_it_valid(tmp_path):
    files = pytest.importorskip("ctc_metrics.utils.filesystem")
    valid = pytest.importorskip("ctc_metrics.metrics.validation.valid").valid
    septum.track(CELLS, tmp_path / "out")
    lines = files.read_tracking_file(str(tmp_path / "out" / "res_track.txt"))
    masks = files.parse_masks(str(tmp_path / "out"))
    labels = [sorted(set(np.unique(tifffile.imread(mask))) - {0}) for mask in masks]
    assert valid(masks, lines, labels) == 1
    assert [Track(*row) for row in lines.tolist()] == list(TRACKS)


def test_more_than_a_thousand_frames_have_more_digits(tmp_path):
    for count, names in (1000, ["mask000.tif"]), (1001, ["mask0000.tif"]):
        challenge.write_result(tmp_path / "out", CELLS[:1], count, lambda: TRACKS[:1])
        assert read(tmp_path / "out")[0] == names
        assert len(challenge.read_result(tmp_path / "out").files) == 1


def test_volumes_are_written_with_a_page_a_slice(tmp_path):
    volumes = np.stack([CELLS] * 3, axis=1)
    septum.track(volumes, tmp_path / "out")
    _, images = read(tmp_path / "out")
    np.testing.assert_array_equal(images, np.stack([FOLLOWED] * 3, axis=1))
    again = septum.track(tmp_path / "out")  # pages of which the file says nothing are slices
    assert again.tracks == TRACKS


@pytest.mark.parametrize("axes", ["TYX", "TZYX", "TCYX", "ZTYX"])
def test_a_stack_is_read_frame_by_frame(tmp_path, axes):
    stack = np.repeat(CELLS[:, np.newaxis], 1 if "C" in axes else 2, axis=1)
    stack = CELLS if axes == "TYX" else stack
    if axes == "ZTYX":
        pages = stack.swapaxes(0, 1).astype(np.uint16)
        tags = {"photometric": "minisblack", "metadata": {"axes": axes}}
        tifffile.imwrite(tmp_path / "s.tif", pages, **tags)
    else:
        write_labels(tmp_path / "s.tif", stack, axes)
    found = septum.track(tmp_path / "s.tif", axes=axes if axes == "ZTYX" else None)
    assert found.tracks == TRACKS
    assert found.labels.shape == (stack.squeeze(1) if "C" in axes else stack).shape
    assert septum.track(tmp_path, axes=axes if axes == "ZTYX" else None).tracks == TRACKS


def test_pages_of_which_nothing_is_said_are_frames(tmp_path):
    pages = CELLS.astype(np.uint8)
    tifffile.imwrite(tmp_path / "s.tif", pages, photometric="minisblack", metadata=None)
    notes = []
    assert septum.track(tmp_path / "s.tif", on_note=notes.append).tracks == TRACKS
    assert notes == [f"{tmp_path / 's.tif'}: its 4 pages are taken as frames"]


def test_frames_are_in_the_order_of_their_numbers(tmp_path):
    for number, frame in zip((8, 9, 10, 11), CELLS, strict=True):
        write_labels(tmp_path / f"t{number}_cp_masks.tif", frame, "YX")
        write_labels(tmp_path / f"t{number}_probabilities.tif", frame, "YX")
    notes = []
    found = septum.track(tmp_path, on_note=notes.append)
    np.testing.assert_array_equal(found.labels, FOLLOWED)
    assert "4 images are no labels and left out" in notes[0]
    assert notes[1:] == [f"{tmp_path}: frames 8 to 11 are frames 0 to 3 of the result"]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0, 1, 3, 4), r"frame 2 is missing, between t1_labels\.tif and t3_labels\.tif; each"),
        ((1, 5, 6, 7), "frames 2 to 4 are missing, .* an image of zeros, with which tracks end"),
        ((0, 2, 4, 6), r"frame 1 is missing, .*, and more in 2 places; .* one stack \(TYX\)"),
    ],
)
def test_a_missing_frame_is_named_and_nothing_is_written(tmp_path, numbers, message):
    """The masks after it would be of other frames than their numbers say."""
    for number, frame in zip(numbers, CELLS, strict=True):
        write_labels(tmp_path / "cells" / f"t{number}_labels.tif", frame, "YX")
    with pytest.raises(DataError, match=message):
        septum.track(tmp_path / "cells", tmp_path / "tracks")
    assert not (tmp_path / "tracks").exists()


def test_in_place_of_a_missing_frame_zeros_end_the_tracks(tmp_path):
    frames = [CELLS[0], np.zeros_like(CELLS[0]), CELLS[1]]
    for number, frame in enumerate(frames):
        write_labels(tmp_path / "cells" / f"t{number}_labels.tif", frame, "YX")
    septum.track(tmp_path / "cells", tmp_path / "tracks")
    found = challenge.read_result(tmp_path / "tracks")
    assert len(found.files) == 3
    assert {(track.begin, track.end) for track in found.tracks} == {(0, 0), (2, 2)}


def test_masks_are_their_components_and_it_is_said():
    notes = []
    found = septum.track((CELLS > 0).astype(np.uint8) * 255, on_note=notes.append)
    assert found.labels.max() == len(found.tracks) == 5  # 6 and 9 touch
    assert len(notes) == 1
    assert "mask of two values" in notes[0]
    # Where there are ids, one is one cell, however many pieces it has.
    assert len(septum.track(line("10220022", "10220022")).tracks) == 2
    assert len(septum.track(line("00220022", "10220022")).tracks) == 2


def test_an_earlier_result_is_replaced_and_nothing_else(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    septum.track(CELLS, out)
    septum.track(CELLS[:2], out)
    assert len(read(out)[0]) == 2
    (out / "notes.txt").write_text("mine")
    with pytest.raises(SeptumError, match=r"did not write \(notes.txt\)"):
        septum.track(CELLS, out)
    assert len(read(out)[0]) == 2


def test_annotations_are_never_replaced(tmp_path):
    truth = tmp_path / "01_GT" / "TRA"
    folder_of(truth, CELLS, "mask{:03}.tif")
    (truth / "res_track.txt").write_text("1 0 3 0\n")
    before = {path: path.read_bytes() for path in truth.iterdir()}
    with pytest.raises(SeptumError, match=r"mask000\.tif, mask001\.tif, mask002\.tif and 2 more"):
        septum.track(CELLS, truth)
    assert {path: path.read_bytes() for path in truth.iterdir()} == before
    (tmp_path / "file").write_text("")
    with pytest.raises(SeptumError, match="a file, where a folder"):
        septum.track(CELLS, tmp_path / "file")


def test_frames_are_not_replaced_by_their_own_result(tmp_path):
    septum.track(CELLS, tmp_path / "out")
    for inside in (tmp_path / "out", tmp_path / "out" / "mask000.tif"):
        with pytest.raises(SeptumError, match="the frames are in this folder"):
            septum.track(inside, tmp_path / "out")
    os.symlink(tmp_path / "out", tmp_path / "link")
    with pytest.raises(SeptumError, match="the frames are in this folder"):
        septum.track(tmp_path / "out", tmp_path / "link")
    assert len(read(tmp_path / "out")[0]) == 4


def test_a_failure_leaves_the_earlier_result(tmp_path):
    septum.track(CELLS, tmp_path / "out")
    with pytest.raises(DataError, match=r"frame 1 has the size \(1, 4\), frame 0 \(1, 13\)"):
        septum.track([CELLS[0], CELLS[1][:, :4]], tmp_path / "out")
    np.testing.assert_array_equal(read(tmp_path / "out")[1], FOLLOWED)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_more_tracks_than_16_bits_can_number(tmp_path):
    many = np.arange(1, 2**15 + 1).reshape(256, 128).repeat(2, axis=0).repeat(2, axis=1)
    apart = [np.pad(many, ((0, 0), (0, 256))), np.pad(many, ((0, 0), (256, 0)))]
    with pytest.raises(DataError, match="more than 65535 tracks up to frame 1"):
        septum.track(apart, tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "no label images"),
        (("a_probabilities.tif",), "predict --save labels"),
        (("a_labels.tif", "b_labels.tif"), "a_labels.tif: no frame number at the end"),
        (("01_t3.tif", "02_t3.tif"), "01_t3.tif and 02_t3.tif both have the number 3"),
        (("t0.tif",), "axes YX of shape .* have no time"),
    ],
)
def test_folders_that_are_no_sequence(tmp_path, names, message):
    for name in names:
        write_labels(tmp_path / name, CELLS[0], "YX")
    with pytest.raises(DataError, match=message):
        septum.track(tmp_path)


def test_files_that_are_no_frames(tmp_path):
    write_labels(tmp_path / "z" / "volume.tif", np.stack([CELLS[0]] * 2), "ZYX")
    with pytest.raises(DataError, match="--axes TYX if its planes are frames"):
        septum.track(tmp_path / "z" / "volume.tif")
    assert len(septum.track(tmp_path / "z" / "volume.tif", axes="TYX").tracks) == 2
    for number in range(2):
        write_labels(tmp_path / "c" / f"t{number}.tif", np.stack([CELLS[0]] * 2), "CYX")
    with pytest.raises(DataError, match=r"t0\.tif: axes CYX .* one label image a file is expected"):
        septum.track(tmp_path / "c")
    with pytest.raises(DataError, match="no such file"):
        septum.track(tmp_path / "none")
    with pytest.raises(DataError, match=r"\(Y, X\) or \(Z, Y, X\) are expected; there is none"):
        septum.track([])
    with pytest.raises(DataError, match="not whole,"):
        septum.track(CELLS + 0.5)


# As measured on all frames in docs/decisions.md; here on the first 24, at every 2nd pixel.
@pytest.mark.parametrize(("name", "least"), [("DIC-C2DH-HeLa", 0.98), ("PhC-C2DH-U373", 0.999)])
def test_the_real_cells_are_followed(data_dir, name, least):
    silver, gold = data_dir / name / "01_ST" / "SEG", data_dir / name / "01_GT" / "TRA"
    # Every frame has other ids, so that nothing is learnt from them.
    frames = [
        renumbered(tifffile.imread(file)[::2, ::2], number)
        for number, file in enumerate(sorted(silver.glob("*.tif"))[:24])
    ]
    markers = [tifffile.imread(file)[::2, ::2] for file in sorted(gold.glob("*.tif"))[:24]]
    rows = [map(int, row.split()) for row in (gold / "man_track.txt").read_text().splitlines()]
    truth = [Track(*row) for row in rows]
    truth = [Track(t.label, t.begin, min(t.end, 23), t.parent) for t in truth if t.begin < 24]
    found = septum.track(frames)
    scores = corrections(zip(markers, found.labels, strict=True), truth, found.tracks)
    assert scores.tra > least
    daughters = [t for t in truth if sum(t.parent == other.parent > 0 for other in truth) == 2]
    assert len([t for t in found.tracks if t.parent]) >= len(daughters)


def renumbered(labels, seed):
    ids = np.random.default_rng(seed).permutation(int(labels.max())) + 1
    return np.concatenate([[0], ids])[labels]
