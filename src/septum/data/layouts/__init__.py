"""Dataset layouts: one file per layout, which finds the pairs and says how they were found."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from septum.counted import counted
from septum.data.formats.own import is_ours, may_be_ours
from septum.data.layouts.annotation import Annotation, Plane, understand
from septum.data.layouts.ctc import find_ctc
from septum.data.layouts.dataset import Dataset
from septum.data.layouts.drive import find_drive
from septum.data.layouts.files import few, image_entries, subfolder
from septum.data.layouts.folder import IMAGES, LABELS, SCRIBBLES, find_beside, find_folders
from septum.data.layouts.isbi import find_isbi
from septum.data.layouts.joined import find_classes
from septum.data.layouts.nnunet import find_nnunet
from septum.data.layouts.ome_zarr import NO_IMAGE, find_ome_zarr
from septum.data.layouts.pair import Pair, annotation_of, load_pair
from septum.data.layouts.reading import AS_FOUND, Reading
from septum.data.layouts.several import find_several
from septum.data.layouts.table import find_table
from septum.errors import ConfigError, DataError

__all__ = [
    "AS_FOUND",
    "LAYOUTS",
    "Annotation",
    "Dataset",
    "Layout",
    "Pair",
    "Plane",
    "Reading",
    "annotation_of",
    "find",
    "load_pair",
    "understand",
]


@dataclass(frozen=True)
class Layout:
    """A layout: how people know it, and what finds its pairs (None where the folder is no such)."""

    looks_like: str
    find: Callable[[Path, Reading], Dataset | None]


LAYOUTS = {
    "csv": Layout("a CSV table with the columns image and labels", find_table),
    "nnunet": Layout("nnU-Net raw (dataset.json, imagesTr/, labelsTr/)", find_nnunet),
    "ctc": Layout(
        "the Cell Tracking Challenge (01/ with 01_GT/SEG)", lambda root, _reading: find_ctc(root)
    ),
    "isbi": Layout(
        "ISBI 2012 (train-volume.tif with train-labels.tif)", lambda root, _reading: find_isbi(root)
    ),
    "drive": Layout("DRIVE (images/ with 1st_manual/)", lambda root, _reading: find_drive(root)),
    "ome-zarr": Layout("OME-Zarr with a labels group", find_ome_zarr),
    "folders": Layout(
        "images/ with masks/, labels/ or scribbles/ of the same file names", find_folders
    ),
    "several": Layout("raw.tif with several annotations of it, one chosen by name", find_several),
    "beside": Layout("x.tif beside x_masks.tif (Cellpose)", find_beside),
}
"""Every layout by the name that overrides detection, in the order in which they are tried."""

_OF_TOOLS = {
    "cellpose": "beside",
    "nnu-net": "nnunet",
    "nnunetv2": "nnunet",
    "celltracking": "ctc",
    "isbi2012": "isbi",
    "omezarr": "ome-zarr",
    "ngff": "ome-zarr",
    "table": "csv",
}
"""What people call a layout by the tool that made it; refused with the name that it has here."""

UNDERSTOOD = (
    "; ".join(LAYOUTS[name].looks_like for name in ("folders", "beside"))
    + "; "
    + "; ".join(
        layout.looks_like for name, layout in LAYOUTS.items() if name not in ("folders", "beside")
    )
)


def find(path: str | Path, reading: Reading = AS_FOUND) -> Dataset:
    """Recognise the layout of a dataset folder and pair its images with their labels.

    Parameters
    ----------
    path : str or Path
        The folder, an OME-Zarr image or a CSV table. It is only read.
    reading : Reading, optional
        What the user knows better: the layout, which annotation, which value is not annotated.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        When the folder does not exist, is empty or in no layout that is understood (the message
        lists those), or is but lacks files.
    ConfigError
        For a layout that is not known, or a choice of labels where there is nothing to choose.
    """
    root = Path(path)
    if not root.exists():
        near = root.parent if root.parent.is_dir() else Path.cwd()
        raise DataError(f"{root}: no such folder (looked in {near.resolve()})")
    if reading.layout is not None and reading.layout not in LAYOUTS:
        raise ConfigError(_no_layout(reading.layout))
    classes = reading.classes
    if classes is not None and classes.of_files:
        dataset = find_classes(root, reading, classes, _found)
    else:
        dataset = _found(root, reading)
    return replace(dataset, reading=reading)


def _no_layout(name: str) -> str:
    there = f"there are {', '.join(LAYOUTS)}"
    key = name.lower().replace("_", "-")
    own = _OF_TOOLS.get(key) or _OF_TOOLS.get(key.replace("-", ""))
    if own is not None:
        return f"no layout {name!r}: --layout {own} is {LAYOUTS[own].looks_like}; {there}"
    close = get_close_matches(key, LAYOUTS, 1)
    hint = f", did you mean {close[0]!r}" if close else ""
    return f"no layout {name!r}{hint}: {there}"


def _found(root: Path, reading: Reading) -> Dataset:
    try:
        dataset = _detect(root, reading) if root.is_dir() else find_table(root, reading)
    except DataError:
        _refuse_results(root)
        raise
    if dataset is None or any(pair.image.parent == root for pair in dataset.pairs):
        _refuse_results(root)
    if dataset is None:
        raise DataError(f"{root}: {_not_understood(root, reading)}")
    _refuse_no_choice(dataset, reading)
    return dataset


def _refuse_results(root: Path) -> None:
    """Refuse a folder whose own images are all of septum's; they may lie beside others."""
    if any((root / "model" / name).is_file() for name in ("model.json", "model.safetensors")):
        raise DataError(f"{root}: a trained model, and no dataset; septum info {root} describes it")
    files = image_entries(root)
    if files and all(map(may_be_ours, files)) and any(map(is_ours, files)):
        raise DataError(f"{root}: {NO_IMAGE}")


