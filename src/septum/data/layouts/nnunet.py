"""nnU-Net raw data: ``dataset.json``, ``imagesTr/case_0000.tif`` and ``labelsTr/case.tif``."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from septum.classes import Classes
from septum.counted import counted
from septum.data.formats import SUFFIXES, stem_of, suffix_of
from septum.data.layouts.dataset import Dataset
from septum.data.layouts.files import few, image_files
from septum.data.layouts.pair import Pair
from septum.data.layouts.reading import Reading
from septum.errors import ConfigError, DataError

_CHANNEL = re.compile(r"^(?P<case>.+)_(?P<channel>\d{4})$")


def find_nnunet(root: Path, reading: Reading) -> Dataset | None:
    """Pair the cases of ``imagesTr`` with ``labelsTr`` as ``dataset.json`` describes them.

    Each channel of a case has a file, ``case_0000``, ``case_0001``, ...; they are stacked. Of two
    classes or more the names are what is told apart; they overlap if they are regions that share a
    value. Of one class, or if the user chooses one or wants instances, the connected components of
    each are the instances. A class called "ignore" is not annotated, as in nnU-Net.

    Parameters
    ----------
    root : Path
        The folder with ``dataset.json``.
    reading : Reading
        `labels` names one class: the others are background then. `binary_instances` and `classes`
        take the place of the classes that the description names.

    Returns
    -------
    Dataset or None
        None where one of the three is missing.

    Raises
    ------
    DataError
        A damaged ``dataset.json``, a format that is not read, cases that lack a channel or labels.
    """
    images, labels, about = root / "imagesTr", root / "labelsTr", root / "dataset.json"
    if not (images.is_dir() and labels.is_dir() and about.is_file()):
        return None
    facts = _facts(about)
    classes = _classes(facts, about)
    objects = {name: values for name, values in classes.items() if name.lower() != "ignore"}
    cases = _cases(images, _count(facts))
    truth = {stem_of(path): path for path in image_files(labels)}
    _refuse_unreadable(root, facts, cases, truth)
    lost = [files[0] for case, files in cases.items() if case not in truth]
    if lost:
        raise DataError(
            f"{root}: {counted(len(lost), 'case', 'have', len(cases))} no labels: {few(lost)}; "
            f"{_case(lost[0])}{suffix_of(next(iter(truth.values())))} is expected in {labels}"
        )
    ignored = next((v for name, v in classes.items() if name.lower() == "ignore"), ())
    taken = _taken(about, objects, reading)
    named = _named(about, objects, reading)
    foreground = tuple(sorted({value for name in taken for value in objects[name]}))
    names = _channel_names(facts, about)
    pairs = tuple(
        Pair(
            case, files[0], truth[case], kind="classes", channels=tuple(files[1:]),
            foreground=foreground or None, ignore=ignored[0] if ignored else None,
            names=names, named=named,
        )
        for case, files in cases.items()
    )  # fmt: skip
    notes = [
        f"{counted(len(next(iter(cases.values()))), 'channel')} a case: "
        f"{', '.join(names or ('unnamed',))}"
    ]
    if named is not None:
        notes.append(_learnt(named))
    elif reading.classes is None:
        notes.append(f"foreground is {', '.join(taken) or 'all that is not 0'}")
    orphans = tuple(path for case, path in truth.items() if case not in cases)
    if orphans:
        notes.append(f"{counted(len(orphans), 'label image')} without a case: {few(orphans)}")
    layout = "nnU-Net raw: imagesTr/ and labelsTr/ paired by case, as dataset.json says"
    return Dataset(layout, root, pairs, orphans, tuple(notes), tuple(objects))


def _facts(path: Path) -> Mapping[str, Any]:
    try:
        facts = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(facts, dict):
        raise DataError(f"{path}: no description of an nnU-Net dataset, but a {type(facts)}")
    return facts


def _classes(facts: Mapping[str, Any], path: Path) -> dict[str, tuple[int, ...]]:
    """Return the values of each class but the background, of version 1 or 2 of the format."""
    stated = facts.get("labels", {})
    found = {}
    try:
        for key, value in stated.items():
            # Version 1 has {"1": "cell"}, version 2 {"cell": 1} or, for regions, {"cell": [1, 2]}.
            name, numbers = (value, key) if str(key).isdigit() else (key, value)
            numbers = numbers if isinstance(numbers, list) else [numbers]
            found[str(name)] = tuple(int(number) for number in numbers if int(number))
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: labels is {stated!r}; expected names and values, as "
            '{"background": 0, "cell": 1}'
        ) from error
    return {name: values for name, values in found.items() if values}


def _named(path: Path, objects: Mapping[str, tuple[int, ...]], reading: Reading) -> Classes | None:
    """Return the classes that the labels are of; None where they are objects, or the user's."""
    chosen = (reading.labels, reading.binary_instances, reading.classes)
    if len(objects) < 2 or any(choice is not None for choice in chosen):
        return None
    values = [dict.fromkeys(of_class) for of_class in objects.values()]
    overlap = sum(map(len, values)) > len({value for several in values for value in several})
    sources = tuple(tuple(map(str, several)) for several in values)
    try:
        return Classes(tuple(objects), sources, overlap)
    except ConfigError as error:
        raise DataError(f"{path}: {error}; --labels NAME takes one of its classes") from None


