"""NIfTI that SimpleITK and nibabel wrote is read as they read it; bad files are named."""

import gzip
import sys
import tracemalloc

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from septum.array import load
from septum.data.formats import as_channels_first, gzipped, open_image, read_image, read_labels
from septum.data.formats.nifti_header import orientation
from septum.errors import DataError

VOLUME = np.random.default_rng(0).integers(-1000, 3000, (7, 20, 30)).astype(np.int16)
TURNED = (0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def of_itk(path, array=VOLUME, vector=False):
    image = sitk.GetImageFromArray(array, isVector=vector)
    if image.GetDimension() == 3:
        image.SetSpacing((0.5, 0.7, 2.5))
        image.SetOrigin((1, 2, 3))
        image.SetDirection(TURNED)
    sitk.WriteImage(image, str(path))
    return path


def of_nibabel(path, array, unit="mm", kind=nibabel.Nifti1Image):
    """Write an array whose axes are in NIfTI's order (X, Y, Z, T, C)."""
    image = kind(array, np.diag([0.5, 0.7, 2.5, 1]))
    image.header.set_xyzt_units(unit)
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII.GZ"])
@pytest.mark.parametrize("dtype", ["int16", "uint8", "uint32", "float32", "float64"])
def test_what_itk_writes_is_read_as_stored(tmp_path, name, dtype):
    array = VOLUME.astype(dtype)
    image = open_image(of_itk(tmp_path / name.lower(), array).rename(tmp_path / name))
    assert (image.axes, image.array.dtype, image.notes) == ("ZYX", dtype, ())
    assert image.spacing == (2500.0, 700.0, 500.0)
    assert not isinstance(image.array, np.ndarray)
    np.testing.assert_array_equal(load(image.array), array)
    assert orientation(image.placement) == "PLI"  # ITK's axes are to the left, the back, the head


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_window_of_a_packed_file_is_that_of_the_whole(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("gz") / "a.nii.gz"
    of_itk(path)
    source = open_image(path).array
    for _ in range(3):
        edges = [sorted(data.draw(st.tuples(*[st.integers(0, n)] * 2))) for n in VOLUME.shape]
        window = tuple(slice(*pair) for pair in edges)
        np.testing.assert_array_equal(source[window], VOLUME[window])


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_bytes_of_a_gzip_are_found_wherever_they_are(tmp_path_factory, data):
    """Blocks of 64 bytes and states every other block: every way through the code is taken."""
    random = np.random.default_rng(0)
    whole = random.integers(0, 5, 3000).astype(np.uint8).tobytes()
    cut = data.draw(st.integers(0, 3000))
    path = tmp_path_factory.mktemp("gz") / "a.gz"
    path.write_bytes(gzip.compress(whole[:cut]) + gzip.compress(whole[cut:]) + b"\0" * 9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gzipped, "BLOCK", 64)
        patch.setattr(gzipped, "_STATES", data.draw(st.sampled_from([1, 5, 100])))
        patch.setattr(gzipped, "_RECENT_BYTES", 200)
        patch.setattr(gzipped, "_READ", data.draw(st.sampled_from([1, 7, 2**16])))
        unzipped = gzipped.Unzipped(path, len(whole))
        for _ in range(5):
            start, stop = sorted(data.draw(st.tuples(*[st.integers(0, 3000)] * 2)))
            assert unzipped.read(start, stop).tobytes() == whole[start:stop]


def test_reading_from_the_front_unpacks_every_byte_once(tmp_path, monkeypatch):
    monkeypatch.setattr(gzipped, "BLOCK", 1000)
    path = of_itk(tmp_path / "a.nii.gz")
    taken = []
    take = gzipped._State.take
    monkeypatch.setattr(
        gzipped._State, "take", lambda self, *a: taken.append(a[1]) or take(self, *a)
    )
    source = open_image(path).array
    taken.clear()
    for z in range(7):
        for y in range(0, 20, 5):
            source[slice(z, z + 1), slice(y, y + 5), slice(0, 30)]
    assert sum(taken) == 352 + VOLUME.nbytes


def test_a_state_put_aside_saves_the_way_from_the_beginning(tmp_path, monkeypatch):
    monkeypatch.setattr(gzipped, "BLOCK", 1000)
    monkeypatch.setattr(gzipped, "_RECENT_BYTES", 0)
    source = open_image(of_itk(tmp_path / "a.nii.gz")).array
    load(source)
    taken = []
    take = gzipped._State.take
    monkeypatch.setattr(
        gzipped._State, "take", lambda self, *a: taken.append(a[1]) or take(self, *a)
    )
    source[slice(5, 6), slice(3, 4), slice(0, 30)]
    assert sum(taken) <= 2000


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((30, 20), "YX"),
        ((30, 20, 1), "ZYX"),
        ((30, 20, 7), "ZYX"),
        ((30, 20, 7, 4), "TZYX"),
        ((30, 20, 7, 1, 3), "CZYX"),
        ((30, 20, 7, 4, 3), "CTZYX"),
        ((30, 20, 7, 1, 1), "ZYX"),
    ],
)
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_axes_are_named_from_the_last(tmp_path, shape, axes, kind):
    array = np.random.default_rng(1).integers(0, 99, shape).astype(np.uint8)
    image = read_image(of_nibabel(tmp_path / "a.nii", array, kind=kind))
    assert image.axes == axes
    expected = array.transpose()
    np.testing.assert_array_equal(image.array.reshape(expected.shape), expected)


