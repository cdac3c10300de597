"""Synthetic cells: the same seed draws the same bytes, and they touch as cells do."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from septum.data.summary import equivalent_diameters, touching_pairs
from septum.data.synthetic import draw_cells
from septum.errors import ConfigError


@given(
    seed=st.integers(0, 10_000),
    size=st.sampled_from([(1, 1), (7, 90), (128, 128), (20, 40, 33)]),
    dtype=st.sampled_from(["uint8", "uint16"]),
)
@settings(max_examples=25)
def test_the_same_seed_draws_the_same_bytes_and_each_cell_is_whole(seed, size, dtype):
    one, two = (draw_cells(seed, size, radius=12, dtype=dtype) for _ in range(2))
    assert one.image.tobytes() == two.image.tobytes()
    assert one.labels.tobytes() == two.labels.tobytes()
    assert (one.image.dtype, one.image.shape) == (dtype, (1, *size))
    count = one.labels.max()
    assert set(np.unique(one.labels)) | {0} == set(range(count + 1))
    for cell in range(1, count + 1):
        assert ndimage.label(one.labels == cell)[1] == 1


def test_other_seeds_draw_other_cells():
    assert (draw_cells(0).labels != draw_cells(1).labels).mean() > 0.1


@pytest.mark.parametrize("seed", range(4))
def test_cells_are_the_promised_size_and_many_touch(seed):
    labels = draw_cells(seed, (512, 512)).labels
    cut = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    whole = np.setdiff1d(labels, cut)
    sizes = np.bincount(labels.ravel())[whole]
    assert 28 < np.median(equivalent_diameters(sizes, 2)) < 36
    pairs = touching_pairs(labels)
    assert len(np.unique(pairs)) > 0.8 * labels.max()
    assert 0.3 < (labels > 0).mean() < 0.5


def test_a_threshold_finds_the_foreground_but_merges_the_cells():
    sample = draw_cells(5, (512, 512))
    smooth = cv2.GaussianBlur(sample.image[0], (0, 0), 1.0)
    _, mask = cv2.threshold(smooth, 0, 255, cv2.THRESH_OTSU)
    both = ((mask > 0) & (sample.labels > 0)).sum()
    assert both / ((mask > 0) | (sample.labels > 0)).sum() > 0.85
    assert ndimage.label(mask)[1] < 0.3 * sample.labels.max()


def test_the_line_between_touching_cells_is_darker_than_the_cells():
    sample = draw_cells(2, (384, 384), noise=0)
    image, labels = sample.image[0].astype(float), sample.labels
    meet = (labels[:, 1:] != labels[:, :-1]) & (labels[:, 1:] > 0) & (labels[:, :-1] > 0)
    line = image[:, 1:][meet].mean()
    cells = image[labels > 0].mean()
    background = image[labels == 0].mean()
    assert background < line < 0.85 * cells


def test_noise_is_what_was_asked_for():
    clean, noisy = (draw_cells(4, noise=n, dtype="uint16").image.astype(float) for n in (0, 1))
    dark = clean < np.percentile(clean, 20)
    spread = (noisy - clean)[dark].std()
    assert 0.01 * 4095 < spread < 0.05 * 4095


@pytest.mark.parametrize(
    "wrong", [{"size": (9,)}, {"radius": 1.0}, {"dtype": "float32"}, {"noise": -1.0}]
)
def test_settings_that_cannot_be_drawn_are_refused(wrong):
    with pytest.raises(ConfigError, match=str(next(iter(wrong)))):
        draw_cells(0, **wrong)
