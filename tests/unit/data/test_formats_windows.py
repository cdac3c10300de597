"""An image that is opened and read window by window has the pixels that it has when read whole."""

import warnings
from itertools import combinations
from math import prod
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from septum.array import View, load
from septum.data.formats import (
    ImageFile,
    as_channels_first,
    open_image,
    read_image,
    read_labels,
    write_tiff,
)
from septum.data.formats.stored import Recent
from septum.errors import DataError


def pixels(*shape, dtype="uint8"):
    return np.random.default_rng(0).integers(0, 250, shape).astype(dtype)


TIFFS = {
    "plain": (pixels(70, 90, dtype="u2"), {}),
    "strips": (pixels(70, 90, dtype="u2"), {"rowsperstrip": 7}),
    "lzw strips, predicted": (
        pixels(70, 90, dtype="u2"),
        {"compression": "lzw", "predictor": True, "rowsperstrip": 7},
    ),
    "one strip": (pixels(70, 90), {"compression": "zlib", "rowsperstrip": 70}),
    "tiles": (pixels(70, 90, dtype="f4"), {"tile": (32, 16)}),
    "zlib tiles": (pixels(70, 90), {"compression": "zlib", "tile": (32, 16)}),
    "big, zstd": (pixels(70, 90), {"bigtiff": True, "compression": "zstd", "tile": (16, 16)}),
    "big-endian": (pixels(70, 90, dtype="u2"), {"byteorder": ">"}),
    "big-endian tiles": (pixels(70, 90, dtype="u2"), {"byteorder": ">", "tile": (16, 16)}),
    "one bit": (pixels(70, 90) > 99, {}),
    "one row": (pixels(1, 90), {"compression": "lzw"}),
    "stack": (pixels(5, 30, 40), {"photometric": "minisblack"}),
    "pages": (pixels(5, 30, 40), {"photometric": "minisblack", "metadata": None}),
    "lzw pages": (pixels(5, 30, 40), {"photometric": "minisblack", "compression": "lzw"}),
    "pages far apart": (pixels(3, 30, 40), {"photometric": "minisblack", "align": 4096}),
    "RGB": (pixels(30, 40, 3), {"photometric": "rgb"}),
    "RGB tiles": (pixels(30, 40, 3), {"photometric": "rgb", "tile": (16, 16)}),
    "RGB planes": (
        pixels(3, 30, 40),
        {"photometric": "rgb", "planarconfig": "separate", "rowsperstrip": 9, "compression": "lzw"},
    ),
    "RGB stack": (pixels(4, 30, 40, 3), {"photometric": "rgb", "compression": "zlib"}),
    "JPEG": (pixels(64, 64, 3), {"photometric": "rgb", "compression": "jpeg", "tile": (32, 32)}),
    "ImageJ": (pixels(3, 2, 30, 40), {"imagej": True, "metadata": {"axes": "ZCYX"}}),
    "ImageJ, zlib": (pixels(3, 2, 30, 40), {"imagej": True, "compression": "zlib"}),
    "OME": (pixels(3, 2, 30, 40), {"ome": True, "metadata": {"axes": "TCYX"}, "tile": (16, 32)}),
    "volume": (
        pixels(20, 30, 40),
        {"volumetric": True, "tile": (16, 16, 32), "photometric": "minisblack"},
    ),
}


@pytest.fixture(scope="module")
def tiffs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiffs")
    opened = {}
    for name, (array, options) in TIFFS.items():
        tifffile.imwrite(folder / f"{name}.tif", array, **options)
        whole = tifffile.imread(folder / f"{name}.tif")
        opened[name] = (open_image(folder / f"{name}.tif"), whole)
    return opened


