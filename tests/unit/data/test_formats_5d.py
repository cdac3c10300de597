"""Time, channels and volumes in one file, as other libraries write and read them."""

import nibabel
import numpy as np
import pytest
import tifffile
import zarr
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader
from ome_zarr.writer import write_image
from PIL import Image

from septum.array import load
from septum.data.formats import as_channels_first, open_image, read_image
from septum.outputs import Segmented, save

PIXELS = np.random.default_rng(0).integers(0, 4000, (2, 3, 4, 20, 30)).astype(np.uint16)  # TCZYX
STEPS = (2.0, 0.5, 0.25)


def ome_tiff(folder, axes):
    path = folder / "a.ome.tif"
    order = ["TCZYX".index(axis) for axis in axes]
    sizes = dict(zip(("PhysicalSizeZ", "PhysicalSizeY", "PhysicalSizeX"), STEPS, strict=True))
    array = PIXELS.transpose(order)
    tifffile.imwrite(path, array, metadata={"axes": axes, **sizes}, photometric="minisblack")
    return path


def ome_zarr(folder, axes, version):
    from ome_zarr.format import FormatV04, FormatV05

    path = folder / "a.ome.zarr"
    fmt = {"0.4": FormatV04, "0.5": FormatV05}[version]()
    group = zarr.open_group(parse_url(path, mode="w", fmt=fmt).store, mode="a")
    scale = dict(zip("zyx", STEPS, strict=True))
    units = dict.fromkeys("zyx", "micrometer")
    write_image(
        PIXELS, group, axes="tczyx", fmt=fmt, scale_factors=[2], scale=scale, axes_units=units
    )
    return path


OME = """<?xml version="1.0"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">
  <Image ID="Image:0">
    <Pixels ID="Pixels:0" Type="uint16" DimensionOrder="{order}" BigEndian="false"
        SizeX="30" SizeY="20" SizeC="3" SizeZ="4" SizeT="2"
        PhysicalSizeX="250" PhysicalSizeXUnit="nm" PhysicalSizeY="0.5"
        PhysicalSizeZ="0.002" PhysicalSizeZUnit="mm">
      <Channel ID="Channel:0:0" Name="DAPI" SamplesPerPixel="1"/>
      <Channel ID="Channel:0:1" Name="actin" SamplesPerPixel="1"/>
      <Channel ID="Channel:0:2" Name="tubulin" SamplesPerPixel="1"/>
      <TiffData/>
    </Pixels>
  </Image>
</OME>"""


def ome_by_pillow(folder, order):
    """Write pages with Pillow, and by hand the XML that says what they are: of XYCZT, C first."""
    path = folder / "a.ome.tif"
    axes = [order[::-1].index(axis) for axis in "TCZ"]
    stack = np.moveaxis(PIXELS, (0, 1, 2), axes).reshape(24, 20, 30)
    first, *pages = (Image.fromarray(page) for page in stack)
    first.save(path, save_all=True, append_images=pages, tiffinfo={270: OME.format(order=order)})
    return path


WRITERS = {
    "Pillow, XYCZT": lambda folder: ome_by_pillow(folder, "XYCZT"),
    "Pillow, XYZCT": lambda folder: ome_by_pillow(folder, "XYZCT"),
    "Pillow, XYZTC": lambda folder: ome_by_pillow(folder, "XYZTC"),
    "OME-TIFF, TCZYX": lambda folder: ome_tiff(folder, "TCZYX"),
    "OME-TIFF, TZCYX": lambda folder: ome_tiff(folder, "TZCYX"),
    "OME-TIFF, CTZYX": lambda folder: ome_tiff(folder, "CTZYX"),
    "OME-Zarr 0.4": lambda folder: ome_zarr(folder, "TCZYX", "0.4"),
    "OME-Zarr 0.5": lambda folder: ome_zarr(folder, "TCZYX", "0.5"),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_volumes_and_planes_of_a_series_are_found(tmp_path, write):
    image = open_image(write(tmp_path))
    assert sorted(image.axes) == sorted("TCZYX")
    assert image.spacing == STEPS
    volumes = as_channels_first(image, ndim=3)
    assert (volumes.stack_axes, volumes.stack_shape, volumes.spacing) == ("T", (2,), STEPS)
    np.testing.assert_array_equal(load(volumes.array), PIXELS)
    planes = as_channels_first(image, ndim=2)
    assert (planes.stack_axes, planes.stack_shape, planes.spacing) == ("TZ", (2, 4), STEPS[1:])
    np.testing.assert_array_equal(load(planes.array), PIXELS.swapaxes(1, 2).reshape(8, 3, 20, 30))
    window = (slice(1, 2), slice(2, 3), slice(1, 3), slice(4, 19), slice(7, 8))
    np.testing.assert_array_equal(volumes.array[window], PIXELS[window])


def test_channels_have_the_names_of_xml_that_was_written_by_hand(tmp_path):
    image = open_image(ome_by_pillow(tmp_path, "XYTZC"))
    assert image.axes == "CZTYX"
    np.testing.assert_array_equal(load(image.array), PIXELS.transpose(1, 2, 0, 3, 4))
    assert image.channels == ("DAPI", "actin", "tubulin")
    assert image.storage is not None
    assert image.storage.format == "OME-TIFF"


def test_axes_can_be_given_for_five(tmp_path):
    np.save(tmp_path / "a.npy", PIXELS)
    zarr.save_array(str(tmp_path / "a.zarr"), PIXELS)
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, photometric="minisblack")
    for name in ("a.npy", "a.zarr", "a.tif"):
        volumes = as_channels_first(open_image(tmp_path / name, "TCZYX", STEPS), 3)
        assert volumes.spacing == STEPS
        np.testing.assert_array_equal(load(volumes.array), PIXELS)
        assert (
            "are assumed, as the file does not state them" in open_image(tmp_path / name).notes[0]
        )


