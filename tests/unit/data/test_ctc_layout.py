"""The Cell Tracking Challenge as downloaded, and the cells that its gold truth leaves out."""

import numpy as np
import pytest
import tifffile
from hypothesis import assume, given
from hypothesis import strategies as st

from septum.data.layouts import find
from septum.data.layouts.markers import Markers, annotated_area
from septum.data.synthetic import draw_cells
from septum.errors import DataError


def markers_of(labels):
    """A square of 5 x 5 pixels in each cell, cut at its outline."""
    markers = np.zeros_like(labels)
    for cell in range(1, labels.max() + 1):
        y, x = np.argwhere(labels == cell).mean(0).astype(int)
        markers[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3] = cell
    return np.where(labels > 0, markers, 0)


def challenge(root, sequences=("01",), frames=4, gold=(1, 3), leave_out=()):
    truth = {}
    for sequence in sequences:
        folders = [root / sequence, root / f"{sequence}_GT/SEG", root / f"{sequence}_GT/TRA"]
        folders.append(root / f"{sequence}_ST/SEG")
        for folder in folders:
            folder.mkdir(parents=True)
        for frame in range(frames):
            cells = draw_cells(frame, (128, 128))
            labels = cells.labels.astype(np.uint16)
            tifffile.imwrite(folders[0] / f"t{frame:03}.tif", cells.image[0])
            tifffile.imwrite(folders[2] / f"man_track{frame:03}.tif", markers_of(labels))
            tifffile.imwrite(folders[3] / f"man_seg{frame:03}.tif", labels)
            if frame in gold:
                outlined = np.where(np.isin(labels, leave_out), 0, labels).astype(np.uint16)
                tifffile.imwrite(folders[1] / f"man_seg{frame:03}.tif", outlined)
                truth[sequence, frame] = outlined
    return truth


def test_gold_frames_of_all_sequences(tmp_path):
    truth = challenge(tmp_path, ("01", "02"))
    dataset = find(tmp_path)
    assert dataset.layout == "Cell Tracking Challenge: sequence 01, 02, frames with gold truth"
    assert dataset.notes == tuple(
        f"{sequence}: 2 of 4 frames have no gold truth" for sequence in ("01", "02")
    )
    samples = dataset.load()
    names = ["01_t001", "01_t003", "02_t001", "02_t003"]
    assert [sample.name for sample in samples] == names
    for sample in samples:
        np.testing.assert_array_equal(sample.labels, truth[sample.group, sample.index])
        assert sample.annotated is None


def test_one_sequence_by_its_folder(tmp_path, monkeypatch):
    challenge(tmp_path, ("01", "02"))
    assert {pair.group for pair in find(tmp_path / "02").pairs} == {"02"}
    monkeypatch.chdir(tmp_path / "02")
    assert [pair.name for pair in find(".").pairs] == ["02_t001", "02_t003"]


def test_a_single_cell_in_two_pieces_is_one(tmp_path):
    challenge(tmp_path, gold=(1,))
    labels = np.zeros((128, 128), np.uint16)
    labels[10:20, 10:20] = labels[40:50, 40:50] = 6
    tifffile.imwrite(tmp_path / "01_GT/SEG/man_seg001.tif", labels)
    (sample,) = find(tmp_path).load()
    np.testing.assert_array_equal(sample.labels, labels > 0)


def test_missing_cells_are_ignored_not_background(tmp_path):
    challenge(tmp_path, leave_out=[2])
    for sample in find(tmp_path).load():
        whole = draw_cells(sample.index, (128, 128)).labels
        assert sample.annotated is not None
        assert "1 of" in sample.notes[-1]
        assert not sample.annotated[whole == 2].any()
        assert sample.annotated[sample.labels > 0].all()
        assert sample.annotated.mean() > 0.5