RGBA = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
ASSOCIATED = {"photometric": "rgb", "extrasamples": ["assocalpha"]}
GREY_ALPHA = {"photometric": "minisblack", "extrasamples": ["unassalpha"]}
TRANSPARENT = {
    "RGBA": (pixels(30, 40, 4), RGBA, 3),
    "RGBA of 16 bits": (pixels(30, 40, 4, dtype="u2"), RGBA, 3),
    "RGBA strips": (pixels(30, 40, 4), ASSOCIATED | {"compression": "lzw", "rowsperstrip": 7}, 3),
    "RGBA tiles": (pixels(30, 40, 4), RGBA | {"compression": "zlib", "tile": (16, 16)}, 3),
    "RGBA planes": (pixels(4, 30, 40), RGBA | {"planarconfig": "separate"}, 3),
    "RGBA planes, lzw": (
        pixels(4, 30, 40),
        RGBA | {"planarconfig": "separate", "compression": "lzw", "rowsperstrip": 7},
        3,
    ),
    "RGBA stack": (pixels(5, 30, 40, 4), RGBA | {"compression": "zlib"}, 3),
    "RGBA of ImageJ": (pixels(5, 30, 40, 4), {"imagej": True, "metadata": {"axes": "ZYXS"}}, 3),
    "grey": (pixels(30, 40, 2), GREY_ALPHA | {"planarconfig": "contig"}, 1),
    "grey tiles": (pixels(30, 40, 2), GREY_ALPHA | {"planarconfig": "contig", "tile": (16, 16)}, 1),
}
"""With a channel that is said to be alpha, and how many are before it."""

OPAQUE = {
    "fluorescence": (
        pixels(30, 40, 4),
        {"photometric": "minisblack", "planarconfig": "contig", "tile": (16, 16)},
    ),
    "two of fluorescence": (
        pixels(30, 40, 2),
        {"photometric": "minisblack", "planarconfig": "contig"},
    ),
    "RGB and a channel": (
        pixels(30, 40, 4),
        {"photometric": "rgb", "extrasamples": ["unspecified"]},
    ),
    "RGB and two": (
        pixels(30, 40, 5),
        {"photometric": "rgb", "extrasamples": ["unspecified", "unassalpha"]},
    ),
}
"""Whose samples are all channels: nothing says that the last alone is alpha."""


def draw_window(data, shape):
    edges = [
        sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True)))
        for n in shape
    ]
    return tuple(slice(*pair) for pair in edges)


@pytest.mark.parametrize("name", TIFFS)
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_a_window_of_a_tiff_is_that_of_the_whole(tiffs, name, data):
    image, whole = tiffs[name]
    assert not isinstance(image.array, np.ndarray)
    assert image.array.shape == whole.shape
    assert image.array.dtype == whole.dtype
    window = draw_window(data, whole.shape)
    found = image.array[window]
    assert found.dtype == whole.dtype
    np.testing.assert_array_equal(found, whole[window])


@pytest.mark.parametrize("name", TIFFS)
def test_a_tiff_read_is_a_tiff_opened(tiffs, name):
    opened, whole = tiffs[name]
    read = read_image(opened.source)
    np.testing.assert_array_equal(read.array, whole)
    for field in ("axes", "spacing", "source", "notes", "channels"):
        assert getattr(read, field) == getattr(opened, field)


@pytest.mark.parametrize("name", TRANSPARENT)
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_alpha_is_dropped_and_said_and_windows_are_those_of_the_rest(tmp_path_factory, name, data):
    array, options, colours = TRANSPARENT[name]
    path = tmp_path_factory.mktemp("alpha") / "a.tif"
    tifffile.imwrite(path, array, **options)
    opened, read = open_image(path), read_image(path)
    first = (slice(None),) * opened.axes.index("S") + (slice(0, colours),)
    np.testing.assert_array_equal(read.array, array[first])
    assert not isinstance(opened.array, np.ndarray)
    assert (opened.array.shape, opened.array.dtype) == (read.array.shape, array.dtype)
    window = draw_window(data, opened.array.shape)
    np.testing.assert_array_equal(opened.array[window], read.array[window])
    for image in (opened, read):
        (note,) = [note for note in image.notes if "alpha" in note]
        assert note.startswith("the alpha channel (transparency) was dropped")
        assert note.endswith(
            "; if its planes are slices, septum predict and train take --axes ZYX"
        ) == (opened.axes == "SYX")
        planes = as_channels_first(image)
        assert planes.array.shape[1:] == (colours, 30, 40)
        chunks = getattr(planes.array, "chunks", None)
        assert chunks is None or chunks[1] <= colours


