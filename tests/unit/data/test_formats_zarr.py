"""OME-Zarr that other libraries wrote, and plain zarr arrays, window by window."""

import shutil

import numcodecs
import numpy as np
import pytest
import zarr
import zarr.codecs
from hypothesis import given, settings
from hypothesis import strategies as st
from ome_zarr.format import FormatV04, FormatV05
from ome_zarr.writer import write_image, write_plate_metadata, write_well_metadata

from septum.array import load
from septum.data.formats import as_channels_first, is_zarr, open_image, read_image, refuse_plate
from septum.errors import DataError

FORMATS = {"0.4": (2, FormatV04()), "0.5": (3, FormatV05())}
ARRAY = np.random.default_rng(0).integers(1, 60000, (2, 3, 70, 90)).astype("u2")
UNITS = {"z": "micrometer", "y": "nanometer", "x": "micrometer"}


@pytest.fixture(scope="module", params=FORMATS)
def ome(request, tmp_path_factory):
    """An image that the reference implementation of NGFF wrote."""
    number, ngff = FORMATS[request.param]
    path = tmp_path_factory.mktemp("zarr") / "a.ome.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=number)
    write_image(
        ARRAY, group, axes="czyx", axes_units=UNITS, fmt=ngff, scale_factors=[2],
        scale={"c": 1.0, "z": 2.0, "y": 250.0, "x": 0.5},
        storage_options={"chunks": (1, 1, 32, 32)},
    )  # fmt: skip
    return path


def copy_of(path, folder):
    shutil.copytree(path, folder / path.name)
    return folder / path.name


def edit(path, change):
    """Change the NGFF metadata of a group."""
    group = zarr.open_group(path, mode="r+")
    attributes = dict(group.attrs)
    change(attributes.get("ome", attributes))
    group.attrs.update(attributes)


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_window_is_that_of_the_array_that_was_written(ome, data):
    image = open_image(ome)
    assert image.axes == "CZYX"
    assert image.spacing == (2.0, 0.25, 0.5)
    assert image.notes == ()
    assert image.array.dtype == ARRAY.dtype
    assert getattr(image.array, "chunks", None) == (1, 1, 32, 32)
    edges = [
        sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True)))
        for n in ARRAY.shape
    ]
    window = tuple(slice(*pair) for pair in edges)
    np.testing.assert_array_equal(image.array[window], ARRAY[window])


def test_an_image_read_is_an_image_opened(ome):
    read = read_image(ome)
    np.testing.assert_array_equal(read.array, ARRAY)
    planes = as_channels_first(open_image(ome))
    assert planes.array.shape == (3, 2, 70, 90)
    np.testing.assert_array_equal(load(planes.array), ARRAY.swapaxes(0, 1))


def test_names_of_channels_and_a_scale_of_all_levels_are_read(ome, tmp_path):
    path = copy_of(ome, tmp_path)

    def change(attributes):
        attributes["omero"] = {"channels": [{"label": "DAPI"}, {"label": "actin"}]}
        attributes["multiscales"][0]["coordinateTransformations"] = [
            {"type": "scale", "scale": [1, 10, 10, 10]}
        ]

    edit(path, change)
    image = open_image(path)
    assert image.channels == ("DAPI", "actin")
    assert image.spacing == pytest.approx((20, 2.5, 5))


def test_a_scale_without_a_unit_is_no_spacing(ome, tmp_path):
    path = copy_of(ome, tmp_path)
    edit(path, lambda ome: ome["multiscales"][0]["axes"][3].pop("unit"))
    assert open_image(path).spacing is None
    assert open_image(path, spacing=0.5).spacing == (0.5, 0.5, 0.5)


def test_time_and_channels_of_any_name_are_known_by_their_type(ome, tmp_path):
    path = copy_of(ome, tmp_path)
    edit(path, lambda ome: ome["multiscales"][0]["axes"][0].update(name="fluorophore"))
    assert open_image(path).axes == "CZYX"


def test_metadata_that_makes_no_sense_is_named(ome, tmp_path):
    path = copy_of(ome, tmp_path)
    edit(path, lambda ome: ome["multiscales"][0].pop("datasets"))
    with pytest.raises(DataError, match=r"a\.ome\.zarr: its OME-Zarr metadata .*datasets.*--axes"):
        open_image(path)


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("compressors", [None, "auto"])
def test_a_plain_array_has_assumed_axes_unless_it_names_them(tmp_path, number, compressors):
    path = tmp_path / "a.zarr"
    array = zarr.create_array(
        path, shape=(3, 70, 90), chunks=(1, 32, 32), dtype="u2", zarr_format=number,
        compressors=compressors,
    )  # fmt: skip
    array[:] = ARRAY[0]
    image = open_image(path)
    assert image.axes == "QYX"
    assert "axes QYX (3 x 70 x 90) are assumed" in image.notes[0]
    np.testing.assert_array_equal(image.array[1:3, 20:70, 5:80], ARRAY[0, 1:3, 20:70, 5:80])
    assert open_image(path, axes="ZYX").notes == ()


