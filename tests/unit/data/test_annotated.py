"""Un-annotated is not background: ignored values, annotated areas and scribbles."""

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from septum.data.gather import samples_of
from septum.data.layouts import Reading, annotation_of, find, understand
from septum.data.synthetic import draw_cells
from septum.errors import DataError

CELLS = draw_cells(3, (48, 64), radius=6)
GREY, IDS = CELLS.image[0], CELLS.truth.astype(np.uint8)
HIDDEN = np.zeros(IDS.shape, bool)
HIDDEN[5:20, 30:] = True
AREA = np.where(HIDDEN, 0, 255).astype(np.uint8)


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, array, photometric="minisblack")


def pair(root, labels, name="a", image=GREY, folder="masks"):
    write(root / "images" / f"{name}.tif", image)
    write(root / folder / f"{name}.tif", labels)
    return root


@pytest.mark.parametrize(
    ("value", "dtype", "given"),
    [(255, np.uint8, None), (-1, np.int16, None), (-1, np.float32, None), (9, np.uint8, 9),
     (200, np.uint16, 200), (-7, np.int32, -7)],
)  # fmt: skip
def test_the_ignored_value_is_not_annotated(tmp_path, value, dtype, given):
    few = IDS % 3
    labels = np.where(HIDDEN, value, few.astype(dtype)).astype(dtype)
    (sample,) = find(pair(tmp_path, labels), Reading(ignore=given)).load()
    np.testing.assert_array_equal(sample.annotated, ~HIDDEN)
    np.testing.assert_array_equal(sample.labels > 0, (few > 0) & ~HIDDEN)
    said = " ".join(sample.notes)
    assert f"{value} is taken as not annotated, {HIDDEN.mean():.1%} of the pixels" in said


@given(
    ids=st.sets(st.integers(1, 254), min_size=1, max_size=40),
    dtype=st.sampled_from([np.uint8, np.uint16]),
)
@settings(max_examples=40)
def test_255_is_an_id_wherever_it_can_be_one(ids, dtype):
    """Only after 1, 2, … n without a gap, with room for the next id, and in 8 bits, is it none."""
    values = np.zeros((1, len(ids) + 1, 6), dtype)
    for row, value in enumerate(sorted(ids)):
        values[0, row, :4] = value
    values[0, -1, :4] = 255
    counted = ids == set(range(1, len(ids) + 1))
    found = understand(values, "x", Reading(), "instances")
    if counted and dtype == np.uint8:
        assert found.ignored == 255
        assert found.planes[0].labels.max() == len(ids)
    else:
        assert found.ignored is None
        assert found.planes[0].annotated is None
        assert found.planes[0].labels.max() == len(ids) + 1


def test_255_that_is_taken_as_an_id_is_said_with_its_area_and_the_way_out():
    values = np.zeros((1, 10, 10), np.uint8)
    values[0, :2, :3], values[0, 3, :3], values[0, 8:] = 1, 4, 255  # ids with a gap, and a band
    notes = " ".join(understand(values, "a.tif", Reading()).planes[0].notes)
    assert "255 is taken as the id of an object, 20.0% of the pixels" in notes
    assert "--ignore 255" in notes
    said = understand(values, "a.tif", Reading(ignore=255)).planes[0].notes
    assert not any("taken as the id" in note for note in said)


@pytest.mark.parametrize("stack", [1, 2])
def test_255_over_far_more_than_any_object_is_to_be_explained(stack):
    values = np.zeros((stack, 10, 10), np.uint8)
    values[0, :2, :3], values[0, 3, :3], values[-1, 5:] = 1, 4, 255  # or a slice nobody looked at
    says = r"a\.tif: 255 covers 50 pixels of an image, 50% of it, and the largest other object 6; "
    with pytest.raises(DataError, match=says + "give --ignore 255 .* or --ignore -1"):
        understand(values, "a.tif", Reading())
    assert understand(values, "a.tif", Reading(ignore=255)).planes[-1].annotated.mean() == 0.5
    assert sum(
        plane.labels.any() for plane in understand(values, "a.tif", Reading(ignore=-1)).planes
    )


def test_255_after_254_ids_is_the_next_one():
    values = np.repeat(np.arange(256, dtype=np.uint8), 4).reshape(1, 256, 4)
    found = understand(values, "x", Reading(), "instances")
    assert (found.ignored, found.planes[0].labels.max()) == (None, 255)


def test_a_value_must_not_mean_two_things_in_one_dataset(tmp_path):
    ignored, spread = np.where(HIDDEN, 255, IDS % 3), np.where(HIDDEN, 255, IDS % 3 * 100)
    pair(tmp_path, ignored.astype(np.uint8), "a")
    pair(tmp_path, spread.astype(np.uint8), "b")
    says = r"a\.tif: 255 looks like 'not annotated' here.*like an id in b\.tif; give --ignore 255"
    with pytest.raises(DataError, match=says):
        find(tmp_path).load()
    for sample in find(tmp_path, Reading(ignore=255)).load():
        np.testing.assert_array_equal(sample.annotated, ~HIDDEN)
    for sample in find(tmp_path, Reading(ignore=-1)).load():
        assert sample.annotated is None
        assert sample.labels.max() == 3


