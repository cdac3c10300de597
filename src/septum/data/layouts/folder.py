"""Two folders, ``images/`` and ``masks/`` (or ``labels/``), or pairs side by side in one."""

from dataclasses import replace
from pathlib import Path

from septum.counted import counted
from septum.data.formats import stem_of
from septum.data.layouts.dataset import Dataset
from septum.data.layouts.files import (
    area_key,
    by_key,
    few,
    image_entries,
    image_key,
    is_label_name,
    label_key,
    scribble_key,
    subfolder,
    suffix_key,
    suffixes_of,
)
from septum.data.layouts.pair import Pair
from septum.data.layouts.reading import Reading
from septum.errors import DataError

IMAGES = ("images", "image", "imgs", "raw")
LABELS = ("labels", "label", "masks", "mask", "instances", "annotations")
SCRIBBLES = ("scribbles", "scribble")
AREAS = ("annotated", "roi", "rois")
ANNOTATION_FOLDERS = frozenset((*LABELS, *SCRIBBLES, *AREAS))
KNOWN_FOLDERS = ANNOTATION_FOLDERS.union(IMAGES)
"""What is looked for by name, whatever its case."""


def find_folders(root: Path, reading: Reading) -> Dataset | None:
    """Pair the files of ``images/`` and ``masks/`` (or ``labels/``) by their stems.

    Suffixes may differ, and endings that say "mask" or "image" do not count: ``a.png`` goes with
    ``a.tif``, ``a_mask.png`` and ``a_labels.tif``; so does a folder ``a`` with the slices of a
    DICOM series, or ``a.zarr``. In the absence of masks, ``scribbles/`` holds
    strokes (0 unknown, 1 background, 2 and more objects). ``annotated/`` or ``roi/`` holds images
    that are not 0 where somebody annotated.

    Returns
    -------
    Dataset or None
        None where the folder has no such sub-folders.

    Raises
    ------
    DataError
        An image without its mask; sub-folders without images.
    """
    images = subfolder(root, IMAGES)
    if images is None:
        return None
    words = (*LABELS, *SCRIBBLES) if reading.labels is None else (reading.labels.lower(),)
    labels = subfolder(root, words)
    if labels is None:
        return None
    layout = f"folders: {images.name}/ and {labels.name}/ paired by file stem"
    image_paths, label_paths = image_entries(images), image_entries(labels)
    for folder, found in ((images, image_paths), (labels, label_paths)):
        if not found:
            raise DataError(
                f"{folder}: no image files in it{_folders_in(folder)}; {root} was read as {layout}"
            )
    dataset = _pair_up(root, layout, image_paths, label_paths)
    if labels.name.lower() in SCRIBBLES:
        dataset = _of_scribbles(dataset)
    areas = subfolder(root, AREAS)
    area_paths = [] if areas is None else image_entries(areas)
    if areas is not None and area_paths:
        dataset = _with_areas(dataset, area_paths, f"{areas.name}/")
    choices = _choices(root)
    if reading.labels is None and len(choices) > 1:
        left = ", ".join(f"{name}/" for name in choices if name != labels.name)
        note = f"{labels.name}/ was taken for the labels and not {left}; --labels NAME chooses"
        dataset = replace(dataset, notes=(note, *dataset.notes))
    return replace(dataset, choices=tuple(choices))


def _choices(root: Path) -> list[str]:
    """Return the sub-folders that labels could be in."""
    known = {*IMAGES, *AREAS}
    return [
        path.name
        for path in sorted(root.iterdir())
        if path.is_dir() and path.name.lower() not in known and image_entries(path)
    ]


def _folders_in(folder: Path) -> str:
    """Say that what a folder holds instead of image files is no image either."""
    inside = sorted(path for path in folder.iterdir() if path.is_dir())
    return f", and no DICOM series or zarr among its folders ({few(inside)})" if inside else ""


def find_beside(root: Path, reading: Reading) -> Dataset | None:
    """Pair ``x.tif`` with ``x_masks.tif``, ``x_label.png``, ... in the same folder (Cellpose).

    ``image.tif`` with ``labels.tif`` is the same with an empty name. In the absence of masks,
    ``x_scribbles.tif`` holds strokes; ``x_annotated.tif`` or ``x_roi.tif`` is not 0 where somebody
    annotated. Where the user chooses labels called ``cells``, they are in ``x_cells.tif``.

    Returns
    -------
    Dataset or None
        None where no file name ends like a mask's.

    Raises
    ------
    DataError
        An image without its mask; no file of the labels that the user chooses.
    """
    files = image_entries(root)
    if reading.labels is not None and (suffixes := suffixes_of(files)):
        return _of_suffix(root, files, suffixes, reading.labels, reading)
    stems = {stem_of(path) for path in files}
    areas = [path for path in files if area_key(path) in stems]
    strokes = [path for path in files if scribble_key(path) in stems]
    labels = [path for path in files if is_label_name(path)]
    images = [path for path in files if path not in (*labels, *areas, *strokes)]
    layout = "side by side: x.tif with x_masks.tif (or _mask, _label, _labels) in one folder"
    if labels and images:
        dataset = _pair_up(root, layout, images, labels)
    elif strokes and images:
        layout = "side by side: x.tif with x_scribbles.tif in one folder"
        dataset = _of_scribbles(_pair_up(root, layout, images, strokes))
    else:
        return None
    return _with_areas(dataset, areas, "x_annotated or x_roi") if areas else dataset


