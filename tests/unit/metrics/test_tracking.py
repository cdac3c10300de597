"""DET, TRA and LNK: by hand, against py-ctcmetrics, and on the challenge's own truth."""

import contextlib
import io
import math
import warnings

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from septum.errors import DataError
from septum.lineage import Track
from septum.metrics import corrections

HELA, U373 = "DIC-C2DH-HeLa", "PhC-C2DH-U373"


def line(*frames):
    """Frames of one row, each a string with a digit for each pixel."""
    return [np.array([[int(pixel) for pixel in frame]], np.uint16) for frame in frames]


def tracks(*rows):
    return [Track(*row) for row in rows]


def write(folder, images, lines, stem, text):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, image in enumerate(images):
        # The oracle takes the first label for background, whatever it is.
        tifffile.imwrite(folder / f"{stem}{number:03}.tif", np.pad(image, 1))
    rows = [f"{t.label} {t.begin} {t.end} {t.parent}\n" for t in lines]
    (folder / text).write_text("".join(rows))


def equals_py_ctcmetrics(root, ours, truth, prediction):
    """Hold our scores against those of py-ctcmetrics, as it reads and computes them."""
    oracle = pytest.importorskip("ctc_metrics.scripts.evaluate")
    write(root / "GT" / "TRA", *truth, "man_track", "man_track.txt")
    write(root / "RES", *prediction, "mask", "res_track.txt")
    # It divides by the number of links, also where there are none.
    names = ["DET", "TRA", "LNK"] if ours.edges else ["DET", "TRA"]
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "Empty frame"
        found = oracle.evaluate_sequence(
            str(root / "RES"), str(root / "GT"), ["Valid", *names], threads=1
        )
    assert found["Valid"] == 1
    kinds = ("ns", "fn", "fp", "ed", "ea", "ec")
    assert {k: getattr(ours, k) for k in kinds} == {k: found[f"AOGM_{k.upper()}"] for k in kinds}
    for name in names:
        assert getattr(ours, name.lower()) == pytest.approx(found[name], abs=1e-9)


TRUE = line("110022", "110022", "113344", "113344")
TRUE_TRACKS = tracks((1, 0, 3), (2, 0, 1), (3, 2, 3, 2), (4, 2, 3, 2))

