"""Labels as NIfTI: read back by ITK and nibabel, in the place of the image that they are of."""

import gzip
import zlib
from dataclasses import replace

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from septum.data.formats import read_image, read_labels
from septum.outputs import save
from septum.outputs.nifti import is_ours, write_nifti

RANDOM = np.random.default_rng(0)
TURNED = (0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def labels_of(*shape):
    return RANDOM.integers(0, 9, shape).astype(np.uint16)


def oblique():
    """Return an affine at right angles that is along no axis, as of a tilted head."""
    turn = sitk.VersorTransform((1.0, 2.0, 3.0), 0.3).GetMatrix()
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(turn, (3, 3)) * (0.5, 0.7, 2.5)
    affine[:3, 3] = -12.5, 30, 7
    return affine


@pytest.mark.parametrize("name", ["scan.nii", "scan.nii.gz"])
def test_itk_finds_the_labels_where_the_image_is(tmp_path, make, name):
    image = sitk.GetImageFromArray(np.zeros((4, 5, 6), np.float32))
    image.SetSpacing((0.5, 0.7, 2.5))
    image.SetOrigin((-12.5, 30, 7))
    image.SetDirection(TURNED)
    sitk.WriteImage(image, str(tmp_path / name))
    labels = labels_of(1, 4, 5, 6)
    result = replace(make(labels), placement=read_image(tmp_path / name).placement)
    path = save("nifti", result, tmp_path / "out")
    back, image = sitk.ReadImage(str(path)), sitk.ReadImage(str(tmp_path / name))
    assert path.name == "cells_labels.nii.gz"
    assert back.GetPixelID() == sitk.sitkUInt16
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), labels[0])
    for place in ("GetSpacing", "GetOrigin", "GetDirection", "GetSize"):
        assert getattr(back, place)() == getattr(image, place)()


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("codes", [(1, 0), (0, 1), (2, 1), (0, 0)])
def test_both_transforms_of_the_header_are_kept(tmp_path, make, codes, order):
    header = nibabel.Nifti1Header(endianness=order)
    header.set_data_dtype(np.int16)
    image = nibabel.Nifti1Image(np.zeros((6, 5, 4), np.int16), None, header)
    image.set_sform(oblique() + np.eye(4)[::-1], codes[0])  # sheared: no qform is like it
    image.set_qform(oblique(), codes[1])
    image.header.set_xyzt_units("micron")
    image.header.set_slope_inter(2, 1)
    nibabel.save(image, tmp_path / "a.nii")
    result = replace(
        make(labels_of(1, 4, 5, 6)), placement=read_image(tmp_path / "a.nii").placement
    )
    write_nifti(result, tmp_path / "l.nii.gz")
    stated, back = nibabel.load(tmp_path / "a.nii").header, nibabel.load(tmp_path / "l.nii.gz")
    for field in ("sform_code", "qform_code", "pixdim", "srow_x", "srow_y", "srow_z", "quatern_b"):
        np.testing.assert_array_equal(back.header[field], stated[field])
    assert back.header.get_xyzt_units()[0] == "micron"
    np.testing.assert_array_equal(back.get_fdata().T, result.labels[0])  # not scaled as the image


def test_without_a_place_there_is_the_spacing(tmp_path, make):
    write_nifti(make(labels_of(1, 4, 5, 6), spacing=(2.0, 0.25, 0.5)), tmp_path / "l.nii.gz")
    image = sitk.ReadImage(str(tmp_path / "l.nii.gz"))
    assert image.GetSpacing() == pytest.approx((0.0005, 0.00025, 0.002))  # ITK counts in mm
    assert read_labels(tmp_path / "l.nii.gz").spacing == pytest.approx((2.0, 0.25, 0.5))
    write_nifti(make(labels_of(1, 4, 5, 6)), tmp_path / "n.nii.gz")
    assert read_labels(tmp_path / "n.nii.gz").spacing is None