def test_truth_without_its_frame_is_named(tmp_path):
    challenge(tmp_path)
    (tmp_path / "01" / "t003.tif").unlink()
    with pytest.raises(DataError, match=r"1 truth image has no frame: man_seg003.*t003\.tif"):
        find(tmp_path)


def test_no_gold_truth_at_all_is_an_error(tmp_path):
    challenge(tmp_path, gold=())
    with pytest.raises(DataError, match=r"no man_seg\*\.tif in 01_GT/SEG"):
        find(tmp_path)


def test_without_markers_it_is_said_that_nobody_knows(tmp_path):
    challenge(tmp_path)
    for path in (tmp_path / "01_GT/TRA").iterdir():
        path.unlink()
    assert find(tmp_path).notes[-1].startswith("no 01_GT/TRA")


@given(seed=st.integers(0, 200), share=st.floats(0.05, 1), ndim=st.sampled_from([2, 3]))
def test_no_pixel_of_a_missing_cell_is_trusted_as_background(seed, share, ndim):
    size = (120, 120) if ndim == 2 else (24, 40, 40)
    whole = draw_cells(seed, size, radius=14 if ndim == 2 else 8).labels
    ids = np.arange(1, whole.max() + 1)
    markers = np.zeros_like(whole)
    for cell in ids:  # the pixel nearest to the middle
        pixels = np.argwhere(whole == cell)
        middle = np.argmin(((pixels - pixels.mean(0)) ** 2).sum(1))
        markers[tuple(pixels[middle])] = cell
    missing = ids[np.random.default_rng(seed).random(ids.size) < share]
    # Of one or two slivers at the edge of the image nobody learns how large a cell is.
    assume(missing.size == ids.size or ids.size - missing.size >= 4)
    labels = np.where(np.isin(whole, missing), 0, whole)
    area, notes = annotated_area(labels, markers)
    if not missing.size:
        assert area is None
        assert notes == ()
        return
    assert area is not None
    assert f"{missing.size} of {ids.size} cells are not outlined" in notes[0]
    assert not area[np.isin(whole, missing)].any()
    assert area[labels > 0].all()


def test_far_background_of_a_sparse_frame_is_kept():
    labels = np.zeros((200, 400), np.int32)
    labels[90:110, 20:40] = 1  # 20 x 20: D is 22.6
    markers = np.zeros_like(labels)
    markers[100, 30], markers[100, 200] = 1, 2
    area, _ = annotated_area(labels, markers)
    assert area is not None
    assert not area[100, 200 - 45 : 200 + 46].any()
    assert area[100, 200 + 46 :].all()
    assert area[100, : 200 - 45].all()


@pytest.mark.parametrize(
    ("name", "frames", "partial"),
    [("DIC-C2DH-HeLa", 9, {34: 1, 39: 1, 67: 15}), ("PhC-C2DH-U373", 15, {})],
)
def test_the_partially_annotated_frames_of_the_real_data(data_dir, name, frames, partial):
    dataset = find(data_dir / name)
    assert any("within 50 px of the edge" in note for note in dataset.notes)
    samples = dataset.load()
    assert len(samples) == frames
    flagged = {sample.index: sample.notes for sample in samples if sample.notes}
    assert flagged.keys() == partial.keys()
    for index, missing in partial.items():
        assert flagged[index][0].startswith(f"{missing} of ")
    for sample in samples:
        margin = np.ones(sample.shape, bool)
        margin[50:-50, 50:-50] = False
        assert sample.annotated is not None
        np.testing.assert_array_equal(sample.annotated[margin], sample.truth[margin] > 0)
        if sample.index not in partial:
            assert sample.annotated[~margin].all()


def written(folder, frames, dataset="PhC-C2DH-U373"):
    files = {}
    for number, markers in enumerate(frames):
        files[number] = folder / f"man_track{number:03}.tif"
        tifffile.imwrite(files[number], markers)
    return Markers(files, dataset)