@pytest.mark.parametrize("folder", ["annotated", "roi", "ROI"])
def test_a_second_folder_says_what_is_annotated(tmp_path, folder):
    pair(tmp_path, IDS, "a")
    pair(tmp_path, IDS, "b", image=255 - GREY)
    write(tmp_path / folder / "a.tif", AREA)
    dataset = find(tmp_path)
    assert dataset.notes == (
        f"{folder}/ tells where somebody annotated (not 0), of 1 image",
        "1 image has no file of that kind, which counts as annotated everywhere: b.tif",
    )
    one, two = dataset.load()
    np.testing.assert_array_equal(one.annotated, ~HIDDEN)
    assert f"{1 - HIDDEN.mean():.1%} of the pixels are annotated" in one.notes[-1]
    assert two.annotated is None


@pytest.mark.parametrize("ending", ["annotated", "roi"])
def test_a_second_file_beside_says_what_is_annotated(tmp_path, ending):
    for name, array in (("a", GREY), ("a_masks", IDS), (f"a_{ending}", AREA)):
        write(tmp_path / f"{name}.tif", array)
    (sample,) = find(tmp_path).load()
    np.testing.assert_array_equal(sample.annotated, ~HIDDEN)


def test_an_image_that_is_merely_called_roi_is_an_image(tmp_path):
    write(tmp_path / "left_roi.tif", GREY)
    write(tmp_path / "left_roi_masks.tif", IDS)
    (sample,) = find(tmp_path).load()
    assert (sample.name, sample.annotated) == ("left_roi", None)


def test_areas_that_fit_no_image_are_refused(tmp_path):
    write(pair(tmp_path, IDS) / "roi" / "z.tif", AREA)
    with pytest.raises(DataError, match=r"z\.tif: the annotated area of no image.*a\.tif"):
        find(tmp_path)
    (tmp_path / "roi/z.tif").unlink()
    write(tmp_path / "roi" / "a.tif", AREA[:-1])
    with pytest.raises(DataError, match=r"a\.tif: sizes differ: .* 47 x 64 pixels.* 48 x 64"):
        find(tmp_path).load()


def test_an_area_and_an_ignored_value_both_count(tmp_path):
    labels = np.where(np.arange(64) < 3, 255, IDS % 4).astype(np.uint8)
    write(pair(tmp_path, labels) / "roi" / "a.tif", AREA)
    (sample,) = find(tmp_path).load()
    np.testing.assert_array_equal(sample.annotated, ~HIDDEN & (labels != 255))


def strokes():
    """A line of background and one through each of two cells."""
    drawn = np.zeros(IDS.shape, np.uint8)
    drawn[2, 4:40] = 1
    drawn[10, 4:12] = 2
    drawn[30, 40:50] = 3
    return drawn


@pytest.mark.parametrize("beside", [False, True])
def test_of_scribbles_only_the_strokes_are_annotated(tmp_path, beside):
    if beside:
        write(tmp_path / "a.tif", GREY)
        write(tmp_path / "a_scribbles.tif", strokes())
    else:
        pair(tmp_path, strokes(), folder="scribbles")
    (sample,) = find(tmp_path).load()
    assert sample.kind == "scribbles"
    np.testing.assert_array_equal(sample.annotated, strokes() > 0)
    np.testing.assert_array_equal(sample.labels, np.maximum(strokes().astype(int) - 1, 0))
    assert (
        f"scribbles: {(strokes() > 0).mean():.2%} of the pixels are annotated" in (sample.notes[-1])
    )


def test_scribbles_of_one_class_give_an_object_for_each_stroke(tmp_path):
    (sample,) = find(pair(tmp_path, np.minimum(strokes(), 2), folder="scribbles")).load()
    assert sample.labels.max() == 2


def test_masks_are_taken_where_there_are_scribbles_too(tmp_path):
    pair(tmp_path, strokes(), folder="scribbles")
    dataset = find(pair(tmp_path, IDS))
    assert dataset.notes[0].startswith("masks/ was taken for the labels and not scribbles/")
    assert dataset.load()[0].kind == "instances"
    (sample,) = find(tmp_path, Reading(labels="scribbles")).load()
    assert sample.kind == "scribbles"


def test_scribbles_without_background_are_refused(tmp_path):
    drawn = np.where(strokes() == 1, 0, strokes())
    with pytest.raises(DataError, match="scribbles without a stroke of background; 0 is unknown"):
        find(pair(tmp_path, drawn, folder="scribbles")).load()


def test_images_without_an_annotated_pixel_are_left_out_and_named(tmp_path):
    pair(tmp_path, IDS, "a")
    pair(tmp_path, IDS, "b", image=255 - GREY)
    write(tmp_path / "roi/a.tif", AREA)
    write(tmp_path / "roi/b.tif", AREA * 0)
    notes = []
    assert [sample.name for sample in samples_of(tmp_path, notes.append)] == ["a"]
    assert notes[-1] == "1 image has no annotated pixel and cannot be learnt from, such as b"


def test_the_annotation_is_the_same_with_and_without_the_image(tmp_path):
    labels = np.where(HIDDEN, 255, IDS % 4).astype(np.uint8)
    dataset = find(pair(tmp_path, labels))
    (plane,) = annotation_of(dataset.pairs[0]).planes
    (sample,) = dataset.load()
    np.testing.assert_array_equal(plane.labels, sample.labels)
    np.testing.assert_array_equal(plane.annotated, sample.annotated)
