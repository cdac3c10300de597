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
    stems = by_key(labels, {path: path.stem for path in labels})
    keys = by_key(labels, {path: label_key(path) for path in labels})
    pairs, missing, used = [], [], set()
    for image in images:
        match = next(
            (
                found[name]
                for found, name in (
                    (stems, image.stem),
                    (keys, image.stem),
                    (keys, image_key(image)),
                )
                if name in found
            ),
            None,
        )
        if match is None:
            missing.append(image)
        else:
            used.add(match)
            pairs.append(Pair(image_key(image) or image.stem, image, match))
    if missing:
        example = missing[0].stem
        raise DataError(
            f"{root}: {len(missing)} of {len(images)} images have no mask: {few(missing)}. "
            f"{example}{labels[0].suffix} or {example}_mask{labels[0].suffix} was looked for in "
            f"{labels[0].parent}; add the masks or take these images out"
        )
    orphans = tuple(path for path in labels if path not in used)
    notes = (f"{len(orphans)} masks without an image: {few(orphans)}",) if orphans else ()
    by_key([pair.image for pair in pairs], {pair.image: pair.name for pair in pairs})
    return Dataset(layout, root, tuple(pairs), orphans, notes)
