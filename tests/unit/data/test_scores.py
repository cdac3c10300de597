"""Scores of "cell" are told from ids and masks, whatever the type of the file."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from septum.data.formats import write_labels, write_tiff
from septum.data.scores import cell_score
from septum.data.synthetic import draw_cells
from septum.data.truth import compare
from septum.errors import DataError
from septum.targets import separate

LABELS = draw_cells(0, (48, 56), radius=8).truth


def labels(path, array=LABELS):
    write_labels(path, array, "ZYX"[-array.ndim :])
    return path


def grey_scale():
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (40, 40)).astype(np.uint8)


def blobs(top, dtype):
    """A score as networks give it: smooth, from 0 to `top`."""
    y, x = np.mgrid[:60, :60] / 60 * 6
    return np.round((np.sin(y) * np.sin(x) + 1) / 2 * top).astype(dtype)


def levels(count, top=255, dtype: type = np.uint8):
    """A score of few levels, each a broad patch, as a rounded or thresholded one has."""
    return np.round(np.round(blobs(count - 1, float)) * top / (count - 1)).astype(dtype)


ANY, SHARES = "any value above 0 as cell", "grey values as scores of 'cell', in shares of "


@pytest.mark.parametrize(
    ("array", "expected", "note"),
    [
        (grey_scale(), grey_scale() / 255, f"{SHARES}255"),
        (levels(3), levels(3) / 255, f"{SHARES}255"),
        (levels(10), levels(10) / 255, f"{SHARES}255"),
        (blobs(65535, np.uint16), blobs(65535, np.uint16) / 65535, f"{SHARES}65535"),
        (levels(4, 65535, np.uint16), levels(4, 65535, np.uint16) / 65535, f"{SHARES}65535"),
        (LABELS.astype(np.uint8), separate(LABELS) > 0, ANY),
        (LABELS.astype(np.uint16) * 300, separate(LABELS) > 0, ANY),
        ((LABELS > 0).astype(np.uint8), LABELS > 0, ANY),
        ((LABELS > 0).astype(np.uint8) * 255, LABELS > 0, f"{SHARES}255"),
        (LABELS > 0, LABELS > 0, ANY),
        ((LABELS > 0) * 0.25, (LABELS > 0) * 0.25, "the values as scores"),
    ],
    ids=["grey", "3 levels", "10 levels", "16-bit grey", "16-bit levels", "8-bit ids",
         "16-bit ids", "0/1", "0/255", "bool", "float"],
)  # fmt: skip
def test_scores_ids_and_masks_are_told_apart_and_it_is_said(array, expected, note):
    result, said = cell_score(array[np.newaxis], "a.tif")
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, expected[np.newaxis])
    assert note in said


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_a_smooth_image_of_unknown_range_is_refused(dtype):
    with pytest.raises(
        DataError, match=r"a\.tif: \w+ values up to 40.. .*save scores .* as floats"
    ):
        cell_score(blobs(4095, dtype)[np.newaxis], "a.tif")


@pytest.mark.parametrize("top", [255, 65535])
def test_files_of_probabilities_hold_scores_whatever_their_values(tmp_path, top):
    dtype = np.uint8 if top == 255 else np.uint16
    share = levels(10, 200, dtype)
    write_tiff(tmp_path / "a_probabilities.tif", share, "YX")
    truth = labels(tmp_path / "b.tif", (share > 100).astype(np.uint16))
    (plane,) = compare(tmp_path / "a_probabilities.tif", truth).planes
    np.testing.assert_allclose(plane.cells(), share / top)


def test_the_golden_proposals_are_shares_of_255(golden_dir):
    paths = sorted((golden_dir / "isbi2012").glob("proposal_*.tif"))
    assert len(paths) == 10
    for path in paths:
        array = tifffile.imread(path)
        np.testing.assert_allclose(cell_score(array[np.newaxis], path.name)[0][0], array / 255)


def test_a_grey_png_is_a_score(tmp_path):
    Image.fromarray(grey_scale()).save(tmp_path / "a.png")
    truth = np.zeros((40, 40), np.uint16)
    truth[5:9, 5:9] = 1
    (plane,) = compare(tmp_path / "a.png", labels(tmp_path / "b.tif", truth)).planes
    np.testing.assert_allclose(plane.cells(), grey_scale() / 255)


def test_the_smallest_share_of_8_bits_is_not_the_whole():
    faint = np.array([[[0, 1], [0, 0]]], np.uint8)
    scores, note = cell_score(faint, "x_probabilities.tif", known=True)
    assert scores.max() == 1 / 255
    assert "in shares of 255" in note
    assert cell_score(faint.astype(bool), "x", known=True)[0].max() == 1
