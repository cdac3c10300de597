"""Predictions of classes are read as `septum predict` writes them, and as `Model.predict` gives."""

import numpy as np
import pytest

from septum.classes import parse_classes
from septum.data.formats import write_tiff
from septum.data.predicted import Files, read_regions
from septum.data.regions import regions_of_array
from septum.errors import DataError

TWO = parse_classes("nucleus=1,membrane=2")
ONE = parse_classes("vessel=255")
BOTH = parse_classes("cells,nuclei")
RNG = np.random.default_rng(0)
NUMBERS = RNG.integers(0, 3, (6, 8)).astype(np.uint8)
OVERLAPPING = RNG.integers(0, 4, (6, 8)).astype(np.uint8)


def probabilities(numbers, classes):
    """Return probabilities of which the likeliest classes are the numbers."""
    masks = classes.masks(numbers)
    if classes.overlap:
        return np.where(masks, 0.6, 0.5).astype(np.float32)
    likely = np.concatenate([~masks.any(axis=0, keepdims=True), masks])
    return np.where(likely, 0.4, 0.6 / len(classes.names)).astype(np.float32)


def written(folder, numbers=None, shares=None, classes=TWO, spacing=None):
    """Write files as `septum predict` does."""
    axes = "ZYX"[-(numbers if numbers is not None else shares[0]).ndim :]
    files = Files(
        None if numbers is None else folder / "a_labels.tif",
        None if shares is None else folder / "a_probabilities.tif",
    )
    if files.labels:
        masks = classes.masks(numbers).astype(np.uint8)
        labels, letters = (masks, "C" + axes) if classes.overlap else (numbers, axes)
        write_tiff(files.labels, labels, letters, spacing)
    if files.probabilities:
        write_tiff(files.probabilities, shares, "C" + axes, spacing)
    return files


def read(files, classes=TWO, ndim=2, spacing=None):
    said = []
    return read_regions(files, classes, ndim, spacing, said.append), said


@pytest.mark.parametrize(("classes", "numbers"), [(TWO, NUMBERS), (BOTH, OVERLAPPING)])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_labels_and_probabilities_are_masks_and_shares(tmp_path, classes, numbers, dtype, ndim):
    if ndim == 3:
        numbers = np.stack([numbers, numbers[::-1], numbers[:, ::-1]])
    shares = probabilities(numbers, classes)
    if dtype == "uint8":
        shares = np.rint(255 * shares - 0.1).astype(np.uint8)
    given = (2.0, 0.5, 0.5)[-ndim:]
    files = written(tmp_path, numbers, shares, classes, given)
    for some in (files, Files(probabilities=files.probabilities), Files(labels=files.labels)):
        (found,), said = read(some, classes, ndim)
        np.testing.assert_array_equal(found.masks, classes.masks(numbers))
        assert found.spacing == pytest.approx(given)
        assert len(said) == (some.labels is None)
        if some.probabilities:
            assert found.probabilities.dtype == dtype
            np.testing.assert_array_equal(found.probabilities, shares[-2:])
        else:
            assert found.probabilities is None
    assert read(files, classes, ndim, (7.0,) * ndim)[0][0].spacing == (7.0,) * ndim


def test_a_stack_has_its_planes_in_order(tmp_path):
    stack = np.stack([NUMBERS, NUMBERS[::-1]])
    shares = np.stack([probabilities(plane, TWO) for plane in stack])
    files = Files(tmp_path / "a_labels.tif", tmp_path / "a_probabilities.tif")
    write_tiff(files.labels, stack, "ZYX")
    write_tiff(files.probabilities, shares, "ZCYX")
    found, _ = read(files)
    for one, plane, share in zip(found, stack, shares, strict=True):
        np.testing.assert_array_equal(one.masks, TWO.masks(plane))
        np.testing.assert_array_equal(one.probabilities, share[1:])


@pytest.mark.parametrize(
    ("numbers", "axes", "classes", "message"),
    [
        (NUMBERS, "YX", BOTH, r"a\.tif has 1 channel; .* cells, nuclei that may.*, 2 channel"),
        (np.stack([NUMBERS] * 3), "CYX", BOTH, r"has 3 channels.* 2 channel"),
        (np.stack([NUMBERS] * 2), "CYX", TWO, r"has 2 channels; .* numbers in one, 1 channel"),
        (NUMBERS * 100, "YX", TWO, "has the value 200; expected .* 1 for nucleus, 2 for membrane"),
        (NUMBERS, "YX", ONE, "has the value 2; expected are 0 for background and 1 for vessel,"),
        (NUMBERS / np.float32(3), "YX", TWO, "has fractions.* NAME_probabilities.tif"),
        (NUMBERS.astype(np.int16) - 1, "YX", TWO, "negative label -1"),
    ],
)
def test_labels_that_are_not_of_these_classes_are_refused(
    tmp_path, numbers, axes, classes, message
):
    write_tiff(tmp_path / "a.tif", numbers, axes)
    with pytest.raises(DataError, match=message):
        read(Files(tmp_path / "a.tif"), classes)


@pytest.mark.parametrize(
    ("count", "classes", "message"),
    [
        (2, TWO, r"a\.tif has 2 channel.* nucleus, membrane have 3: background, nucleus, membrane"),
        (3, BOTH, r"has 3 channel.* classes cells, nuclei have 2: cells, nuclei"),
        (3, ONE, r"has 3 channel.* class vessel have 2: background, vessel"),
    ],
)
def test_probabilities_of_other_classes_are_refused(tmp_path, count, classes, message):
    write_tiff(tmp_path / "a.tif", np.full((count, 6, 8), 0.3, np.float32), "CYX")
    with pytest.raises(DataError, match=message):
        read(Files(probabilities=tmp_path / "a.tif"), classes)


def test_labels_and_probabilities_of_different_images_are_refused(tmp_path):
    files = written(tmp_path, NUMBERS, probabilities(NUMBERS[:5], TWO))
    with pytest.raises(DataError, match=r"a_probabilities\.tif is \(1, 2, 5, 8\) and .*_labels"):
        read(files)


@pytest.mark.parametrize(("classes", "numbers"), [(TWO, NUMBERS), (BOTH, OVERLAPPING)])
def test_arrays_are_those_of_a_model(classes, numbers):
    stack = np.stack([numbers, numbers[::-1]])
    shares = probabilities(stack, classes)
    for one in (stack.shape, stack.shape[1:]):
        by_labels = regions_of_array(stack, stack.shape, one, classes, None)
        by_shares = regions_of_array(shares, stack.shape, one, classes, (0.5,) * len(one))
        assert len(by_labels) == len(by_shares) == (1 if one == stack.shape else 2)
        for number, (labels, share) in enumerate(zip(by_labels, by_shares, strict=True)):
            part = slice(None) if one == stack.shape else number
            np.testing.assert_array_equal(labels.masks, classes.masks(stack[part]))
            np.testing.assert_array_equal(share.masks, labels.masks)
            np.testing.assert_array_equal(share.probabilities, shares[-2:][:, part])
            assert labels.probabilities is None
            assert share.spacing == (0.5,) * len(one)


def test_numbers_that_no_overlapping_classes_have_are_refused():
    with pytest.raises(DataError, match=r"value 4; .* 1 for cells, 2 for nuclei, added up where"):
        regions_of_array(OVERLAPPING + 1, (6, 8), (6, 8), BOTH, None)