def test_pages_of_three_unknown_axes_are_images_one_by_one(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PIXELS, photometric="minisblack")
    planes = as_channels_first(open_image(tmp_path / "a.tif"))
    assert planes.stack_shape == (2, 3, 4)
    np.testing.assert_array_equal(load(planes.array)[:, 0], PIXELS.reshape(24, 20, 30))


def segmented(ndim):
    """Return what became of the 5D image with a network of a given rank."""
    labels = (PIXELS[:, 0] % 7).astype(np.uint16)  # TZYX
    image, stack = PIXELS, ("T", (2,))
    if ndim == 2:
        labels, stack = labels.reshape(8, 20, 30), ("TZ", (2, 4))
        image = PIXELS.swapaxes(1, 2).reshape(8, 3, 20, 30)
    probabilities = np.zeros((len(labels), 2, *labels.shape[1:]), np.float32)
    probabilities[:, 1] = labels / 7
    counts = (6,) * len(labels)
    return Segmented(
        "a", image, probabilities, labels, counts, *stack, STEPS[-ndim:],
        z_step=STEPS[0] if ndim == 2 else None,
    )  # fmt: skip


def pages(path):
    """Return the pages of a TIFF as Pillow reads them, and what its description says of them."""
    with Image.open(path) as picture:
        held = []
        for number in range(picture.n_frames):
            picture.seek(number)
            held.append(np.array(picture))
        picture.seek(0)
        lines = picture.tag_v2[270].splitlines()
    return np.stack(held), dict(line.split("=", 1) for line in lines if "=" in line)


@pytest.mark.parametrize("ndim", [2, 3])
def test_pages_of_a_series_of_volumes_are_in_the_order_of_imagej(tmp_path, ndim):
    """Channels first, then slices, then frames."""
    expected = (PIXELS[:, 0] % 7).astype(np.uint16)
    result = segmented(ndim)
    labels, said = pages(save("labels", result, tmp_path))
    assert {"slices": "4", "frames": "2", "unit": "um", "spacing": "2.0"}.items() <= said.items()
    assert said.get("channels", "1") == "1"
    np.testing.assert_array_equal(labels.reshape(expected.shape), expected)
    shares, said = pages(save("probabilities", result, tmp_path))
    assert shares.dtype == np.float32
    order = (2, 4, 2) if ndim == 2 else (2, 2, 4)
    if ndim == 2:  # ImageJ has no volumes within channels: such a file says so in words of its own
        assert {"channels": "2", "slices": "4", "frames": "2"}.items() <= said.items()
    cells = np.take(shares.reshape(*order, 20, 30), 1, axis=order.index(2, 1))
    np.testing.assert_array_equal(cells, (expected / 7).astype(np.float32))


@pytest.mark.parametrize("ndim", [2, 3])
def test_labels_of_a_series_of_volumes_are_read_by_others(tmp_path, ndim):
    expected = (PIXELS[:, 0] % 7).astype(np.uint16)
    result = segmented(ndim)
    path = save("labels", result, tmp_path)
    with tifffile.TiffFile(path) as tiff:
        assert tiff.series[0].axes == "TZYX"
        assert tiff.imagej_metadata["spacing"] == 2
        np.testing.assert_array_equal(tiff.asarray(), expected)
    assert read_image(path).spacing == pytest.approx(STEPS)
    path = save("nifti", result, tmp_path)
    back = nibabel.load(path)
    assert back.header.get_zooms()[:3] == pytest.approx((0.00025, 0.0005, 0.002))
    np.testing.assert_array_equal(np.asarray(back.dataobj).T, expected)
    path = save("zarr", result, tmp_path)
    # The reader gives the labels and the image that they name as their source.
    nodes = Reader(parse_url(path / "labels" / "cells"))()
    cells = next(node for node in nodes if node.data and node.data[0].dtype != np.uint8)
    axes = [axis["name"] for axis in cells.metadata["axes"]]
    array = np.asarray(cells.data[0])
    assert "".join(axes) == "tzyx"
    np.testing.assert_array_equal(array, expected)
    path = save("probabilities", result, tmp_path)
    image = read_image(path)
    with tifffile.TiffFile(path) as tiff:
        whole = tiff.asarray()
    back = whole.transpose([image.axes.index(axis) for axis in "TZCYX"])
    np.testing.assert_array_equal(back[:, :, 1], (expected / 7).astype(np.float32))


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((12, 2, 8, 9), "ZCYX"), ((12, 5, 8, 9), "IZYX"), ((3, 2, 8, 9), "IZYX"), ((12, 8, 9), "ZYX")],
)
def test_of_unnamed_pages_a_short_inner_axis_is_channels_for_who_asks_for_volumes(
    tmp_path, shape, axes
):
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros(shape, np.uint8))
    image = open_image(tmp_path / "stack.tif", ndim=3)
    assert image.axes == axes
    assert "give --axes if they are not" in image.notes[-1]
