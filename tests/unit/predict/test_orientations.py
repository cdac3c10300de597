"""Rotated and mirrored views: all of them, each once, and each undone."""

import numpy as np
import pytest

from septum.errors import ConfigError
from septum.predict import averaged, orientations


@pytest.mark.parametrize(
    ("kind", "ndim", "count"),
    [
        ("none", 2, 1),
        ("flips", 2, 4),
        ("all", 2, 8),
        ("none", 3, 1),
        ("flips", 3, 8),
        ("all", 3, 16),
    ],
)
def test_a_set_has_its_distinct_views_the_identity_first(kind, ndim, count):
    image = np.random.default_rng(0).random((2, *(5,) * ndim))
    views = list(orientations(kind, ndim))
    assert len({view.apply(image).tobytes() for view in views}) == len(views) == count
    np.testing.assert_array_equal(views[0].apply(image), image)


def test_all_views_of_a_plane_are_the_rotations_and_their_mirror_images():
    image = np.random.default_rng(0).random((1, 4, 4))
    turned = {np.rot90(image, k, (1, 2)).tobytes() for k in range(4)}
    mirrored = {np.rot90(image[:, ::-1], k, (1, 2)).tobytes() for k in range(4)}
    assert {view.apply(image).tobytes() for view in orientations("all", 2)} == turned | mirrored


@pytest.mark.parametrize("ndim", [2, 3])
def test_undo_takes_back_what_apply_did_whatever_the_shape(ndim):
    image = np.random.default_rng(0).random((2, *(5, 3, 4)[:ndim]))
    for view in orientations("all", ndim):
        np.testing.assert_array_equal(view.undo(view.apply(image)), image)
        # Channels stay in front, whatever happens to the axes behind.
        assert view.apply(image).shape[0] == 2


@pytest.mark.parametrize("kind", ["none", "flips", "all"])
def test_averaging_what_turns_with_the_tile_changes_nothing(kind):
    tiles = np.random.default_rng(0).random((2, 1, 6, 9)).astype(np.float32)
    seen = []

    def engine(view):
        seen.append(view)
        assert view.flags["C_CONTIGUOUS"]
        return np.concatenate([view, 1 - view], axis=1)

    views = list(orientations(kind, 2))
    result = averaged(engine, views)(tiles)
    np.testing.assert_allclose(result, np.concatenate([tiles, 1 - tiles], axis=1), atol=1e-6)
    assert len(seen) == len(views)


def test_averaging_what_does_not_turn_with_the_tile_averages():
    tiles = np.zeros((1, 1, 2, 2), np.float32)
    corner = np.array([[[[4.0, 0], [0, 0]]]], np.float32)  # always the upper left one as seen
    result = averaged(lambda view: corner, list(orientations("flips", 2)))(tiles)
    np.testing.assert_array_equal(result, np.ones((1, 1, 2, 2)))
    np.testing.assert_array_equal(corner, [[[[4.0, 0], [0, 0]]]])


def test_an_unknown_set_and_an_empty_one_are_refused():
    with pytest.raises(ConfigError, match="orientations is 'some'; it is one of none, flips, all"):
        list(orientations("some", 2))
    with pytest.raises(ValueError, match="no orientation"):
        averaged(lambda view: view, [])
