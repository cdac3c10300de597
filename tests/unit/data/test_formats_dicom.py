"""DICOM that GDCM (SimpleITK) wrote is read as GDCM reads it; bad series are named."""

import re

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from septum.array import load
from septum.data.formats import (
    as_channels_first,
    is_image_folder,
    nifti_header,
    open_image,
    read_image,
    stem_of,
)
from septum.data.inputs import images_in
from septum.data.layouts import find
from septum.errors import DataError

VOLUME = np.random.default_rng(0).integers(0, 3000, (6, 8, 10)).astype(np.int16)
TURNED = np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1.0]])
CT = "1.2.840.10008.5.1.4.1.1.2"


def of_gdcm(folder, array=VOLUME, intercept="-1024"):
    """Write a series whose files are named in another order than they lie in the patient."""
    folder.mkdir(parents=True)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.5, 0.7, 2.5))
    image.SetOrigin((1, 2, 3))
    image.SetDirection(TURNED.ravel().tolist())
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for z in range(len(array)):
        plane = image[:, :, z]
        place = image.TransformIndexToPhysicalPoint((0, 0, z))
        facts = {
            "0008|0060": "CT",
            "0020|000e": "1.2.3.4",
            "0020|0013": str(z),
            "0020|0032": "\\".join(map(str, place)),
            "0020|0037": "\\".join(map(str, TURNED[:, :2].T.ravel())),
            "0028|1052": intercept,
            "0028|1053": "1",
        }
        for tag, value in facts.items():
            plane.SetMetaData(tag, value)
        writer.SetFileName(str(folder / f"{z * 5 % 6}.dcm"))
        writer.Execute(plane)
    return folder


def by_gdcm(folder):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def change(path, **values):
    dataset = pydicom.dcmread(path)
    for name, value in values.items():
        if value is None:
            dataset.pop(name, None)  # GDCM may not have written it
        else:
            setattr(dataset, name, value)
    dataset.save_as(path)


