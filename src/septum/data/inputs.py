"""Which image files were meant: files, folders, patterns that no shell expanded, zarr folders."""

import glob
from collections.abc import Callable, Iterable
from pathlib import Path

from septum.counted import counted
from septum.data.formats import is_image_folder, is_zarr, refuse_plate, stem_of
from septum.data.layouts.files import (
    few,
    image_entries,
    image_files,
    image_key,
    is_label_name,
    label_key,
)
from septum.errors import DataError


def images_in(paths: Iterable[Path], on_note: Callable[[str], None] | None = None) -> list[Path]:
    """Return the image files among `paths`, folders opened and patterns expanded.

    An OME-Zarr image is a folder, and one image; so is a series of DICOM slices. In another folder,
    label files beside their images (``x_masks.tif`` beside ``x.tif``) are left out; `on_note` is
    called with a sentence that says how many.

    Parameters
    ----------
    paths : iterable of Path
        Images, folders of images, and patterns as ``*.tif`` or ``**/*.tif`` where nothing has that
        very name.
    on_note : callable, optional
        Called with each note.

    Returns
    -------
    list of Path
        Each file once, those of a folder or a pattern sorted by name.

    Raises
    ------
    DataError
        If a path does not exist, a folder holds no image, a pattern fits nothing, an OME-Zarr is a
        plate, or two images have the same stem and their results would have the same name.
    """
    files = list(dict.fromkeys(file for path in paths for file in _meant(path, on_note)))
    stems: dict[str, Path] = {}
    for file in files:
        if is_zarr(file):
            refuse_plate(file)
        other = stems.setdefault(stem_of(file), file)
        if other != file:
            raise DataError(
                f"{other} and {file} have the same name, and so would their results; "
                "predict them into different folders"
            )
    return files


def _meant(path: Path, on_note: Callable[[str], None] | None) -> list[Path]:
    if not path.exists():
        if not glob.has_magic(str(path)):
            raise DataError(f"{path}: no such file or folder")
        found = sorted(Path(name) for name in glob.glob(str(path), recursive=True))
        if not found:
            raise DataError(f"{path}: no file fits this pattern")
        return found
    if not path.is_dir() or is_image_folder(path):
        return [path]
    found = image_entries(path)
    if not found:
        inside = next(filter(_holds_images, sorted(path.iterdir())), None)
        near = f"; there are some in {inside}" if inside else ""
        raise DataError(f"{path}: no image files in this folder{near}")
    labels = _labels_beside(found)
    if labels and on_note is not None:
        on_note(
            f"{path}: {counted(len(labels), 'label file')} beside images left out: {few(labels)}"
        )
    return [file for file in found if file not in labels]


def _holds_images(folder: Path) -> bool:
    try:
        return not folder.name.startswith(".") and bool(image_files(folder))
    except PermissionError:
        return False


def _labels_beside(files: list[Path]) -> list[Path]:
    """Return the label files of which the image is among `files` too."""
    images = [file for file in files if not is_label_name(file)]
    keys = {key for image in images for key in (stem_of(image), image_key(image))}
    return [file for file in files if is_label_name(file) and label_key(file) in keys]
