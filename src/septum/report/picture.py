"""One picture a person can look at: an image, its truth, its weights and what the network says."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from septum.atomic import replacing
from septum.classes import Classes

_OURS = "septum"
_GAP, _TITLE, _FONT = 12, 34, 18
_LINES = 0.25
"""Paleness of lines over grey."""

_PAPER, _INK = (255, 255, 255), (30, 30, 40)


@dataclass(frozen=True, eq=False)
class Panel:
    """A titled RGB image, ``(Y, X, 3)`` uint8."""

    title: str
    pixels: np.ndarray


def grey(image: np.ndarray) -> np.ndarray:
    """Return an image ``(Y, X)`` or ``(C, Y, X)`` as RGB, its contrast stretched.

    Three channels are taken as red, green and blue; of other numbers the first is shown.
    """
    channels = image if image.ndim == 3 else image[np.newaxis]
    channels = channels if len(channels) == 3 else np.repeat(channels[:1], 3, axis=0)
    low, high = np.percentile(channels, [1, 99.8])
    stretched = (channels.astype(np.float32) - low) / max(high - low, 1e-6)
    return _bytes(np.moveaxis(stretched, 0, -1))


def heat(values: np.ndarray, highest: float | None = None) -> np.ndarray:
    """Return values ``(Y, X)`` from 0 to `highest` as RGB: black, purple, orange, pale yellow."""
    share = np.clip(values / (highest or max(float(values.max()), 1e-6)), 0, 1)
    stops = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]])
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(share, places, stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def coloured(labels: np.ndarray, image: np.ndarray | None = None) -> np.ndarray:
    """Return instances ``(Y, X)`` in colours, each outlined; over a grey RGB `image` if given.

    Hues step by the golden angle, so that neighbouring ids differ.
    """
    palette = _palette(int(labels.max(initial=0)))
    colours = palette[labels]
    if image is not None:
        strength = np.where(labels > 0, 0.45, 0.0)[..., None]
        colours = (1 - strength) * (image / 255) + strength * colours
    edges = outlines(labels)
    colours[edges] = palette[labels[edges]] if image is not None else 0.05
    return _bytes(colours)


def outlined(labels: np.ndarray, image: np.ndarray, width: int = 1) -> np.ndarray:
    """Return an RGB `image` with each instance ``(Y, X)`` outlined in a colour of its own.

    The lines are `width` pixels wide and inside the instances; what they leave open is as it was.
    """
    edges = outlines(labels, width)
    result = image.copy()
    result[edges] = class_colours(int(labels.max(initial=0)))[labels[edges] - 1]
    return result


def outlined_classes(
    image: np.ndarray, classes: np.ndarray, named: Classes, width: int = 1
) -> np.ndarray:
    """Return an RGB `image` with the classes ``(Y, X)`` outlined, one after the other.

    Where they overlap, the lines of later ones lie over those of earlier ones; `legend` says which
    colour is whose.
    """
    for number, mask in enumerate(named.masks(classes), start=1):
        image = outlined(np.where(mask, number, 0), image, width)
    return image


def class_colours(count: int) -> np.ndarray:
    """Return the colours in which `outlined` draws the labels 1 to `count`, uint8 ``(n, 3)``."""
    return _bytes(_palette(count, paleness=_LINES))[1:]


def legend(names: Sequence[str], width: int = 360) -> Panel:
    """Return a panel that says in which colours `outlined_classes` draws classes of these names."""
    row = _FONT + _GAP
    sheet = Image.new("RGB", (width, row * len(names)), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT)
    for number, (name, colour) in enumerate(zip(names, class_colours(len(names)), strict=True)):
        top = number * row
        draw.rectangle((0, top, _FONT, top + _FONT), fill=tuple(map(int, colour)))
        draw.text((_FONT + _GAP, top - 1), name, font=font, fill=_INK)
    return Panel("classes", np.asarray(sheet))


def with_names(image: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return an RGB `image` and below it the `names` of classes, each in the colour of its lines.

    Letters are as large as the picture needs to be read when it is shown in a window.
    """
    size = max(_FONT, image.shape[1] // 60)
    font, gap, row = ImageFont.load_default(size), size // 2, size * 8 // 5
    places, left, top = [], gap, gap
    for name in names:
        length = size + gap + round(font.getlength(name)) + 2 * gap
        if left > gap and left + length > image.shape[1]:
            left, top = gap, top + row
        places.append((left, top))
        left += length
    sheet = Image.new("RGB", (image.shape[1], top + row), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for name, (x, y), colour in zip(names, places, class_colours(len(names)), strict=True):
        fill = tuple(map(int, colour))
        draw.rectangle((x, y, x + size, y + size), fill=fill, outline=_INK)
        draw.text((x + size + gap, y + size // 2), name, font=font, fill=_INK, anchor="lm")
    return np.concatenate([image, np.asarray(sheet)])


def outlines(labels: np.ndarray, width: int = 1) -> np.ndarray:
    """Return where a pixel of an instance has a neighbour that is not of it, bool.

    For a `width` of more pixels, also what would be the outline if those before were taken away.
    """
    edges = np.zeros(labels.shape, bool)
    for _ in range(width):
        edges |= _outermost(np.where(edges, 0, labels))
    return edges


def _outermost(labels: np.ndarray) -> np.ndarray:
    edges = np.zeros(labels.shape, bool)
    for axis in range(labels.ndim):
        one, two = np.moveaxis(labels, axis, 0)[:-1], np.moveaxis(labels, axis, 0)[1:]
        moved = np.moveaxis(edges, axis, 0)
        moved[:-1] |= one != two
        moved[1:] |= one != two
    return edges & (labels > 0)


def compose(panels: Sequence[Panel], columns: int, width: int = 360) -> Image.Image:
    """Return the panels in rows of `columns`, each scaled to `width` px under its title.

    A row is as high as its highest panel.
    """
    font = ImageFont.load_default(_FONT)
    scaled = [_scaled(panel.pixels, width) for panel in panels]
    rows = [scaled[start : start + columns] for start in range(0, len(scaled), columns)]
    heights = [max(picture.height for picture in row) + _TITLE + _GAP for row in rows]
    size = (columns * (width + _GAP) + _GAP, sum(heights) + _GAP)
    sheet = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (panel, picture) in enumerate(zip(panels, scaled, strict=True)):
        x = _GAP + number % columns * (width + _GAP)
        y = _GAP + sum(heights[: number // columns])
        draw.text((x, y + 4), panel.title, font=font, fill=_INK)
        sheet.paste(picture, (x, y + _TITLE))
    return sheet


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture as PNG; it appears only when it is complete."""
    with replacing(path) as temporary:
        picture.save(temporary, format="PNG", optimize=True, pnginfo=_signed())


def is_ours(path: Path) -> bool:
    """Tell whether a picture was written here, and so may be replaced by a newer one."""
    try:
        with Image.open(path) as found:
            return found.info.get("Software") == _OURS
    except (OSError, ValueError, SyntaxError):
        return False


def _signed() -> PngInfo:
    facts = PngInfo()
    facts.add_text("Software", _OURS)
    return facts


def _scaled(pixels: np.ndarray, width: int) -> Image.Image:
    picture = Image.fromarray(pixels)
    height = round(picture.height * width / picture.width)
    shrinks = width < picture.width
    return picture.resize((width, height), Image.Resampling.BOX if shrinks else 0)


def _palette(highest: int, paleness: float = 0.35) -> np.ndarray:
    """Return a colour for each of the ids 0 to `highest`, black for 0, shape ``(n, 3)``."""
    ids = np.arange(highest + 1)
    value = 0.75 + 0.25 * (ids % 3) / 2
    palette = value[:, None] * (1 - (1 - paleness) * (1 - _rainbow(ids * 0.61803398875 % 1)))
    palette[0] = 0.0
    return palette


def _rainbow(hue: np.ndarray) -> np.ndarray:
    """Return the pure colours of hues 0 to 1, shape ``(n, 3)``."""
    turned = hue[:, None] * 6 + np.array([0, 4, 2])
    return np.clip(np.abs(turned % 6 - 3) - 1, 0, 1)


def _bytes(colours: np.ndarray) -> np.ndarray:
    return (np.clip(colours, 0, 1) * 255 + 0.5).astype(np.uint8)