def multi_frame(path, array=VOLUME, order=None, **values):
    """Write an enhanced file of several frames, with positions in the order given."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CT
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3.5"
    data.SeriesInstanceUID, data.Modality = "1.2.3.4", "CT"
    data.NumberOfFrames, data.Rows, data.Columns = array.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
    data.PixelRepresentation = 1
    data.PixelData = array.tobytes()
    if order is not None:
        shared, measures, turned, scale = (Dataset() for _ in range(4))
        measures.PixelSpacing, measures.SliceThickness = [0.7, 0.5], 9
        turned.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        scale.RescaleSlope, scale.RescaleIntercept = 0.5, -10
        shared.PixelMeasuresSequence = Sequence([measures])
        shared.PlaneOrientationSequence = Sequence([turned])
        shared.PixelValueTransformationSequence = Sequence([scale])
        data.SharedFunctionalGroupsSequence = Sequence([shared])
        frames = []
        for z in order:
            frame, place = Dataset(), Dataset()
            place.ImagePositionPatient = [0, 0, 2.5 * z]
            frame.PlanePositionSequence = Sequence([place])
            frames.append(frame)
        data.PerFrameFunctionalGroupsSequence = Sequence(frames)
    for name, value in values.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return path


def test_a_series_is_read_as_gdcm_reads_it(tmp_path):
    folder = of_gdcm(tmp_path / "scan.1")
    image, expected = open_image(folder), by_gdcm(folder)
    assert (image.axes, image.notes) == ("ZYX", ())
    assert image.spacing == pytest.approx((2500, 700, 500))
    assert not isinstance(image.array, np.ndarray)
    np.testing.assert_array_equal(load(image.array), sitk.GetArrayFromImage(expected))
    stored = np.concatenate([pydicom.dcmread(file).pixel_array for file in folder.iterdir()])
    assert stored.max() == load(image.array).max() + 1024  # which are Hounsfield units
    affine = nifti_header.parse(image.placement, folder).get_best_affine()
    for index in ((0, 0, 0), (3, 2, 1)):
        point = expected.TransformIndexToPhysicalPoint(index)
        found = (affine @ [*index, 1])[:3] * (-1, -1, 1)  # NIfTI counts to the right and the front
        np.testing.assert_allclose(found, point, atol=1e-5)


def test_a_window_of_a_series_is_that_of_the_whole(tmp_path):
    source = open_image(of_gdcm(tmp_path / "scan")).array
    whole = load(source)
    window = (slice(2, 5), slice(1, 7), slice(3, 4))
    np.testing.assert_array_equal(source[window], whole[window])


def test_a_slice_without_a_thickness_is_of_a_scanner_though_its_place_is_not_known(tmp_path):
    path = of_gdcm(tmp_path / "scan") / "0.dcm"
    change(path, SliceThickness=None, SpacingBetweenSlices=None)
    image = read_image(path)
    assert (image.placement, image.scan) == (None, True)


def test_one_slice_is_a_plane(tmp_path):
    folder = of_gdcm(tmp_path / "scan")
    image = read_image(folder / "0.dcm")
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "0.dcm")))[0]
    assert (image.axes, image.spacing) == ("YX", pytest.approx((700, 500)))
    np.testing.assert_array_equal(image.array, expected)


@pytest.mark.parametrize(
    ("slope", "intercept", "dtype"),
    [("1", "0", "int16"), ("1", "-1024", "int32"), ("2", "0", "int32"), ("0.5", "1", "float32")],
)
def test_numbers_are_scaled_into_the_smallest_type(tmp_path, slope, intercept, dtype):
    folder = of_gdcm(tmp_path / "scan", intercept="0")
    for file in folder.iterdir():
        change(file, RescaleSlope=slope, RescaleIntercept=intercept)
    image = read_image(folder)
    assert image.array.dtype == dtype
    np.testing.assert_array_equal(image.array, VOLUME * float(slope) + float(intercept))
    np.testing.assert_array_equal(image.array, sitk.GetArrayFromImage(by_gdcm(folder)))


def test_twelve_bits_of_a_ct_stay_sixteen(tmp_path):
    folder = of_gdcm(tmp_path / "scan", VOLUME.astype(np.uint16), "0")
    for file in folder.iterdir():
        change(file, BitsStored=12, HighBit=11, PixelRepresentation=0, RescaleIntercept="-1024")
    assert read_image(folder).array.dtype == np.int16


@pytest.mark.parametrize(
    ("element", "dtype"), [("FloatPixelData", "float32"), ("DoubleFloatPixelData", "float64")]
)
@pytest.mark.parametrize("order", [None, range(6)])
def test_fractions_stay_fractions(tmp_path, element, dtype, order):
    array = (VOLUME / 7 - 100).astype(dtype)
    path = multi_frame(tmp_path / "a.dcm", order=order, BitsAllocated=array.itemsize * 8)
    pixels = {element: array.tobytes()}
    left_out = {"PixelData": None, "BitsStored": None, "PixelRepresentation": None}
    change(path, **left_out, HighBit=None, **pixels)
    image = read_image(path)
    assert image.array.dtype == dtype
    expected = array if order is None else (array * 0.5 - 10).astype(dtype)
    np.testing.assert_array_equal(image.array, expected)


def test_pixels_of_another_type_than_was_stated_are_named(tmp_path, monkeypatch):
    decoded = VOLUME[0].astype(np.float32)
    path = multi_frame(tmp_path / "a.dcm")
    monkeypatch.setattr("pydicom.pixels.utils.pixel_array", lambda *_, **__: decoded)
    with pytest.raises(DataError, match=r"a\.dcm has pixels of float32, not int16"):
        read_image(path)


@pytest.mark.parametrize(("count", "of"), [(6, ""), (2, " in 2 of 6 frames")])
def test_a_note_says_that_small_numbers_are_bright(tmp_path, count, of):
    folder = of_gdcm(tmp_path / "scan", intercept="0")
    for file in sorted(folder.iterdir())[:count]:
        change(file, PhotometricInterpretation="MONOCHROME1")
    image = read_image(folder)
    (note,) = image.notes
    assert note.startswith(f"small numbers are bright{of} (MONOCHROME1)")
    np.testing.assert_array_equal(image.array, VOLUME)


@pytest.mark.parametrize("order", [range(6), [3, 0, 5, 1, 4, 2]])
def test_frames_of_one_file_are_put_in_order(tmp_path, order):
    image = open_image(multi_frame(tmp_path / "a.dcm", order=order))
    assert (image.axes, image.spacing) == ("ZYX", (2500, 700, 500))
    expected = VOLUME[np.argsort(order)] * 0.5 - 10
    np.testing.assert_array_equal(load(image.array), expected)
    np.testing.assert_array_equal(
        image.array[(slice(4, 5), slice(0, 8), slice(2, 9))], expected[4:5, :, 2:9]
    )


def test_frames_without_positions_are_pages(tmp_path):
    image = open_image(multi_frame(tmp_path / "a.dcm"))
    assert image.axes == "QYX"
    assert "axes QYX" in image.notes[-1]
    np.testing.assert_array_equal(load(image.array), VOLUME)


def test_a_compressed_file_is_decoded(tmp_path):
    path = multi_frame(tmp_path / "a.dcm", order=range(6))
    dataset = pydicom.dcmread(path)
    dataset.compress(RLELossless)
    dataset.save_as(path)
    image = open_image(path)
    assert image.storage.compression == "RLE Lossless"
    np.testing.assert_array_equal(load(image.array), VOLUME * 0.5 - 10)


def test_what_nothing_decodes_is_named_before_it_is_read(tmp_path):
    path = multi_frame(tmp_path / "a.dcm", order=range(6))
    dataset = pydicom.dcmread(path)
    dataset.compress(RLELossless)
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    dataset.save_as(path)
    with pytest.raises(DataError, match=r"a\.dcm: compressed as JPEG-LS .*gdcmconv --raw"):
        open_image(path)


def test_a_deflated_file_is_not_unpacked(tmp_path):
    path = multi_frame(tmp_path / "a.dcm")
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    dataset.save_as(path)
    with pytest.raises(DataError, match=r"a\.dcm: is deflated as a whole.*dcmconv \+te"):
        open_image(path)


def test_a_missing_slice_is_named(tmp_path):
    folder = of_gdcm(tmp_path / "scan")
    (folder / "3.dcm").unlink()  # slice 3 of 0 to 5
    with pytest.raises(
        DataError,
        match=r"a slice is missing between (4|2)\.dcm and (2|4)\.dcm.*5 mm apart.*2\.5 mm",
    ):
        open_image(folder)
    (folder / "4.dcm").unlink()
    with pytest.raises(DataError, match="2 slices are missing between"):
        open_image(folder)


def test_uneven_slices_are_named(tmp_path):
    folder = of_gdcm(tmp_path / "scan")
    place = pydicom.dcmread(folder / "1.dcm").ImagePositionPatient
    change(folder / "1.dcm", ImagePositionPatient=[place[0], place[1], place[2] - 0.6])
    with pytest.raises(DataError, match=r"scan: its slices are unevenly spaced: 3\.1 mm|1\.9 mm"):
        open_image(folder)


def test_two_slices_in_one_place_are_named(tmp_path):
    folder = of_gdcm(tmp_path / "scan")
    (folder / "copy.dcm").write_bytes((folder / "2.dcm").read_bytes())
    with pytest.raises(
        DataError, match=r"1 slices lie where another one does, such as 2\.dcm and copy\.dcm"
    ):
        open_image(folder)


@pytest.mark.parametrize(("apart", "pixel"), [(5e-4, 7e-4), (1e-9, 0.7)])
def test_slices_may_be_as_near_as_those_of_a_microscope_but_not_in_one_place(
    tmp_path, apart, pixel
):
    folder = of_gdcm(tmp_path / "scan")
    for path in folder.iterdir():
        place = pydicom.dcmread(path).ImagePositionPatient
        depth = 3 + (place[2] - 3) / 2.5 * apart
        where = [place[0], place[1], f"{depth:.10f}"]
        change(path, ImagePositionPatient=where, PixelSpacing=[pixel, pixel])
    if apart < pixel / 1000:  # what is left of rounding
        with pytest.raises(DataError, match="5 slices lie where another one does"):
            open_image(folder)
    else:
        assert open_image(folder).spacing[0] == pytest.approx(1000 * apart)


def test_several_series_are_named(tmp_path):
    folder = of_gdcm(tmp_path / "scan")
    change(folder / "5.dcm", SeriesInstanceUID="1.2.3.9", SeriesDescription="SCOUT")
    with pytest.raises(
        DataError, match=r"holds 2 series: .*5 slices, as 0\.dcm.*'SCOUT' \(1 slice, as 5\.dcm\)"
    ):
        open_image(folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"PixelSpacing": [0.7, 0.6]}, r"mm per pixel 0\.7 x 0\.5 and .* 0\.7 x 0\.6"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}, "has direction"),
        ({"Rows": 4, "Columns": 10, "PixelData": b"\0" * 80}, "has pixels 8 x 10 and .* 4 x 10"),
    ],
)
def test_slices_that_differ_are_named(tmp_path, values, message):
    folder = of_gdcm(tmp_path / "scan")
    change(folder / "5.dcm", **values)
    with pytest.raises(DataError, match=r"0\.dcm has.*5\.dcm") as caught:
        open_image(folder)
    assert re.search(message, str(caught.value))


def test_slices_without_positions_are_in_the_order_of_their_numbers(tmp_path):
    folder = of_gdcm(tmp_path / "scan", intercept="0")
    for file in folder.iterdir():
        change(file, ImagePositionPatient=None)
    image = read_image(folder)
    assert "in the order of their numbers" in image.notes[0]
    np.testing.assert_array_equal(image.array, VOLUME)
    (folder / "5.dcm").unlink()  # the second
    with pytest.raises(DataError, match="1 slice is missing of 0 to 5: 1"):
        read_image(folder)
    for file in folder.iterdir():
        change(file, InstanceNumber=1)
    with pytest.raises(DataError, match="their order is unknown"):
        read_image(folder)


def test_colours_are_refused(tmp_path):
    path = multi_frame(tmp_path / "a.dcm", PhotometricInterpretation="RGB", SamplesPerPixel=3)
    with pytest.raises(DataError, match=r"a\.dcm: a colour image \(RGB, 3 samples a pixel\).*PNG"):
        open_image(path)


def test_a_header_that_promises_too_much_is_named(tmp_path):
    path = multi_frame(tmp_path / "a.dcm", NumberOfFrames=10**9)
    with pytest.raises(DataError, match=r"a\.dcm: its header promises 1000000000 frames"):
        open_image(path)


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\0" * 128 + b"DICM", b"\0" * 128 + b"DICM\2\0\0"]
)
def test_what_is_no_dicom_is_named(tmp_path, content):
    (tmp_path / "a.dcm").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.dcm: "):
        read_image(tmp_path / "a.dcm")


def test_a_file_that_is_cut_short_is_named(tmp_path):
    path = multi_frame(tmp_path / "a.dcm", order=range(6))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"a\.dcm: "):
        read_image(path)


def test_a_folder_of_slices_is_one_image_and_other_files_are_left_out(tmp_path):
    folder = of_gdcm(tmp_path / "patients" / "case.1")
    assert is_image_folder(folder)
    assert not is_image_folder(folder.parent)
    assert images_in([folder]) == images_in([folder.parent]) == [folder]
    assert stem_of(folder) == "case.1"
    (folder / "readme.txt").write_text("not a slice")
    (folder / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    image = open_image(folder)
    assert image.notes == ("2 other files in the folder left out",)
    assert as_channels_first(image, 3).array.shape == (1, 1, *VOLUME.shape)


@pytest.mark.parametrize(
    ("folder", "mask", "layout"),
    [
        ("images/case.1", "masks/case.1.nii.gz", "folders"),
        ("case.1", "case.1_masks.nii.gz", "side"),
    ],
)
def test_a_series_is_paired_by_the_name_of_its_folder(tmp_path, folder, mask, layout):
    """Case 2 is a file, and case 3 has two folders: of the image, and of the mask."""
    labels = (VOLUME > 1500).astype(np.int16)
    of_gdcm(tmp_path / folder)
    (tmp_path / mask).parent.mkdir(exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(labels.T, None), tmp_path / mask)
    for array, name in ((VOLUME, folder), (labels, mask)):
        place = tmp_path / name.replace("1", "2").removesuffix(".nii.gz")
        nibabel.save(nibabel.Nifti1Image(array.T, None), f"{place}.nii")
        of_gdcm(place.with_name(place.name.replace("2", "3")), array)
    dataset = find(tmp_path)
    assert dataset.layout.startswith(layout)
    assert [pair.name for pair in dataset.pairs] == ["case.1", "case.2", "case.3"]
    for sample in dataset.load(ndim=3):
        np.testing.assert_array_equal(sample.labels > 0, labels > 0)
        np.testing.assert_array_equal(sample.image[0], VOLUME)
    (tmp_path / mask).unlink()
    with pytest.raises(
        DataError, match=r"1 of 3 images has no mask: case\.1\. case\.1_?.* was looked"
    ):
        find(tmp_path)


def test_of_other_folders_no_more_is_looked_at_than_their_names(tmp_path, monkeypatch):
    for name in ("images/raw/1.png", "masks/raw/1.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"not a picture")
    monkeypatch.setattr(type(tmp_path), "open", lambda *_: pytest.fail("a file was opened"))
    with pytest.raises(DataError, match=r"images: no image files in it, and no DICOM .*\(raw\)"):
        find(tmp_path)


def test_slices_need_no_suffix(tmp_path):
    folder = of_gdcm(tmp_path / "scan")
    whole = read_image(folder).array
    for number, file in enumerate(sorted(folder.iterdir())):
        file.rename(folder / (f"IM{number}", f"1.2.{number}", f"{number}.IMA")[number % 3])
    np.testing.assert_array_equal(read_image(folder).array, whole)
