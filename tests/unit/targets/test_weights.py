"""The weight map and the distances equal one whole-image distance map per instance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.ndimage import distance_transform_edt

from septum.errors import ConfigError, DataError
from septum.targets import (
    border_weights,
    class_balance,
    class_map,
    separate,
    two_nearest,
    weight_map,
)


def label_images(min_dims=1, max_side=14):
    """Label images of 1 to 3 axes, from a single cell's pixel to crowds that touch."""

    def scatter(shape, cells, share, seed):
        rng = np.random.default_rng(seed)
        return rng.integers(1, cells + 1, shape) * (rng.random(shape) < share)

    shapes = array_shapes(min_dims=min_dims, max_dims=3, max_side=max_side)
    shares = st.sampled_from([0.0, 0.01, 0.05, 0.3, 1.0])
    return st.builds(scatter, shapes, st.integers(1, 6), shares, st.integers(0, 2**32 - 1))


spacings = st.sampled_from([None, 0.5, (3.0, 1.0, 1.3)])


def for_rank(spacing, ndim):
    return spacing[-ndim:] if isinstance(spacing, tuple) else spacing


def distances(labels, spacing):
    """Distance of every pixel to every cell, nearest first, at least two: the reference."""
    sampling = np.broadcast_to(1.0 if spacing is None else spacing, labels.ndim)
    maps = [distance_transform_edt(labels != i, sampling) for i in np.unique(labels) if i]
    return np.sort([*maps, *np.full((2, *labels.shape), np.inf)], axis=0)


def border_term(labels, w0, sigma, spacing=None):
    """Equation 2, second term, to the letter: the reference."""
    d1, d2 = distances(labels, spacing)[:2]
    return np.where(labels == 0, w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2)), 0)


@given(label_images(), spacings, st.sampled_from([0.0, 2.5, 6.0, np.inf]), st.booleans())
def test_two_nearest_equals_brute_force(labels, spacing, limit, background_only):
    spacing = for_rank(spacing, labels.ndim)
    d1, d2 = distances(labels, spacing)[:2]
    d2 = np.where(background_only & (labels > 0), np.inf, d2)
    for fast, slow in zip(
        two_nearest(labels, limit, spacing, background_only), (d1, d2), strict=True
    ):
        np.testing.assert_allclose(fast, np.where(slow <= limit, slow, np.inf), rtol=1e-12)


@given(
    label_images(), spacings, st.sampled_from([(10.0, 5.0), (3.0, 0.8)]), st.integers(0, 2**31 - 3)
)
def test_border_weights_equal_brute_force(labels, spacing, strength, offset):
    spacing = for_rank(spacing, labels.ndim)
    labels = np.where(labels > 1, labels.astype(np.int64) + offset, labels)
    weights = border_weights(labels, *strength, spacing)
    assert weights.dtype == np.float32
    expected = border_term(labels, *strength, spacing)
    np.testing.assert_allclose(weights, expected, rtol=1e-5, atol=1e-9 * strength[0])


def test_border_weights_equal_brute_force_among_many_cells():
    rng = np.random.default_rng(3)
    labels = np.zeros((96, 128), np.uint16)
    for i, (y, x) in enumerate(rng.integers(2, (94, 126), (60, 2)), start=1):
        labels[y - 2 : y + 3, x - 2 : x + 3] = i
    labels = separate(labels)
    expected = border_term(labels, 10.0, 5.0)
    assert expected.max() > 5
    np.testing.assert_allclose(border_weights(labels), expected, rtol=1e-5, atol=1e-8)


def test_one_pixel_gap_has_the_weight_of_the_paper():
    weights = border_weights(np.array([[1, 1, 0, 2, 2]]))
    np.testing.assert_allclose(weights, [[0, 0, 10 * np.exp(-(2**2) / 50), 0, 0]], rtol=1e-6)


def test_fewer_than_two_cells_weigh_nothing():
    one = np.zeros((20, 20), int)
    one[5:9, 5:9] = 4
    assert not border_weights(one).any()
    assert not border_weights(np.zeros((3, 4, 5), int)).any()


@given(
    arrays(np.uint8, array_shapes(max_dims=3, max_side=6), elements=st.integers(0, 3)), st.data()
)
def test_class_balance_law(classes, data):
    annotated = data.draw(arrays(bool, classes.shape))
    weights = class_balance(classes, annotated)
    assert (weights[~annotated] == 0).all()
    present = np.unique(classes[annotated])
    for c in present:
        here = annotated & (classes == c)
        expected = annotated.sum() / (len(present) * here.sum())
        np.testing.assert_allclose(weights[here], expected, rtol=1e-6)
    if annotated.any():
        np.testing.assert_allclose(weights[annotated].mean(dtype=float), 1, rtol=1e-5)


@settings(max_examples=30)
@given(label_images(min_dims=2, max_side=10), st.data())
def test_weight_map_is_both_terms_of_the_separated_labels(labels, data):
    annotated = data.draw(arrays(bool, labels.shape, elements=st.booleans()))
    cells = separate(labels)
    expected = class_balance(cells > 0, annotated) + border_term(cells, 10, 5) * annotated
    np.testing.assert_allclose(
        weight_map(labels, annotated=annotated), expected, rtol=1e-5, atol=1e-8
    )


def test_the_ridge_between_touching_cells_gets_the_border_weight():
    touching = np.repeat([[1] * 4 + [2] * 5], 6, axis=0)
    ridge = class_map(touching) == 0
    assert ridge.sum() == 6
    weights = weight_map(touching)
    assert weights[ridge].min() > 9
    assert weights[~ridge].max() < 2


@given(label_images(max_side=8), spacings, st.sampled_from([0.5, 1.0, 2.0, 4.5]))
def test_border_class_equals_brute_force(labels, spacing, width):
    spacing = for_rank(spacing, labels.ndim)
    d1, d2 = distances(labels, spacing)[:2]
    interior = separate(labels) > 0
    expected = np.where((d1 <= width) & (d2 <= width), 2, interior)
    expected[(labels > 0) & ~interior] = 2
    classes = class_map(labels, width, spacing)
    assert classes.dtype == np.uint8
    np.testing.assert_array_equal(classes, expected)


@given(label_images(max_side=8))
def test_without_border_there_are_the_two_classes_of_the_paper(labels):
    np.testing.assert_array_equal(class_map(labels), separate(labels) > 0)


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda x: border_weights(x, sigma=0), "sigma is 0"),
        (lambda x: border_weights(x, w0=-1), "w0 is -1"),
        (lambda x: border_weights(x, spacing=(1, 2, 3)), "2 positive numbers"),
        (lambda x: border_weights(x, spacing=0), "2 positive numbers"),
        (lambda x: two_nearest(x, -1), "limit is -1"),
        (lambda x: class_map(x, border=-2), "border is -2"),
    ],
)
def test_settings_that_make_no_sense_are_refused(call, hint):
    with pytest.raises(ConfigError, match=hint):
        call(np.eye(4, dtype=int))


def test_annotated_of_another_shape_is_refused():
    with pytest.raises(DataError, match=r"\(3, 4\).*\(4, 4\)"):
        weight_map(np.eye(4, dtype=int), annotated=np.ones((3, 4), bool))
