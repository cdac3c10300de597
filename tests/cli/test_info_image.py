"""`septum info IMAGE` describes every format that is read, in 80 columns."""

import json

import cv2
import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
import tifffile
import zarr
from ome_zarr.io import parse_url
from ome_zarr.writer import write_image
from typer.testing import CliRunner

from septum.cli import app
from septum.outputs.tiff import write_tiff

PIXELS = np.random.default_rng(0).integers(5, 250, (2, 3, 32, 40)).astype(np.uint8)
CHANNELS = ["DAPI", "actin", "a name that is longer than the column it stands in"]


def ome_tiff(folder):
    path = folder / "cells.ome.tif"
    metadata = {
        "axes": "ZCYX",
        "PhysicalSizeX": 0.25,
        "PhysicalSizeY": 0.25,
        "PhysicalSizeZ": 2,
        "Channel": {"Name": CHANNELS},
    }
    with tifffile.TiffWriter(path, ome=True) as tiff:
        options = {"compression": "zlib", "tile": (16, 16), "photometric": "minisblack"}
        tiff.write(PIXELS, subifds=1, metadata=metadata, **options)
        tiff.write(PIXELS[..., ::2, ::2], subfiletype=1, **options)
    return path


def ome_zarr(folder):
    path = folder / "cells.ome.zarr"
    group = zarr.open_group(parse_url(path, mode="w").store, mode="w")
    axes = [{"name": "c", "type": "channel"}]
    axes += [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    write_image(PIXELS.swapaxes(0, 1), group, axes=axes, scale_factors=[2])
    return path


def nifti(folder):
    image = nibabel.Nifti1Image(PIXELS[0].T, np.diag([0.5, 0.7, 2.5, 1]))
    image.header.set_xyzt_units("mm")
    nibabel.save(image, folder / "scan.nii.gz")
    return folder / "scan.nii.gz"


def dicom(folder):
    sitk.WriteImage(sitk.GetImageFromArray(PIXELS[0, 0]), str(folder / "slice.dcm"))
    return folder / "slice.dcm"


def saved(name, write):
    def make(folder):
        write(str(folder / name))
        return folder / name

    return make


MADE = {
    "OME-TIFF": (ome_tiff, PIXELS),
    "OME-Zarr": (ome_zarr, PIXELS.swapaxes(0, 1)),
    "zarr": (saved("a.zarr", lambda path: zarr.save_array(path, PIXELS[0])), PIXELS[0]),
    "ImageJ TIFF": (
        saved("a.tif", lambda path: tifffile.imwrite(path, PIXELS[:, 0], imagej=True)),
        PIXELS[:, 0],
    ),
    "NPY": (saved("a.npy", lambda path: np.save(path, PIXELS[0, 0])), PIXELS[0, 0]),
    "PNG": (saved("a.png", lambda path: cv2.imwrite(path, PIXELS[0, 0])), PIXELS[0, 0]),
    "NIfTI-1": (nifti, PIXELS[0]),
    "DICOM": (dicom, PIXELS[0, 0]),
}


def info(*arguments):
    return CliRunner().invoke(app, ["info", *map(str, arguments)], env={"COLUMNS": "80"})


@pytest.mark.parametrize("name", MADE)
def test_every_format_is_described(tmp_path, name):
    make, pixels = MADE[name]
    path = make(tmp_path)
    facts = json.loads(info(path, "--json").stdout)
    assert facts["format"].startswith(name)
    assert facts["shape"] == list(pixels.shape)
    assert len(facts["axes"]) == pixels.ndim
    assert (facts["minimum"], facts["maximum"]) == (pixels.min(), pixels.max())
    assert facts["bytes_in_memory"] == pixels.nbytes
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    assert facts["bytes_on_disk"] == sum(file.stat().st_size for file in files)
    shown = info(path)
    assert (shown.exit_code, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert max(len(line) for line in lines if not line.startswith("•")) <= 80
    assert lines[0].strip() == path.name
    assert name in shown.stdout


def test_channels_and_pyramids_and_sizes_are_told(tmp_path):
    facts = json.loads(info(path := ome_tiff(tmp_path), "--json").stdout)
    assert facts["channels"] == CHANNELS
    assert facts["levels"] == [[2, 3, 32, 40], [2, 3, 16, 20]]
    assert facts["spacing_um"] == [2, 0.25, 0.25]
    assert facts["compression"] == "zlib"
    for number, values in enumerate(facts["values"]):
        channel = PIXELS[:, number]
        assert values["channel"] == CHANNELS[number]
        assert (values["minimum"], values["maximum"]) == (channel.min(), channel.max())
        assert values["percentile_50"] == np.percentile(channel, 50, method="inverted_cdf")
    shown = info(path).stdout
    assert "2 levels: 32 × 40, 16 × 20" in shown
    assert "2 × 0.25 × 0.25 µm (Z × Y × X), 4 × 8 × 10 µm in all" in shown
    facts = json.loads(info(ome_zarr(tmp_path), "--json").stdout)
    assert [level[-2:] for level in facts["levels"]] == [[32, 40], [16, 20]]


def test_scans_are_told_in_mm_with_their_orientation(tmp_path):
    shown = info(nifti(tmp_path)).stdout
    assert "2.5 × 0.7 × 0.5 mm (Z × Y × X)" in shown
    assert "RAS: X to the right, Y to the front, Z to the head; as stored" in shown


def test_pixels_that_are_not_finite_are_counted(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[np.nan, 1, 2]], np.float32))
    facts = json.loads(info(tmp_path / "a.npy", "--json").stdout)
    assert (facts["maximum"], facts["values"][0]["not_finite"]) == (None, 1)
    assert "not finite" in info(tmp_path / "a.npy").stdout


