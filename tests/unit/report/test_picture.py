"""Pictures show what they are given, in the right place."""

import numpy as np
import pytest
from PIL import Image

from septum.classes import parse_classes
from septum.data.synthetic import draw_cells
from septum.errors import SeptumError
from septum.report.picture import (
    Panel,
    coloured,
    compose,
    grey,
    heat,
    legend,
    outlined_classes,
    outlines,
    save,
)

LABELS = draw_cells(0, (64, 64), radius=8).truth


def test_grey_stretches_the_contrast_whatever_the_type():
    image = np.linspace(300, 900, 100 * 100).reshape(100, 100).astype(np.uint16)
    result = grey(image)
    assert result.shape == (100, 100, 3)
    assert result.dtype == np.uint8
    assert (result[..., 0] == result[..., 1]).all()
    assert (result[..., 0] == result[..., 2]).all()
    assert (result.min(), result.max()) == (0, 255)
    assert (np.diff(result[..., 0].ravel().astype(int)) >= 0).all()
    assert not grey(np.full((5, 5), 7)).any()  # no contrast, no division by zero


def test_three_channels_are_red_green_and_blue_and_others_show_the_first():
    image = np.zeros((3, 10, 10))
    image[1, :, 5:] = 1
    assert (grey(image)[0, 7] == [0, 255, 0]).all()
    assert (grey(image[1:])[0, 7] == 255).all()


def test_heat_rises_from_black_to_pale_and_is_cut_at_the_highest():
    values = np.linspace(0, 2, 50)[None]
    result = heat(values, highest=1).astype(int)
    brightness = result.sum(axis=-1)[0]
    assert (np.diff(brightness) >= 0).all()
    assert tuple(result[0, 0]) == (0, 0, 4)
    assert tuple(result[0, 30]) == tuple(result[0, -1]) == (252, 255, 164)
    assert tuple(heat(values)[0, -1]) == (252, 255, 164)
    assert tuple(heat(np.zeros((2, 2)))[0, 0]) == (0, 0, 4)


def test_outlines_are_the_pixels_of_an_instance_that_meet_another_value():
    expected = np.zeros(LABELS.shape, bool)
    padded = np.pad(LABELS, 1, mode="edge")
    for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
        expected |= padded[dy : dy + 64, dx : dx + 64] != LABELS
    np.testing.assert_array_equal(outlines(LABELS), expected & (LABELS > 0))


def test_instances_get_colours_that_differ_and_background_none():
    result = coloured(LABELS)
    inside = ~outlines(LABELS)
    assert not result[LABELS == 0].any()
    colours = set()
    for label in range(1, LABELS.max() + 1):
        found = {tuple(pixel) for pixel in result[(label == LABELS) & inside].tolist()}
        assert len(found) == 1
        colours |= found
    assert len(colours) == LABELS.max()
    dark = result[outlines(LABELS)].max()
    assert dark < min(max(colour) for colour in colours)


def test_over_an_image_the_background_is_the_image():
    raw = grey(draw_cells(0, (64, 64), radius=8).image[0])
    result = coloured(LABELS, raw)
    np.testing.assert_array_equal(result[LABELS == 0], raw[LABELS == 0])
    assert (result[LABELS > 0] != raw[LABELS > 0]).any(axis=-1).mean() > 0.9


def test_an_image_without_instances_is_black():
    assert not coloured(np.zeros((4, 4), np.int32)).any()


def test_panels_stand_in_rows_under_their_titles():
    red, blue = (np.zeros((20, 30, 3), np.uint8) for _ in range(2))
    red[..., 0] = blue[..., 2] = 255
    sheet = np.asarray(compose([Panel("a", red), Panel("b", blue), Panel("c", red)], 2, width=60))
    reds = (sheet == [255, 0, 0]).all(axis=-1)
    blues = (sheet == [0, 0, 255]).all(axis=-1)
    assert reds.sum() == 2 * 60 * 40
    assert blues.sum() == 60 * 40
    rows, columns = np.nonzero(blues)
    assert columns.min() > sheet.shape[1] // 2  # beside the first panel
    assert rows.max() < sheet.shape[0] // 2  # and above the third
    assert reds[sheet.shape[0] // 2 :, : sheet.shape[1] // 2].sum() == 60 * 40
    # A title is ink above the panel.
    assert (sheet[: rows.min(), columns.min() :] < 100).all(axis=-1).any()


def test_a_picture_appears_only_complete(tmp_path, monkeypatch):
    picture = compose([Panel("a", np.zeros((8, 8, 3), np.uint8))], 1, width=16)
    save(picture, tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), np.asarray(picture))

    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(SeptumError, match=r"disk full writing .*b\.png"):
        save(picture, tmp_path / "b.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_legend_has_the_colours_of_the_outlines_in_their_order():
    named, bits = parse_classes("one,two"), np.zeros((30, 30), int)
    bits[5:20, 5:20] |= 1
    bits[10:25, 10:25] |= 2
    plain = np.full((30, 30, 3), 9, np.uint8)
    drawn, panel = outlined_classes(plain, bits, named), legend(named.names)
    assert (plain == 9).all()
    first, second = drawn[5, 5], drawn[10, 15]  # the later one lies over the first
    assert (first != second).any()
    assert (drawn[12, 12] == 9).all()
    half = len(panel.pixels) // 2
    assert (panel.pixels[2, 2] == first).all()
    assert (panel.pixels[half + 2, 2] == second).all()


def test_a_row_is_as_high_as_its_highest_panel():
    tall, low = (Panel("", np.zeros((rows, 100, 3), np.uint8)) for rows in (200, 20))
    both, more = (compose(p, 2, width=100).height for p in ([tall, low], [tall, low, low]))
    assert more - both < 100
