"""What goes wrong in a training is called out, with what it may come from."""

import numpy as np
import pytest
from PIL import Image

from septum.data.crops import Batch
from septum.training.guards import Background, Diverged, check_loss, save_batch


def batch_of(classes, names=("one", "two")):
    images = np.zeros((len(names), 1, 12, 12), np.float32)
    classes = np.full((len(names), 8, 8), classes, np.uint8)
    return Batch(images, classes, np.ones(classes.shape, np.float32), tuple(names))


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), 1e9])
def test_a_loss_beyond_all_bounds_names_the_tiles_and_a_lower_rate(loss):
    with pytest.raises(Diverged, match=r"at step 7, with tiles of one, two: .*=0\.0001") as caught:
        check_loss(loss, 7, batch_of(0), 1e-3)
    assert (caught.value.number, caught.value.batch.names) == (7, ("one", "two"))
    check_loss(12.0, 7, batch_of(0), 1e-3)


def test_a_network_that_finds_nothing_is_called_out_once_and_not_before_it_is_warm():
    said = []
    guard = Background(said.append)
    for _ in range(50):
        guard.look(batch_of(1), found=False, share=0.1)
    for _ in range(29):
        guard.look(batch_of(1), found=False, share=0.5)
    assert not said
    for _ in range(40):
        guard.look(batch_of(1), found=False, share=0.5)
    assert len(said) == 1
    assert "took every pixel for background" in said[0]


def test_tiles_without_objects_and_networks_that_find_some_are_no_reason():
    said = []
    guard = Background(said.append)
    for _ in range(50):
        guard.look(batch_of(0), found=False, share=0.5)
        guard.look(batch_of(1), found=True, share=0.5)
    assert not said


def test_the_batch_is_kept_as_arrays_and_as_a_picture(tmp_path):
    batch = batch_of(1)
    batch.images[0, 0, 0, 0] = np.nan
    path = save_batch(batch, tmp_path / "diverged-7")
    with np.load(path) as arrays:
        np.testing.assert_array_equal(arrays["images"], batch.images)
        np.testing.assert_array_equal(arrays["classes"], batch.classes)
    with Image.open(tmp_path / "diverged-7.png") as picture:
        assert picture.width > 1000  # three panels side by side