@pytest.mark.parametrize("name", TRANSPARENT)
@pytest.mark.parametrize("letter", "CZ")
def test_axes_that_the_user_states_leave_no_plane_out(tmp_path, name, letter):
    array, options, _ = TRANSPARENT[name]
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, array, **options)
    axes = open_image(path).axes.replace("Z", "T").replace("S", letter)
    for read in (read_image, read_labels):
        image = read(path, axes.lower())
        np.testing.assert_array_equal(image.array, array)
        assert not [note for note in image.notes if "alpha" in note]
    colour = read_image(path, axes.replace(letter, "S"))
    assert colour.array.size < array.size


@pytest.mark.parametrize("count", [3, 4])
def test_slices_that_are_tagged_as_colours_are_slices_if_the_user_says_so(tmp_path, count):
    path, array = tmp_path / "a.tif", pixels(count, 30, 40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tifffile.imwrite(path, array)
    assert open_image(path).axes == "SYX"
    np.testing.assert_array_equal(load(open_image(path, "ZYX", ndim=3).array), array)
    with pytest.raises(DataError, match=r"a\.tif: axes SYX .* tagged as a colour .*--axes ZYX"):
        as_channels_first(open_image(path), ndim=3)
    (note,) = open_image(path).notes
    assert note.endswith("; if its planes are slices, septum predict and train take --axes ZYX")
    for known in ("ZYX", "SYX"):  # who gives axes knows
        assert not [note for note in open_image(path, known).notes if "--axes" in note]


@pytest.mark.parametrize("name", OPAQUE)
def test_channels_that_are_not_said_to_be_alpha_are_kept(tmp_path, name):
    array, options = OPAQUE[name]
    tifffile.imwrite(tmp_path / "a.tif", array, **options)
    image = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.array, array)
    assert image.notes == ()
    assert as_channels_first(image).array.shape[1] == array.shape[-1]


def test_alpha_in_tiles_is_read_tile_by_tile(tmp_path):
    array, options, _ = TRANSPARENT["RGBA tiles"]
    tifffile.imwrite(tmp_path / "a.tif", array, **options)
    planes = as_channels_first(open_image(tmp_path / "a.tif"))
    assert getattr(planes.array, "chunks", None) == (1, 3, 16, 16)


def test_a_pyramid_is_read_at_full_resolution(tmp_path):
    array = pixels(64, 96, dtype="u2")
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", bigtiff=True) as tiff:
        tiff.write(array, subifds=2, tile=(32, 32), compression="zlib")
        tiff.write(array[::2, ::2], subfiletype=1, tile=(32, 32), compression="zlib")
        tiff.write(array[::4, ::4], subfiletype=1, tile=(16, 16), compression="zlib")
    image = open_image(tmp_path / "a.ome.tif")
    assert image.array.chunks == (32, 32)
    np.testing.assert_array_equal(load(image.array), array)


def test_planes_in_several_files_are_one_image(tmp_path):
    array = pixels(2, 30, 40)
    xml = tifffile.OmeXml()
    xml.addimage("uint8", (2, 30, 40), (2, 1, 1, 30, 40, 1), axes="TYX")
    text = xml.tostring()
    for number, plane in enumerate(array):
        files = "".join(
            f'<TiffData FirstT="{n}" IFD="0" PlaneCount="1"><UUID FileName="p{n}.ome.tif">'
            f"urn:uuid:0000000{n}-0000-0000-0000-000000000000</UUID></TiffData>"
            for n in range(2)
        )
        start, stop = text.index("<TiffData"), text.index("</Pixels>")
        own = text[:start] + files + text[stop:]
        uuid = f'UUID="urn:uuid:0000000{number}-0000-0000-0000-000000000000" '
        start = own.index('UUID="')
        own = own[:start] + uuid + own[own.index('"', start + 6) + 1 :]
        tifffile.imwrite(
            tmp_path / f"p{number}.ome.tif", plane, description=own, metadata=None,
            compression="zlib" if number else None,
        )  # fmt: skip
    image = open_image(tmp_path / "p0.ome.tif")
    assert image.axes == "TYX"
    np.testing.assert_array_equal(image.array[0:2, 3:9, 5:30], array[:, 3:9, 5:30])
    (tmp_path / "p1.ome.tif").unlink()
    image = open_image(tmp_path / "p0.ome.tif")
    assert image.notes == ("1 of 2 planes are missing and were taken as 0",)
    np.testing.assert_array_equal(load(image.array), [array[0], 0 * array[1]])