def test_volumes_of_a_time_series_are_one_by_one(tmp_path):
    array = np.random.default_rng(1).integers(0, 99, (6, 5, 4, 3)).astype(np.uint8)
    planes = as_channels_first(open_image(of_nibabel(tmp_path / "a.nii.gz", array)), ndim=3)
    assert (planes.array.shape, planes.stack_axes) == ((3, 1, 4, 5, 6), "T")
    assert planes.spacing == (2500.0, 700.0, 500.0)
    assert planes.notes == ("3 volumes along T are separate 3D images",)
    np.testing.assert_array_equal(load(planes.array)[1, 0], array[..., 1].T)


def test_colours_are_samples(tmp_path):
    colours = np.random.default_rng(0).integers(0, 255, (3, 4, 5, 3)).astype(np.uint8)
    of_itk(tmp_path / "a.nii.gz", colours, vector=True)
    image = read_image(tmp_path / "a.nii.gz")
    planes = as_channels_first(image, ndim=3)
    np.testing.assert_array_equal(planes.array[0], np.moveaxis(colours, -1, 0))
    dtype = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    pixels = np.ascontiguousarray(colours.transpose(2, 1, 0, 3)).view(dtype)[..., 0]
    image = read_image(of_nibabel(tmp_path / "rgb.nii.gz", pixels))
    assert (image.axes, image.array.dtype) == ("ZYXS", np.uint8)
    np.testing.assert_array_equal(image.array, colours)


@pytest.mark.parametrize(
    ("unit", "um"), [("mm", 1e3), ("micron", 1.0), ("meter", 1e6), ("unknown", 1e3)]
)
def test_the_unit_of_the_spacing_counts(tmp_path, unit, um):
    image = read_image(of_nibabel(tmp_path / "a.nii", np.zeros((3, 4, 5), np.uint8), unit=unit))
    assert image.spacing == pytest.approx((2.5 * um, 0.7 * um, 0.5 * um))
    stated = () if unit != "unknown" else ("its voxel size has no unit and was taken as mm",)
    assert image.notes == stated


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize(("slope", "inter"), [(2.0, -1024.0), (0.25, 0.5)])
def test_slope_and_intercept_are_honoured(tmp_path, name, slope, inter):
    stored = VOLUME.T.copy()
    image = nibabel.Nifti1Image(stored, np.eye(4))
    image.header.set_slope_inter(slope, inter)
    nibabel.save(image, tmp_path / name)
    back = read_image(tmp_path / name)
    expected = nibabel.load(tmp_path / name).get_fdata(dtype=np.float32).T
    assert back.array.dtype == np.float32
    np.testing.assert_allclose(back.array, expected, rtol=1e-6)
    assert not np.array_equal(back.array, VOLUME)  # it has been scaled


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_the_other_order_of_bytes_is_read(tmp_path, name):
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    image = nibabel.Nifti1Image(VOLUME.T, np.eye(4), header)
    nibabel.save(image, tmp_path / name)
    back = read_image(tmp_path / name)
    assert back.array.dtype == np.dtype("=i2")
    np.testing.assert_array_equal(back.array, VOLUME)


def test_labels_are_read_as_integers(tmp_path):
    labels = (VOLUME > 2000).astype(np.uint8) * 3
    assert read_labels(of_itk(tmp_path / "l.nii.gz", labels)).array.dtype == np.uint8
    np.testing.assert_array_equal(read_labels(tmp_path / "l.nii.gz").array, labels)


