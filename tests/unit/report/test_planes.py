"""Which planes are shown, at which size, and with what in which colour."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.data.synthetic import draw_cells
from septum.evenly import evenly
from septum.report.picture import outlines
from septum.report.planes import drawn, fitting, legend, plane_of, resized


@given(st.integers(0, 50), st.integers(1, 12))
def test_evenly_takes_the_first_the_last_and_steps_that_differ_by_one_at_most(count, number):
    chosen = evenly(range(count), number)
    assert len(chosen) == min(count, number)
    assert chosen[:1] == list(range(count))[:1]
    if number > 1:
        assert chosen[-1:] == list(range(count))[-1:]
        assert np.ptp(np.diff([0, 1] if len(chosen) < 2 else chosen)) <= 1


def test_a_plane_of_a_volume_and_all_of_an_image():
    volume = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    np.testing.assert_array_equal(plane_of(volume, 1), volume[:, 1])
    assert plane_of(volume[0, 0], None).shape == (4, 5)


@pytest.mark.parametrize(
    ("shape", "fits"), [((900, 1400), (450, 700)), ((40, 60), (440, 660)), ((700, 1), (700, 1))]
)
def test_small_images_are_enlarged_by_whole_factors_and_large_ones_fit(shape, fits):
    assert fitting(shape, 700) == fits


def test_resizing_keeps_the_colours_apart():
    image = np.zeros((4, 4, 3), np.uint8)
    image[..., 0], image[..., 2] = 200, 7
    assert (resized(image, (2, 2)) == [200, 0, 7]).all()


def test_only_the_objects_asked_for_are_drawn_inside_and_as_wide_as_asked_for():
    labels = draw_cells(0, (64, 64), radius=8).truth
    ids = np.unique(labels[labels > 0])[::2]
    image = np.full((64, 64, 3), 9, np.uint8)
    colours = np.stack([100 + ids, ids, 0 * ids], axis=1)
    result = drawn(image, labels, ids, colours, 2)
    changed = (result != image).any(-1)
    first = outlines(labels)
    second = outlines(np.where(first, 0, labels))
    np.testing.assert_array_equal(changed, (first | second) & np.isin(labels, ids))
    np.testing.assert_array_equal(result[changed][:, 1], labels[changed])
    assert (image == 9).all()
    np.testing.assert_array_equal(drawn(image, labels, ids[:0], colours[:0], 2), image)


def test_a_legend_names_each_colour():
    said = legend(((1, 2, 3), "cell"), ((4, 5, 6), "a < b"))
    assert said.index("rgb(1, 2, 3)") < said.index("cell") < said.index("rgb(4, 5, 6)")
    assert said.endswith("a &lt; b</span></p>")
