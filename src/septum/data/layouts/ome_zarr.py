"""OME-Zarr images with their label images inside: ``x.ome.zarr/labels/cells``."""

from pathlib import Path

import zarr

from septum.counted import counted
from septum.data.formats import is_zarr, refuse_plate
from septum.data.formats.own import is_ours
from septum.data.layouts.dataset import Dataset
from septum.data.layouts.files import few
from septum.data.layouts.pair import Pair
from septum.data.layouts.reading import Reading
from septum.errors import DataError

NO_IMAGE = (
    "written by septum predict, and no image to learn from; septum evaluate measures it against a "
    "truth"
)
"""What a result is."""


def find_ome_zarr(root: Path, reading: Reading) -> Dataset | None:
    """Pair OME-Zarr images with a label image of their ``labels`` group.

    Parameters
    ----------
    root : Path
        One image, or a folder of them. All are read at full resolution.
    reading : Reading
        `labels` chooses among several label images.

    Returns
    -------
    Dataset or None
        None where no OME-Zarr has label images.

    Raises
    ------
    DataError
        An image without label images beside others with; several label images and no choice;
        what `septum predict` wrote. In a folder that is passed over.
    """
    if is_ours(root):
        raise DataError(f"{root}: {NO_IMAGE}")
    zarrs = [root] if is_zarr(root) else sorted(path for path in root.iterdir() if is_zarr(path))
    zarrs = [path for path in zarrs if not is_ours(path)]
    names = {path: label_names(path) for path in zarrs}
    if not any(names.values()):
        return None
    lost = [path for path, found in names.items() if not found]
    if lost:
        raise DataError(
            f"{root}: {counted(len(lost), 'OME-Zarr image', 'have', len(zarrs))} no label image: "
            f"{few(lost)}; add a labels group or take these images out"
        )
    pairs = []
    for path, found in names.items():
        refuse_plate(path)
        name = path.name.removesuffix(".zarr").removesuffix(".ome")
        pairs.append(Pair(name, path, path / "labels" / _chosen(path, found, reading)))
    layout = f"OME-Zarr: label image {pairs[0].labels.name} in the labels group of each image"
    choices = sorted({name for found in names.values() for name in found})
    return Dataset(layout, root, tuple(pairs), choices=tuple(choices))


def label_names(path: Path) -> list[str]:
    """Return the names of the label images in an OME-Zarr image, as its metadata lists them."""
    folder = path / "labels"
    if not folder.is_dir() or not is_zarr(folder):
        return []
    attributes = dict(zarr.open_group(folder, mode="r").attrs)
    inner = attributes.get("ome")
    listed = (inner if isinstance(inner, dict) else attributes).get("labels", [])
    return [str(name) for name in listed] if isinstance(listed, list) else []


def label_image(path: Path) -> Path:
    """Return the label image of an OME-Zarr, or the image itself where it has none beside it.

    Raises
    ------
    DataError
        If there are several, as of classes that may overlap.
    """
    names = label_names(path)
    if len(names) > 1:
        raise DataError(
            f"{path}: its labels group holds {', '.join(names)}; give one of them, as "
            f"{path / 'labels' / names[0]}, or let septum predict --save labels write all in "
            "one file"
        )
    return path / "labels" / names[0] if names else path


def _chosen(path: Path, names: list[str], reading: Reading) -> str:
    if reading.labels in names:
        return str(reading.labels)
    if len(names) == 1 and reading.labels is None:
        return names[0]
    raise DataError(
        f"{path}: its labels group holds {', '.join(names)}; choose one with --labels NAME"
        + (f" ({reading.labels} is none of them)" if reading.labels else "")
    )