def labels(path, array, axes, names=()):
    write_tiff(path, array[np.newaxis], array.shape, axes, (0.5, 0.5), names=names)
    return path


IDS = np.zeros((2, 40, 50), np.uint16)
IDS[0, 2:9, 2:9], IDS[0, 20:30, 20:30], IDS[0, 0, 40:] = 1, 2, 900
IDS[1, 2:9, 2:9], IDS[1, 35, 35] = 1, 3


@pytest.mark.parametrize(
    ("array", "axes", "counts", "said"),
    [
        (IDS[0], "YX", {"plane by plane": 3}, "objects 3 pixel"),
        (IDS, "ZYX", {"plane by plane": 5, "as volumes": 4}, "4 as volumes, or 5 plane by plane"),
        (IDS[:1], "ZYX", {"plane by plane": 3, "as volumes": 3}, "objects 3 pixel"),
        (IDS, "TYX", {"plane by plane": 5}, "objects 5 plane by plane"),
        (IDS[:, None], "TZYX", {"plane by plane": 5, "as volumes": 5}, "objects 5 pixel"),
        (np.zeros_like(IDS[0]), "YX", {"plane by plane": 0}, "objects 0"),
    ],
)
def test_the_objects_of_a_label_image_are_counted(tmp_path, array, axes, counts, said):
    path = labels(tmp_path / "a_labels.tif", array, axes)
    assert json.loads(info(path, "--json").stdout)["labels"] == {"objects": counts}
    assert said in " ".join(info(path).stdout.split())


@pytest.mark.parametrize("axes", ["YX", "ZYX", "CYX", "ZCYX"])
def test_the_classes_of_a_label_image_are_named_with_their_shares(tmp_path, axes):
    array = np.zeros((2, 2, 40, 50), np.uint8)
    array[:, 0, :10], array[:, 1, :4] = 1, 1
    if "C" not in axes:  # exclusive: numbers in place of channels
        array = 2 * array[:, 1] + array[:, 0] * (1 - array[:, 1])
    array = array if "Z" in axes else array[0]
    path = labels(tmp_path / "a_labels.tif", array, axes, ("cell", "nucleus"))
    cell = 0.25 if "C" in axes else 0.15
    expected = {"classes": {"cell": cell, "nucleus": 0.1}}
    assert json.loads(info(path, "--json").stdout)["labels"] == expected
    assert f"classes cell {cell:.2%}, nucleus 10.00%" in " ".join(info(path).stdout.split())


def test_only_a_label_image_that_septum_wrote_is_one(tmp_path):
    theirs = tmp_path / "a_labels.tif"
    tifffile.imwrite(theirs, IDS[0])
    ours = labels(tmp_path / "a_probabilities.tif", IDS[0].astype(np.uint8), "YX", ("cell",))
    for path in (theirs, ours):
        assert json.loads(info(path, "--json").stdout)["labels"] is None


def test_a_folder_of_results_is_said_to_be_one(tmp_path):
    labels(tmp_path / "a_labels.tif", IDS[0], "YX")
    labels(tmp_path / "a_probabilities.tif", IDS[0], "YX")
    done = CliRunner().invoke(app, ["info", str(tmp_path)])
    said = str(done.exception)
    assert "results of `septum predict` (a_labels.tif, a_probabilities.tif)" in said
    assert f"septum info {tmp_path / 'a_labels.tif'}" in said
    assert f"septum evaluate {tmp_path} TRUTH" in said
    (tmp_path / "a_labels.tif").unlink()
    tifffile.imwrite(tmp_path / "a_probabilities.tif", IDS[0])  # not septum's
    said = str(CliRunner().invoke(app, ["info", str(tmp_path)]).exception)
    assert "is a folder of images" in said


@pytest.mark.parametrize("count", [3, 4])
def test_planes_tagged_as_colours_are_told_with_the_verbs_that_take_axes(tmp_path, count):
    path = tmp_path / "a.tif"
    colours = {"photometric": "rgb", "planarconfig": "separate"}
    extra = {"extrasamples": ["unassalpha"]} if count == 4 else {}
    tifffile.imwrite(path, np.repeat(PIXELS[0, :1], count, 0), **colours, **extra)
    said = CliRunner().invoke(app, ["info", str(path)], catch_exceptions=False).stdout
    assert "; if its planes are slices, septum predict and train take --axes ZYX\n" in said