def test_other_axes_have_no_place_in_the_scanner(tmp_path):
    of_itk(tmp_path / "a.nii")
    assert open_image(tmp_path / "a.nii", axes="ZYX").placement is not None
    image = open_image(tmp_path / "a.nii", axes="TYX")
    assert (image.placement, image.spacing) == (None, (700.0, 500.0))


def test_zeros_after_a_packed_file_are_left_alone_however_many(tmp_path, monkeypatch):
    path = of_itk(tmp_path / "a.nii.gz")
    path.write_bytes(path.read_bytes() + b"\0" * (3 * gzipped._READ))
    np.testing.assert_array_equal(read_image(path).array, VOLUME)
    packed = gzip.compress(b"one") + b"\0" * 50 + gzip.compress(b"two") + b"\0" * 50
    (tmp_path / "b.gz").write_bytes(packed)
    monkeypatch.setattr(gzipped, "_READ", 20)
    assert gzipped.Unzipped(tmp_path / "b.gz", 6).read(0, 6).tobytes() == b"onetwo"


def test_a_packed_file_that_is_cut_short_is_named_where_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(gzipped, "BLOCK", 500)
    path = of_itk(tmp_path / "a.nii.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    image = open_image(path)
    with pytest.raises(DataError, match=r"a\.nii\.gz: .*gzip stream ends after \d+ unpacked"):
        load(image.array)
    assert image.array[(slice(0, 1), slice(0, 2), slice(0, 30))].tolist() == [
        VOLUME[0, :2].tolist()
    ]


def test_a_packed_file_with_a_wrong_checksum_is_named(tmp_path):
    path = of_itk(tmp_path / "a.nii.gz")
    whole = bytearray(path.read_bytes())
    whole[-8] ^= 1
    path.write_bytes(whole)
    with pytest.raises(DataError, match=r"a\.nii\.gz: .*incorrect data check"):
        read_image(path)


def test_a_plain_file_that_is_cut_short_is_named(tmp_path):
    path = of_itk(tmp_path / "a.nii")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=r"a\.nii: .*promises 7 x 20 x 30 voxels.*cut short"):
        open_image(path)


@pytest.mark.parametrize("name", ["bomb.nii", "bomb.nii.gz"])
def test_a_header_that_promises_a_terabyte_takes_no_memory(tmp_path, name):
    header = nibabel.Nifti2Header()
    header.set_data_dtype(np.int16)
    header["dim"] = [3, 10**4, 10**4, 10**4, 1, 1, 1, 1]
    header["magic"], header["vox_offset"] = header.single_magic, 544
    data = header.binaryblock + b"\0" * 10**5
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    tracemalloc.start()
    with pytest.raises(DataError, match=rf"{name}: .*2000000000544 bytes, and the file has"):
        read_image(tmp_path / name)
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def patched(path, **fields):
    """Write a NIfTI of zeros whose header has other values in some fields."""
    header = nibabel.Nifti1Header()
    header.set_data_shape((5, 4, 3))
    header["magic"], header["vox_offset"] = header.single_magic, 352
    for name, value in fields.items():
        header[name] = value
    path.write_bytes(header.binaryblock + b"\0" * 2000)
    return path


