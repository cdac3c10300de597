"""Two folders, ``images/`` and ``masks/`` (or ``labels/``), or pairs side by side in one."""

from pathlib import Path

from septum.data.layouts.dataset import Dataset, Pair
from septum.data.layouts.files import (
    by_key,
    few,
    image_files,
    image_key,
    is_label_name,
    label_key,
    subfolder,
)
from septum.errors import DataError

IMAGES = ("images", "image", "imgs", "raw")
LABELS = ("labels", "label", "masks", "mask", "instances", "annotations")


def find_folders(root: Path) -> Dataset | None:
    """Pair the files of ``images/`` and ``masks/`` (or ``labels/``) by their stems.

    Suffixes may differ, and endings that say "mask" or "image" do not count: ``a.png`` goes with
    ``a.tif``, ``a_mask.png`` and ``a_labels.tif``.

    Returns
    -------
    Dataset or None
        None where the folder has no such sub-folders.

    Raises
    ------
    DataError
        An image without its mask; sub-folders without images.
    """
    images, labels = subfolder(root, IMAGES), subfolder(root, LABELS)
    if images is None or labels is None:
        return None
    layout = f"folders: {images.name}/ and {labels.name}/ paired by file stem"
    image_paths, label_paths = image_files(images), image_files(labels)
    for folder, found in ((images, image_paths), (labels, label_paths)):
        if not found:
            raise DataError(f"{folder}: no image files in it; {root} was read as {layout}")
    return _pair_up(root, layout, image_paths, label_paths)


def find_beside(root: Path) -> Dataset | None:
    """Pair ``x.tif`` with ``x_masks.tif``, ``x_label.png``, ... in the same folder (Cellpose).

    ``image.tif`` with ``labels.tif`` is the same with an empty name.

    Returns
    -------
    Dataset or None
        None where no file name ends like a mask's.

    Raises
    ------
    DataError
        An image without its mask.
    """
    files = image_files(root)
    labels = [path for path in files if is_label_name(path)]
    images = [path for path in files if path not in labels]
    if not labels or not images:
        return None
    layout = "side by side: x.tif with x_masks.tif (or _mask, _label, _labels) in one folder"
    return _pair_up(root, layout, images, labels)


def _pair_up(root: Path, layout: str, images: list[Path], labels: list[Path]) -> Dataset:
    found = _match(images, labels)
    missing = [image for image in images if image not in found]
    if missing:
        example = missing[0].stem
        raise DataError(
            f"{root}: {len(missing)} of {len(images)} images have no mask: {few(missing)}. "
            f"{example}{labels[0].suffix} or {example}_mask{labels[0].suffix} was looked for in "
            f"{labels[0].parent}; add the masks or take these images out"
        )
    orphans = tuple(path for path in labels if path not in found.values())
    notes = (f"{len(orphans)} masks without an image: {few(orphans)}",) if orphans else ()
    names = by_key(images, {image: image_key(image) or image.stem for image in images})
    pairs = tuple(Pair(name, image, found[image]) for name, image in names.items())
    return Dataset(layout, root, pairs, orphans, notes)


def _match(images: list[Path], labels: list[Path]) -> dict[Path, Path]:
    """Give each image its label file, if it has one: the exact stem first, then without endings."""
    found: dict[Path, Path] = {}
    for image_name, label_name in ((_stem, _stem), (_stem, label_key), (image_key, label_key)):
        free = [path for path in labels if path not in found.values()]
        open_images = {image: image_name(image) for image in images if image not in found}
        wanted = [path for path in free if label_name(path) in open_images.values()]
        by_name = by_key(wanted, {path: label_name(path) for path in wanted})
        found |= {image: by_name[n] for image, n in open_images.items() if n in by_name}
    return found


def _stem(path: Path) -> str:
    return path.stem