def ome_of(path, array, there):
    """Write an OME-TIFF (T, Z, Y, X) with some of the planes that it states, by (t, z)."""
    xml = tifffile.OmeXml()
    sizes = array.shape[0] * array.shape[1], 1, 1, *array.shape[2:], 1
    xml.addimage("uint8", array.shape, sizes, axes="TZYX")
    text = xml.tostring()
    stated = "".join(
        f'<TiffData FirstT="{t}" FirstZ="{z}" FirstC="0" IFD="{place}" PlaneCount="1"/>'
        for place, (t, z) in enumerate(there)
    )
    start, stop = text.index("<TiffData"), text.index("</Pixels>")
    pages = np.stack([array[place] for place in there])
    text = text[:start] + stated + text[stop:]
    tifffile.imwrite(path, pages, description=text, metadata=None, photometric="minisblack")


def test_a_slice_that_is_missing_is_named_and_a_frame_that_was_never_taken_is_said(tmp_path):
    array = pixels(2, 3, 30, 40)
    ome_of(tmp_path / "a.ome.tif", array, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2)])
    says = r"a\.ome\.tif: 1 of 6 planes are missing, the first at T 1, Z 1 \(counted from 0\)"
    with pytest.raises(DataError, match=says):
        open_image(tmp_path / "a.ome.tif")
    ome_of(tmp_path / "b.ome.tif", array, [(0, 0), (0, 1), (0, 2)])
    image = open_image(tmp_path / "b.ome.tif")
    assert image.notes == ("3 of 6 planes are missing and were taken as 0",)
    np.testing.assert_array_equal(load(image.array), [array[0], 0 * array[1]])


@pytest.mark.parametrize("order", ["C", "F"])
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_a_window_of_an_array_file_is_that_of_the_whole(tmp_path_factory, order, data):
    shape = data.draw(st.lists(st.integers(1, 9), min_size=2, max_size=4))
    array = np.asarray(pixels(*shape, dtype=data.draw(st.sampled_from([">u2", "f8"]))), order=order)
    path = tmp_path_factory.mktemp("npy") / "a.npy"
    np.save(path, array)
    source = open_image(path).array
    assert source.dtype == array.dtype
    window = draw_window(data, array.shape)
    np.testing.assert_array_equal(source[window], array[window])


def test_no_file_stays_open(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels(30, 40), compression="zlib")
    np.save(tmp_path / "a.npy", pixels(30, 40))
    for name in ("a.tif", "a.npy"):
        source = open_image(tmp_path / name).array
        source[0:5, 0:5]
        (tmp_path / name).rename(tmp_path / f"moved {name}")
        with pytest.raises(DataError, match=rf"{name}: the pixels \[5:9, 0:7\].*No such file"):
            source[5:9, 0:7]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_channel_first_window_by_window(data):
    axes = "".join(data.draw(st.permutations(data.draw(st.sampled_from(
        ["YX", "CYX", "TYX", "SYX", "TZCYX", "TQZYX", "TRZCYX", "CSYX"]
    )))))  # fmt: skip
    ndim = data.draw(st.sampled_from([2, 3] if "Z" in axes else [2]))
    shape = [1 if axis == "S" and "C" in axes else data.draw(st.integers(1, 4)) for axis in axes]
    array = np.arange(prod(shape)).reshape(shape)
    whole = as_channels_first(ImageFile(array, axes), ndim)
    assert isinstance(whole.array, np.ndarray)
    read = []

    def spy(window):
        read.append(array[window].size)
        return array[window]

    lazy = as_channels_first(ImageFile(View(array.shape, array.dtype, spy), axes), ndim)
    assert not read
    assert (lazy.stack_axes, lazy.stack_shape, lazy.notes) == (
        whole.stack_axes, whole.stack_shape, whole.notes,
    )  # fmt: skip
    window = draw_window(data, whole.array.shape)
    np.testing.assert_array_equal(lazy.array[window], whole.array[window])
    assert sum(read) == whole.array[window].size  # and nothing more
    # Plane n is that at the n-th place of the stack axes, counted as in numpy.
    letters = axes.replace("S", "") if "C" in axes else axes.replace("S", "C")
    plain = array.squeeze(axes.index("S")) if "S" in axes and "C" in axes else array
    for number, place in enumerate(np.ndindex(*whole.stack_shape)):
        chosen = dict(zip(whole.stack_axes, place, strict=True))
        one = plain[tuple(chosen.get(axis, slice(None)) for axis in letters)]
        left = [axis for axis in letters if axis not in chosen]
        wanted = [axis for axis in "CZYX" if axis in left]
        one = one.transpose([left.index(axis) for axis in wanted])
        np.testing.assert_array_equal(whole.array[number], one if "C" in wanted else one[None])


