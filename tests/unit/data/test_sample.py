"""What a sample and a dataset of them refuse."""

import numpy as np
import pytest

from septum.data.normalise import stretch_of
from septum.data.sample import Sample, refuse_empty
from septum.errors import DataError


def test_a_dataset_without_any_object_is_refused():
    def sample(value):
        return Sample(np.ones((1, 4, 4)), np.full((4, 4), value, np.int32))

    refuse_empty([sample(0), sample(1)], "d", "b.png")
    with pytest.raises(DataError, match=r"d: empty labels: .* 2 label images, such as b\.png"):
        refuse_empty([sample(0), sample(0)], "d", "b.png")


def test_labels_of_another_size_are_refused_with_both_sizes():
    with pytest.raises(DataError, match=r"a\.tif: sizes differ: .* 8 x 9, the labels 9 x 8 pixels"):
        Sample(np.zeros((1, 8, 9)), np.zeros((9, 8), np.int32), source="a.tif")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_that_are_no_numbers_are_counted_and_located(value):
    image = np.zeros((1, 5, 6), np.float32)
    image[0, 2, 3] = image[0, 4, 4] = value
    with pytest.raises(DataError, match=r"a\.tif: 2 of 30 pixels are NaN.* first at Y 2, X 3"):
        Sample(image, source="a.tif")


@pytest.mark.parametrize("shape", [(4, 4), (1, 0, 5)])
def test_images_without_channels_or_pixels_are_refused(shape):
    with pytest.raises(DataError, match="an image of shape"):
        Sample(np.zeros(shape))


@pytest.mark.parametrize("spacing", [(0.5, 0.0), (np.nan, 0.5), (-1.0, 0.5), (np.inf, 0.5), (0.5,)])
def test_a_spacing_that_is_none_is_refused(spacing):
    with pytest.raises(DataError, match=r"a\.tif: spacing \("):
        Sample(np.zeros((1, 5, 6)), spacing=spacing, source="a.tif")


@pytest.mark.parametrize("channels", [1, 2])
def test_a_pixel_that_is_no_number_is_named_as_before_a_prediction(channels):
    image = np.zeros((channels, 4, 6, 7), np.float32)
    image[-1, 2, 3, 5] = np.nan
    with pytest.raises(DataError) as caught:
        Sample(image, np.ones((4, 6, 7), np.int32), name="a")
    with pytest.raises(DataError) as predicting:
        stretch_of(image, "none")
    assert str(caught.value) == f"a: {predicting.value}"
    assert "first at Z 2, Y 3, X 5" in str(caught.value)
    assert ("of channel 1" in str(caught.value)) == (channels == 2)