def test_a_header_that_states_nothing_gives_no_spacing(tmp_path):
    image = read_image(patched(tmp_path / "a.nii"))
    assert (image.spacing, image.notes) == (None, ())
    assert orientation(image.placement) is None
    image = read_image(patched(tmp_path / "b.nii", pixdim=[1, 0.5, 0.7, 2.5, 1, 1, 1, 1]))
    assert image.spacing == (2500.0, 700.0, 500.0)
    assert image.notes == ("its voxel size has no unit and was taken as mm",)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dim": [3, 5, 0, 3, 1, 1, 1, 1]}, r"states the axes \[3, 5, 0, 3.*lengths above 0"),
        ({"dim": [9, 5, 4, 3, 1, 1, 1, 1]}, r"states the axes \[9, 5.*2 to 7"),
        ({"dim": [6, 5, 4, 3, 1, 1, 2, 1]}, "6 axes of lengths .*a file for each index"),
        ({"datatype": 7}, "the data type 7, which does not exist"),
        ({"datatype": 32}, "pixels of type complex64; expected real numbers"),
        ({"scl_slope": np.inf}, "by slope inf .* finite numbers are expected"),
        ({"vox_offset": np.nan}, "voxels begin at byte nan; expected is 352 or more"),
        ({"vox_offset": np.inf}, "voxels begin at byte inf; expected is 352 or more"),
        ({"qform_code": 1, "pixdim": [1, -1, 1, 1, 0, 0, 0, 0]}, "qform .*pixdim 1, -1, 1, 1, wh"),
        ({"qform_code": 1, "pixdim": [5, 1, 1, 1, 0, 0, 0, 0]}, "qform .*pixdim 5, 1, 1, 1, wh"),
        ({"qform_code": 1, "quatern_b": 2}, "qform .*quatern 2, 0, 0, of length 1 at most"),
        ({"qform_code": 1, "quatern_b": np.nan}, r"places the voxels by .*nan.* finite"),
        ({"sform_code": 1, "srow_x": [np.inf] * 4}, r"places the voxels by \[\[inf, .* finite"),
        ({"magic": b"ni1"}, r"a NIfTI pair \(\.hdr and \.img\)"),
        ({"magic": b""}, "an Analyze file"),
    ],
)
def test_headers_that_make_no_sense_are_named(tmp_path, fields, message):
    patched(tmp_path / "good.nii")
    assert read_image(tmp_path / "good.nii").array.shape == (3, 4, 5)
    with pytest.raises(DataError, match=rf"a\.nii: .*{message}"):
        read_image(patched(tmp_path / "a.nii", **fields))


@pytest.mark.parametrize(
    ("code", "um", "notes"),
    [
        (7, 1e3, ("its voxel size has the unit 7, which does not exist, and was taken as mm",)),
        (3 + 64, 1.0, ()),  # of a unit of time that does not exist, which nothing is taken from
    ],
)
def test_a_unit_that_does_not_exist_is_as_none(tmp_path, code, um, notes):
    path = patched(tmp_path / "a.nii", xyzt_units=code, pixdim=[1, 0.5, 0.7, 2.5, 0, 0, 0, 0])
    image = read_image(path)
    assert image.spacing == pytest.approx((2.5 * um, 0.7 * um, 0.5 * um))
    assert image.notes == notes


def test_a_qform_that_leaves_its_handedness_out_has_the_usual_one(tmp_path):
    sizes = [0, 0.5, 0.7, 2.5, 0, 0, 0, 0]
    image = read_image(patched(tmp_path / "a.nii", qform_code=1, pixdim=sizes, xyzt_units=2))
    assert image.spacing == pytest.approx((2500.0, 700.0, 500.0))
    assert orientation(image.placement) == "RAS"


@pytest.mark.parametrize("content", [b"", b"short", b"not what the suffix says" * 50])
def test_what_is_no_nifti_is_named(tmp_path, content):
    (tmp_path / "a.nii").write_bytes(content)
    said = r": not a NIfTI file.*at least 348 bytes" if content else r": an empty file \(0 bytes\)"
    with pytest.raises(DataError, match=r"a\.nii" + said):
        read_image(tmp_path / "a.nii")
    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(content))
    with pytest.raises(DataError, match=r"b\.nii\.gz: not a NIfTI file"):
        read_image(tmp_path / "b.nii.gz")
    if content:
        (tmp_path / "c.nii.gz").write_bytes(content)
        with pytest.raises(DataError, match=r"c\.nii\.gz: cannot be unpacked as gzip"):
            read_image(tmp_path / "c.nii.gz")


def test_a_spacing_that_does_not_fit_is_named(tmp_path):
    with pytest.raises(
        DataError, match=r"a\.nii: the spacing \(1\.0, 2\.0\) does not fit axes ZYX"
    ):
        open_image(of_itk(tmp_path / "a.nii"), spacing=(1.0, 2.0))


@pytest.mark.parametrize("library", ["nibabel", "pydicom"])
def test_without_the_library_it_says_what_to_install(tmp_path, monkeypatch, library):
    of_itk(tmp_path / "a.nii")
    (tmp_path / "a.dcm").write_bytes(b"\0" * 128 + b"DICM")
    monkeypatch.setitem(sys.modules, library, None)
    name = "a.nii" if library == "nibabel" else "a.dcm"
    with pytest.raises(DataError, match=rf"{name}: .*{library}.*pip install \"septum\[medical\]\""):
        open_image(tmp_path / name)