def _refuse_no_choice(dataset: Dataset, reading: Reading) -> None:
    if reading.labels is None or reading.labels.lower() in map(str.lower, dataset.choices):
        return
    held = f"there are {', '.join(dataset.choices)}" if dataset.choices else "there is but one"
    raise ConfigError(
        f"--labels {reading.labels} chooses among several annotations; in {dataset.root} "
        f"({dataset.layout}) {held}"
    )


def _detect(root: Path, reading: Reading) -> Dataset | None:
    names = list(LAYOUTS) if reading.layout is None else [reading.layout]
    found = (LAYOUTS[name].find(root, reading) for name in names)
    return next((dataset for dataset in found if dataset is not None), None)


def _not_understood(root: Path, reading: Reading) -> str:
    if not root.is_dir():
        return f"a file, where a dataset folder is expected. Understood are: {UNDERSTOOD}"
    if reading.layout is not None:
        return (
            f"not in the layout {reading.layout}, which is "
            f"{LAYOUTS[reading.layout].looks_like}; leave --layout away to have it detected"
        )
    whole = _around(root)
    if whole is not None:
        return f"a part of a dataset; give the folder that holds it: {whole}"
    images, files = subfolder(root, IMAGES), image_entries(root)
    if images is not None:
        return f"{_no_annotation(root, images)}. Understood are: {UNDERSTOOD}"
    if files:
        held = f"{counted(len(files), 'image')} without masks ({few(files)})"
    elif any(root.iterdir()):
        held = "no image files in it"
    else:
        held = "an empty folder"
    return f"{held}{_hint(root)}. Understood are: {UNDERSTOOD}"


def _no_annotation(root: Path, images: Path) -> str:
    """Say that images have no folder of annotations beside them, and how that would be called."""
    wanted = ", ".join(f"{name}/" for name in (*LABELS, *SCRIBBLES))
    others = [p.name for p in sorted(root.iterdir()) if p.is_dir() and p != images]
    beside = f" (there is {', '.join(f'{name}/' for name in others)})" if others else ""
    choose = f"; rename the folder of the label images, or give --labels {others[0]}" * bool(others)
    return (
        f"{counted(len(image_entries(images)), 'image')} in {images.name}/ and no folder of "
        "their annotations "
        f"beside it{beside}: one called {wanted} is looked for{choose}"
    )


def _around(root: Path) -> Path | None:
    """Return the folder of a dataset of which `root` holds the images or the annotations alone."""
    parent = root.resolve().parent
    if parent == root.resolve() or subfolder(parent, IMAGES) is None:
        return None
    try:
        found = find_folders(parent, AS_FOUND)
    except DataError:
        return None
    folders = (
        {p.resolve().parent for pair in found.pairs for p in (pair.image, pair.labels)}
        if found
        else ()
    )
    if root.resolve() not in folders:
        return None
    return root / ".." if root.name in ("", "..") else root.parent  # the parent of "." is "."


def _hint(root: Path) -> str:
    """Point at the first sub-folder that would do."""
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        try:
            inner = _detect(folder, AS_FOUND)
        except DataError:
            continue
        if inner is not None:
            return f", but its sub-folder {folder.name} is a dataset: give {folder}"
    return ""
