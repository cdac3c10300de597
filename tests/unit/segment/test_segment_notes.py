"""What is said of an image before, or in place of, a result that may be worth little."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from septum.data.formats import read_image, write_tiff
from septum.description import Description
from septum.errors import ConfigError, DataError
from septum.plan import InstancePlan, Plan
from septum.resample import resample
from septum.segment import Options, nothing_found, segment_file


def test_an_image_of_another_pixel_size_is_said_and_resampled_if_wished(
    tmp_path, model_of, pixels, results
):
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


def test_resampling_needs_the_pixel_size_of_the_image(tmp_path, model_of, pixels):
    tifffile.imwrite(tmp_path / "a.tif", pixels(40, 53))
    model, options = model_of(spacing=(1.0, 1.0)), Options(rescale=True)
    with pytest.raises(DataError, match=r"a\.tif: the image does not state its pixel size.*--spac"):
        segment_file(model, tmp_path / "a.tif", tmp_path / "out", options)
    options = Options(rescale=True, spacing=(0.5, 0.5))
    segment_file(model, tmp_path / "a.tif", tmp_path / "out", options)


def test_a_volume_takes_three_sizes_where_its_pages_are_not_stated(
    tmp_path, model_of, pixels, results
):
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
def test_an_image_without_a_pixel_size_is_taken_as_one_of_training_and_it_is_said(
    tmp_path, stated, model_of, pixels
):
    write_tiff(tmp_path / "a.tif", pixels(40, 53), "YX", stated)
    notes = []
    segment_file(
        model_of(spacing=(1.0, 1.0)), tmp_path / "a.tif", tmp_path / "out", on_note=notes.append
    )
    told = [note for note in notes if "taken as those of training, 1 × 1 µm" in note]
    assert len(told) == len(notes) == (stated is None)
    assert all("--spacing gives it, and --rescale resamples" in note for note in told)


@pytest.mark.parametrize(("shape", "told"), [((7, 9), "Y"), ((8, 8), ""), ((3, 7), "YX")])
def test_an_image_smaller_than_the_context_is_said_to_be_mirrored(
    tmp_path, shape, told, model_of, pixels
):
    write_tiff(tmp_path / "a.tif", pixels(*shape), "YX")
    notes = []  # the network of depth 1 looks 8 pixels to each side
    segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out", on_note=notes.append)
    sizes = dict(zip("YX", shape, strict=True))
    assert [note[: note.index(" as the")] for note in notes] == [
        f"along {axis} the image has {sizes[axis]} pixels" for axis in told
    ]
    assert all("it looks 8 to each side" in note and "mirrored" in note for note in notes)


def test_a_volume_thinner_than_the_context_is_refused_and_nothing_is_written(
    tmp_path, model_of, pixels
):
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


def test_images_of_one_value_are_said_to_hold_nothing(tmp_path, model_of, pixels):
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
def test_planes_tagged_as_colours_are_said_to_be_before_the_channels_are_refused(
    tmp_path, count, model_of, pixels
):
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


def test_pages_that_may_be_the_channels_are_told_how_to_be_read(tmp_path, model_of, pixels):
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
def test_labels_in_place_of_an_image_are_told(tmp_path, array, axes, is_told, model_of):
    notes = []
    write_tiff(tmp_path / "a.tif", array, axes)
    segment_file(model_of(), tmp_path / "a.tif", tmp_path / "out", on_note=notes.append)
    assert any("looks like labels or a mask" in note for note in notes) == is_told


def test_labels_in_place_of_a_volume_are_told(tmp_path, model_of):
    notes = []
    write_tiff(tmp_path / "v.tif", np.stack([flat()[:100, :100]] * 9), "ZYX")
    model = model_of(ndim=3)
    segment_file(model, tmp_path / "v.tif", tmp_path / "out", on_note=notes.append)
    assert any("looks like labels or a mask" in note for note in notes)
