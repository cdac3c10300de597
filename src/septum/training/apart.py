"""Where a run may lie: apart from the images and annotations that it learns from."""

from collections.abc import Iterable
from pathlib import Path

from septum.data.gather import Data
from septum.data.layouts import Dataset, Reading, find
from septum.data.layouts.folder import KNOWN_FOLDERS
from septum.errors import DataError


def refuse_among_data(out: Path, data: Iterable[Data | float | None], reading: Reading) -> None:
    """Raise DataError if a run would be written among the files that it learns from.

    Beside their folders it may lie: ``my-cells/run`` with ``my-cells/images`` and
    ``my-cells/masks``, and in the folder of a dataset whose files lie there themselves. No layout
    looks into further folders, unless they are called as it expects its own.

    Parameters
    ----------
    out : Path
        The folder for the run.
    data : iterable
        What a training is given to learn from and to validate with. Only what is a folder, or a
        table of files, can be written into.
    reading : Reading
        How the folders are read.

    Raises
    ------
    DataError
        Also if a folder is no dataset.
    """
    place = out.resolve()
    for one in data:
        if not isinstance(one, str | Path):
            continue
        if Path(one).resolve() == place:
            raise DataError(f"{out} is the folder of the data; give another folder for the run")
        dataset = find(one, reading)
        root = dataset.root.resolve()
        for folder, names in _files(dataset).items():
            # In the folder that was given, and in one around it, there is room beside the files.
            inside = place.is_relative_to(folder)
            if inside and (not root.is_relative_to(folder) or _within(place, folder, names)):
                raise DataError(
                    f"{out} lies among the images and annotations in {folder}, and nothing is "
                    "written there; give a folder of its own, as -o runs/first"
                )
        if place.parent == root and place.name.lower() in KNOWN_FOLDERS:
            raise DataError(
                f"a run in {out} would be taken for images or annotations of {root.name}/ from "
                f"then on, by its name; give another one, as -o {dataset.root / 'run'}"
            )


def _files(dataset: Dataset) -> dict[Path, set[str]]:
    """Return the names of the files of a dataset, by their folder."""
    listed: dict[Path, set[str]] = {}
    for file in dataset.files:
        listed.setdefault(file.parent, set()).add(file.name)
    found: dict[Path, set[str]] = {}
    for folder, names in listed.items():  # once a folder: of a file it would ask the disk each time
        found.setdefault(folder.resolve(), set()).update(names)
    return found


def _within(place: Path, folder: Path, names: set[str]) -> bool:
    """Tell whether a place is one of the files in a folder, or in one: a zarr is a folder."""
    first = place.relative_to(folder).parts[:1]
    return bool(first) and first[0] in names
