"""What goes wrong with people's data, one test for each: it is refused, or said, by name.

What is not here: the same image on both sides of a validation (test_split.py).
"""

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from septum.data.gather import samples_of
from septum.data.layouts import Reading, find
from septum.data.layouts.strokes import perhaps_strokes
from septum.data.summary import summarise
from septum.data.synthetic import draw_cells
from septum.errors import DataError

CELLS = draw_cells(5, (96, 128), radius=8)
GREY, IDS = CELLS.image[0], CELLS.truth.astype(np.uint16)
COUNT = int(IDS.max())
MASK = np.where(IDS > 0, 255, 0).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Write pairs of an image and labels; arrays are for the second pair of two."""

    def write(labels=IDS, image=255 - GREY, first=IDS, suffix=".tif"):
        for name, pixels, truth in (("a", GREY, first), ("b", image, labels)):
            for place, array in (("images", pixels), ("masks", truth)):
                path = tmp_path / place / f"{name}{suffix if name == 'b' else '.tif'}"
                path.parent.mkdir(exist_ok=True)
                if path.suffix == ".tif":
                    colour = array.ndim == 3 and array.shape[-1] in (3, 4)
                    tifffile.imwrite(path, array, photometric="rgb" if colour else "minisblack")
                else:
                    Image.fromarray(array).save(path)
        return tmp_path

    return write


def second(root, **wishes):
    return find(root, Reading(**wishes)).load()[1]


def notes_of(root, **wishes):
    dataset = find(root, Reading(**wishes))
    return " | ".join(summarise(dataset, dataset.load())["notes"])


def test_0_255_masks_are_taken_as_foreground(folder):
    root = folder(MASK, first=MASK)
    assert "2 images, as a: 0/255 mask taken as foreground; " in notes_of(root)
    sample = second(root)
    assert sample.kind == "mask"
    np.testing.assert_array_equal(sample.labels > 0, MASK > 0)


def test_a_grey_scale_mask_is_refused_with_its_values_and_the_threshold_that_works(folder):
    smooth = cv2.GaussianBlur(MASK, (0, 0), 1.5)
    root = folder(smooth)
    says = r"b\.tif: a grey-scale image with \d+ values from 0 to 255 \(0, 1, 2, .*at 127 would"
    with pytest.raises(DataError, match=says):
        second(root)
    # As it says:
    fixed = np.where(smooth > 127, 255, 0).astype(np.uint8)
    assert second(folder(fixed, first=MASK)).labels.any()


def test_a_colour_mask_is_refused_with_its_colours(folder):
    colours = np.stack([MASK, MASK // 2, 255 - MASK], -1)
    says = r"b\.tif: a colour image with 2 colours \(\(0, 0, 255\), \(255, 127, 0\)\).*16-bit grey"
    with pytest.raises(DataError, match=says):
        second(folder(colours))


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.uint64])
def test_ids_with_gaps_are_mapped(folder, dtype):
    stored = IDS.astype(dtype) * 7
    if dtype != np.uint16:
        stored[IDS == COUNT] = 4_000_000_000  # beyond what int32 holds
    sample = second(folder(stored))
    np.testing.assert_array_equal(sample.labels, IDS)
    assert f"the {COUNT} ids go up to {stored.max()} and were mapped to 1 to {COUNT}" in (
        sample.notes
    )


def test_a_mask_among_ids_is_refused_and_components_are_offered(folder):
    root = folder(MASK)
    says = r"b\.tif: a binary mask \(1 of 2 label images\), while .*\(a\.tif\).*--binary-instances"
    with pytest.raises(DataError, match=says):
        find(root).load()
    components = second(root, binary_instances=True)
    assert 1 < components.labels.max() < COUNT  # those that touch are one
    one = second(root, binary_instances=False)
    assert one.labels.max() == 1


def test_a_single_object_among_ids_is_no_mask(folder):
    alone = np.where(IDS == 2, 1, 0).astype(np.uint16)
    sample = second(folder(alone))
    assert (sample.kind, sample.labels.max(), sample.notes) == ("instances", 1, ())
    sample = second(folder(alone, first=MASK))  # and among masks it is one
    assert (sample.kind, sample.labels.max()) == ("mask", 1)


def test_classes_saved_as_labels_are_called_out(folder):
    classes = np.where(IDS > 0, IDS % 2 + 1, 0).astype(np.uint8)
    assert "the 2 ids lie in" in (said := notes_of(folder(classes)))
    assert "--binary-instances makes each piece an instance" in said
    sample = second(folder(classes), binary_instances=True)
    assert sample.labels.max() > 6
    for instance in range(1, sample.labels.max() + 1):
        assert np.unique(classes[sample.labels == instance]).size == 1


def test_sizes_that_differ_are_refused_with_both(folder):
    with pytest.raises(DataError, match=r"b\.tif: .* 96 x 128 pixels, the labels are 95 x 128 "):
        second(folder(IDS[:-1]))


def test_swapped_axes_are_recognised(folder):
    with pytest.raises(DataError, match=r"96 x 128 pixels, the labels are 128 x 96 .* swapped\?"):
        second(folder(IDS.T))


def test_swapped_axes_of_a_stack_are_recognised(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5, 8, 9), np.uint8))
    tifffile.imwrite(tmp_path / "a_masks.tif", np.ones((9, 8, 5), np.uint16))
    with pytest.raises(DataError, match=r"5 x 8 x 9 pixels, the labels are 9 x 8 x 5 .* swapped\?"):
        find(tmp_path).load()


def test_an_alpha_channel_is_dropped_and_said(folder):
    opaque = np.stack([GREY, GREY // 2, GREY, np.full_like(GREY, 255)], -1)
    root = folder(np.stack([MASK] * 3 + [np.full_like(MASK, 9)], -1), opaque, MASK, ".png")
    sample = second(root)
    assert len(sample.image) == 3
    np.testing.assert_array_equal(sample.labels > 0, MASK > 0)
    assert sum("alpha channel (transparency) was dropped" in note for note in sample.notes) == 2


def test_12_bit_data_in_16_bits_is_said(folder):
    assert "bit data" not in notes_of(folder(image=GREY.astype(np.uint16) * 200))
    image = GREY.astype(np.uint16) * 16
    assert f"12-bit data in 16 bits: no pixel of 1 image is above {image.max()}" in (
        notes_of(folder(image=image))
    )


def test_a_constant_image_with_objects_is_refused(folder):
    flat = np.full_like(GREY, 7)
    with pytest.raises(DataError, match=r"b\.tif: a constant image, every pixel is 7, though"):
        second(folder(image=flat))
    assert "constant image: every pixel is 7" in notes_of(folder(np.zeros_like(IDS), flat))


def test_a_constant_channel_and_a_constant_slice_are_said(folder, tmp_path):
    two = np.stack([GREY, np.zeros_like(GREY), GREY], -1)
    assert "constant channel 1: every pixel is 0" in notes_of(folder(image=two))
    stack = np.stack([GREY, np.zeros_like(GREY), GREY, GREY, GREY])
    (tmp_path / "stack").mkdir()
    tifffile.imwrite(tmp_path / "stack/x.tif", stack, photometric="minisblack")
    tifffile.imwrite(
        tmp_path / "stack/x_masks.tif",
        np.stack([np.where(IDS, IDS + 9 * n, 0).astype(IDS.dtype) for n in range(5)]),
    )
    assert "x[01]: constant image: every pixel is 0" in notes_of(tmp_path / "stack")


def test_an_image_without_pixels_is_refused(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"")
    tifffile.imwrite(tmp_path / "a_masks.tif", IDS)
    with pytest.raises(DataError, match=r"a\.tif: an empty file \(0 bytes\).*: copy it again"):
        find(tmp_path).load()
    np.save(tmp_path / "b.npy", np.zeros((0, 5), np.uint8))
    (tmp_path / "a.tif").unlink()
    (tmp_path / "a_masks.tif").rename(tmp_path / "b_masks.tif")
    with pytest.raises(DataError, match=r"b\.npy: an image without pixels, of shape \(0, 5\)"):
        find(tmp_path).load()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_that_are_no_numbers_are_refused(folder, value):
    image = GREY.astype(np.float32)
    image[4, 5] = value
    with pytest.raises(DataError, match=r"b\.tif.*: 1 of [\d,]+ pixels is NaN.* Y 4, X 5 "):
        second(folder(image=image))


def test_a_label_image_with_nothing_in_it_is_said(folder):
    assert "b: no objects: every pixel is 0" in notes_of(folder(np.zeros_like(IDS)))
    with pytest.raises(DataError, match="empty labels: not one object in 2 label images"):
        find(folder(np.zeros_like(IDS), first=np.zeros_like(IDS))).load()


def test_float_labels_of_whole_numbers_are_accepted_and_said(folder):
    sample = second(folder(IDS.astype(np.float32)))
    np.testing.assert_array_equal(sample.labels, IDS)
    assert "labels stored as float32 are whole numbers: taken as integers" in sample.notes


def test_float_labels_of_fractions_are_refused(folder):
    with pytest.raises(DataError, match=r"b\.tif: .+ label values are not whole.* such as \d+\.5"):
        second(folder(IDS.astype(np.float32) / 2))


def test_background_of_minus_one_is_not_taken_for_unknown(folder):
    says = r"b\.tif: negative label -1 on \d+% of the pixels, and 0.*--ignore -1.*add 1 to all"
    with pytest.raises(DataError, match=says):
        second(folder(IDS.astype(np.int16) - 1))


def test_an_image_that_is_there_twice_is_said(folder):
    assert "1 image is there twice: b has the same pixels as a" in (notes_of(folder(image=GREY)))
    assert "twice" not in notes_of(folder())


def test_arrays_are_read_as_files_are():
    stored = IDS.astype(np.int32) * 3
    stored[:20] = -1
    notes = []
    (sample,) = samples_of(([GREY], [stored]), notes.append)
    np.testing.assert_array_equal(sample.annotated, stored >= 0)
    assert not sample.labels[:20].any()
    with pytest.raises(DataError, match="not one pixel of 1 image is annotated"):
        samples_of(([GREY], [stored * 0 + 9]), reading=Reading(ignore=9))


def test_images_without_a_folder_of_masks_are_told_what_is_looked_for(folder):
    root = folder()
    (root / "masks").rename(root / "outlines")
    with pytest.raises(DataError) as caught:
        find(root)
    for part in (
        "2 images in images/ and no folder of their annotations beside it (there is outlines/)",
        "one called labels/, label/, masks/, mask/,",
        "scribbles/",
        "or give --labels outlines",
    ):
        assert part in str(caught.value)
    assert len(find(root, Reading(labels="outlines"))) == 2


def test_images_and_masks_that_were_swapped_are_seen(folder):
    root = folder()
    (root / "images").rename(root / "kept")
    (root / "masks").rename(root / "images")
    (root / "kept").rename(root / "masks")
    with pytest.raises(
        DataError, match=r"masks/a\.tif.*images/a\.tif looks like a label image: were"
    ):
        find(root).load()


def test_a_smoothed_mask_beside_an_image_is_not_taken_for_swapped(folder):
    root = folder(cv2.GaussianBlur(MASK, (9, 9), 2))
    with pytest.raises(DataError, match="a grey-scale image") as caught:
        find(root).load()
    assert "swapped" not in str(caught.value)


def test_an_ignored_value_that_no_pixel_has_is_said(folder):
    root = folder()
    assert "2 images, as a: no pixel has the value 200 that --ignore names" in notes_of(
        root, ignore=200
    )
    assert "--ignore names" not in notes_of(root)
    assert "b: no pixel has the value" in notes_of(
        folder(first=np.where(IDS == 1, 200, IDS)), ignore=200
    )


def test_empty_labels_and_sizes_name_the_label_file(folder):
    none = np.zeros_like(IDS)
    with pytest.raises(DataError, match=r"in 2 label images, such as .*masks/a\.tif"):
        find(folder(none, first=none)).load()
    with pytest.raises(DataError, match=r"images/b\.tif and masks/b\.tif: sizes differ"):
        find(folder(IDS[:-1])).load()


@pytest.mark.parametrize("ending", ["cp_masks", "cp_mask", "masks", "mask"])
def test_files_of_cellpose_find_their_image(tmp_path, ending):
    tifffile.imwrite(tmp_path / "x.tif", GREY)
    tifffile.imwrite(tmp_path / f"x_{ending}.tif", IDS)
    (pair,) = find(tmp_path).pairs
    assert (pair.name, pair.labels.name) == ("x", f"x_{ending}.tif")


def test_strokes_among_masks_are_told_where_they_belong(folder):
    strokes = np.zeros_like(IDS)
    strokes[5:8, 10:100], strokes[40:43, 10:70], strokes[60:63, 20:90] = 1, 2, 3
    notes = notes_of(folder(strokes))
    assert "b: the 3 objects are long and thin" in notes
    assert "put them into scribbles/ in place of masks/" in notes
    assert "long and thin" not in notes_of(folder())


def test_channels_that_a_file_calls_pages_are_channels_where_that_is_said(folder):
    root = folder(image=np.stack([255 - GREY, GREY]), suffix=".tif")
    tifffile.imwrite(root / "images" / "a.tif", np.stack([GREY, GREY]))
    with pytest.raises(DataError, match="sizes differ"):
        find(root).load()
    sample = second(root, axes="cyx")
    np.testing.assert_array_equal(sample.image, np.stack([255 - GREY, GREY]))
    np.testing.assert_array_equal(sample.labels, IDS)
    assert "--axes" not in " ".join(sample.notes)


def test_balls_in_flat_voxels_are_no_strokes_once_the_spacing_is_known():
    labels = np.zeros((1, 9, 60, 120), np.int32)
    z, y, x = np.ogrid[:9, :60, :120]
    for number in range(2):
        away = ((z - 4) * 8) ** 2 + (y - 30) ** 2 + (x - 30 - 60 * number) ** 2
        labels[0][away < 20**2] = number + 1
    assert perhaps_strokes(labels[0], None)
    assert not perhaps_strokes(labels[0], (8.0, 1.0, 1.0))
    line = labels[0] * (np.abs(y - 30) < 2) * (np.abs(z - 4) < 1)
    assert perhaps_strokes(line, (8.0, 1.0, 1.0))


def test_ids_in_a_jpeg_are_refused(folder):
    blocks = np.kron(np.arange(1, 13).reshape(3, 4) * 20, np.ones((32, 32))).astype(np.uint8)
    root = folder(labels=blocks, suffix=".jpg")  # of whole 8 px squares, which nothing smooths
    with pytest.raises(DataError, match=r"b\.jpg: \d+ values in a JPEG, .* Save .* PNG or TIFF"):
        second(root)
