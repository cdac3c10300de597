"""Which prediction goes with which truth: by the names of their files."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from septum.counted import counted
from septum.data.formats import stem_of
from septum.data.layouts.files import by_key, few
from septum.errors import DataError

_ENDINGS = re.compile(
    r"_((cp_)?masks?|labels?|seg|segmentation|probabilities|manual\d*)$", re.IGNORECASE
)
_NUMBER = re.compile(r"(\d+)$")


def base_stem(path: Path) -> str:
    """Return the stem without what says its kind: ``a_labels.tif`` and ``a_mask.png`` give a."""
    return _ENDINGS.sub("", stem_of(path))


def by_base_stem(files: Iterable[Path]) -> dict[str, Path]:
    """Index files by `base_stem`; DataError where two have the same."""
    files = list(files)
    return by_key(files, {file: base_stem(file) for file in files})


def frame_number(stem: str) -> int | None:
    """Return the number at the end of a stem: 13 for ``t013`` and ``man_seg013``."""
    match = _NUMBER.search(stem)
    return int(match.group(1)) if match else None


def pair_names(
    predictions: Mapping[str, Path], groups: Mapping[str, str], where: Path, truth: Path
) -> tuple[dict[str, str], list[str]]:
    """Pair predictions with truths by stem or, where no stem is shared, by frame number.

    Parameters
    ----------
    predictions : mapping
        A file of each prediction, by stem.
    groups : mapping
        The sequence of each truth, by stem; empty where it is of none.
    where, truth : Path
        Where they were found, for messages.

    Returns
    -------
    pairs : dict
        From the stem of a prediction to that of its truth, in the order of the predictions.
    notes : list of str
        How they were paired, and how many are left out.

    Raises
    ------
    DataError
        If nothing can be paired, or a frame number may mean several files.
    """
    pairs, how = {name: name for name in sorted(predictions) if name in groups}, "file stem"
    if not pairs:
        pairs, how = _by_number(predictions, groups, where, truth), "frame number"
    if not pairs:
        raise DataError(
            f"no prediction in {where} ({few(predictions.values())}) has a truth in {truth} of the "
            f"same stem or frame number; there are the truths of {few(map(Path, groups))}"
        )
    count = len(pairs)
    whose = "its" if count == 1 else "their"
    notes = [f"{counted(count, 'prediction')} found {whose} truth by {how}"]
    for kind, lacks, others in (
        ("prediction", "truth", len(predictions) - count),
        ("truth image", "prediction", len(groups) - count),
    ):
        if others:
            have, are = ("has", "is") if others == 1 else ("have", "are")
            notes.append(f"{counted(others, kind)} {have} no {lacks} and {are} left out")
    return pairs, notes


def _by_number(
    predictions: Mapping[str, Path], groups: Mapping[str, str], where: Path, truth: Path
) -> dict[str, str]:
    numbered, wanted = _numbered(groups), _numbered(predictions)
    sequences = sorted(set(groups.values()))
    if wanted and len(sequences) > 1:
        name = next(iter(wanted.values()))[0]
        raise DataError(
            f"{truth} holds the sequences {' and '.join(sequences)}, and {name} in {where} is a "
            f"frame of any; give one of them, as {truth / (sequences[0] + '_GT')}, or predictions "
            f"named {sequences[0]}_{name}"
        )
    pairs = {}
    for number in numbered.keys() & wanted.keys():
        for place, names in ((where, wanted[number]), (truth, numbered[number])):
            if len(names) > 1:
                raise DataError(
                    f"{place}: {names[0]} and {names[1]} both have the number {number}; "
                    "give the frames of one sequence at a time"
                )
        pairs[wanted[number][0]] = numbered[number][0]
    return dict(sorted(pairs.items()))


def _numbered(stems: Iterable[str]) -> dict[int, list[str]]:
    """Return the stems by the number at their end."""
    numbered: dict[int, list[str]] = {}
    for stem in stems:
        number = frame_number(stem)
        if number is not None:
            numbered.setdefault(number, []).append(stem)
    return numbered
