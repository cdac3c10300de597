"""What the name of an image file says: its format, and what its results are called by."""

from pathlib import Path

_DOUBLE = (".ome.zarr", ".ome.tiff", ".ome.tif", ".nii.gz")


def suffix_of(path: Path) -> str:
    """Return the suffix that tells the format, in lower case: ``.nii.gz``, not ``.gz``.

    Examples
    --------
    >>> suffix_of(Path("ct.NII.gz")), suffix_of(Path("cells.ome.tif"))
    ('.nii.gz', '.tif')
    """
    return ".nii.gz" if path.name.lower().endswith(".nii.gz") else path.suffix.lower()


def stem_of(path: Path) -> str:
    """Return the name without what tells the format: what the results of an image begin with.

    Examples
    --------
    >>> stem_of(Path("ct.nii.gz")), stem_of(Path("cells.ome.tif")), stem_of(Path("a.b.png"))
    ('ct', 'cells', 'a.b')
    """
    name = path.name or path.resolve().name  # of the folder that one is in
    for suffix in _DOUBLE:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    # A folder of slices has a name and no suffix, whatever comes after its last point.
    return name if path.is_dir() and path.suffix.lower() != ".zarr" else path.stem