CASES = {
    # name: images, tracks, what must be corrected: NS FN FP ED EA EC
    "perfect": (TRUE, TRUE_TRACKS, (0, 0, 0, 0, 0, 0)),
    "other labels": (
        line("550066", "550066", "557788", "557788"),
        tracks((5, 0, 3), (6, 0, 1), (7, 2, 3, 6), (8, 2, 3, 6)),
        (0, 0, 0, 0, 0, 0),
    ),
    "division missed": (
        TRUE,
        tracks((1, 0, 3), (2, 0, 1), (3, 2, 3), (4, 2, 3)),
        (0, 0, 0, 0, 2, 0),
    ),
    "one daughter goes on as the mother": (
        line("110022", "110022", "112244", "112244"),
        tracks((1, 0, 3), (2, 0, 3), (4, 2, 3)),
        (0, 0, 0, 0, 1, 1),
    ),
    "wrong parent": (
        line("110022", "110022", "553344", "553344"),
        tracks((1, 0, 1), (2, 0, 1), (5, 2, 3, 1), (3, 2, 3, 1), (4, 2, 3, 2)),
        (0, 0, 0, 1, 1, 1),
    ),
    "missed in a frame, the gap closed": (
        line("110022", "000022", "553344", "553344"),
        tracks((1, 0, 0), (5, 2, 3, 1), (2, 0, 1), (3, 2, 3, 2), (4, 2, 3, 2)),
        (0, 1, 0, 1, 2, 0),
    ),
    "missed in a frame, the gap left": (
        line("110022", "000022", "553344", "553344"),
        tracks((1, 0, 0), (5, 2, 3), (2, 0, 1), (3, 2, 3, 2), (4, 2, 3, 2)),
        (0, 1, 0, 0, 2, 0),
    ),
    "an object that is none": (
        line("119922", "110022", "113344", "113344"),
        tracks((9, 0, 0), (1, 0, 3), (2, 0, 1), (3, 2, 3, 2), (4, 2, 3, 2)),
        (0, 0, 1, 0, 0, 0),
    ),
    "two cells in one object": (
        line("110022", "110022", "113333", "113333"),
        tracks((1, 0, 3), (2, 0, 1), (3, 2, 3, 2)),
        (2, 0, 0, 0, 4, 0),
    ),
    "a cell in halves is missed": (
        line("190022", "110022", "113344", "113344"),
        tracks((9, 0, 0), (1, 0, 3), (2, 0, 1), (3, 2, 3, 2), (4, 2, 3, 2)),
        (0, 1, 2, 0, 1, 0),
    ),
    "names exchanged": (
        line("110022", "220011", "223344", "223344"),
        tracks((1, 0, 1), (2, 0, 3), (3, 2, 3, 1), (4, 2, 3, 1)),
        (0, 0, 0, 2, 2, 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_cases_by_hand_and_by_py_ctcmetrics(case, tmp_path):
    images, found, expected = CASES[case]
    ours = corrections(zip(TRUE, images, strict=True), TRUE_TRACKS, found)
    assert (ours.ns, ours.fn, ours.fp, ours.ed, ours.ea, ours.ec) == expected
    equals_py_ctcmetrics(tmp_path, ours, (TRUE, TRUE_TRACKS), (images, found))


def test_the_weights_are_those_of_the_paper():
    images, found, _ = CASES["two cells in one object"]
    ours = corrections(zip(TRUE, images, strict=True), TRUE_TRACKS, found)
    assert (ours.vertices, ours.edges) == (10, 8)
    assert ours.det == pytest.approx(1 - 2 * 5 / 100)
    assert ours.lnk == pytest.approx(1 - 4 * 1.5 / 12)
    assert ours.tra == pytest.approx(1 - (2 * 5 + 4 * 1.5) / 112)


def test_nothing_found_is_0_and_nothing_to_find_is_no_score():
    nothing = [np.zeros_like(image) for image in TRUE]
    ours = corrections(zip(TRUE, nothing, strict=True), TRUE_TRACKS, [])
    assert (ours.det, ours.tra, ours.lnk) == (0, 0, 0)
    ours = corrections(zip(nothing, TRUE, strict=True), [], TRUE_TRACKS)
    assert ours.fp == 10
    assert all(math.isnan(score) for score in (ours.det, ours.tra, ours.lnk))


def test_a_result_cannot_cost_more_than_starting_anew():
    truth = line("1000000000")
    many = line("0123456789")
    found = [Track(label, 0, 0) for label in range(1, 10)]
    ours = corrections(zip(truth, many, strict=True), [Track(1, 0, 0)], found)
    assert (ours.fn, ours.fp) == (1, 9)
    assert ours.det == 0


@st.composite
def sequences(draw, length, ids):
    """Label images with tracks that agree with them, on 12 pixels; at least one track."""
    found: list[Track] = []
    for label in ids:
        begin = draw(st.integers(0, length))
        if begin == length and (found or label != ids[-1]):
            continue  # not there at all
        begin = min(begin, length - 1)
        end = draw(st.integers(begin, length - 1))
        parents = [0, *(track.label for track in found if track.end < begin)]
        found.append(Track(label, begin, end, draw(st.sampled_from(parents))))
    images = []
    for frame in range(length):
        there = [track.label for track in found if track.begin <= frame <= track.end]
        rest = draw(
            st.lists(
                st.sampled_from([0, *there]), min_size=12 - len(there), max_size=12 - len(there)
            )
        )
        images.append(np.array([draw(st.permutations([*there, *rest]))], np.uint16))
    return images, found


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_small_sequences_equal_py_ctcmetrics(tmp_path, data):
    length = data.draw(st.integers(2, 4))  # the oracle cannot have one frame
    truth = data.draw(sequences(length, (1, 2, 3, 7)))
    # Often nearly right: other labels for the same objects, and some pixels of others.
    if data.draw(st.booleans()):
        prediction = data.draw(sequences(length, (1, 2, 4, 9)))
    else:
        prediction = truth
        truth = data.draw(st.sampled_from([truth, renamed(truth)]))
    ours = corrections(zip(truth[0], prediction[0], strict=True), truth[1], prediction[1])
    equals_py_ctcmetrics(tmp_path, ours, truth, prediction)


def renamed(sequence):
    """The same cells, each a third larger on one side, where there is background."""
    images, found = sequence
    larger = [np.where(image > 0, image, np.roll(image, 1, 1)) for image in images]
    return [np.where(image, image + 10, 0).astype(np.uint16) for image in larger], [
        Track(t.label + 10, t.begin, t.end, t.parent and t.parent + 10) for t in found
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prediction": tracks((1, 0, 3), (2, 0, 1))}, "frame 2 of the prediction: no track"),
        (
            {"prediction": [*TRUE_TRACKS, Track(8, 1, 1)]},
            "frame 1 of the prediction: a track is there, the image has none of the label 8",
        ),
        ({"truth": TRUE_TRACKS[:3]}, "frame 2 of the truth: no track is there of the label 4"),
        ({"truth": [*TRUE_TRACKS, Track(1, 0, 3)]}, "two tracks have the label 1"),
        ({"truth": tracks((1, 0, 3), (2, 0, 1), (3, 2, 3, 1))}, "parent 1 ends in frame 3"),
        ({"truth": tracks((1, 0, 3, 6))}, "parent 6, which is no track"),
        ({"truth": tracks((1, 3, 0))}, "from frame 3 to 0"),
        ({"frames": 2}, "of the prediction|there are 2 frames"),
    ],
)
def test_tracks_that_disagree_with_the_images_are_refused(change, message):
    frames = list(zip(TRUE, TRUE, strict=True))[: change.get("frames", 4)]
    with pytest.raises(DataError, match=message):
        corrections(frames, change.get("truth", TRUE_TRACKS), change.get("prediction", TRUE_TRACKS))


def test_images_of_different_sizes_are_named_by_their_frame():
    frames = [(TRUE[0], TRUE[0]), (TRUE[1], TRUE[1][:, :3])]
    with pytest.raises(DataError, match=r"frame 1: truth has the shape"):
        corrections(frames, TRUE_TRACKS, TRUE_TRACKS)


def real(data_dir, name):
    folder = data_dir / name / "01_GT" / "TRA"
    rows = [line.split() for line in (folder / "man_track.txt").read_text().splitlines()]
    return sorted(folder.glob("*.tif")), [Track(*map(int, row)) for row in rows]


@pytest.mark.parametrize("name", [HELA, U373])
def test_the_real_truth_against_itself_is_perfect(data_dir, name):
    files, truth = real(data_dir, name)
    # The markers of every 2nd pixel are the same graph, and a quarter of the work.
    images = [tifffile.imread(file)[::2, ::2] for file in files]
    ours = corrections(zip(images, images, strict=True), truth, truth)
    assert (ours.det, ours.tra, ours.lnk) == (1, 1, 1)
    assert ours.vertices == sum(t.end - t.begin + 1 for t in truth)


@pytest.mark.parametrize("name", [HELA, U373])
def test_the_real_truth_degraded_equals_py_ctcmetrics(data_dir, name, tmp_path):
    files, truth = real(data_dir, name)
    files = files[60:72]  # with divisions of HeLa, and the cell that U373 loses
    rng = np.random.default_rng(0)
    images = [tifffile.imread(file)[::3, ::3] for file in files]
    truth = cut(truth, 60, 71)
    worse = [broken(image, rng) for image in images]
    found = as_there(worse)
    ours = corrections(zip(images, worse, strict=True), truth, found)
    assert min(ours.ns, ours.fn, ours.fp, ours.ed, ours.ea) > 0
    assert 0 < ours.tra < 1
    equals_py_ctcmetrics(tmp_path, ours, (images, truth), (worse, found))


def cut(found, first, last):
    """The part of tracks that lies in some frames, counted from the first of them."""
    kept = [t for t in found if t.begin <= last and t.end >= first]
    labels = {t.label for t in kept}
    return [
        Track(
            t.label,
            max(t.begin, first) - first,
            min(t.end, last) - first,
            t.parent if t.parent in labels and t.begin > first else 0,
        )
        for t in kept
    ]


def broken(image, rng):
    """Some cells missed, some merged or renamed, some drawn where there are none."""
    ids = np.unique(image[image > 0])
    table = np.arange(70, dtype=np.uint16)
    table[rng.choice(ids)] = 0
    table[rng.choice(ids)] = rng.choice(ids)
    a, b = rng.choice(ids, 2)
    table[[a, b]] = table[[b, a]]
    image = table[image]
    y, x = rng.integers(0, np.array(image.shape) - 8)
    image[y : y + 8, x : x + 8] = np.where(image[y : y + 8, x : x + 8], 0, 69)
    return image


def as_there(images):
    """Tracks for label images in which a label may come and go: each time it is another track."""
    found, labels_of = [], [set(np.unique(image)) - {0} for image in images]
    for label in sorted(set().union(*labels_of)):
        there = [n for n, labels in enumerate(labels_of) if label in labels]
        runs = np.split(there, np.flatnonzero(np.diff(there) > 1) + 1)
        parent = 0
        for number, run in enumerate(runs):
            new = int(label) + 100 * number
            for frame in run:
                images[frame][images[frame] == label] = new
            found.append(Track(new, int(run[0]), int(run[-1]), parent))
            parent = new
    return found
