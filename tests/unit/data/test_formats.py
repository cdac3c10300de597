"""What is written is read back; what is read keeps its bits, axes and spacing."""

import errno

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from septum.data.formats import (
    ImageFile,
    as_channels_first,
    read_image,
    read_labels,
    write_labels,
    write_tiff,
)
from septum.errors import DataError, SeptumError

RAMP = np.arange(6 * 7, dtype=np.uint8).reshape(6, 7)


@given(data=st.data(), axes=st.sampled_from(["YX", "CYX", "ZYX", "ZCYX", "CZYX", "TZCYX"]))
def test_tiff_is_read_back_as_it_was_written(tmp_path_factory, data, axes):
    dtype = data.draw(st.sampled_from(["uint8", "uint16", "int32", "float32", "float64"]))
    shape = data.draw(st.tuples(*[st.integers(1, 5)] * len(axes)))
    array = data.draw(arrays.arrays(dtype, shape, elements=st.integers(0, 200)))
    spacing = data.draw(st.none() | st.just((2.0, 0.5, 0.25)[-sum(a in "ZYX" for a in axes) :]))
    path = tmp_path_factory.mktemp("tiff") / "a.tif"
    write_tiff(path, array, axes, spacing)
    back = read_image(path)
    assert back.axes == axes
    assert back.array.dtype == array.dtype
    np.testing.assert_array_equal(back.array, array)
    if spacing is None:
        assert back.spacing is None
    else:
        assert back.spacing == pytest.approx(spacing, rel=1e-6)


def test_imagej_opens_what_is_written(tmp_path):
    array = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    write_tiff(tmp_path / "a.tif", array, "ZCYX", (2.0, 0.5, 0.5))
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff.is_imagej
        assert tiff.imagej_metadata is not None
        assert (tiff.imagej_metadata["slices"], tiff.imagej_metadata["channels"]) == (2, 3)
        assert tiff.imagej_metadata["spacing"] == 2.0
        assert tiff.pages.first.compression == tifffile.COMPRESSION.ADOBE_DEFLATE


@pytest.mark.parametrize(("largest", "dtype"), [(65535, "uint16"), (65536, "uint32")])
def test_labels_take_16_bits_where_they_fit(tmp_path, largest, dtype):
    labels = np.array([[0, 1], [2, largest]], np.int32)
    write_labels(tmp_path / "l.tif", labels, "YX")
    back = read_labels(tmp_path / "l.tif").array
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, labels)


def test_ome_axes_and_spacing_are_read(tmp_path):
    array = np.zeros((3, 2, 8, 9), np.uint16)
    metadata = {
        "axes": "ZCYX",
        "PhysicalSizeX": 250,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 0.25,
        "PhysicalSizeZ": 0.001,
        "PhysicalSizeZUnit": "mm",
    }
    tifffile.imwrite(tmp_path / "a.ome.tif", array, ome=True, metadata=metadata)
    image = read_image(tmp_path / "a.ome.tif")
    assert image.axes == "ZCYX"
    assert image.spacing == pytest.approx((1.0, 0.25, 0.25))


def test_a_size_of_zero_in_a_file_is_no_spacing(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RAMP, description='{"axes": "YX", "spacing_um": [0, 0.5]}')
    assert read_image(tmp_path / "a.tif").spacing is None
    tifffile.imwrite(tmp_path / "b.tif", RAMP, description='{"axes": "YX", "spacing_um": [1, 0.5]}')
    assert read_image(tmp_path / "b.tif").spacing == (1, 0.5)


def test_a_resolution_of_the_printer_is_no_spacing(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RAMP, resolution=(300, 300), resolutionunit="INCH")
    assert read_image(tmp_path / "a.tif").spacing is None


@pytest.mark.parametrize("keep", [0, 4, 100, 0.5, 0.95])
def test_a_corrupt_tiff_is_named(tmp_path, keep):
    path = tmp_path / "broken.tif"
    random = np.random.default_rng(0)
    tifffile.imwrite(path, random.integers(0, 255, (64, 64), np.uint8), compression="lzw")
    data = path.read_bytes()
    path.write_bytes(data[: keep if isinstance(keep, int) else int(keep * len(data))])
    with pytest.raises(DataError, match=r"broken\.tif: .*(damaged|without an image|an empty file)"):
        read_image(path)


