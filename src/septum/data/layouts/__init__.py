"""Dataset layouts: one file per layout, which finds the pairs and says how they were found."""

from pathlib import Path

from septum.data.layouts.ctc import find_ctc
from septum.data.layouts.dataset import Dataset, Pair, load_pair
from septum.data.layouts.drive import find_drive
from septum.data.layouts.files import few, image_files
from septum.data.layouts.folder import find_beside, find_folders
from septum.data.layouts.isbi import find_isbi
from septum.errors import DataError

__all__ = ["Dataset", "Pair", "find", "load_pair"]

UNDERSTOOD = (
    "images/ with masks/ or labels/ of the same file names; "
    "x.tif beside x_masks.tif; "
    "the Cell Tracking Challenge (01/ with 01_GT/SEG); "
    "ISBI 2012 (train-volume.tif with train-labels.tif); "
    "DRIVE (images/ with 1st_manual/)"
)


def find(path: str | Path) -> Dataset:
    """Recognise the layout of a dataset folder and pair its images with their labels.

    Parameters
    ----------
    path : str or Path
        The folder. It is only read.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        When the folder does not exist, is empty or in no layout that is understood (the message
        lists those), or is but lacks files.
    """
    root = Path(path)
    if not root.exists():
        near = root.parent if root.parent.is_dir() else Path.cwd()
        raise DataError(f"{root}: no such folder (looked in {near.resolve()})")
    if not root.is_dir():
        raise DataError(
            f"{root}: a file, where a dataset folder is expected. Understood are: {UNDERSTOOD}"
        )
    dataset = _detect(root)
    if dataset is not None:
        return dataset
    files = image_files(root)
    if files:
        held = f"{len(files)} images without masks ({few(files)})"
    elif any(root.iterdir()):
        held = "no image files in it"
    else:
        held = "an empty folder"
    raise DataError(f"{root}: {held}{_hint(root)}. Understood are: {UNDERSTOOD}")


def _detect(root: Path) -> Dataset | None:
    return (
        find_ctc(root)
        or find_isbi(root)
        or find_drive(root)
        or find_folders(root)
        or find_beside(root)
    )


def _hint(root: Path) -> str:
    """Point at the first sub-folder that would do."""
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        try:
            inner = _detect(folder)
        except DataError:
            continue
        if inner is not None:
            return f", but its sub-folder {folder.name} is a dataset: give {folder}"
    return ""
