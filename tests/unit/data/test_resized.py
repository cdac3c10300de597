from dataclasses import replace

import numpy as np
import pytest

from septum.classes import Classes
from septum.data.normalise import normalise
from septum.data.resized import resized
from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.resample import rescale

CELLS = draw_cells(3, (60, 80), radius=9, cells=5)


@pytest.mark.parametrize("factor", [0.5, 1.3, 2.0])
def test_the_same_objects_have_as_many_times_the_pixels(factor):
    other = resized(CELLS, factor)
    assert other.image.shape == (1, round(60 * factor), round(80 * factor))
    before, after = (np.bincount(sample.truth.ravel())[1:] for sample in (CELLS, other))
    np.testing.assert_allclose(after, before * factor**2, rtol=0.15)
    assert other.labels.dtype == np.int32
    assert other.annotated is None


def test_nothing_is_changed_where_the_size_is_not():
    assert resized(CELLS, 1.0) is CELLS


def test_what_nobody_annotated_stays_so():
    right = np.zeros(CELLS.shape, bool)
    right[:, 40:] = True
    other = resized(replace(CELLS, annotated=right), 0.5)
    np.testing.assert_array_equal(other.annotated, np.repeat([[False, True]], 20, 1).repeat(30, 0))


def test_volumes_are_resized_along_all_their_axes():
    volume = draw_cells(0, (12, 24, 30), radius=5, cells=3)
    assert resized(volume, 0.5).shape == (6, 12, 15)


def test_classes_that_overlap_stay_what_they_are():
    named = Classes(("cell", "core"), (("cells",), ("cores",)), overlap=True)
    labels = np.zeros((8, 8), np.int32)
    labels[:4] = 1
    labels[2:6] += 2
    sample = Sample(np.zeros((1, 8, 8), np.uint8), labels, named=named)
    np.testing.assert_array_equal(resized(sample, 0.5).truth[:, 0], [1, 3, 2, 0])


@pytest.mark.parametrize(
    ("offset", "dtype"),
    [(0, np.uint8), (0, np.dtype(">u2")), (0, bool), (2**32 - 256, np.uint32), (1e9, np.float64)],
)
def test_grey_values_keep_their_type_and_their_contrast(offset, dtype):
    values = CELLS.image.astype(np.float64) + offset
    if dtype is bool:
        values = CELLS.image > 60
    sample = replace(CELLS, image=values.astype(dtype))
    assert sample.image.dtype == dtype
    assert resized(sample, 1.3).image.dtype == dtype
    seen, expected = (
        normalise(each.image, "percentile")
        for each in (resized(sample, 1.3), resized(replace(CELLS, image=values), 1.3))
    )
    if dtype is not bool:
        expected = normalise(rescale(CELLS.image, 1.3), "percentile")
    np.testing.assert_allclose(seen, expected, atol=0.01)


def test_neighbouring_slices_are_resized_with_their_own():
    of_a_stack = replace(CELLS, image=np.repeat(CELLS.image, 3, axis=0), reach=1)
    assert resized(of_a_stack, 0.5).own.shape == (1, 30, 40)