def marked(*places):
    """Markers of 5 x 5 pixels, in an image of 200 x 300."""
    markers = np.zeros((200, 300), np.uint16)
    for cell, (y, x) in enumerate(places, start=1):
        markers[y : y + 5, x : x + 5] = cell
    return markers


@pytest.mark.parametrize(
    ("dataset", "margin"),
    [("DIC-C2DH-HeLa", 50), ("Fluo-N2DL-HeLa", 25), ("Fluo-N2DH-SIM+", 0), ("my cells", 0)],
)
def test_the_margin_is_that_of_the_dataset(tmp_path, dataset, margin):
    assert written(tmp_path, [marked((100, 100), (46, 150))], dataset).margin == margin


@pytest.mark.parametrize("place", [(45, 100), (100, 45), (150, 100), (100, 250)])
def test_a_marker_within_the_margin_shows_that_it_is_annotated(tmp_path, place):
    frames = [marked((46, 46), (149, 249)), marked((100, 100), place)]
    assert written(tmp_path, frames[:1]).margin == 50
    assert written(tmp_path, frames).margin == 0


def test_a_frame_without_markers_has_the_margin_of_the_others(tmp_path):
    markers = written(tmp_path, [marked((100, 100))])
    labels = np.zeros((200, 300), np.int32)
    labels[40:60, 40:60] = 7
    area = markers.area(9)
    assert area is not None
    known, notes = area(labels)
    assert notes == ()
    expected = labels > 0
    expected[50:-50, 50:-50] = True
    np.testing.assert_array_equal(known, expected)
    assert Markers(markers.files, "my cells").area(9) is None


@pytest.mark.parametrize(
    ("values", "said"),
    [(np.full((200, 300), 0.5, np.float32), "0.5"), (marked().astype(int) - 1, "-1")],
)
def test_markers_that_are_no_numbers_of_cells(tmp_path, values, said):
    markers = written(tmp_path, [values], "my cells")
    area = markers.area(0)
    assert area is not None
    with pytest.raises(DataError, match=said):
        area(np.zeros((200, 300), np.int32))


def test_background_in_the_margin_is_not_trusted_and_outlined_cells_are():
    labels = np.zeros((2, 60, 80), np.int32)
    labels[:, 5:20, 20:40] = 1
    markers = np.zeros_like(labels)
    markers[:, 12, 30] = 1
    area, notes = annotated_area(labels, markers, margin=10)
    assert area is not None
    assert notes == ()
    expected = np.zeros(labels.shape, bool)
    expected[:, 10:-10, 10:-10] = True  # along Y and X; a volume is annotated in all its planes
    np.testing.assert_array_equal(area, expected | (labels > 0))


def test_an_image_that_is_all_margin():
    labels = np.zeros((40, 300), np.int32)
    area, _ = annotated_area(labels, labels, margin=25)
    assert area is not None
    assert not area.any()


def test_what_the_silver_truth_knows_of_missing_cells_is_ignored(data_dir):
    sample = next(s for s in find(data_dir / "DIC-C2DH-HeLa").samples() if s.index == 67)
    silver = tifffile.imread(data_dir / "DIC-C2DH-HeLa/01_ST/SEG/man_seg067.tif")
    left_out = (silver > 0) & (sample.labels == 0)
    near_gold = np.isin(silver, np.unique(silver[sample.labels > 0]))
    assert left_out.mean() > 0.5
    assert (sample.annotated & left_out & ~near_gold).sum() < 0.001 * left_out.sum()


@pytest.mark.parametrize(("overlap", "missing"), [(2, True), (3, False)])
def test_a_cell_is_missing_when_most_of_its_marker_is_on_no_cell(overlap, missing):
    labels, markers = np.zeros((40, 40), np.int32), np.zeros((40, 40), np.int32)
    labels[10:20, 10:20] = 7
    markers[14, 14] = 1
    markers[15, 20 - overlap : 25 - overlap] = 2  # five pixels, `overlap` of them on cell 7
    area, _ = annotated_area(labels, markers)
    assert (area is not None) == missing