@pytest.mark.parametrize(
    ("shape", "axes", "lengths", "expected"),
    [
        ((1, 5, 6), "", (), (5, 6)),
        ((1, 5, 6), "Z", (1,), (1, 5, 6)),
        ((4, 5, 6), "Z", (4,), (4, 5, 6)),
        ((4, 5, 6), "T", (4,), (4, 1, 5, 6)),
        ((6, 5, 6), "TZ", (2, 3), (2, 3, 5, 6)),
        ((6, 5, 6), "ZT", (3, 2), (2, 3, 5, 6)),
        ((1, 3, 5, 6), "", (), (3, 5, 6)),
        ((2, 3, 5, 6), "T", (2,), (2, 3, 5, 6)),
    ],
)
def test_stacks_have_their_axes(tmp_path, make, shape, axes, lengths, expected):
    labels = labels_of(*shape)
    write_nifti(make(labels, axes, lengths), tmp_path / "l.nii.gz")
    back = np.asarray(nibabel.load(tmp_path / "l.nii.gz").dataobj).transpose()
    assert back.shape == expected
    in_order = labels.reshape(*lengths, *shape[1:])
    if axes == "ZT":
        in_order = in_order.swapaxes(0, 1)
    np.testing.assert_array_equal(back, in_order.reshape(expected))


def test_more_than_65535_objects_take_32_bits(tmp_path, make):
    labels = labels_of(1, 5, 6).astype(np.uint32)
    labels[0, 0, 0] = 70_000
    write_nifti(make(labels), tmp_path / "l.nii.gz")
    back = sitk.ReadImage(str(tmp_path / "l.nii.gz"))
    assert back.GetPixelID() == sitk.sitkUInt32
    np.testing.assert_array_equal(sitk.GetArrayFromImage(back), labels[0])


def test_an_axis_that_is_too_long_makes_it_the_second_version(tmp_path, make):
    labels = labels_of(1, 1, 40_000)
    write_nifti(make(labels, spacing=(3.0, 3.0)), tmp_path / "l.nii.gz")
    back = nibabel.load(tmp_path / "l.nii.gz")
    assert isinstance(back, nibabel.Nifti2Image)
    np.testing.assert_array_equal(np.asarray(back.dataobj).T, labels[0])


def test_the_same_labels_are_the_same_bytes_and_known_as_ours(tmp_path, make):
    result = make(labels_of(1, 4, 5, 6))
    for name in ("a.nii.gz", "b.nii.gz"):
        write_nifti(result, tmp_path / name)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    assert is_ours(tmp_path / "a.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2), np.int16), None), tmp_path / "c.nii.gz")
    (tmp_path / "d.nii.gz").write_bytes(gzip.compress(b"text"))
    assert not is_ours(tmp_path / "c.nii.gz")
    assert not is_ours(tmp_path / "d.nii.gz")
    assert not is_ours(tmp_path / "none.nii.gz")


def by_nibabel(path):
    image = nibabel.load(path)
    labels = np.asarray(image.dataobj).copy()
    labels[0] = 77
    nibabel.save(nibabel.Nifti1Image(labels, image.affine, image.header), path)


def by_itk(path):
    sitk.WriteImage(sitk.ReadImage(str(path)) + 1, str(path))


@pytest.mark.parametrize("edit", [by_nibabel, by_itk])
def test_labels_that_somebody_corrected_are_not_ours(tmp_path, make, edit):
    path = tmp_path / "l.nii.gz"
    write_nifti(make(labels_of(1, 4, 5, 6)), path)
    assert is_ours(path)
    assert nibabel.load(path).header["descrip"].item().startswith(b"septum")
    edit(path)
    assert not is_ours(path)


def test_the_stream_is_one_member_that_every_gzip_reads(tmp_path, make):
    path = tmp_path / "l.nii.gz"
    labels = labels_of(1, 40, 50, 60)
    write_nifti(make(labels), path)
    unzipped = zlib.decompressobj(wbits=31)
    content = unzipped.decompress(path.read_bytes())  # and compares the checksum
    assert (unzipped.eof, unzipped.unused_data) == (True, b"")
    assert content == gzip.decompress(path.read_bytes())
    assert content[352:] == labels.tobytes()
    assert path.stat().st_size < labels.nbytes