def test_a_tiff_whose_writing_fails_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    write_tiff(path, RAMP, "YX")
    before = path.read_bytes()

    def fill_up(name, *_, **__):
        name.write_bytes(b"half a file")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tifffile, "imwrite", fill_up)
    with pytest.raises(SeptumError, match=r"disk full writing .*a\.tif: needs about"):
        write_tiff(path, RAMP + 1, "YX")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_16_bit_png_keeps_its_bits(tmp_path):
    grey = (RAMP.astype(np.uint16) * 1500) + 3
    cv2.imwrite(str(tmp_path / "grey.png"), grey)
    back = read_image(tmp_path / "grey.png")
    assert (back.axes, back.array.dtype) == ("YX", np.uint16)
    np.testing.assert_array_equal(back.array, grey)
    colour = np.stack([grey, grey // 2, grey // 3], -1)
    cv2.imwrite(str(tmp_path / "colour.png"), colour[..., ::-1])
    back = read_image(tmp_path / "colour.png")
    assert (back.axes, back.array.dtype, back.notes) == ("YXS", np.uint16, ())
    np.testing.assert_array_equal(back.array, colour)
    alpha = np.concatenate([colour[..., ::-1], grey[..., None]], -1)
    cv2.imwrite(str(tmp_path / "alpha.png"), alpha)
    back = read_image(tmp_path / "alpha.png")
    np.testing.assert_array_equal(back.array, colour)
    assert back.notes == ("the alpha channel (transparency) was dropped",)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_dropped_and_said(tmp_path, mode):
    picture = Image.fromarray(RAMP).convert(mode)
    picture.putalpha(100)
    picture.save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    assert image.notes == ("the alpha channel (transparency) was dropped",)
    grey = image.array if mode == "LA" else image.array[..., 1]
    np.testing.assert_array_equal(grey, RAMP)


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_a_palette_gives_indices_as_labels_and_colours_as_an_image(tmp_path, suffix):
    picture = Image.fromarray(RAMP % 3, mode="P")
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 200, 0])
    picture.save(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read_labels(tmp_path / f"a{suffix}").array, RAMP % 3)
    colours = read_image(tmp_path / f"a{suffix}")
    assert colours.axes == "YXS"
    np.testing.assert_array_equal(colours.array[RAMP % 3 == 2], [[0, 200, 0]] * 14)


def test_a_one_bit_png_is_a_mask(tmp_path):
    Image.fromarray(RAMP > 20).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_labels(tmp_path / "a.png").array, RAMP > 20)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.bmp", "a.npy"])
def test_damaged_files_are_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"not what the suffix says")
    with pytest.raises(DataError, match=rf"{name}: "):
        read_image(tmp_path / name)
    if name != "a.npy":
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(
            tmp_path / name
        )
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 3])
        with pytest.raises(DataError, match=rf"{name}: .*(damaged|cut short)"):
            read_image(tmp_path / name)


@pytest.mark.parametrize("limit", [20, 30])  # Pillow warns above its limit, and refuses twice it
@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.bmp"])
@pytest.mark.filterwarnings("error")
def test_no_picture_is_too_large_and_pillow_keeps_its_limit(tmp_path, monkeypatch, name, limit):
    Image.fromarray(RAMP).save(tmp_path / name)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    np.testing.assert_array_equal(read_image(tmp_path / name).array, RAMP)
    assert limit == Image.MAX_IMAGE_PIXELS


def test_python_objects_in_npy_are_never_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[{"a": 1}]]), allow_pickle=True)
    with pytest.raises(DataError, match=r"a\.npy: cannot be read as a plain array"):
        read_image(tmp_path / "a.npy")


def test_an_archive_of_arrays_is_no_array(tmp_path):
    with (tmp_path / "a.npy").open("wb") as file:
        np.savez(file, RAMP)
    with pytest.raises(DataError, match=r"a\.npy: cannot be read as a plain array"):
        read_image(tmp_path / "a.npy")