def _learnt(named: Classes) -> str:
    stated = (f"{n} = {'/'.join(v)}" for n, v in zip(named.names, named.sources, strict=True))
    kind = "classes that overlap" if named.overlap else "classes"
    return (
        f"{kind}: {', '.join(stated)}; for objects instead, --binary-instances takes those of all "
        "and --labels NAME those of one"
    )


def _count(facts: Mapping[str, Any]) -> int | None:
    channels = facts.get("channel_names") or facts.get("modality")
    return len(channels) if isinstance(channels, dict) else None


def _channel_names(facts: Mapping[str, Any], path: Path) -> tuple[str, ...] | None:
    """Return the names in the order of the files' numbers, whatever that of the entries is."""
    channels = facts.get("channel_names") or facts.get("modality")
    if not isinstance(channels, dict):
        return None
    try:
        return tuple(str(channels[number]) for number in sorted(channels, key=int))
    except ValueError as error:
        raise DataError(
            f"{path}: its channels are {channels!r}; expected are numbers and names, as "
            '{"0": "DAPI", "1": "actin"}'
        ) from error


def _cases(images: Path, count: int | None) -> dict[str, list[Path]]:
    """Return the channel files of each case, in order."""
    cases: dict[str, dict[int, Path]] = {}
    for path in image_files(images):
        match = _CHANNEL.match(stem_of(path))
        if match is None:
            raise DataError(
                f"{path}: no channel number at the end of its name; "
                f"{stem_of(path)}_0000{suffix_of(path)} is expected of nnU-Net data"
            )
        cases.setdefault(match["case"], {})[int(match["channel"])] = path
    for case, files in cases.items():
        wanted = count or max(len(files) for files in cases.values())
        if sorted(files) != list(range(wanted)):
            raise DataError(
                f"{images}: case {case} has the channels {', '.join(map(str, sorted(files)))}; "
                f"{', '.join(map(str, range(wanted)))} are expected"
            )
    return {case: [files[n] for n in sorted(files)] for case, files in sorted(cases.items())}


def _refuse_unreadable(
    root: Path, facts: Mapping[str, Any], cases: Mapping[str, Any], truth: Mapping[str, Any]
) -> None:
    if cases and truth:
        return
    ending = str(facts.get("file_ending", ""))
    said = f"dataset.json says {ending}, which is not read here; " if ending else ""
    if any(ending.endswith(suffix) for suffix in SUFFIXES):
        said = ""
    raise DataError(
        f"{root}: nnU-Net layout, but no image files in {'labelsTr' if cases else 'imagesTr'}; "
        f"{said}understood are {' '.join(SUFFIXES)}: convert them, keeping the names"
    )


def _taken(path: Path, objects: Mapping[str, tuple[int, ...]], reading: Reading) -> list[str]:
    if reading.labels is None:
        return list(objects)
    if reading.labels not in objects:
        raise DataError(
            f"{path}: no class {reading.labels!r}; it names {', '.join(objects) or 'none'}"
        )
    return [reading.labels]


def _case(path: Path) -> str:
    match = _CHANNEL.match(stem_of(path))
    return match["case"] if match else stem_of(path)
