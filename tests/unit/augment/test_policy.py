"""What is drawn: ranges, independence of parts, and grey values."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from septum.augment import Augmentation, draw, vary
from septum.errors import ConfigError

FULL = replace(Augmentation(), shift=4.0, noise_probability=1.0, blur_probability=1.0)
PARTS = {
    "elastic_sigma": "displacement",
    "shift": "shift",
    "brightness": "grey.brightness",
    "contrast": "grey.contrast",
    "gamma": "grey.gamma",
    "noise": "grey.noise",
    "blur": "grey.blur",
}


def flatten(drawn):
    values = {f.name: getattr(drawn, f.name) for f in fields(drawn) if f.name != "grey"}
    return values | {f"grey.{f.name}": getattr(drawn.grey, f.name) for f in fields(drawn.grey)}


def drawn_many(policy, count=400, **arguments):
    rng = np.random.default_rng(0)
    return [draw(policy, rng, **arguments) for _ in range(count)]


@pytest.mark.parametrize("part", PARTS)
def test_switching_one_part_off_leaves_the_others_as_they_were(part):
    full = flatten(draw(FULL, np.random.default_rng(5)))
    rest = flatten(draw(replace(FULL, **{part: 0.0}), np.random.default_rng(5)))
    changed = [name for name in full if not np.array_equal(full[name], rest[name])]
    assert changed == [PARTS[part]]


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_matrix_is_rotation_scale_and_mirror(ndim):
    policy = replace(Augmentation(), rotate=30.0, scale=0.25)
    matrices = np.array([d.matrix for d in drawn_many(policy, ndim=ndim)])
    signs = np.sign(np.linalg.det(matrices))
    assert abs(signs.mean()) < 0.2
    factors = np.abs(np.linalg.det(matrices)) ** (1 / ndim)
    assert 0.8 <= factors.min() < 0.82
    assert 1.22 < factors.max() <= 1.25
    squares = matrices @ matrices.transpose(0, 2, 1) / factors[:, None, None] ** 2
    np.testing.assert_allclose(squares, np.broadcast_to(np.eye(ndim), squares.shape), atol=1e-12)
    cosines = np.abs(matrices[:, -1, -1]) / factors
    assert np.cos(np.deg2rad(30)) <= cosines.min() < np.cos(np.deg2rad(29 if ndim == 2 else 27))


def test_a_volume_of_flat_voxels_is_turned_in_its_plane_and_deformed_by_as_many_micrometres():
    policy = replace(Augmentation(), rotate=180.0, scale=0.25)
    voxel = (4.0, 1.0, 1.0)
    rngs = [np.random.default_rng(seed) for seed in range(300)]
    drawn = [draw(policy, rng, 3, voxel=voxel) for rng in rngs]
    matrices = np.array([d.matrix for d in drawn])
    assert not matrices[:, 0, 1:].any()
    assert not matrices[:, 1:, 0].any()
    assert set(np.sign(matrices[:, 0, 0])) == {-1.0, 1.0}
    along_z, along_x = (np.std([d.displacement[axis] for d in drawn]) for axis in (0, 2))
    assert along_x == pytest.approx(10, rel=0.05)
    assert along_z == pytest.approx(10 / 4, rel=0.05)
    blurred = [d.grey.blur for d in drawn if any(d.grey.blur)]
    assert all(z == pytest.approx(x / 4) for z, _, x in blurred)


def test_about_isotropic_voxels_turn_about_any_axis_in_space_and_not_in_numbers_of_voxels():
    policy = replace(Augmentation(), rotate=180.0, scale=0.0, mirror=False)
    lengths = np.array([1.4, 1.0, 1.0])
    for seed in range(20):
        matrix = draw(policy, np.random.default_rng(seed), 3, voxel=lengths).matrix
        in_space = lengths[:, None] * matrix / lengths
        np.testing.assert_allclose(in_space @ in_space.T, np.eye(3), atol=1e-12)
        assert abs(matrix[0, 1]) > 1e-3


def test_none_draws_the_identity():
    drawn = draw(Augmentation.none(), np.random.default_rng(0))
    assert not drawn.displacement.any()
    assert not drawn.shift.any()
    np.testing.assert_array_equal(drawn.matrix, np.eye(2))
    image = np.random.default_rng(1).normal(0, 3, (2, 8, 8)).astype(np.float32)
    np.testing.assert_array_equal(vary(image, drawn.grey), image)


def test_grey_strengths_keep_their_range():
    greys = [d.grey for d in drawn_many(replace(FULL, black=-2.0, white=2.0))]
    for name, low, high in [
        ("brightness", -0.4, 0.4),
        ("contrast", 1 / 1.2, 1.2),
        ("gamma", 1 / 1.2, 1.2),
        ("noise", 0, 0.12),
        ("blur", 0, 1.0),
    ]:
        values = np.array([np.squeeze(getattr(grey, name)) for grey in greys])
        margin = 0.03 * (high - low)
        assert low <= values.min() < low + margin
        assert high - margin < values.max() <= high


def test_probabilities_are_shares_of_the_draws():
    policy = replace(FULL, noise_probability=0.25, blur_probability=0.75)
    greys = [d.grey for d in drawn_many(policy, 1000)]
    assert abs(np.mean([g.noise > 0 for g in greys]) - 0.25) < 0.06
    assert abs(np.mean([any(g.blur) for g in greys]) - 0.75) < 0.06


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.sampled_from([1, 3]))
def test_dropping_changes_no_other_draw_and_leaves_a_channel(seed, own, slices):
    channels = own * slices
    one, two = np.random.default_rng(seed), np.random.default_rng(seed)
    plain = draw(FULL, one, channels=channels, slices=slices)
    with_drop = draw(replace(FULL, drop_channel=1.0), two, channels=channels, slices=slices)
    assert one.random() == two.random()  # nor what is drawn later
    assert plain.dropped == ()
    for name, value in flatten(plain).items():
        if name != "dropped":
            np.testing.assert_array_equal(value, flatten(with_drop)[name])
    # Of each slice the same channel, and none of an image that has only one.
    assert len({number % own for number in with_drop.dropped}) == (own > 1)
    assert len(with_drop.dropped) == (slices if own > 1 else 0)
    assert all(0 <= number < channels for number in with_drop.dropped)


def test_every_channel_is_dropped_alike_and_as_often_as_asked():
    drawn = drawn_many(replace(FULL, drop_channel=0.3), 2000, channels=3)
    dropped = [number for one in drawn for number in one.dropped]
    assert abs(len(dropped) / 2000 - 0.3) < 0.04
    assert all(abs(dropped.count(number) / len(dropped) - 1 / 3) < 0.07 for number in range(3))


def test_channels_share_a_draw_unless_told_otherwise():
    shared = draw(FULL, np.random.default_rng(0), channels=3).grey
    own = draw(replace(FULL, per_channel=True), np.random.default_rng(0), channels=3).grey
    assert shared.contrast.shape == (1,)
    assert len(set(own.contrast)) == 3
    image = np.ones((3, 4, 4), np.float32)
    still = replace(own, noise=0.0)
    assert len(np.unique(vary(image, still))) == 3


@given(st.integers(0, 2**32 - 1), st.sampled_from([(0.0, 1.0), (-2.0, 2.0)]))
def test_grey_values_of_a_pixel_do_not_depend_on_its_surroundings(seed, scale):
    rng = np.random.default_rng(seed)
    policy = replace(FULL, noise=0.0, blur=0.0, black=scale[0], white=scale[1])
    grey = draw(policy, rng).grey
    image = rng.normal(0.5, 1, (1, 6, 7)).astype(np.float32)
    varied = vary(image, grey)
    alone = vary(image[:, 2:3, 3:4], grey)
    np.testing.assert_array_equal(alone, varied[:, 2:3, 3:4])
    order = np.argsort(image, axis=None)
    assert (np.diff(varied.ravel()[order]) >= -1e-6).all()


def test_contrast_turns_about_the_middle_and_gamma_keeps_black_and_white():
    neutral = draw(Augmentation.none(), np.random.default_rng(0)).grey
    values = np.array([[[-0.5, 0.0, 0.25, 0.5, 1.0, 1.5]]], np.float32)
    contrast = vary(values, replace(neutral, contrast=np.array([2.0])))
    np.testing.assert_allclose(contrast[0, 0], [-1.5, -0.5, 0, 0.5, 1.5, 2.5])
    gamma = vary(values, replace(neutral, gamma=np.array([2.0])))
    np.testing.assert_allclose(gamma[0, 0], [-0.5, 0, 0.0625, 0.25, 1, 1.5], atol=1e-6)
    brightness = vary(values, replace(neutral, brightness=np.array([0.125])))
    np.testing.assert_allclose(brightness, values + 0.125)


def test_noise_and_blur_have_the_drawn_strength():
    neutral = draw(Augmentation.none(), np.random.default_rng(0)).grey
    flat = np.full((1, 200, 200), 0.3, np.float32)
    noisy = vary(flat, replace(neutral, noise=0.05, noise_seed=4))
    assert abs((noisy - flat).std() - 0.05) < 0.001
    assert noisy.dtype == np.float32
    np.testing.assert_array_equal(noisy, vary(flat, replace(neutral, noise=0.05, noise_seed=4)))
    point = np.zeros((1, 41, 41), np.float32)
    point[0, 20, 20] = 1
    blurred = vary(point, replace(neutral, blur=(2.0, 2.0)))[0]
    np.testing.assert_allclose(blurred.sum(), 1, rtol=1e-3)
    spread = ((np.arange(41) - 20) ** 2 * blurred.sum(axis=0)).sum()
    np.testing.assert_allclose(spread, 4, rtol=0.02)
    flat = vary(point, replace(neutral, blur=(0.0, 2.0)))[0]
    assert not flat[:20].any()
    np.testing.assert_allclose(flat[20], blurred.sum(axis=0), atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"elastic_sigma": -1.0}, "elastic_sigma is -1"),
        ({"elastic_grid": 1}, "2 or more"),
        ({"noise_probability": 1.5}, "0 to 1"),
        ({"gamma": float("nan")}, "gamma is nan"),
        ({"white": -1.0}, "more than black"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, hint):
    with pytest.raises(ConfigError, match=hint):
        Augmentation(**settings)
