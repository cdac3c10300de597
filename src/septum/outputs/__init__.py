"""The files that a prediction ends in, each a kind that can be asked for by name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from septum.data.formats.own import is_ours
from septum.errors import ConfigError
from septum.outputs import ngff, nifti, shapes, summary, table, tiff
from septum.outputs.overlay import write_overlay
from septum.outputs.segmented import Segmented
from septum.report import picture

__all__ = ["KINDS", "Kind", "Segmented", "save"]


@dataclass(frozen=True)
class Kind:
    """A kind of result.

    Attributes
    ----------
    description : str
        One line, for the help.
    suffix : str
        What follows the name of the image in the name of the file.
    write : callable
        Takes what to write and the path, and writes a file that appears only when it is complete.
    is_ours : callable
        Tells whether what is at a path was written here, and so may be replaced.
    """

    description: str
    suffix: str
    write: Callable[[Segmented, Path], None]
    is_ours: Callable[[Path], bool]


KINDS: dict[str, Kind] = {
    "labels": Kind(
        "label image (TIFF): 0 background, 1, 2, ... the objects, or the classes",
        "_labels.tif",
        tiff.write_labels,
        is_ours,
    ),
    "nifti": Kind(
        "the same as NIfTI, which lies over a NIfTI or DICOM image; needs septum[medical]",
        "_labels.nii.gz",
        nifti.write_nifti,
        nifti.is_ours,
    ),
    "probabilities": Kind(
        "probability of each class (TIFF, float32)",
        "_probabilities.tif",
        tiff.write_probabilities,
        is_ours,
    ),
    "probabilities8": Kind(
        "the same in 8 bits, in shares of 255, a quarter of the size",
        "_probabilities.tif",
        tiff.write_probabilities8,
        is_ours,
    ),
    "zarr": Kind(
        "probabilities (8 bits) and labels as pyramids in an OME-Zarr, for images of any size",
        ".ome.zarr",
        ngff.write_zarr,
        is_ours,
    ),
    "table": Kind(
        "size, place, shape and mean intensities of every object, or piece of a class (CSV)",
        "_objects.csv",
        table.write_csv,
        table.is_our_csv,
    ),
    "parquet": Kind(
        "the same as Parquet; needs septum[parquet]",
        "_objects.parquet",
        table.write_parquet,
        table.is_our_parquet,
    ),
    "summary": Kind(
        "how many objects there are, and how much of the image they are, or each class is (CSV)",
        "_summary.csv",
        summary.write_summary,
        summary.is_our_summary,
    ),
    "geojson": Kind(
        "outlines that QuPath opens",
        "_objects.geojson",
        shapes.write_geojson,
        shapes.is_our_geojson,
    ),
    "rois": Kind(
        "outlines that ImageJ's ROI manager opens",
        "_rois.zip",
        shapes.write_rois,
        shapes.are_our_rois,
    ),
    "overlay": Kind(
        "picture of the image with the objects outlined",
        "_overlay.png",
        write_overlay,
        picture.is_ours,
    ),
}


def save(kind: str, segmented: Segmented, out: Path) -> Path:
    """Write one kind of result into the folder `out`; return the path of the file.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    segmented : Segmented
        What to write; read block by block.
    out : Path
        Made if missing.

    Raises
    ------
    ConfigError
        For a kind that does not exist.
    SeptumError
        If the file cannot be written; none is left behind, and an earlier one is as it was.
    """
    if kind not in KINDS:
        raise ConfigError(f"no kind of result is called {kind!r}; there are {', '.join(KINDS)}")
    path = out / f"{segmented.name}{KINDS[kind].suffix}"
    KINDS[kind].write(segmented, path)
    return path
