"""Tiles are read ahead and written behind; what fails there is not lost."""

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from septum.array import View, item
from septum.errors import DataError
from septum.geometry import Interval
from septum.predict import Probabilities, overlap_tile, read, softmax


def centre(tiles):
    return tiles[:, :, 20:-20, 20:-20]  # the context of depth 2


def test_image_and_scores_may_lie_on_disk(tmp_path):
    image = np.random.default_rng(0).random((1, 150, 90), np.float32)
    kind = {"shape": (2, 1, 150, 90), "dtype": "f4", "chunks": (1, 1, 40, 40)}
    stored = [zarr.create_array(tmp_path / f"{number}", **kind) for number in range(2)]
    stored[0][1] = image
    overlap_tile(item(stored[0], 1), centre, 80, item(stored[1], 1), 2)
    np.testing.assert_array_equal(stored[1][1], image)
    assert not stored[1][0].any()


def test_a_source_that_fails_half_way_ends_the_prediction_with_its_error():
    image = np.zeros((1, 200, 200), np.float32)

    def fails(window):
        if window[1].stop > 150:
            raise DataError("rows 150 to 200 are damaged")
        return image[window]

    seen = []
    with pytest.raises(DataError, match="rows 150 to 200 are damaged"):
        overlap_tile(
            View(image.shape, image.dtype, fails), centre, 80, image.copy(), 2,
            on_tile=lambda done, total: seen.append(done),
        )  # fmt: skip
    assert seen


def test_a_sink_that_fails_ends_the_prediction_with_its_error():
    class Full:
        shape, dtype = (1, 200, 200), np.dtype(np.float32)

        def __setitem__(self, window, pixels):
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        overlap_tile(np.zeros((1, 200, 200), np.float32), centre, 80, Full(), 2)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(-20, 20), st.integers(1, 30)), min_size=1,
                max_size=3))  # fmt: skip
def test_reading_beyond_the_edge_mirrors_as_numpy_does(axes):
    image = np.random.default_rng(0).random((2, *(size for size, _, _ in axes)))
    window = [Interval(start, start + length) for _, start, length in axes]
    padded = image
    for axis, size in enumerate(image.shape[1:], start=1):
        widths = [(60, 60) if axis == place else (0, 0) for place in range(image.ndim)]
        padded = np.pad(padded, widths, mode="edge" if size == 1 else "reflect")
    inside = tuple(slice(i.start + 60, i.stop + 60) for i in window)
    np.testing.assert_array_equal(read(image, window), padded[(slice(None), *inside)])


def test_softmax_is_that_of_the_paper_and_does_not_overflow():
    scores = np.array([[1.0, 1000.0], [2.0, 1001.0], [-5.0, -2000.0]])
    expected = np.exp(scores - 1000 * (scores > 500)) * (scores > -1000)
    result = softmax(scores)
    np.testing.assert_allclose(
        result[:, 0], np.exp(scores[:, 0]) / np.exp(scores[:, 0]).sum(), rtol=1e-6
    )
    np.testing.assert_allclose(result[:2, 1], expected[:2, 1] / expected[:2, 1].sum(), rtol=1e-6)
    assert result[2, 1] == 0
    assert result.dtype == np.float32


def test_a_softmaxed_sink_takes_scores_and_keeps_probabilities():
    scores = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    kept = np.zeros((3, 6, 9), np.float32)
    sink = Probabilities(kept)
    assert sink.shape == kept.shape
    sink[(slice(0, 3), slice(1, 5), slice(2, 7))] = scores
    np.testing.assert_array_equal(kept[:, 1:5, 2:7], softmax(scores))
    assert np.count_nonzero(kept) == 60