def test_any_range_of_a_stack_of_stacks_is_read():
    array = np.arange(2 * 3 * 2).reshape(2, 3, 2, 1, 1)
    lazy = View(array.shape, array.dtype, lambda window: array[window])
    planes = as_channels_first(ImageFile(lazy, "TRZYX")).array
    for start, stop in combinations(range(array.size + 1), 2):
        found = planes[slice(start, stop), slice(0, 1), slice(0, 1), slice(0, 1)]
        np.testing.assert_array_equal(found.ravel(), range(start, stop))


def test_what_is_read_at_once_is_known_of_the_channels_too(tiffs):
    planes = as_channels_first(tiffs["OME"][0])
    assert getattr(planes.array, "chunks", None) == (1, 1, 16, 32)
    assert getattr(as_channels_first(tiffs["RGB tiles"][0]).array, "chunks", None) == (1, 3, 16, 16)


def test_a_damaged_strip_is_named_with_its_window_and_the_others_are_read(tmp_path):
    path, array = tmp_path / "damaged.tif", pixels(60, 50)
    tifffile.imwrite(path, array, compression="zlib", rowsperstrip=10)
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages.first.dataoffsets[3]
    data = bytearray(path.read_bytes())
    data[offset : offset + 20] = bytes(20)
    path.write_bytes(bytes(data))
    source = open_image(path).array
    np.testing.assert_array_equal(source[0:30, 0:50], array[:30])
    message = r"damaged\.tif: the pixels \[25:35, 0:50\] of shape \(60, 50\) cannot be read .*Copy"
    with pytest.raises(DataError, match=message):
        source[25:35, 0:50]


@pytest.mark.parametrize("name", ["plain", "lzw strips, predicted", "tiles", "pages"])
def test_a_tiff_that_is_cut_short_is_refused_when_it_is_opened(tmp_path, tiffs, name):
    (tmp_path / "short.tif").write_bytes(Path(tiffs[name][0].source).read_bytes()[:-200])
    with pytest.raises(DataError, match=r"short\.tif: cannot be read as TIFF .*damaged or cut"):
        open_image(tmp_path / "short.tif")


def test_a_file_that_loses_its_end_after_it_was_opened_is_named(tmp_path):
    for name, options, reason in (
        ("plain.tif", {}, "mmap length"),
        ("zlib.tif", {"compression": "zlib"}, "bytes are needed at"),
    ):
        tifffile.imwrite(tmp_path / name, pixels(60, 50), rowsperstrip=10, **options)
        source = open_image(tmp_path / name).array
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[:-200])
        message = rf"{name}: the pixels \[55:60, 0:50\] .*({reason}).*cut short"
        with pytest.raises(DataError, match=message):
            source[55:60, 0:50]


def test_an_array_file_that_is_cut_short_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", pixels(60, 50))
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(data[:-1])
    with pytest.raises(DataError, match=r"a\.npy: .* takes 3128 bytes and the file has 3127"):
        open_image(tmp_path / "a.npy")


