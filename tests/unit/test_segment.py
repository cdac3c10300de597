"""Image files in, label and probability files out, complete and in the layout of the image."""

import csv
import warnings
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
import tifffile
import torch
from PIL import Image

from septum.augment import Augmentation
from septum.data.channels import wishes
from septum.data.formats import open_image, read_image, write_tiff
from septum.description import Description
from septum.errors import ConfigError, DataError
from septum.model import Model
from septum.plan import DataPlan, InstancePlan, NetworkPlan, Plan
from septum.resample import resample
from septum.segment import Options, is_done, nothing_found, segment_file
from septum.workspace import Workspace


def model_of(scale=1.0, threshold=0.5, **changes):
    plan = Plan(
        data=DataPlan(scale=scale),
        network=NetworkPlan(width=4, depth=1),
        instances=InstancePlan(threshold=threshold),
    )
    torch.manual_seed(0)
    description = Description(plan=plan, **changes)
    return Model(description.build(), description, "cpu", "torch", "fp32")


def pixels(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 255, shape).astype(dtype)


def results(out, stem):
    return read_image(out / f"{stem}_labels.tif"), read_image(out / f"{stem}_probabilities.tif")


@pytest.mark.parametrize("suffix", [".tif", ".png", ".npy"])
def test_one_image_gives_labels_and_probabilities(tmp_path, suffix):
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
def test_a_stack_is_segmented_plane_by_plane_and_keeps_its_axes(tmp_path, axes):
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


def test_a_colour_image_goes_to_a_model_of_three_channels(tmp_path):
    image = pixels(40, 53, 3)
    Image.fromarray(image).save(tmp_path / "rgb.png")
    segment_file(model_of(in_channels=3), tmp_path / "rgb.png", tmp_path / "out")
    expected = model_of(in_channels=3).predict(np.moveaxis(image, -1, 0))
    np.testing.assert_array_equal(results(tmp_path / "out", "rgb")[0].array, expected.labels)


def test_a_volume_goes_to_a_3d_model_and_keeps_its_spacing(tmp_path):
    image, spacing = pixels(9, 20, 24), (2.0, 0.5, 0.25)
    write_tiff(tmp_path / "v.tif", image, "ZYX", spacing)
    segment_file(model_of(ndim=3), tmp_path / "v.tif", tmp_path / "out")
    labels, probabilities = results(tmp_path / "out", "v")
    assert labels.array.shape == image.shape
    assert labels.spacing == pytest.approx(spacing)
    assert probabilities.axes == "CZYX"
    expected = model_of(ndim=3).predict(image)
    np.testing.assert_array_equal(labels.array, expected.labels)


