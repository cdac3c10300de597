"""A picture of the image with the objects outlined, to see at a glance what was found."""

from pathlib import Path

import numpy as np
from PIL import Image

from septum.array import Source, View, Window, item
from septum.outputs.segmented import Segmented
from septum.report import picture

_LONGEST, _SHORTEST = 2000, 700  # pixels of the longer side of the picture
_HELD = 2**24  # bytes of the image read at a time


def write_overlay(segmented: Segmented, path: Path) -> None:
    """Write a PNG of at most 2,000 px a side; of a stack, its middle plane.

    Large images are shrunk by whole numbers: means of the image, and of the labels the one in the
    middle. Small ones are enlarged, so that the lines are thinner than the objects. Three channels
    are taken as red, green and blue; of other numbers the first is shown. Below a picture of named
    classes stands which colour is whose.
    """
    image, labels = _shown(segmented)
    longer = max(labels.shape)
    pixels, ids = shrunk(image, labels, -(-longer // _LONGEST))
    times = -(-_SHORTEST // longer)
    pixels, ids = (each.repeat(times, axis=-2).repeat(times, axis=-1) for each in (pixels, ids))
    lines = 2 if longer < _LONGEST else 1
    drawn = picture.grey(pixels)
    if segmented.named is None:
        drawn = picture.outlined(ids, drawn, lines)
    else:
        drawn = picture.outlined_classes(drawn, ids, segmented.named, lines)
        drawn = picture.with_names(drawn, segmented.named.names)
    picture.save(Image.fromarray(drawn), path)


def shrunk(image: Source, labels: Source, by: int) -> tuple[np.ndarray, np.ndarray]:
    """Return means of ``by x by`` pixels of an image (C, Y, X), and the label amid each.

    At the lower and the right edge the blocks are of the pixels that there are. Read in bands.
    """
    channels, height, width = image.shape
    band = max(1, _HELD // (channels * width * 8 * by)) * by
    means, ids = [], []
    columns = np.arange(0, width, by)
    middle = np.minimum(columns + by // 2, width - 1)
    for top in range(0, height, band):
        down, across = slice(top, min(top + band, height)), slice(0, width)
        pixels = np.asarray(image[(slice(0, channels), down, across)], np.float64)
        rows = np.arange(0, pixels.shape[1], by)
        total = np.add.reduceat(
            np.add.reduceat(np.nan_to_num(pixels), rows, axis=1), columns, axis=2
        )
        sizes = np.diff(rows, append=pixels.shape[1])[:, None] * np.diff(columns, append=width)
        means.append((total / sizes).astype(np.float32))
        centres = np.minimum(rows + by // 2, pixels.shape[1] - 1)
        ids.append(np.asarray(labels[(down, across)])[np.ix_(centres, middle)])
    return np.concatenate(means, axis=1), np.concatenate(ids)


def _shown(segmented: Segmented) -> tuple[Source, Source]:
    """Return the channels that are shown, (C, Y, X), and the labels of the middle plane."""
    number = len(segmented.counts) // 2
    image, labels = item(segmented.image, number), item(segmented.labels, number)
    channels = 3 if image.shape[0] == 3 else 1
    middle: Window = ()
    if len(segmented.spatial) == 3:
        depth = segmented.spatial[0] // 2
        middle, labels = (slice(depth, depth + 1),), item(labels, depth)

    def read(window: Window) -> np.ndarray:
        pixels = np.asarray(image[(window[0], *middle, *window[1:])])
        return pixels[:, 0] if middle else pixels

    return View((channels, *labels.shape), image.dtype, read), labels