def test_axes_that_no_file_stated_are_said(tmp_path):
    np.save(tmp_path / "a.npy", pixels(3, 5, 6))
    tifffile.imwrite(tmp_path / "a.tif", pixels(3, 5, 6), photometric="minisblack", metadata=None)
    for name, axes in (("a.npy", "QYX"), ("a.tif", "IYX")):
        image = open_image(tmp_path / name)
        assert image.axes in (axes, "QYX")
        (note,) = image.notes
        assert f"axes {image.axes} (3 x 5 x 6) are assumed" in note
        assert "--axes" in note
        stated = open_image(tmp_path / name, axes="cyx")
        assert (stated.axes, stated.notes) == ("CYX", ())
    np.save(tmp_path / "flat.npy", pixels(5, 6))
    tifffile.imwrite(tmp_path / "ij.tif", pixels(3, 5, 6), imagej=True, metadata={"axes": "ZYX"})
    Image.fromarray(pixels(5, 6, 3)).save(tmp_path / "rgb.png")
    for name in ("flat.npy", "ij.tif", "rgb.png"):
        assert open_image(tmp_path / name).notes == ()


def test_spacing_is_overridden_and_stays_with_its_axis(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, pixels(3, 5, 6), imagej=True, resolution=(4, 2),
        metadata={"axes": "ZYX", "unit": "um", "spacing": 3.0},
    )  # fmt: skip
    assert open_image(path).spacing == pytest.approx((3.0, 0.5, 0.25))
    assert open_image(path, spacing=2).spacing == (2.0, 2.0, 2.0)
    assert open_image(path, spacing=(5, 1, 2)).spacing == (5.0, 1.0, 2.0)
    assert open_image(path, axes="TYX").spacing == pytest.approx((0.5, 0.25))
    assert open_image(path, axes="XZY").spacing == pytest.approx((0.5, 0.25, 3.0))
    assert read_image(path, spacing=2).spacing == (2.0, 2.0, 2.0)
    for wrong in (0, -1, float("nan"), (1, 2), (1, 2, 3, 4), ()):
        with pytest.raises(DataError, match=r"a\.tif: the spacing .* axes ZYX; .* 3 for Z, Y, X"):
            open_image(path, spacing=wrong)


def test_the_spacing_of_a_plane_is_known_where_that_of_the_stack_is_not(tmp_path):
    metadata = {"axes": "ZYX", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5}
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels(3, 5, 6), ome=True, metadata=metadata)
    image = open_image(tmp_path / "a.ome.tif")
    assert image.spacing == (0.5, 0.25)
    assert as_channels_first(image, 2).spacing == (0.5, 0.25)
    assert as_channels_first(image, 3).spacing is None


def test_names_of_channels_are_read(tmp_path):
    array = pixels(2, 5, 6)
    metadata = {"axes": "CYX", "Channel": {"Name": ["DAPI", "actin"]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", array, ome=True, metadata=metadata)
    metadata = {"axes": "CYX", "Labels": ["DAPI", "actin"]}
    tifffile.imwrite(tmp_path / "a.tif", array, imagej=True, metadata=metadata)
    for name in ("a.ome.tif", "a.tif"):
        image = open_image(tmp_path / name)
        assert image.channels == ("DAPI", "actin")
        assert as_channels_first(image).channels == ("DAPI", "actin")
    tifffile.imwrite(tmp_path / "b.ome.tif", array, ome=True, metadata={"axes": "CYX"})
    assert open_image(tmp_path / "b.ome.tif").channels is None


def test_a_stack_whose_z_is_unknown_keeps_its_pixel_size(tmp_path):
    write_tiff(tmp_path / "a.tif", pixels(3, 5, 6), "ZYX", (0.5, 0.25))
    assert read_image(tmp_path / "a.tif").spacing == pytest.approx((0.5, 0.25))


@given(
    keys=st.lists(st.integers(0, 9), max_size=40),
    sizes=st.lists(st.integers(0, 60), min_size=10, max_size=10),
)
@settings(max_examples=50, deadline=None)
def test_what_was_decoded_last_is_kept_within_its_limit(keys, sizes):
    recent, made = Recent(100), []

    def make(key):
        made.append(key)
        return np.full(sizes[key], key, np.uint8)

    kept = []  # the plain way: a list, the latest last
    for key in keys:
        known = key in kept
        before = len(made)
        assert (recent.get(key, lambda key=key: make(key)) == key).all()
        assert (len(made) == before) == known
        kept = [*(k for k in kept if k != key), key]
        while sum(sizes[k] for k in kept) > 100 and len(kept) > 1:
            kept.pop(0)
