"""A stack is a volume where its objects go on from slice to slice, unless the user says."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile

from septum.data.layouts import Reading, find
from septum.data.layouts.rank import goes_on
from septum.errors import ConfigError

BALLS = np.zeros((6, 20, 20), np.uint16)
BALLS[1:5, 2:8, 2:8] = 1
BALLS[0:4, 12:18, 12:18] = 7
SLICES = np.zeros_like(BALLS)
for z in range(6):
    SLICES[z, 2:8, 2:8] = 2 * z + 1
    SLICES[z, 12:18, 12:18] = 2 * z + 2


def dataset(folder, labels, axes="ZYX", **metadata):
    for name, array in (("images", np.where(labels, 200, 10).astype(np.uint8)), ("masks", labels)):
        (folder / name).mkdir()
        tifffile.imwrite(
            folder / name / "a.tif", array, imagej=True, metadata={"axes": axes, **metadata}
        )
    return folder


def test_objects_that_go_on_make_a_volume(tmp_path):
    (sample,) = find(dataset(tmp_path, BALLS)).load()
    assert sample.shape == (6, 20, 20)
    assert set(np.unique(sample.labels)) == {0, 1, 2}


def test_objects_of_one_slice_each_are_those_of_slices(tmp_path):
    samples = find(dataset(tmp_path, SLICES)).load()
    assert [sample.shape for sample in samples] == [(20, 20)] * 6
    assert all(sample.slice for sample in samples)


def test_frames_are_no_volume_though_tracked_cells_keep_their_ids(tmp_path):
    samples = find(dataset(tmp_path, BALLS, "TYX")).load()
    assert [sample.ndim for sample in samples] == [2] * 6


@pytest.mark.parametrize(("step", "ndim"), [(1.0, 3), (2.0, 3), (2.1, 2), (None, 2)])
def test_a_mask_is_of_a_volume_where_voxels_are_known_to_be_short(tmp_path, step, ndim):
    mask = np.where(BALLS, 255, 0).astype(np.uint8)
    reading = Reading(spacing=None if step is None else (step, 0.5, 0.5))
    samples = find(dataset(tmp_path, mask), reading).load()
    assert {sample.ndim for sample in samples} == {ndim}
    assert all(sample.spacing == reading.spacing for sample in samples if ndim == 3 and step)


def test_the_user_knows_better(tmp_path):
    found = find(dataset(tmp_path, BALLS))
    slices = replace(found, reading=Reading(ndim=2, spacing=(2.0, 0.5, 0.25))).load()
    assert len(slices) == 6
    assert slices[0].spacing == (0.5, 0.25)
    (volume,) = replace(found, reading=Reading(ndim=3)).load()
    assert volume.ndim == 3
    (even,) = replace(found, reading=Reading(ndim=3, spacing=(0.5,))).load()
    assert even.spacing == (0.5, 0.5, 0.5)
    with pytest.raises(ConfigError, match=r"the spacing is .0.5, 0.5. for 3 spatial axes"):
        replace(found, reading=Reading(ndim=3, spacing=(0.5, 0.5))).load()


def test_a_rank_or_a_size_that_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="ndim is 4; expected 2"):
        Reading(ndim=4)
    with pytest.raises(ConfigError, match="expected sizes in µm above 0"):
        Reading(spacing=(0.0, 1.0))


def test_most_objects_must_go_on_and_lie_over_one_another():
    assert goes_on(BALLS)
    assert goes_on(SLICES) is False
    assert goes_on(np.zeros_like(BALLS)) is None
    few = SLICES.copy()
    few[3, 2:8, 2:8] = few[2, 2:8, 2:8]
    assert not goes_on(few)
    jumping = np.zeros_like(BALLS)  # counted from 1 in each slice: they meet by chance
    for z in range(6):
        jumping[z, 2:8, 2 + 4 * (z % 2) : 8 + 4 * (z % 2)] = 1
    assert not goes_on(jumping)


def test_slices_that_nobody_annotated_say_nothing():
    sparse = np.where(np.isin(np.arange(6), (2, 3))[:, None, None], BALLS, 0)
    assert goes_on(sparse)
    assert goes_on(np.where(np.isin(np.arange(6), (1, 3))[:, None, None], BALLS, 0)) is None
    assert goes_on(SLICES, annotated=np.zeros(SLICES.shape, bool)) is None


def test_the_first_pair_that_can_tell_decides(tmp_path):
    dataset(tmp_path, np.zeros_like(BALLS))
    for name, array in (("images", np.where(BALLS, 200, 10).astype(np.uint8)), ("masks", BALLS)):
        tifffile.imwrite(tmp_path / name / "b.tif", array, imagej=True, metadata={"axes": "ZYX"})
    assert [sample.shape for sample in find(tmp_path).load()] == [(6, 20, 20)] * 2
