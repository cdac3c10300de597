"""Which files belong together, what is said of it, and what is refused in one clear line."""

import hashlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from septum.data.layouts import Reading, find
from septum.data.synthetic import draw_cells
from septum.errors import DataError

CELLS = draw_cells(3, (96, 128))
GREY, LABELS = CELLS.image[0], CELLS.labels.astype(np.uint16)


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".tif":
        # Without it, tifffile takes a stack of three or four planes for colours.
        grey = array.ndim == 2 or array.shape[-1] > 4
        tifffile.imwrite(path, array, photometric="minisblack" if grey else "rgb")
    else:
        Image.fromarray(array).save(path)


def folders(root, count=3, labels="masks", ending="", suffix=".tif"):
    for i in range(count):
        write(root / "images" / f"cell_{i}.png", GREY)
        write(root / labels / f"cell_{i}{ending}{suffix}", LABELS)
    return root


def hashes(root):
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("labels", ["masks", "labels", "Labels"])
@pytest.mark.parametrize("ending", ["", "_mask", "_masks", "_label", "_labels"])
def test_folders_pair_by_stem(tmp_path, labels, ending):
    dataset = find(folders(tmp_path, labels=labels, ending=ending))
    assert dataset.layout == f"folders: images/ and {labels}/ paired by file stem"
    assert [pair.name for pair in dataset.pairs] == ["cell_0", "cell_1", "cell_2"]
    for sample in dataset.load():
        np.testing.assert_array_equal(sample.image[0], GREY)
        np.testing.assert_array_equal(sample.labels, LABELS)
        assert sample.annotated is None


def test_the_exact_stem_wins_over_an_ending(tmp_path):
    write(tmp_path / "images" / "a_seg.png", GREY)
    write(tmp_path / "images" / "a.png", GREY)
    write(tmp_path / "masks" / "a_seg.tif", LABELS)
    write(tmp_path / "masks" / "a_mask.tif", LABELS)
    pairs = {pair.image.name: pair.labels.name for pair in find(tmp_path).pairs}
    assert pairs == {"a.png": "a_mask.tif", "a_seg.png": "a_seg.tif"}


def test_two_masks_for_one_image_are_refused(tmp_path):
    write(tmp_path / "images" / "a.png", GREY)
    write(tmp_path / "masks" / "a_seg.tif", LABELS)
    write(tmp_path / "masks" / "a_mask.tif", LABELS)
    with pytest.raises(DataError, match=r"a_mask\.tif and a_seg\.tif both go by the name 'a'"):
        find(tmp_path)


@pytest.mark.parametrize(
    ("image", "labels"),
    [
        ("a.tif", "a_masks.tif"),
        ("a.tif", "a_cp_masks.png"),
        ("a_img.tif", "a_masks.tif"),
        ("image.tif", "labels.tif"),
        ("raw.tif", "mask.tif"),
    ],
)
def test_pairs_lie_side_by_side(tmp_path, image, labels):
    write(tmp_path / image, GREY)
    write(tmp_path / labels, LABELS)
    dataset = find(tmp_path)
    assert dataset.layout.startswith("side by side")
    (pair,) = dataset.pairs
    assert (pair.image.name, pair.labels.name) == (image, labels)


def test_an_image_without_its_mask_is_named(tmp_path):
    folders(tmp_path, count=6)
    for i in range(1, 6):
        (tmp_path / "masks" / f"cell_{i}.tif").unlink()
    message = r"5 of 6 images have no mask: cell_1\.png, cell_2\.png, cell_3\.png and 2 more\. .*"
    with pytest.raises(DataError, match=message + r"cell_1_mask\.tif was looked for in .*masks"):
        find(tmp_path)


def test_a_mask_without_an_image_is_an_orphan(tmp_path):
    folders(tmp_path)
    (tmp_path / "images" / "cell_1.png").unlink()
    dataset = find(tmp_path)
    assert [path.name for path in dataset.orphans] == ["cell_1.tif"]
    assert dataset.notes == ("1 mask without an image: cell_1.tif",)
    assert len(dataset.load()) == 2


def test_sizes_that_differ_are_named_with_both(tmp_path):
    folders(tmp_path)
    write(tmp_path / "masks" / "cell_1.tif", LABELS[:-1])
    message = r"cell_1\.png and masks/cell_1\.tif: sizes differ: .* 96 x 128 pixels, .* 95 x 128"
    with pytest.raises(DataError, match=message):
        find(tmp_path).load()


def test_jpeg_masks_are_refused_by_name(tmp_path):
    folders(tmp_path)
    (tmp_path / "masks" / "cell_1.tif").unlink()
    write(tmp_path / "masks" / "cell_1.jpg", cv2.circle(np.zeros_like(GREY), (50, 50), 30, 255, -1))
    with pytest.raises(DataError, match=r"cell_1\.jpg: a grey-scale image.*without smoothing"):
        find(tmp_path).load()


