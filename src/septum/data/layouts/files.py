"""Image files in a folder, and the names that say which belong together."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from septum.data.formats import is_image_folder, is_image_name, stem_of
from septum.errors import DataError

_LABEL_WORDS = "(cp_)?masks?|labels?|instances?|manual\\d*|seg|segmentation"
_IMAGE_WORDS = "images?|img|raw|volume"
_LABEL_ENDING = re.compile(rf"(^|[_\-. ])({_LABEL_WORDS})$", re.IGNORECASE)
_AREA_ENDING = re.compile(r"[_\-. ](annotated|roi)$", re.IGNORECASE)
_SCRIBBLE_ENDING = re.compile(r"[_\-. ]scribbles?$", re.IGNORECASE)
_WORD_ENDING = re.compile(r"[_\-. ]([^\W\d_][^\W_]*)$")
_IMAGE_ENDING = re.compile(rf"(^|[_\-. ])({_IMAGE_WORDS})$", re.IGNORECASE)


def image_files(folder: Path) -> list[Path]:
    """Return the image files directly in a folder, sorted by name; hidden files are no images."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if is_image_name(path) and path.is_file())


def image_entries(folder: Path) -> list[Path]:
    """Return the images directly in a folder: files, and sub-folders that are one image each.

    Those are a zarr, and a folder with the slices of a DICOM series; of each no more is looked at
    than tells it. Sorted by name, without what is hidden.
    """
    if not folder.is_dir():
        return []
    inside = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(
        path for path in inside if (is_image_name(path) and path.is_file()) or is_image_folder(path)
    )


def subfolder(folder: Path, names: Iterable[str]) -> Path | None:
    """Return the first of the sub-folders called one of `names`, whatever their case."""
    present = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}
    return next((present[name] for name in names if name in present), None)


def is_label_name(path: Path) -> bool:
    """Whether a file name ends like that of a label image: ``x_masks.tif``, ``labels.png``."""
    return _LABEL_ENDING.search(stem_of(path)) is not None


def label_key(path: Path) -> str:
    """Return the stem without its ending: ``cell_01_mask.png`` -> ``cell_01``."""
    stem = stem_of(path)
    while (shorter := _LABEL_ENDING.sub("", stem)) != stem:  # Cellpose: x_cp_masks
        stem = shorter
    return stem


def area_key(path: Path) -> str | None:
    """Return the stem that an annotated area is of: ``cell_01_roi.png`` -> ``cell_01``, or None."""
    return _before(_AREA_ENDING, stem_of(path))


def scribble_key(path: Path) -> str | None:
    """Return the stem that scribbles are of: ``cell_01_scribbles.png`` -> ``cell_01``, or None."""
    return _before(_SCRIBBLE_ENDING, stem_of(path))


def suffix_key(path: Path, suffix: str) -> str | None:
    """Return the stem before a suffix: ``cell_01_nuclei.png`` -> ``cell_01`` of nuclei, or None."""
    return _before(re.compile(rf"[_\-. ]{re.escape(suffix)}$", re.IGNORECASE), stem_of(path))


def suffixes_of(files: Iterable[Path]) -> dict[str, list[Path]]:
    """Return the files named as another with a word behind it, by the word.

    ``x_nuclei.tif`` beside ``x.tif`` is of nuclei; ``x_2.tif`` is another image, and no word.
    """
    files = list(files)
    stems = {stem_of(path) for path in files}
    found: dict[str, list[Path]] = {}
    for path in files:
        match = _WORD_ENDING.search(stem_of(path))
        if match and stem_of(path)[: match.start()] in stems:
            found.setdefault(match[1], []).append(path)
    return found


def _before(ending: re.Pattern[str], stem: str) -> str | None:
    return ending.sub("", stem) if ending.search(stem) else None


def image_key(path: Path) -> str:
    """Return the stem without its ending: ``cell_01_img.png`` -> ``cell_01``."""
    return _IMAGE_ENDING.sub("", stem_of(path))


def by_key(paths: Iterable[Path], key: Mapping[Path, str]) -> dict[str, Path]:
    """Index files by key.

    Raises
    ------
    DataError
        When two files have the same key, so that it is open which one is meant.
    """
    found: dict[str, Path] = {}
    for path in paths:
        other = found.setdefault(key[path], path)
        if other != path:
            raise DataError(
                f"{path.parent}: {other.name} and {path.name} both go by the name "
                f"{key[path] or stem_of(path)!r}; remove or rename one of them"
            )
    return found


def is_generic(path: Path) -> bool:
    """Whether a file is called an image and nothing more: ``raw.tif``, ``image.png``."""
    return not image_key(path)


def few(paths: Iterable[Path], limit: int = 3) -> str:
    """Return the first names and how many more: ``a.png, b.png, c.png and 4 more``."""
    names = [path.name for path in paths]
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
