"""The picture shows the image, shrunk by means, and a line around every object."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from septum.data.synthetic import draw_cells
from septum.outputs import Segmented, overlay, save
from septum.outputs.overlay import shrunk
from septum.report.picture import outlined, outlines


def coloured(path):
    """Return where a picture of a grey image is not grey."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture).astype(int)
    return pixels.max(axis=-1) - pixels.min(axis=-1) > 10


@settings(max_examples=30)
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12)),
    st.integers(1, 5),
    st.sampled_from([1, 2**26]),
)
def test_it_shrinks_by_means_whatever_the_bands(shape, by, held):
    rng = np.random.default_rng(0)
    image, labels = rng.random(shape), rng.integers(0, 9, shape[1:])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlay, "_HELD", held)
        means, ids = shrunk(image, labels, by)
    for y in range(ids.shape[0]):
        for x in range(ids.shape[1]):
            block = slice(y * by, (y + 1) * by), slice(x * by, (x + 1) * by)
            np.testing.assert_allclose(
                means[:, y, x], image[:, *block].mean(axis=(1, 2)), rtol=1e-5
            )
            assert ids[y, x] in labels[block]


def test_lines_are_inside_and_as_wide_as_asked_for():
    labels = np.zeros((9, 9), np.uint16)
    labels[1:8, 1:8] = 1
    image = np.full((9, 9, 3), 100, np.uint8)
    result = outlined(labels, image, width=2)
    changed = (result != image).any(axis=-1)
    expected = labels > 0
    expected[3:6, 3:6] = False
    np.testing.assert_array_equal(changed, expected)
    np.testing.assert_array_equal((outlined(labels, image) != image).any(axis=-1), outlines(labels))


def test_small_images_are_enlarged_and_every_object_has_a_line(make, tmp_path):
    labels = draw_cells(3, (100, 140), radius=9).truth.astype(np.uint16)
    path = save("overlay", make(labels[None]), tmp_path)
    lines = coloured(path)
    assert lines.shape == (500, 700)
    large = labels.repeat(5, axis=0).repeat(5, axis=1)
    assert not lines[large == 0].any()
    assert set(np.unique(large[lines])) == set(np.unique(labels)) - {0}


def test_large_images_are_at_most_2000_px(make, tmp_path):
    labels = np.zeros((1, 30, 5000), np.uint16)
    labels[0, 6:24, 600:3000] = 1
    assert coloured(save("overlay", make(labels), tmp_path)).shape == (10, 1667)


def test_the_middle_of_a_stack_and_of_a_volume_is_shown(make, tmp_path):
    labels = np.zeros((5, 50, 50), np.uint16)
    labels[2, 10:30, 10:30] = 1
    stack = coloured(save("overlay", make(labels, "T", (5,)), tmp_path / "a"))
    volume = coloured(save("overlay", make(labels[None]), tmp_path / "b"))
    assert stack.any()
    assert volume.any()


def test_rgb_stays_in_colour_and_odd_pixels_are_no_obstacle(tmp_path):
    image = np.zeros((1, 3, 20, 20), np.float32)
    image[:, 0] = np.linspace(0, 1, 20)
    image[0, 1, 0, 0] = np.nan
    shares = np.full((1, 2, 20, 20), 0.5, np.float32)
    empty = Segmented("rgb", image, shares, np.zeros((1, 20, 20), np.uint16), (0,))
    with Image.open(save("overlay", empty, tmp_path)) as picture:
        red, green, _blue = np.asarray(picture)[-1, -1]
    assert red > 200
    assert green < 50
