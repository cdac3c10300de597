"""Cell Tracking Challenge as downloaded: ``01/t*.tif`` and ``01_GT/SEG/man_seg*.tif``."""

import re
from pathlib import Path

from septum.counted import counted
from septum.data.layouts.dataset import Dataset
from septum.data.layouts.files import few, image_files
from septum.data.layouts.markers import Markers
from septum.data.layouts.pair import Pair
from septum.errors import DataError

_NUMBER = re.compile(r"(\d+)$")
_SLICE = re.compile(r"man_seg_\d+_\d+$")  # one annotated z slice of a 3D frame


def find_ctc(root: Path) -> Dataset | None:
    """Pair the frames of each sequence with their segmentation truth.

    Gold truth (``01_GT/SEG``) covers a few frames; the others are left out. (The silver truth in
    ``01_ST`` is computed, not drawn.) The markers in ``01_GT/TRA`` tell which cells a frame leaves
    out; see :mod:`septum.data.layouts.markers`.

    Parameters
    ----------
    root : Path
        The dataset folder, or one sequence folder in it (``.../01``).

    Returns
    -------
    Dataset or None
        None where there is no sequence with a ``_GT`` folder beside it.

    Raises
    ------
    DataError
        Truth without its frame, sequences without any truth.
    """
    sequences = _sequences(root)
    if not sequences:
        return None
    pairs: list[Pair] = []
    notes: list[str] = []
    for sequence in sequences:
        more, said = _pairs(sequence)
        pairs += more
        notes += said
    if not pairs:
        raise DataError(
            f"{root}: Cell Tracking Challenge layout, but no man_seg*.tif in "
            f"{sequences[0].name}_GT/SEG; download the training data with its gold truth"
        )
    names = ", ".join(sequence.name for sequence in sequences)
    layout = f"Cell Tracking Challenge: sequence {names}, frames with gold truth"
    return Dataset(layout, root, tuple(pairs), (), tuple(notes))


def _sequences(root: Path) -> list[Path]:
    if _has_truth(root.resolve()):  # the name of the folder counts, also where it is given as "."
        return [root.resolve()]
    return [path for path in sorted(root.iterdir()) if path.is_dir() and _has_truth(path)]


def _has_truth(sequence: Path) -> bool:
    return sequence.name.isdigit() and _seg(sequence).is_dir()


def _seg(sequence: Path) -> Path:
    return sequence.with_name(f"{sequence.name}_GT") / "SEG"


def _pairs(sequence: Path) -> tuple[list[Pair], list[str]]:
    frames = _numbered(image_files(sequence))
    notes: list[str] = []
    gold_files = image_files(_seg(sequence))
    slices = [path for path in gold_files if _SLICE.search(path.stem)]
    if slices:
        notes.append(
            f"{counted(len(slices), 'annotated single slice')} of 3D frames left out: {few(slices)}"
        )
    truth = _numbered(path for path in gold_files if path not in slices)
    lost = [path for number, path in truth.items() if number not in frames]
    if lost:
        raise DataError(
            f"{sequence}: {counted(len(lost), 'truth image', 'have')} no frame: {few(lost)}; "
            f"t{_NUMBER.findall(lost[0].stem)[0]}.tif is expected in {sequence}"
        )
    markers = Markers(
        _numbered(image_files(_seg(sequence).with_name("TRA"))), sequence.resolve().parent.name
    )
    pairs = [
        Pair(
            name=f"{sequence.name}_{frames[number].stem}",
            image=frames[number],
            labels=truth[number],
            annotated=markers.area(number),
            kind="instances",
            group=sequence.name,
            index=number,
        )
        for number in sorted(truth)
    ]
    unused = len(frames) - len(pairs)
    if unused:
        notes.append(
            f"{sequence.name}: {counted(unused, 'frame', 'have', len(frames))} no gold truth"
        )
    if not markers.files and pairs:
        notes.append(f"no {sequence.name}_GT/TRA: whether cells are missing cannot be told")
    if pairs and markers.margin:
        notes.append(
            f"the challenge annotates no cell that lies wholly within {markers.margin} px of the "
            "edge: what is not outlined there is ignored"
        )
    return pairs, notes


def _numbered(paths) -> dict[int, Path]:
    found = ((_NUMBER.search(path.stem), path) for path in paths)
    return {int(match.group(1)): path for match, path in found if match}