def test_colour_masks_are_refused_by_name(tmp_path):
    folders(tmp_path)
    (tmp_path / "masks" / "cell_1.tif").unlink()
    write(tmp_path / "masks" / "cell_1.png", np.stack([GREY, GREY // 2, GREY], -1))
    with pytest.raises(DataError, match=r"cell_1\.png: a colour image with \d+ colours"):
        find(tmp_path).load()


def test_no_object_in_any_label_image_is_an_error_in_one_a_note(tmp_path):
    folders(tmp_path)
    write(tmp_path / "masks" / "cell_1.tif", np.zeros_like(LABELS))
    assert find(tmp_path).load()[1].notes == ("no objects: every pixel is 0",)
    for i in (0, 2):
        write(tmp_path / "masks" / f"cell_{i}.tif", np.zeros_like(LABELS))
    with pytest.raises(DataError, match=r"empty labels: not one object in 3 .*cell_0"):
        find(tmp_path).load()


def test_nan_pixels_are_named_with_the_file(tmp_path):
    bad = GREY.astype(np.float32)
    bad[4, 5] = np.nan
    write(tmp_path / "a.tif", bad)
    write(tmp_path / "a_masks.tif", LABELS)
    with pytest.raises(DataError, match=r"a\.tif and a_masks\.tif: 1 of [\d,]+ pixels is NaN"):
        find(tmp_path).load()


def test_a_corrupt_tiff_is_named(tmp_path):
    folders(tmp_path)
    path = tmp_path / "masks" / "cell_2.tif"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"masks.cell_2\.tif: cannot be read as TIFF"):
        find(tmp_path).load()


def test_isbi_stacks_give_a_sample_per_slice(tmp_path):
    volume = np.random.default_rng(0).integers(0, 255, (4, 16, 18), np.uint8)
    labels = np.full((4, 16, 18), 255, np.uint8)
    labels[:, 8] = 0
    labels[2, :, 9] = 0
    write(tmp_path / "train-volume.tif", volume)
    write(tmp_path / "train-labels.tif", labels)
    write(tmp_path / "test-volume.tif", volume)
    dataset = find(tmp_path)
    assert dataset.notes == ("test-volume.tif has no labels and is left out",)
    samples = dataset.load()
    assert [sample.name for sample in samples] == [f"train-volume[{i:02}]" for i in range(4)]
    assert [sample.labels.max() for sample in samples] == [2, 2, 4, 2]
    assert [(sample.group, sample.index) for sample in samples] == [
        ("train-volume", i) for i in range(4)
    ]
    np.testing.assert_array_equal(samples[3].image[0], volume[3])
    (whole,) = dataset.load(ndim=3)
    assert whole.labels.shape == (4, 16, 18)
    assert whole.labels.max() == 2  # in three dimensions the four quarters are parts of two halves


def test_a_slice_with_one_id_is_no_mask_where_the_stack_holds_ids(tmp_path):
    labels = np.zeros((2, 8, 8), np.uint16)
    labels[0, 1, 1] = labels[0, 5, 5] = 1
    labels[1, 1, 1], labels[1, 5, 5] = 1, 2
    write(tmp_path / "a.tif", np.zeros((2, 8, 8), np.uint8))
    write(tmp_path / "a_masks.tif", labels)
    first, _ = find(tmp_path, Reading(ndim=2)).load()
    assert first.labels.max() == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, "an empty folder"),
        (lambda root: (root / "notes.txt").write_text("x"), "no image files in it"),
        (lambda root: write(root / "a.png", GREY), r"1 image without masks \(a\.png\)"),
        (lambda root: folders(root / "mine"), r"sub-folder mine is a dataset: give .*mine"),
    ],
)
def test_what_is_not_understood_says_what_would_be(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(
        DataError, match=message + r".*images/ with masks/.*01_GT.*train-volume"
    ) as e:
        find(tmp_path)
    assert "\n" not in str(e.value)


def test_missing_folders_and_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere: no such folder"):
        find(tmp_path / "nowhere")
    write(tmp_path / "a.png", GREY)
    with pytest.raises(DataError, match=r"a\.png: a file, where a dataset folder is expected"):
        find(tmp_path / "a.png")
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    with pytest.raises(DataError, match=r"images: no image files"):
        find(tmp_path)


def test_inputs_are_untouched(tmp_path):
    folders(tmp_path)
    before = hashes(tmp_path)
    for sample in find(tmp_path).load():
        sample.image[...] = 0
        sample.labels[...] = 0
    assert len(before) == 6
    assert hashes(tmp_path) == before


def test_drive_is_annotated_within_its_field_of_view(tmp_path):
    view = np.zeros_like(GREY)
    view[10:-10, 10:-10] = 255
    write(tmp_path / "training" / "images" / "21_training.tif", np.stack([GREY] * 3, -1))
    write(tmp_path / "training" / "1st_manual" / "21_manual1.gif", np.uint8(LABELS > 0) * 255)
    write(tmp_path / "training" / "mask" / "21_training_mask.gif", view)
    (sample,) = find(tmp_path).load()
    assert sample.image.shape == (3, 96, 128)
    np.testing.assert_array_equal(sample.annotated, view > 0)
    np.testing.assert_array_equal(sample.labels > 0, LABELS > 0)


def test_masks_that_are_called_otherwise_than_the_images_are_named(tmp_path):
    for number in range(4):
        write(tmp_path / "images" / f"a{number}.tif", GREY)
        write(tmp_path / "masks" / f"nuc_0{number}.tif", LABELS)
    with pytest.raises(DataError) as caught:
        find(tmp_path)
    for part in (
        "4 of 4 images have no mask: a0.tif, a1.tif, a2.tif and 1 more.",
        "masks, where nuc_00.tif, nuc_01.tif, nuc_02.tif and 1 more go with no image. Call each",
    ):
        assert part in str(caught.value)


def test_the_real_datasets(data_dir):
    dsb = find(data_dir / "dsb2018")
    assert len(dsb) == 332
    channels = {sample.image.shape[0] for sample in dsb.samples()}
    assert channels == {1, 3}
    isbi = find(data_dir / "isbi2012").load()
    assert [sample.shape for sample in isbi] == [(512, 512)] * 20
    assert all(sample.labels.max() > 50 for sample in isbi)
    drive = find(data_dir / "drive").load()
    assert len(drive) == 20
    assert all(0.6 < sample.annotated.mean() < 0.75 for sample in drive)
    (nuclei,) = find(data_dir / "stardist3d").load(ndim=3)
    assert nuclei.image.shape == (1, 31, 61, 57)
    assert len(np.unique(nuclei.labels)) == 52
