"""What is measured block by block equals what scikit-image measures on the whole image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import regionprops

from septum.array import View
from septum.instances.measure import measure, windows


def draw(seed, shape, count, channels=2):
    """Return labels of blobs that may be cut into pieces, and an image."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.uint16)
    grid = np.indices(shape)
    for label in range(1, count + 1):
        centre = [rng.uniform(0, size) for size in shape]
        radii = [rng.uniform(0.6, max(size / 2, 0.7)) for size in shape]
        far = sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True))
        labels[far < 1] = label
    return labels, rng.integers(0, 60_000, (channels, *shape)).astype(np.uint16)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.lists(st.integers(1, 24), min_size=2, max_size=3).map(tuple),
    count=st.integers(0, 6),
    block=st.sampled_from([1, 5, 8, None]),
    steps=st.none() | st.tuples(*[st.floats(0.1, 3)] * 3),
)
def test_it_is_what_scikit_image_measures_on_the_whole(seed, shape, count, block, steps):
    labels, image = draw(seed, shape, count)
    rank = len(shape)
    spacing = None if steps is None else steps[:rank]
    table = measure(labels, image, count, ("dapi", "actin"), spacing, block)
    expected = regionprops(labels, np.moveaxis(image, 0, -1))
    scaled = regionprops(labels, spacing=spacing)
    size, unit = ("area", "volume")[rank - 2], "px" if spacing is None else "um"
    assert table["label"].tolist() == [region.label for region in expected]
    for row, (region, physical) in enumerate(zip(expected, scaled, strict=True)):
        assert table[f"{size}_px"][row] == region.area
        if spacing is not None:
            assert table[f"{size}_um{rank}"][row] == pytest.approx(physical.area)
        for at, axis in enumerate("zyx"[-rank:]):
            assert table[f"centroid_{axis}_px"][row] == pytest.approx(region.centroid[at])
            assert table[f"bbox_{axis}_start"][row] == region.bbox[at]
            assert table[f"bbox_{axis}_stop"][row] == region.bbox[rank + at]
            if spacing is not None:
                assert table[f"centroid_{axis}_um"][row] == pytest.approx(physical.centroid[at])
        np.testing.assert_allclose(
            [table["mean_dapi"][row], table["mean_actin"][row]], region.intensity_mean
        )
        if rank == 2:
            # By the smaller axis over the larger: near a circle a rounding in the moments is a
            # larger difference in the eccentricity than in the axes.
            flat = np.sqrt(1 - physical.eccentricity**2)
            assert np.sqrt(1 - table["eccentricity"][row] ** 2) == pytest.approx(flat, abs=1e-6)
            minor, major = physical.axis_minor_length, physical.axis_major_length
            assert table[f"axis_minor_{unit}"][row] == pytest.approx(minor, abs=1e-6)
            assert table[f"axis_major_{unit}"][row] == pytest.approx(major, abs=1e-6)
        edge = min(region.bbox[:rank]) == 0 or any(np.equal(region.bbox[rank:], shape))
        assert table["touches_edge"][row] == edge


def test_an_ellipsoid_has_the_axes_that_it_was_drawn_with():
    z, y, x = np.ogrid[-20:21, -20:21, -20:21]
    labels = ((z / 6) ** 2 + (y / 10) ** 2 + (x / 18) ** 2 < 1).astype(np.uint8)
    table = measure(labels, labels[None], 1, spacing=(3.0, 1.0, 0.5))
    assert table["axis_major_um"][0] == pytest.approx(36, rel=0.02)  # along z
    assert table["axis_minor_um"][0] == pytest.approx(18, rel=0.02)  # along x
    assert "eccentricity" not in table


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), block=st.sampled_from([3, 5, 8]))
def test_blocks_make_no_difference_to_any_digit(seed, block):
    labels, image = draw(seed, (14, 11, 17), 3)
    spacing = (0.7, 0.3, 0.3)
    whole = measure(labels, image, 3, spacing=spacing)
    for name, column in measure(labels, image, 3, spacing=spacing, block=block).items():
        np.testing.assert_array_equal(column, whole[name], err_msg=name)


def test_far_from_the_corner_no_digit_is_lost():
    near, image = draw(3, (12, 12), 1)
    size = 2**21

    def far(pixels):
        def read(window):
            whole = np.zeros([part.stop - part.start for part in window], np.uint16)
            if window[-1].stop == size:
                whole[..., -12:] = pixels
            return whole

        return View((*pixels.shape[:-1], size), pixels.dtype, read)

    table = measure(far(near), far(image[:1]), 1, block=2**15)
    expected = measure(near, image[:1], 1)
    for name in ("axis_major_px", "axis_minor_px", "eccentricity", "mean_channel_1"):
        assert table[name] == expected[name]
    assert table["centroid_x_px"] == expected["centroid_x_px"] + size - 12


def test_no_objects_are_columns_without_rows():
    table = measure(np.zeros((5, 7), np.uint16), np.ones((1, 5, 7)), 0, spacing=(1.0, 1.0))
    assert {len(column) for column in table.values()} == {0}
    assert {"label", "area_um2", "eccentricity", "mean_channel_1"} <= table.keys()


def test_an_id_beyond_the_count_is_no_write_beyond_the_sums():
    with pytest.raises(ValueError, match="label 9 in an image of 3 objects"):
        measure(np.full((2, 2), 9, np.uint16), np.ones((1, 2, 2)), 3)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=3), st.integers(1, 5))
def test_windows_cover_every_pixel_once(shape, edge):
    seen = np.zeros(shape, int)
    for window in windows(tuple(shape), edge):
        seen[window] += 1
        assert max(seen[window].shape) <= edge
    assert (seen == 1).all()
