"""Defects of serial sections: what is drawn, where it goes, and what stays as it was."""

from dataclasses import fields, replace

import numpy as np
import pytest

from septum.augment import Augmentation, coordinates, crop, draw
from septum.augment.sections import KINDS, draw_sections, jumped, spoiled
from septum.errors import ConfigError

SIZE = (12, 20, 18)
CENTRE = (7.5, 15.0, 14.0)
DEFECTS = replace(Augmentation.none(), jump=2.0, lost=0.5)


def volume(seed=0, channels=2):
    rng = np.random.default_rng(seed)
    shape = (16, 31, 29)
    image = rng.random((channels, *shape), np.float32)
    return image, rng.integers(0, 5, shape).astype(np.uint8), rng.random(shape, np.float32) + 1


def drawn_from(policy, seed=0):
    return draw(policy, np.random.default_rng(seed), 3, 2, SIZE)


def test_a_jump_moves_one_section_of_image_classes_and_weights_alike():
    arrays = volume()
    still = drawn_from(replace(DEFECTS, jump=0.0, lost=1e-9))
    jump = np.zeros((12, 2))
    jump[4], jump[9] = (3, -2), (0, 5)
    moved = replace(still, sections=replace(still.sections, jump=jump))
    before, after = crop(*arrays, still, CENTRE, SIZE), crop(*arrays, moved, CENTRE, SIZE)
    for array, plain, got in zip(arrays, before, after, strict=True):
        expected = plain.copy()
        # CENTRE and SIZE start at voxel (2, 5.5, 5.5): a jump is read that much further on.
        for section, (down, across) in ((4, (3, -2)), (9, (0, 5))):
            centre = (CENTRE[0], CENTRE[1] + down, CENTRE[2] + across)
            there = crop(*arrays, still, centre, SIZE)
            which = [a is array for a in arrays].index(True)
            expected[..., section, :, :] = there[which][..., section, :, :]
        np.testing.assert_array_equal(got, expected)
        assert (got != plain).any()


def test_a_lost_section_is_black_grey_or_buried_and_keeps_its_classes():
    arrays = volume()
    drawn = drawn_from(replace(DEFECTS, jump=0.0, black=-2.0, white=2.0))
    kind = np.array([0, 1, 2, 3, 0, 0, 3, 0, 0, 0, 0, 0])
    lost = replace(drawn, sections=replace(drawn.sections, kind=kind))
    whole = replace(drawn, sections=None)
    (plain, *kept), (image, *classes) = (crop(*arrays, d, CENTRE, SIZE) for d in (whole, lost))
    for before, after in zip(kept, classes, strict=True):
        np.testing.assert_array_equal(before, after)
    assert (image[:, 1] == -2).all()
    assert (image[:, 2] == 0).all()
    np.testing.assert_array_equal(image[:, kind == 0], plain[:, kind == 0])
    noise = (image - plain)[:, kind == 3]
    assert noise.std() == pytest.approx(2, rel=0.1)  # half of white - black
    assert abs(np.corrcoef(noise[:, 0].ravel(), noise[:, 1].ravel())[0, 1]) < 0.15


def test_strengths_are_those_of_the_policy():
    rng = np.random.default_rng(0)
    drawn = draw_sections(rng, 6000, jump=1.5, lost=0.3)
    np.testing.assert_allclose(drawn.jump.std(axis=0), 1.5, rtol=0.05)
    shares = np.bincount(drawn.kind, minlength=len(KINDS)) / 6000
    np.testing.assert_allclose(shares, [0.7, 0.1, 0.1, 0.1], atol=0.02)


def test_each_defect_is_the_same_whether_the_other_is_on_or_off():
    both = drawn_from(DEFECTS).sections
    jump = drawn_from(replace(DEFECTS, lost=0.0)).sections
    lost = drawn_from(replace(DEFECTS, jump=0.0)).sections
    np.testing.assert_array_equal(jump.jump, both.jump)
    np.testing.assert_array_equal(lost.kind, both.kind)
    assert both.kind.any()
    assert not jump.kind.any()
    assert not lost.jump.any()


def test_without_defects_everything_else_is_drawn_as_with_them():
    full = replace(Augmentation(), jump=2.0, lost=0.5)
    rngs = np.random.default_rng(5), np.random.default_rng(5)
    with_them, without = (
        draw(
            policy, rng, 3, 1, SIZE, (4.0, 1.0, 1.0)
        )  # flat, as sections are: turned in their plane
        for policy, rng in zip((full, Augmentation()), rngs, strict=True)
    )
    assert without.sections is None
    for name in ("displacement", "matrix", "shift"):
        np.testing.assert_array_equal(getattr(with_them, name), getattr(without, name))
    for field in fields(with_them.grey):
        one, other = getattr(with_them.grey, field.name), getattr(without.grey, field.name)
        np.testing.assert_array_equal(one, other)
    assert rngs[0].random() == rngs[1].random()


def test_an_image_of_two_axes_has_no_sections():
    assert draw(DEFECTS, np.random.default_rng(0), 2, 1, (30, 30)).sections is None


def test_same_seed_same_bytes_and_inputs_are_not_written_to():
    arrays = volume()
    copies = [array.copy() for array in arrays]
    one, again, other = (crop(*arrays, drawn_from(DEFECTS, s), CENTRE, SIZE) for s in (1, 1, 2))
    assert one[0].tobytes() == again[0].tobytes() != other[0].tobytes()
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    drawn = drawn_from(DEFECTS)
    grid = coordinates(replace(drawn, sections=None), CENTRE, SIZE)
    crop_before, grid_before = one[0].copy(), grid.copy()
    assert (jumped(grid, drawn.sections) != grid).any()
    assert (spoiled(one[0], drawn.sections, 0.0, 1.0) != one[0]).any()
    np.testing.assert_array_equal(grid, grid_before)
    np.testing.assert_array_equal(one[0], crop_before)


@pytest.mark.parametrize(
    ("settings", "hint"),
    [({"jump": -1.0}, "jump is -1"), ({"lost": 1.5}, "lost is 1.5; expected 0 to 1")],
)
def test_settings_that_make_no_sense_are_refused(settings, hint):
    with pytest.raises(ConfigError, match=hint):
        Augmentation(**settings)


def test_sections_are_those_of_the_crop():
    with pytest.raises(ConfigError, match="expected the size of the crop"):
        draw(DEFECTS, np.random.default_rng(0), 3)
    with pytest.raises(ConfigError, match="12 sections were drawn"):
        coordinates(drawn_from(DEFECTS), CENTRE, (11, 20, 18))