def _of_suffix(
    root: Path, files: list[Path], suffixes: dict[str, list[Path]], wanted: str, reading: Reading
) -> Dataset:
    """Pair ``x.tif`` with the annotation ``x_wanted.tif`` of several."""
    stems = {stem_of(path) for path in files}
    labels = [path for path in files if suffix_key(path, wanted) in stems]
    areas = [path for path in files if area_key(path) in stems]
    choices = tuple(word for word in suffixes if word.lower() not in AREAS)
    if not labels:
        raise DataError(
            f"{root}: --labels {wanted}, and no image has a file as x_{wanted}.tif beside it; "
            f"there are {', '.join(f'x_{word}' for word in choices)}"
        )
    others = {path for paths in suffixes.values() for path in paths} - {*labels}
    images = [path for path in files if path not in others and path not in labels]
    layout = f"side by side: x.tif with x_{wanted}.tif in one folder"
    keyed = {suffix_key(path, wanted): path for path in labels}
    lost = [image for image in images if stem_of(image) not in keyed]
    if lost:
        raise DataError(
            f"{root}: {counted(len(lost), 'image', 'have', len(images))} no annotation: "
            f"{few(lost)}. "
            f"{stem_of(lost[0])}_{wanted}{_ending(labels[0])} was looked for; add it, or take "
            "these images out"
        )
    kind = "scribbles" if scribble_key(labels[0]) else None
    pairs = tuple(Pair(stem_of(p), p, keyed[stem_of(p)], kind=kind) for p in images)
    taken = [word.lower() for word in reading.wanted_labels]
    left = [word for word in choices if word.lower() not in taken]
    notes = (f"not used: {', '.join(f'x_{word}' for word in left)}",) if left else ()
    dataset = Dataset(layout, root, pairs, notes=notes, choices=choices)
    return _with_areas(dataset, areas, "x_annotated or x_roi") if areas else dataset


def _of_scribbles(dataset: Dataset) -> Dataset:
    return replace(dataset, pairs=tuple(replace(p, kind="scribbles") for p in dataset.pairs))


def _with_areas(dataset: Dataset, areas: list[Path], name: str) -> Dataset:
    """Return the pairs with the area that was annotated, where there is a file of it."""
    keys = {path: area_key(path) or label_key(path) for path in areas}
    by_stem = {stem_of(path): path for path in areas} | by_key(areas, keys)
    pairs = tuple(
        replace(pair, area=by_stem.get(stem_of(pair.image)) or by_stem.get(pair.name))
        for pair in dataset.pairs
    )
    used = [pair.area for pair in pairs if pair.area is not None]
    if not used:
        raise DataError(
            f"{areas[0]}: the annotated area of no image; files named as the images are expected, "
            f"such as {stem_of(pairs[0].image)}{_ending(areas[0])}"
        )
    without = [pair.image for pair in pairs if pair.area is None]
    notes = [f"{name} tells where somebody annotated (not 0), of {counted(len(used), 'image')}"]
    if without:
        notes.append(
            f"{counted(len(without), 'image', 'have')} no file of that kind, which counts as "
            f"annotated everywhere: {few(without)}"
        )
    return replace(dataset, pairs=pairs, notes=(*dataset.notes, *notes))


def _pair_up(root: Path, layout: str, images: list[Path], labels: list[Path]) -> Dataset:
    found = _match(images, labels)
    missing = [image for image in images if image not in found]
    if missing:
        example, ending = stem_of(missing[0]), _ending(labels[0])
        others = [path for path in labels if path not in found.values()]
        way = "; add the masks or take these images out"
        if others:
            go = "go" if len(others) > 1 else "goes"
            way = f", where {few(others)} {go} with no image. Call each mask as its image{way}"
        raise DataError(
            f"{root}: {counted(len(missing), 'image', 'have', len(images))} no mask: "
            f"{few(missing)}. "
            f"{example}{ending} or {example}_mask{ending} was looked for in {labels[0].parent}"
            f"{way}"
        )
    orphans = tuple(path for path in labels if path not in found.values())
    notes = (
        (f"{counted(len(orphans), 'mask')} without an image: {few(orphans)}",) if orphans else ()
    )
    names = by_key(images, {image: image_key(image) or stem_of(image) for image in images})
    pairs = tuple(Pair(name, image, found[image]) for name, image in names.items())
    return Dataset(layout, root, pairs, orphans, notes)


def _match(images: list[Path], labels: list[Path]) -> dict[Path, Path]:
    """Give each image its label file, if it has one: the exact stem first, then without endings."""
    found: dict[Path, Path] = {}
    for image_name, label_name in ((_stem, _stem), (_stem, _key), (image_key, _key)):
        free = [path for path in labels if path not in found.values()]
        open_images = {image: image_name(image) for image in images if image not in found}
        wanted = [path for path in free if label_name(path) in open_images.values()]
        by_name = by_key(wanted, {path: label_name(path) for path in wanted})
        found |= {image: by_name[n] for image, n in open_images.items() if n in by_name}
    return found


def _key(path: Path) -> str:
    return scribble_key(path) or label_key(path)


def _ending(path: Path) -> str:
    """Return what a name has behind its stem: ``.nii.gz``, and nothing of a folder of slices."""
    return path.name.removeprefix(stem_of(path))


def _stem(path: Path) -> str:
    return stem_of(path)