def test_an_image_that_does_not_suit_is_named(tmp_path):
    Image.fromarray(pixels(20, 20, 3)).save(tmp_path / "rgb.png")
    with pytest.raises(DataError, match=r"rgb\.png: .* 3 channels \(R, G, B\); .* to grey$"):
        segment_file(model_of(), tmp_path / "rgb.png", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_results_never_fall_among_the_images(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    annotation = tmp_path / "a_labels.tif"
    tifffile.imwrite(annotation, pixels(20, 20))
    before = annotation.read_bytes()
    for out in (tmp_path, tmp_path / "x" / ".."):
        with pytest.raises(DataError, match="your own annotation; give another folder"):
            segment_file(model_of(), tmp_path / "a.tif", out)
    assert annotation.read_bytes() == before


def test_labels_that_septum_did_not_write_are_kept(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    out = tmp_path / "labels"
    out.mkdir()
    annotation = out / "a_labels.tif"
    tifffile.imwrite(annotation, pixels(20, 20))
    before = annotation.read_bytes()
    with pytest.raises(DataError, match=r"a_labels\.tif was not written by septum.*-o"):
        segment_file(model_of(), tmp_path / "a.tif", out)
    assert [path.read_bytes() for path in out.iterdir()] == [before]


def test_results_that_somebody_changed_are_kept(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    out, options = tmp_path / "out", Options(save=("geojson", "rois"))
    segment_file(model_of(), tmp_path / "a.tif", out, options)
    segment_file(model_of(), tmp_path / "a.tif", out, options)
    corrected = out / "a_objects.geojson"
    corrected.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(DataError, match=r"a_objects\.geojson was not written by septum, or was ch"):
        segment_file(model_of(), tmp_path / "a.tif", out, options)
    assert corrected.read_text() == '{"type": "FeatureCollection", "features": []}'


def test_labels_lie_in_the_scanner_where_the_image_does(tmp_path):
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


def test_results_may_be_written_again(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels(20, 20))
    segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out")
    tifffile.imwrite(tmp_path / "a.tif", pixels(24, 20))
    segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out")
    assert results(tmp_path / "out", "a")[0].array.shape == (24, 20)


def test_only_what_was_asked_for_is_written(tmp_path):
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
def test_what_does_not_fit_into_memory_gives_the_same(tmp_path, monkeypatch, scale):
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


def test_an_image_of_another_pixel_size_is_said_and_resampled_if_wished(tmp_path):
    coarse = pixels(60, 72)
    write_tiff(tmp_path / "close.tif", coarse, "YX", (0.8, 0.8))
    write_tiff(tmp_path / "fine.tif", np.kron(coarse, np.ones((2, 2), np.uint8)), "YX", (0.5, 0.5))
    model, notes = model_of(spacing=(1.0, 1.0)), []
    segment_file(model, tmp_path / "close.tif", tmp_path / "out", on_note=notes.append)
    assert any("trained at 1 × 1 µm a pixel, this image has 0.8 × 0.8" in note for note in notes)
    assert any("--rescale" in note for note in notes)
    notes.clear()
    with pytest.raises(
        DataError, match=r"fine\.tif: .* has 0\.5 × 0\.5 µm.*--rescale.*--spacing 1,1"
    ):
        segment_file(model, tmp_path / "fine.tif", tmp_path / "out", on_note=notes.append)
    segment_file(model, tmp_path / "fine.tif", tmp_path / "out", Options(spacing=(1.0, 1.0)))
    options = Options(rescale=True)
    segment_file(model, tmp_path / "fine.tif", tmp_path / "again", options, notes.append)
    assert notes == []
    probabilities = results(tmp_path / "again", "fine")[1].array
    expected = resample(model.predict(coarse).probabilities, (120, 144))
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)


def test_resampling_needs_the_pixel_size_of_the_image(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", pixels(40, 53))
    model, options = model_of(spacing=(1.0, 1.0)), Options(rescale=True)
    with pytest.raises(DataError, match=r"a\.tif: the image does not state its pixel size.*--spac"):
        segment_file(model, tmp_path / "a.tif", tmp_path / "out", options)
    options = Options(rescale=True, spacing=(0.5, 0.5))
    segment_file(model, tmp_path / "a.tif", tmp_path / "out", options)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1)])
def test_a_pixel_and_a_row_are_images_too(tmp_path, shape):
    np.save(tmp_path / "a.npy", pixels(*shape))
    kinds = ("labels", "probabilities", "table", "geojson", "rois", "overlay", "zarr")
    segment_file(model_of(), tmp_path / "a.npy", tmp_path / "out", Options(save=kinds))
    assert len(list((tmp_path / "out").iterdir())) == len(kinds)
    assert results(tmp_path / "out", "a")[0].array.shape == shape


def test_pixels_that_are_no_numbers_are_counted_and_nothing_is_written(tmp_path):
    image = pixels(40, 53).astype(np.float32)
    image[7, 9] = np.nan
    np.save(tmp_path / "a.npy", image)
    with pytest.raises(DataError, match=r"a\.npy: 1 of 2,120 pixels is NaN or infinite"):
        segment_file(model_of(), tmp_path / "a.npy", tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


def test_planes_of_a_stack_keep_their_distance(tmp_path):
    write_tiff(tmp_path / "s.tif", pixels(3, 40, 53), "ZYX", (2.0, 0.5, 0.25))
    options = Options(save=("labels", "zarr"))
    segment_file(model_of(), tmp_path / "s.tif", tmp_path / "out", options)
    for name in ("s_labels.tif", "s.ome.zarr"):
        assert open_image(tmp_path / "out" / name).spacing == pytest.approx((2.0, 0.5, 0.25))


def stained(path, names, image):
    tifffile.imwrite(path, image, metadata={"axes": "CYX", "Channel": {"Name": names}})
    return path


def robust(**changes):
    plan = Plan(
        data=DataPlan(scale=1.0),
        network=NetworkPlan(width=4, depth=1),
        instances=InstancePlan(threshold=0.5),
        augment=Augmentation(drop_channel=changes.pop("dropped", 0.2)),
    )
    torch.manual_seed(0)
    description = Description(2, plan=plan, channels=("DAPI", "actin"), **changes)
    return Model(description.build(), description, "cpu", "torch", "fp32")


@pytest.mark.parametrize(
    ("names", "wished", "places"),
    [
        (("DAPI", "actin"), None, (0, 1)),
        (("actin", "DAPI"), None, (1, 0)),
        (("x", "actin", "dapi"), "DAPI,actin", (2, 1)),
        (("x", "y", "z"), "actin=0,DAPI=z", (2, 0)),
        (("DAPI", "tubulin"), "0,none", (0, None)),
    ],
)
def test_channels_are_taken_by_name_or_as_said(tmp_path, names, wished, places):
    image, said = pixels(len(names), 30, 34), []
    path = stained(tmp_path / "a.ome.tif", names, image)
    options = Options(channels=None if wished is None else wishes(wished))
    segment_file(robust(), path, tmp_path / "out", options, said.append)
    expected = robust().predict(image, channels=places)
    found = results(tmp_path / "out", "a")[1].array
    np.testing.assert_array_equal(found, expected.probabilities)
    # The name alone must not do: another order is another result.
    other = robust().predict(image, channels=places[::-1])
    assert np.abs(other.probabilities - found).max() > 1e-3
    assert any("another order; taken by name" in note for note in said) == (places == (1, 0))


def test_the_table_calls_channels_without_names_as_the_model_does(tmp_path):
    kind = {"photometric": "minisblack", "metadata": {"axes": "CYX"}}
    tifffile.imwrite(tmp_path / "a.tif", pixels(3, 30, 34), **kind)
    options = Options(save=("table",), channels=wishes("DAPI=2,actin=0"))
    segment_file(robust(), tmp_path / "a.tif", tmp_path / "out", options)
    with (tmp_path / "out" / "a_objects.csv").open(encoding="utf-8") as file:
        columns = next(csv.reader(file))
    means = ["mean_actin", "mean_channel_2", "mean_DAPI", "mean_probability"]
    assert columns[-4:] == means


def test_a_missing_channel_is_said_where_the_model_has_not_learnt_to_do_without(tmp_path):
    path = stained(tmp_path / "a.ome.tif", ("DAPI",), pixels(1, 30, 34))
    for dropped, said in ((0.0, True), (0.2, False)):
        notes = []
        options = Options(channels=wishes("0,none"))
        segment_file(robust(dropped=dropped), path, tmp_path / "out", options, notes.append)
        assert any("has not learnt to do without a channel" in note for note in notes) == said


def test_other_channels_are_refused_and_those_of_both_named(tmp_path):
    path = stained(tmp_path / "a.ome.tif", ("DAPI", "GFP"), pixels(2, 30, 34))
    with pytest.raises(DataError) as caught:
        segment_file(robust(), path, tmp_path / "out")
    for part in ("a.ome.tif: ", "(DAPI, GFP)", "(DAPI, actin)", "--channels DAPI=0,actin=1"):
        assert part in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_grey_image_needs_no_names_where_the_model_learnt_from_grey_ones_too(tmp_path):
    path = stained(tmp_path / "a.ome.tif", ("DAPI",), pixels(1, 30, 34))
    model = model_of(in_channels=3, grey_too=True, channels=("R", "G", "B"))
    segment_file(model, path, tmp_path / "out")
    expected = model.predict(pixels(30, 34)).probabilities
    np.testing.assert_array_equal(results(tmp_path / "out", "a")[1].array, expected)


def test_slices_of_a_stack_are_seen_with_neighbours_of_the_same_channels(tmp_path):
    image = pixels(4, 2, 30, 34)
    metadata = {"axes": "ZCYX", "Channel": {"Name": ["actin", "DAPI"]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", image, metadata=metadata)
    model = robust()
    plan = replace(model.description.plan, data=DataPlan(scale=1.0, context=1))
    description = replace(model.description, plan=plan, in_channels=6)
    torch.manual_seed(0)
    model = Model(description.build(), description, "cpu", "torch", "fp32")
    segment_file(model, tmp_path / "a.ome.tif", tmp_path / "out")
    found = results(tmp_path / "out", "a")[1].array
    seen = image[:, ::-1]
    for number in range(4):
        near = [min(max(at, 0), 3) for at in range(number - 1, number + 2)]
        expected = model.predict(np.concatenate([seen[at] for at in near])).probabilities
        np.testing.assert_array_equal(found[number], expected)


def test_a_volume_takes_three_sizes_where_its_pages_are_not_stated(tmp_path):
    tifffile.imwrite(tmp_path / "v.tif", pixels(12, 20, 24), photometric="minisblack")
    options, notes = Options(spacing=(2.0, 0.5, 0.25), tile=(16, 20, 30)), []
    segment_file(model_of(ndim=3), tmp_path / "v.tif", tmp_path / "out", options, notes.append)
    assert results(tmp_path / "out", "v")[0].spacing == pytest.approx((2.0, 0.5, 0.25))
    assert notes == [
        "the 12 pages are taken as Z, as the file does not say what they are; give --axes if they "
        "are not"
    ]
    expected = model_of(ndim=3).predict(pixels(12, 20, 24)).probabilities
    found = results(tmp_path / "out", "v")[1].array
    np.testing.assert_allclose(found, expected, atol=1e-5)
    with pytest.raises(DataError, match=r"expected one size in µm above 0, or 2 for Y, X"):
        segment_file(model_of(), tmp_path / "v.tif", tmp_path / "plane", options)
    with pytest.raises(ConfigError, match=r"tile is \(16, 20\); .* one for each of the 3 axes"):
        segment_file(model_of(ndim=3), tmp_path / "v.tif", tmp_path / "two", Options(tile=(16, 20)))


@pytest.mark.parametrize("stated", [None, (1.0, 1.0)])
def test_an_image_without_a_pixel_size_is_taken_as_one_of_training_and_it_is_said(tmp_path, stated):
    write_tiff(tmp_path / "a.tif", pixels(40, 53), "YX", stated)
    notes = []
    segment_file(
        model_of(spacing=(1.0, 1.0)), tmp_path / "a.tif", tmp_path / "out", on_note=notes.append
    )
    told = [note for note in notes if "taken as those of training, 1 × 1 µm" in note]
    assert len(told) == len(notes) == (stated is None)
    assert all("--spacing gives it, and --rescale resamples" in note for note in told)


@pytest.mark.parametrize(("shape", "told"), [((7, 9), "Y"), ((8, 8), ""), ((3, 7), "YX")])
def test_an_image_smaller_than_the_context_is_said_to_be_mirrored(tmp_path, shape, told):
    write_tiff(tmp_path / "a.tif", pixels(*shape), "YX")
    notes = []  # the network of depth 1 looks 8 pixels to each side
    segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out", on_note=notes.append)
    sizes = dict(zip("YX", shape, strict=True))
    assert [note[: note.index(" as the")] for note in notes] == [
        f"along {axis} the image has {sizes[axis]} pixels" for axis in told
    ]
    assert all("it looks 8 to each side" in note and "mirrored" in note for note in notes)


def test_a_volume_thinner_than_the_context_is_refused_and_nothing_is_written(tmp_path):
    write_tiff(tmp_path / "v.tif", pixels(7, 9, 40), "ZYX")
    says = (
        r"v\.tif: the volume is too thin along Z: as the network sees it, it has 7 voxels, and the "
        r"network looks 8 to each side; one trained with --set network\.depth=\[0,1,1\] would"
    )
    with pytest.raises(DataError, match=says):
        segment_file(model_of(ndim=3), tmp_path / "v.tif", tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.tif"))
    with pytest.raises(DataError, match=r"too thin along Z: .* 7 voxels"):
        model_of(ndim=3).predict(pixels(7, 9, 40))
    assert model_of(ndim=3).predict(pixels(8, 8, 8)).labels.shape == (8, 8, 8)


def test_images_of_one_value_are_said_to_hold_nothing(tmp_path):
    stack = pixels(4, 40, 53)
    stack[[0, 3]] = [[[0]], [[200]]]
    write_tiff(tmp_path / "s.tif", stack, "TYX")
    write_tiff(tmp_path / "a.tif", stack[3], "YX")
    stack[3, -1, -1] = 0  # one pixel differs, and it is the last
    write_tiff(tmp_path / "b.tif", stack[3], "YX")
    said = {}
    for name in ("s", "a", "b"):
        notes = said[name] = []
        segment_file(model_of(), tmp_path / f"{name}.tif", tmp_path / "out", on_note=notes.append)
    assert any("in the stack 2 of 4 images hold one value only" in note for note in said["s"])
    assert len(said["a"]) == 1
    assert said["a"][0].startswith("every pixel of the image is 200: there is nothing to find")
    assert said["b"] == []


@pytest.mark.parametrize(
    ("plan", "classes", "save", "advice"),
    [
        (
            InstancePlan(threshold=0.5, min_size=20),
            3,
            ("labels",),
            "train longer, lower the thresholds, as --set instances.seed=0.6 --set "
            "instances.threshold=0.3, or keep what is small with --set instances.min_size=0; "
            "--save probabilities shows what it saw",
        ),
        (
            InstancePlan(threshold=0.5, seed=0.6, min_size=20),
            3,
            ("labels", "zarr"),
            "train longer, lower the thresholds, as --set instances.threshold=0.3, or keep what is "
            "small with --set instances.min_size=0; the probabilities show what it saw",
        ),
        (
            InstancePlan(threshold=0.1, seed=0.9),
            2,
            ("probabilities",),
            "train longer; the probabilities show what it saw",
        ),
        (
            InstancePlan(threshold=0.1, min_size=3),
            2,
            ("probabilities8",),
            "train longer, or keep what is small with --set instances.min_size=0; the "
            "probabilities show what it saw",
        ),
    ],
)
def test_what_may_help_where_nothing_is_found_is_not_so_already(plan, classes, save, advice):
    known = Description(plan=replace(Plan(), instances=plan), classes=classes)
    assert nothing_found(known, save) == f"no object in any image: {advice}"


@pytest.mark.parametrize("count", [3, 4])
def test_planes_tagged_as_colours_are_said_to_be_before_the_channels_are_refused(tmp_path, count):
    said = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        tifffile.imwrite(tmp_path / "a.tif", pixels(count, 33, 40))
    with pytest.raises(DataError, match=r"a\.tif: .*3 channels \(R, G, B\)"):
        segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out", on_note=said.append)
    assert [
        text
        for text in said
        if "if its planes are slices, septum predict and train take --axes ZYX" in text
    ]


def test_pages_that_may_be_the_channels_are_told_how_to_be_read(tmp_path):
    path = tmp_path / "pages.tif"
    tifffile.imwrite(path, pixels(3, 40, 53, dtype=np.uint16), photometric="minisblack")
    model = model_of(in_channels=3)
    with pytest.raises(DataError, match=r"3 pages of 1 channel, .* --axes CYX says so"):
        segment_file(model, path, tmp_path / "out")
    segment_file(model, path, tmp_path / "out", Options(axes="CYX"))
    assert read_image(tmp_path / "out" / "pages_labels.tif").array.shape == (40, 53)


def flat():
    cells = np.zeros((700, 600), np.uint8)
    for number in range(30):
        row, column = divmod(number, 6)
        cells[row * 120 + 10 : row * 120 + 90, column * 95 + 10 : column * 95 + 80] = number + 1
    return cells


def seen(cells):
    values = np.random.default_rng(0).integers(90, 200, cells.shape)
    return np.where(cells > 0, values, 0).astype(np.uint8)


@pytest.mark.parametrize(
    ("array", "axes", "is_told"),
    [
        (flat(), "YX", True),
        (255 * np.sign(flat()), "YX", True),
        (flat() > 0, "YX", True),
        (flat().astype(np.float32), "YX", True),
        (np.stack([seen(flat()), flat(), seen(flat())]), "TYX", True),  # the middle one tells
        (seen(flat()), "YX", False),
        (flat() / np.float32(40), "YX", False),
        (np.random.default_rng(0).poisson(0.05, (300, 300)).astype(np.uint8), "YX", False),
        (flat()[:15, :20], "YX", False),  # too little to tell
    ],
)
def test_labels_in_place_of_an_image_are_told(tmp_path, array, axes, is_told):
    notes = []
    write_tiff(tmp_path / "a.tif", array, axes)
    segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out", on_note=notes.append)
    assert any("looks like labels or a mask" in note for note in notes) == is_told


def test_labels_in_place_of_a_volume_are_told(tmp_path):
    notes = []
    write_tiff(tmp_path / "v.tif", np.stack([flat()[:100, :100]] * 9), "ZYX")
    model = model_of(ndim=3)
    segment_file(model, tmp_path / "v.tif", tmp_path / "out", on_note=notes.append)
    assert any("looks like labels or a mask" in note for note in notes)
