"""Image files in, label and probability files out, complete and in the layout of the image."""

import numpy as np
import pytest
import SimpleITK as sitk
import tifffile
from PIL import Image

from septum.data.formats import open_image, read_image, write_tiff
from septum.errors import ConfigError, DataError
from septum.segment import Options, is_done, segment_file
from septum.workspace import Workspace


@pytest.mark.parametrize("suffix", [".tif", ".png", ".npy"])
def test_one_image_gives_labels_and_probabilities(tmp_path, suffix, model_of, pixels, results):
    image, path = pixels(40, 53), tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, image)
    elif suffix == ".png":
        Image.fromarray(image).save(path)
    else:
        tifffile.imwrite(path, image)
    count = segment_file(model_of(), path, tmp_path / "out")
    expected = model_of().predict(image)
    labels, probabilities = results(tmp_path / "out", "a")
    assert labels.axes == "YX"
    assert probabilities.axes == "CYX"
    assert count.objects == expected.labels.max() > 0
    np.testing.assert_array_equal(labels.array, expected.labels)
    np.testing.assert_array_equal(probabilities.array, expected.probabilities)
    assert len(list((tmp_path / "out").iterdir())) == 2


@pytest.mark.parametrize("axes", ["TYX", "ZYX", "TZYX", "QYX"])
def test_a_stack_is_segmented_plane_by_plane_and_keeps_its_axes(
    tmp_path, axes, model_of, pixels, results
):
    shape = (*range(2, 2 + len(axes) - 2), 33, 40)
    image = pixels(*shape)
    if axes == "QYX":
        tifffile.imwrite(tmp_path / "s.tif", image, photometric="minisblack", metadata=None)
    else:
        write_tiff(tmp_path / "s.tif", image, axes)
    seen = []
    count = segment_file(
        model_of(),
        tmp_path / "s.tif",
        tmp_path / "out",
        on_progress=lambda stage, *count: seen.append((stage, *count)),
    )
    labels, probabilities = results(tmp_path / "out", "s")
    assert labels.array.shape == shape
    assert probabilities.array.shape == (*shape[:-2], 2, 33, 40)
    planes = image.reshape(-1, 33, 40)
    total = 0
    for plane, found in zip(planes, labels.array.reshape(-1, 33, 40), strict=True):
        expected = model_of().predict(plane).labels
        np.testing.assert_array_equal(found, expected)
        total += expected.max()
    assert count.objects == total
    assert ("computing", image.size, image.size) in seen
    assert [stage for stage, done, total in seen if done == total][-1] == "writing labels"


def test_a_colour_image_goes_to_a_model_of_three_channels(tmp_path, model_of, pixels, results):
    image = pixels(40, 53, 3)
    Image.fromarray(image).save(tmp_path / "rgb.png")
    segment_file(model_of(in_channels=3), tmp_path / "rgb.png", tmp_path / "out")
    expected = model_of(in_channels=3).predict(np.moveaxis(image, -1, 0))
    np.testing.assert_array_equal(results(tmp_path / "out", "rgb")[0].array, expected.labels)


def test_a_volume_goes_to_a_3d_model_and_keeps_its_spacing(tmp_path, model_of, pixels, results):
    image, spacing = pixels(9, 20, 24), (2.0, 0.5, 0.25)
    write_tiff(tmp_path / "v.tif", image, "ZYX", spacing)
    segment_file(model_of(ndim=3), tmp_path / "v.tif", tmp_path / "out")
    labels, probabilities = results(tmp_path / "out", "v")
    assert labels.array.shape == image.shape
    assert labels.spacing == pytest.approx(spacing)
    assert probabilities.axes == "CZYX"
    expected = model_of(ndim=3).predict(image)
    np.testing.assert_array_equal(labels.array, expected.labels)