def test_the_names_of_dimensions_are_axes(tmp_path):
    names = {"shape": (3, 7, 9), "chunks": (1, 7, 9), "dtype": "u1"}
    zarr.create_array(tmp_path / "3.zarr", dimension_names=["z", "y", "x"], **names)
    xarray = zarr.create_array(tmp_path / "2.zarr", zarr_format=2, **names)
    xarray.attrs["_ARRAY_DIMENSIONS"] = ["z", "y", "x"]
    for name in ("2.zarr", "3.zarr"):
        image = open_image(tmp_path / name)
        assert (image.axes, image.notes) == ("ZYX", ())


def test_shards_are_read_chunk_by_chunk(tmp_path):
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=(70, 90), chunks=(16, 16), shards=(64, 64), dtype="u2"
    )
    array[:] = ARRAY[0, 0]
    source = open_image(tmp_path / "a.zarr").array
    np.testing.assert_array_equal(source[10:69, 3:80], ARRAY[0, 0, 10:69, 3:80])


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("compressors", [None, "auto", "blosc"])
@pytest.mark.parametrize("keep", [0, 0.5, 0.9])
def test_a_chunk_cut_short_is_named_with_its_window(tmp_path, number, compressors, keep):
    path = tmp_path / "a.zarr"
    if compressors == "blosc":
        compressors = numcodecs.Blosc("lz4") if number == 2 else zarr.codecs.BloscCodec()
    array = zarr.create_array(
        path, shape=(64, 96), chunks=(32, 32), dtype="u2", zarr_format=number,
        compressors=compressors, fill_value=7,
    )  # fmt: skip
    array[:] = ARRAY[0, 0, :64, :1] + np.arange(96, dtype="u2")
    expected = array[:]
    chunk = path / ("1.2" if number == 2 else "c/1/2")
    data = chunk.read_bytes()
    chunk.write_bytes(data[: int(keep * len(data))])
    source = open_image(path).array
    np.testing.assert_array_equal(source[0:64, 0:64], expected[:, :64])
    message = r"a\.zarr: the pixels \[30:40, 60:70\] of shape \(64, 96\) cannot be read .*cut short"
    with pytest.raises(DataError, match=message):
        source[30:40, 60:70]
    chunk.unlink()  # by the specification, a chunk that is not there is of the fill value
    assert (source[32:64, 64:96] == 7).all()


def test_plates_wells_and_other_groups_say_what_would_work(tmp_path):
    plate = zarr.open_group(tmp_path / "plate.zarr", mode="w", zarr_format=2)
    write_plate_metadata(plate, ["A", "B"], ["1"], ["A/1", "B/1"], fmt=FormatV04())
    well = plate.create_group("A/1")
    write_well_metadata(well, ["0", "1"], fmt=FormatV04())
    write_image(ARRAY[0, 0], well.create_group("0"), axes="yx", fmt=FormatV04())
    path = tmp_path / "plate.zarr"
    for function in (open_image, refuse_plate):
        with pytest.raises(DataError, match=r"a plate of 2 wells, .* as .*A/1/0, .*B/1/0"):
            function(path)
        with pytest.raises(DataError, match=r"a well, not an image; .* as .*A/1/0, .*A/1/1"):
            function(path / "A" / "1")
        with pytest.raises(DataError, match=r"no OME-Zarr image, .*in it are 1; give"):
            function(path / "A")
    image = open_image(path / "A" / "1" / "0")
    np.testing.assert_array_equal(load(image.array), ARRAY[0, 0])
    refuse_plate(path / "A" / "1" / "0")


def test_the_only_image_of_bioformats2raw_is_found(tmp_path):
    path = tmp_path / "a.zarr"
    root = zarr.open_group(path, mode="w", zarr_format=2)
    root.attrs["bioformats2raw.layout"] = 3
    root.create_group("OME")
    write_image(ARRAY[0, 0], root.create_group("0"), axes="yx", fmt=FormatV04())
    np.testing.assert_array_equal(load(open_image(path).array), ARRAY[0, 0])
    refuse_plate(path)
    root.create_group("1")
    for function in (open_image, refuse_plate):
        with pytest.raises(DataError, match=r"holds 2 images; give them one by one, as .*a\.zarr"):
            function(path)


def test_what_is_no_zarr_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no\.zarr: no such file"):
        open_image(tmp_path / "no.zarr")
    (tmp_path / "a.zarr").mkdir()
    assert not is_zarr(tmp_path / "a.zarr")
    with pytest.raises(DataError, match=r"a\.zarr: cannot be opened as zarr"):
        open_image(tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / "zarr.json").write_text("{")
    with pytest.raises(DataError, match=r"a\.zarr: cannot be opened as zarr"):
        open_image(tmp_path / "a.zarr")
    (tmp_path / "b.zarr").write_bytes(b"")
    with pytest.raises(DataError, match=r"b\.zarr: an empty file \(0 bytes\)"):
        open_image(tmp_path / "b.zarr")
