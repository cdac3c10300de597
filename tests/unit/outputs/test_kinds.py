"""Every kind of result can be written of every odd image, and asks its sources for windows only."""

import zipfile

import nibabel
import numpy as np
import pyarrow
import pytest
import tifffile
from PIL import Image
from pyarrow import parquet

from septum.array import View
from septum.errors import DataError
from septum.outputs import KINDS, Segmented, save

SHAPES = {
    "1 pixel": ((1, 1, 1), "", ()),
    "1 row": ((1, 1, 9), "", ()),
    "1 column": ((1, 9, 1), "", ()),
    "a stack of 1": ((1, 5, 6), "T", (1,)),
    "pages of unknown meaning": ((3, 5, 6), "Q", (3,)),
    "time and slices": ((6, 5, 6), "TZ", (2, 3)),
    "a volume": ((1, 4, 5, 6), "", ()),
    "a series of volumes": ((2, 4, 5, 6), "T", (2,)),
    "a volume of 1 slice": ((1, 1, 5, 6), "", ()),
}


def strict(array):
    """Return a source that can be asked for windows of the array, and for nothing else."""

    def read(window):
        assert len(window) == array.ndim
        for part, size in zip(window, array.shape, strict=True):
            assert 0 <= part.start < part.stop <= size
            assert part.step is None
        return array[window]

    return View(array.shape, array.dtype, read)


@pytest.mark.parametrize("highest", [0, 1, 70_000])
@pytest.mark.parametrize(("shape", "axes", "sizes"), SHAPES.values(), ids=SHAPES)
def test_every_kind_of_every_odd_image(make, tmp_path, shape, axes, sizes, highest):
    labels = np.zeros(shape, np.uint32)
    labels[:, ..., 0, 0] = highest
    given = make(labels, axes, sizes, (0.5,) * (len(shape) - 1), classes=2)
    segmented = Segmented(
        "odd", strict(given.image), strict(given.probabilities), strict(labels), given.counts,
        axes, sizes, given.spacing,
    )  # fmt: skip
    paths = {save(kind, segmented, tmp_path) for kind in KINDS}
    assert sorted(paths) == sorted(tmp_path.iterdir())
    assert all(path.name.startswith("odd") for path in paths)


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_that_fails_half_way_leaves_nothing_and_says_what_failed(make, tmp_path, kind):
    given = make(np.ones((2, 5, 6), np.uint16), "T", (2,))

    def broken(array):
        def read(window):
            if window[0].stop == 2:
                raise DataError("the chunk c/1/0/0 is cut short")
            return array[window]

        return View(array.shape, array.dtype, read)

    segmented = Segmented(
        "odd", broken(given.image), broken(given.probabilities), broken(given.labels),
        given.counts, "T", (2,),
    )  # fmt: skip
    with pytest.raises(DataError, match=r"^the chunk .* cut short"):
        save(kind, segmented, tmp_path)
    assert list(tmp_path.iterdir()) == []


OF_OTHERS = {
    "_labels.tif": lambda path: tifffile.imwrite(path, np.zeros((4, 4), np.uint8)),
    "_probabilities.tif": lambda path: tifffile.imwrite(path, np.zeros((4, 4), np.float32)),
    "_labels.nii.gz": lambda path: nibabel.save(
        nibabel.Nifti1Image(np.zeros((4, 4, 4), np.uint8), None), path
    ),
    ".ome.zarr": lambda path: path.mkdir(),
    "_objects.csv": lambda path: path.write_text("image,label,remark\nodd,1,look again\n"),
    "_summary.csv": lambda path: path.write_text("image,count,remark\nodd,1,look again\n"),
    "_objects.parquet": lambda path: parquet.write_table(pyarrow.table({"label": [1]}), path),
    "_objects.geojson": lambda path: path.write_text('{"type":"FeatureCollection","features":[]}'),
    "_rois.zip": lambda path: zipfile.ZipFile(path, "w").close(),
    "_overlay.png": lambda path: Image.fromarray(np.zeros((4, 4), np.uint8)).save(path),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_is_known_as_ours_and_what_others_wrote_is_not(make, tmp_path, kind):
    for labels in (np.ones((1, 5, 6), np.uint16), np.zeros((1, 5, 6), np.uint16)):
        assert KINDS[kind].is_ours(save(kind, make(labels), tmp_path))
    foreign = tmp_path / f"foreign{KINDS[kind].suffix}"
    OF_OTHERS[KINDS[kind].suffix](foreign)
    assert not KINDS[kind].is_ours(foreign)
    if not foreign.is_dir():
        foreign.write_bytes(b"")
        assert not KINDS[kind].is_ours(foreign)
