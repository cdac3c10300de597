"""ISBI 2012 as downloaded: ``train-volume.tif`` and ``train-labels.tif``, stacks of slices."""

from pathlib import Path

from septum.data.formats import stem_of
from septum.data.layouts.dataset import Dataset
from septum.data.layouts.files import image_files
from septum.data.layouts.pair import Pair


def find_isbi(root: Path) -> Dataset | None:
    """Pair the stacks ``*-volume.tif`` and ``*-labels.tif``; labels are 255 cell, 0 membrane.

    Each slice is a sample of its own in 2D, ``train-volume[03]``; the face-connected components of
    the cells are its instances.

    Returns
    -------
    Dataset or None
        None where there is no such pair of files.
    """
    files = {stem_of(path).lower(): path for path in image_files(root)}
    pairs, orphans = [], []
    for stem, volume in files.items():
        if not stem.endswith("-volume"):
            continue
        labels = files.get(stem.removesuffix("-volume") + "-labels")
        if labels is None:
            orphans.append(volume)
        else:
            pairs.append(Pair(stem_of(volume), volume, labels, group=stem_of(volume)))
    if not pairs:
        return None
    notes = tuple(f"{path.name} has no labels and is left out" for path in orphans)
    layout = "ISBI 2012: stacks *-volume.tif and *-labels.tif, one sample per slice"
    return Dataset(layout, root, tuple(pairs), tuple(orphans), notes)
