"""Seeds parted at necks: the parts are the maxima of depth that persist."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.morphology import local_maxima, reconstruction

from septum.instances import necks
from septum.instances.necks import parted


def discs(shape, *middles, radius):
    places = np.stack(np.indices(shape), axis=-1)
    away = [np.linalg.norm(places - np.array(middle), axis=-1) for middle in middles]
    return np.min(away, axis=0) <= radius


def count(mask):
    return ndimage.label(mask)[1]


def test_two_discs_that_overlap_are_parted_along_a_line_between_them():
    seeds = discs((40, 60), (20, 18), (20, 40), radius=13)
    cut = parted(seeds, 2)
    assert count(seeds) == 1
    assert count(cut) == 2
    assert set(np.nonzero(seeds & ~cut)[1]) <= {28, 29, 30}
    assert not (cut & ~seeds).any()


def test_a_neck_is_as_deep_as_it_is():
    """Discs of radius 13 meet where the waist is 2 x 7 px wide: 14 - 7 is what parts them."""
    seeds = discs((40, 60), (20, 18), (20, 40), radius=13)
    found = [count(parted(seeds, depth)) for depth in (1, 3, 5, 5.5, 9)]
    assert found == sorted(found, reverse=True)
    assert found[0] == 2
    assert found[-1] == 1


def test_what_has_no_neck_stays_as_it_is():
    for seeds in (
        discs((40, 40), (20, 20), radius=15),
        np.ones((30, 30), bool),
        np.zeros((30, 30), bool),
        discs((30, 40), (0, 20), radius=14),
    ):
        np.testing.assert_array_equal(parted(seeds, 1), seeds)


def test_an_object_at_the_edge_is_deepest_there():
    half = discs((40, 60), (0, 18), (0, 40), radius=13)
    whole = discs((79, 60), (39, 18), (39, 40), radius=13)
    np.testing.assert_array_equal(parted(half, 2), parted(whole, 2)[39:])


def test_what_is_longer_than_a_block_sees_around_it_is_left_whole(monkeypatch):
    seeds = discs((40, 60), (20, 18), (20, 40), radius=13)
    assert np.ptp(np.nonzero(seeds)[1]) + 1 == 49
    for reach, parts in ((48, 1), (49, 2)):
        monkeypatch.setattr(necks, "_BOX", reach**2)
        assert count(parted(seeds, 2)) == parts


@settings(max_examples=60)
@given(
    shape=st.sampled_from([(48, 48), (15, 70), (14, 16, 18)]),
    seed=st.integers(0, 2**32),
    depth=st.sampled_from([0.77, 1.53, 2.91]),
)
def test_there_are_as_many_parts_as_maxima_that_persist(shape, seed, depth):
    noise = np.random.default_rng(seed).normal(size=shape)
    seeds = ndimage.gaussian_filter(noise, 2.5) > 0
    cut = parted(seeds, depth)
    cross = ndimage.generate_binary_structure(len(shape), 1)
    labels, number = ndimage.label(seeds)
    for one in range(1, number + 1):
        own = labels == one
        deep = ndimage.distance_transform_edt(own)
        level = reconstruction(np.maximum(deep - depth, 0), deep, footprint=cross)
        # What is no deeper than `depth` everywhere is one part all the same.
        persist = count(local_maxima(level, connectivity=1) & own) if level.any() else 1
        assert count(cut & own) == persist


def test_a_volume_of_few_slices_is_parted_as_one_of_them():
    seeds = discs((40, 60), (20, 18), (20, 40), radius=13)
    for slices in (1, 2, 5):
        volume = np.repeat(seeds[np.newaxis, 8:32, 10:48], slices, axis=0)
        for plane in parted(volume, 2):
            np.testing.assert_array_equal(plane, parted(seeds[8:32, 10:48], 2))


def test_only_what_reaches_the_inner_part_is_cut():
    near, far = (discs((40, 120), (20, x), (20, x + 22), radius=13) for x in (18, 78))
    cut = parted(near | far, 2, (slice(0, 40), slice(0, 40)))
    np.testing.assert_array_equal(cut, parted(near, 2) | far)


@pytest.mark.parametrize("angle", [0, 1, 2, 3])
def test_a_turned_image_has_as_many_parts(angle):
    noise = np.random.default_rng(angle).normal(size=(60, 60))
    seeds = ndimage.gaussian_filter(noise, 2.5) > 0
    assert count(parted(np.rot90(seeds, angle), 1.53)) == count(parted(seeds, 1.53))