def test_an_image_that_does_not_suit_is_named(tmp_path, model_of, pixels):
    Image.fromarray(pixels(20, 20, 3)).save(tmp_path / "rgb.png")
    with pytest.raises(DataError, match=r"rgb\.png: .* 3 channels \(R, G, B\); .* to grey$"):
        segment_file(model_of(), tmp_path / "rgb.png", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_results_never_fall_among_the_images(tmp_path, model_of, pixels):
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    annotation = tmp_path / "a_labels.tif"
    tifffile.imwrite(annotation, pixels(20, 20))
    before = annotation.read_bytes()
    for out in (tmp_path, tmp_path / "x" / ".."):
        with pytest.raises(DataError, match="what is yours; give another folder"):
            segment_file(model_of(), tmp_path / "a.tif", out)
    assert annotation.read_bytes() == before


def test_labels_that_septum_did_not_write_are_kept(tmp_path, model_of, pixels):
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    out = tmp_path / "labels"
    out.mkdir()
    annotation = out / "a_labels.tif"
    tifffile.imwrite(annotation, pixels(20, 20))
    before = annotation.read_bytes()
    with pytest.raises(DataError, match=r"a_labels\.tif was not written by septum.*-o"):
        segment_file(model_of(), tmp_path / "a.tif", out)
    assert [path.read_bytes() for path in out.iterdir()] == [before]


def test_results_that_somebody_changed_are_kept(tmp_path, model_of, pixels):
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    out, options = tmp_path / "out", Options(save=("geojson", "rois"))
    segment_file(model_of(), tmp_path / "a.tif", out, options)
    segment_file(model_of(), tmp_path / "a.tif", out, options)
    corrected = out / "a_objects.geojson"
    corrected.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(DataError, match=r"a_objects\.geojson was not written by septum, or was ch"):
        segment_file(model_of(), tmp_path / "a.tif", out, options)
    assert corrected.read_text() == '{"type": "FeatureCollection", "features": []}'


def test_labels_lie_in_the_scanner_where_the_image_does(tmp_path, model_of, pixels):
    scan = sitk.GetImageFromArray(pixels(3, 20, 24))
    scan.SetSpacing((0.5, 0.7, 2.5))
    scan.SetOrigin((-12.5, 30, 7))
    scan.SetDirection((0, 1, 0, 1, 0, 0, 0, 0, -1))
    sitk.WriteImage(scan, str(tmp_path / "ct.nii.gz"))
    segment_file(model_of(), tmp_path / "ct.nii.gz", tmp_path / "out", Options(save=("nifti",)))
    labels = sitk.ReadImage(str(tmp_path / "out" / "ct_labels.nii.gz"))
    scan = sitk.ReadImage(str(tmp_path / "ct.nii.gz"))
    for place in ("GetSpacing", "GetOrigin", "GetDirection", "GetSize"):
        assert getattr(labels, place)() == getattr(scan, place)()


def test_results_may_be_written_again(tmp_path, model_of, pixels, results):
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out")
    tifffile.imwrite(tmp_path / "a.tif", pixels(24, 20))
    segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out")
    assert results(tmp_path / "out", "a")[0].array.shape == (24, 20)


def test_only_what_was_asked_for_is_written(tmp_path, model_of, pixels):
    tifffile.imwrite(tmp_path / "a.tif", pixels(40, 53))
    options = Options(save=("labels", "table"))
    assert not is_done(tmp_path / "a.tif", tmp_path / "out", options)
    for _ in range(2):  # and may be written again
        segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out", options)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "a_labels.tif",
        "a_objects.csv",
    }
    assert is_done(tmp_path / "a.tif", tmp_path / "out", options)
    assert not is_done(tmp_path / "a.tif", tmp_path / "out", Options())


@pytest.mark.parametrize("wrong", [("labels", "mesh"), ()])
def test_a_kind_of_result_that_does_not_exist_is_refused(wrong):
    with pytest.raises(ConfigError, match=r"save (has 'mesh'|is empty); expected some of labels"):
        Options(save=wrong)
    with pytest.raises(ConfigError, match=r"orientations.*'twice'"):
        Options(orientations="twice")
    with pytest.raises(ConfigError, match=r"both probabilities and probabilities8.*; choose one"):
        Options(save=("probabilities", "probabilities8"))


def written(out):
    return {path.name: read_image(path).array for path in out.glob("*.tif")}


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_what_does_not_fit_into_memory_gives_the_same(
    tmp_path, monkeypatch, scale, model_of, pixels
):
    """Law: arrays on disk, read and written by tiles and blocks, end in the same files."""
    image = pixels(3, 190, 230)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="minisblack")
    middle = np.median(model_of(scale=scale).predict(image[0]).probabilities[1])
    model = model_of(scale=scale, threshold=float(middle))
    segment_file(model, tmp_path / "a.tif", tmp_path / "memory", Options(tile=60))
    monkeypatch.setattr("septum.segment.compute._LARGEST_BLOCK", 64**2)
    monkeypatch.setattr(Workspace, "array", on_disk)
    segment_file(model, tmp_path / "a.tif", tmp_path / "disk", Options(tile=60))
    one, other = written(tmp_path / "memory"), written(tmp_path / "disk")
    assert one.keys() == other.keys() == {"a_labels.tif", "a_probabilities.tif"}
    assert one["a_labels.tif"].max() > 20
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])


real_array = Workspace.array


def on_disk(self, *arguments):
    self._left = 0
    return real_array(self, *arguments)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1)])
def test_a_pixel_and_a_row_are_images_too(tmp_path, shape, model_of, pixels, results):
    np.save(tmp_path / "a.npy", pixels(*shape))
    kinds = ("labels", "probabilities", "table", "geojson", "rois", "overlay", "zarr")
    segment_file(model_of(), tmp_path / "a.npy", tmp_path / "out", Options(save=kinds))
    assert len(list((tmp_path / "out").iterdir())) == len(kinds)
    assert results(tmp_path / "out", "a")[0].array.shape == shape


def test_pixels_that_are_no_numbers_are_counted_and_nothing_is_written(tmp_path, model_of, pixels):
    image = pixels(40, 53).astype(np.float32)
    image[7, 9] = np.nan
    np.save(tmp_path / "a.npy", image)
    with pytest.raises(DataError, match=r"a\.npy: 1 of 2,120 pixels is NaN or infinite"):
        segment_file(model_of(), tmp_path / "a.npy", tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


def test_planes_of_a_stack_keep_their_distance(tmp_path, model_of, pixels):
    write_tiff(tmp_path / "s.tif", pixels(3, 40, 53), "ZYX", (2.0, 0.5, 0.25))
    options = Options(save=("labels", "zarr"))
    segment_file(model_of(), tmp_path / "s.tif", tmp_path / "out", options)
    for name in ("s_labels.tif", "s.ome.zarr"):
        assert open_image(tmp_path / "out" / name).spacing == pytest.approx((2.0, 0.5, 0.25))