@pytest.mark.parametrize("dtype", ["complex64", "U3", "S3", "M8[s]", "m8[s]", "i4,f4"])
def test_what_is_no_real_number_is_refused(tmp_path, dtype):
    np.save(tmp_path / "a.npy", np.zeros((5, 6), dtype))
    with pytest.raises(DataError, match=r"a\.npy: pixels of type .*; expected real numbers"):
        read_image(tmp_path / "a.npy")


def test_a_complex_tiff_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5, 6), np.complex64))
    with pytest.raises(DataError, match=r"a\.tif: pixels of type complex64; expected real"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", ["bool", "uint8", ">u2", "int64", "float16", ">f4", "float64"])
def test_npy_is_read_back_as_it_was_written(tmp_path, dtype):
    array = RAMP.astype(dtype)
    np.save(tmp_path / "a.npy", array)
    back = read_image(tmp_path / "a.npy")
    assert (back.axes, back.array.dtype) == ("YX", array.dtype)
    np.testing.assert_array_equal(back.array, array)


def test_missing_files_folders_and_unknown_formats_are_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.tif: no such file"):
        read_image(tmp_path / "none.tif")
    (tmp_path / "folder.tif").mkdir()
    with pytest.raises(DataError, match=r"folder\.tif: a folder"):
        read_image(tmp_path / "folder.tif")
    with pytest.raises(DataError, match=r"a\.czi: \.czi is not an image format.*\.tif"):
        read_image(tmp_path / "a.czi")


@pytest.mark.parametrize(
    ("axes", "shape", "ndim", "expected", "stack"),
    [
        ("YX", (5, 6), 2, (1, 1, 5, 6), ""),
        ("YXS", (5, 6, 3), 2, (1, 3, 5, 6), ""),
        ("CYX", (2, 5, 6), 2, (1, 2, 5, 6), ""),
        ("ZYX", (4, 5, 6), 2, (4, 1, 5, 6), "Z"),
        ("QYX", (4, 5, 6), 2, (4, 1, 5, 6), "Q"),
        ("QYX", (4, 5, 6), 3, (1, 1, 4, 5, 6), ""),
        ("TZCYX", (2, 3, 4, 5, 6), 2, (6, 4, 5, 6), "TZ"),
        ("TZCYX", (2, 3, 4, 5, 6), 3, (2, 4, 3, 5, 6), "T"),
        ("ZCYXS", (3, 1, 5, 6, 3), 2, (3, 3, 5, 6), "Z"),
    ],
)
def test_axes_become_channel_first(axes, shape, ndim, expected, stack):
    array = np.random.default_rng(0).integers(0, 99, shape)
    planes = as_channels_first(ImageFile(array, axes, (4.0, 2.0, 1.0)), ndim)
    assert planes.array.shape == expected
    assert planes.stack_axes == stack
    assert int(np.prod(planes.stack_shape)) == expected[0]
    assert planes.spacing == (4.0, 2.0, 1.0)[-ndim:]
    # Every pixel is where its name says: sum over all but Y and X, whatever the order.
    others = tuple(i for i, axis in enumerate(axes) if axis not in "YX")
    np.testing.assert_array_equal(
        planes.array.sum(tuple(range(planes.array.ndim - 2))), array.sum(others)
    )


def test_a_flat_image_is_refused_where_a_volume_is_needed():
    with pytest.raises(DataError, match=r"a\.tif: axes YX of shape \(5, 6\) have no third"):
        as_channels_first(ImageFile(np.zeros((5, 6)), "YX", source="a.tif"), ndim=3)


@pytest.mark.parametrize("axes", ["YXC", "YY", "CZ"])
def test_axes_that_do_not_fit_are_refused(tmp_path, axes):
    write_tiff(tmp_path / "a.tif", RAMP, "YX")
    with pytest.raises(DataError, match=rf"a\.tif: axes '{axes}'"):
        read_image(tmp_path / "a.tif", axes=axes)
