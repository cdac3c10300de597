"""What the network was shown: a few tiles as drawn in training, and how their pixels weigh."""

from collections.abc import Sequence

import numpy as np

from septum.augment import Augmentation
from septum.classes import Classes
from septum.data.crops import Batch, draw_batch, tile_of
from septum.data.prepared import Prepared, prepare_all
from septum.data.sample import Sample
from septum.evenly import evenly
from septum.plan import Plan
from septum.report.html import Html, element, figure, grid, picture, section
from septum.report.picture import class_colours, grey, heat, outlined_classes, outlines
from septum.report.planes import AMBER, TEAL, fitting, legend, plane_of, resized
from septum.resample import resample, resample_labels, rescaled_shape

_TILES, _DRAWN = 4, 12
_CELL, _BORDER = TEAL, AMBER


def tiles_of(samples: Sequence[Sample], plan: Plan, seed: int) -> Html:
    """Return the section of a page with a few tiles of the training images and their weights.

    Parameters
    ----------
    samples : sequence of Sample
        What a model learnt from.
    plan : Plan
        Of the training, resolved.
    seed : int
        Of the training. The tiles are drawn as its are, but are none that it drew.
    """
    heading = "What the network was shown"
    taught = [s for s in samples if s.annotated is None or s.annotated.any()]
    # A few images are enough to look at; those of a large set would take minutes once more.
    few = evenly(taught, _TILES)
    prepared = prepare_all(few, plan.data, plan.targets) if few else []
    prepared = [item for item in prepared if item.weights.any()]
    if not prepared:
        return section(heading, element("p", "No pixel of these images is annotated."))
    shapes = [rescaled_shape(sample.shape, plan.data.scale) for sample in taught]
    sizes = tile_of(shapes, *plan.tile_and_depth)
    batches = _batches(prepared, plan.augment, sizes, seed)
    highest = max(float(batch.weights.max()) for batch in batches)
    named = samples[0].named
    said = _explained(*sizes, len(taught) > _TILES and named is None, samples[0].ndim == 3)
    key = [(_CELL, "cell")] + ([(_BORDER, "border between cells")] if plan.targets.border else [])
    if named is not None:
        colours = class_colours(len(named.names)).tolist()
        key = [(tuple(c), name) for c, name in zip(colours, named.names, strict=True)]
    bar = np.repeat(heat(np.linspace(0, 1, 256)[np.newaxis], 1.0), 10, axis=0)
    alt = "colours of the weights, from black for 0 to pale yellow"
    scale = element("div", "weight 0", picture(bar, alt), f"{highest:.3g}", class_="scale")
    return section(
        heading,
        said,
        legend(*key),
        grid(_tile_figures(batches, highest, named), 220, least=2),
        scale,
    )


def _batches(
    prepared: Sequence[Prepared],
    policy: Augmentation,
    sizes: tuple[tuple[int, ...], ...],
    seed: int,
) -> list[Batch]:
    """Return some tiles, one a batch, those with objects first."""
    seen, output = sizes
    batches = [
        draw_batch(
            [prepared[place % len(prepared)]],
            policy,
            seen,
            output,
            [np.random.default_rng([seed, place])],
        )
        for place in range(_DRAWN)
    ]
    middle = None if len(output) == 2 else output[0] // 2
    batches.sort(key=lambda batch: not plane_of(batch.classes, middle).any())
    return batches[:_TILES]


def _explained(
    input_size: Sequence[int], output_size: Sequence[int], some: bool, volume: bool
) -> Html:
    width, around = output_size[-1], (input_size[-1] - output_size[-1]) // 2
    return element(
        "p",
        f"Tiles as drawn in training, the empty ones last: moved, turned, deformed and varied "
        f"in brightness, {width} px wide at the working resolution. The network also sees the "
        f"{around} px around each. Below each, how much every pixel weighs in the loss."
        + (" Here cells and background are balanced over these images." if some else "")
        + (" Of each its middle plane is shown." if volume else ""),
    )


def _tile_figures(batches: Sequence[Batch], highest: float, named: Classes | None) -> list[Html]:
    classes = np.concatenate([batch.classes for batch in batches])
    weights = np.concatenate([batch.weights for batch in batches])
    images = np.concatenate([batch.images for batch in batches])
    size = classes.shape[-1]
    outer = zip(images.shape[2:], classes.shape[1:], strict=True)
    images = images[(..., *(slice((n - m) // 2, (n + m) // 2) for n, m in outer))]
    plane = classes.shape[1] // 2 if classes.ndim == 4 else None
    # One contrast for all, so that an empty tile is dark and an altered brightness is seen.
    shown = grey(np.concatenate(list(plane_of(images, plane)), axis=-1))
    figures = []
    for place, batch in enumerate(batches):
        shape = fitting(classes.shape[-2:], 320)
        pixels = resized(shown[:, place * size : (place + 1) * size], shape)
        labels = resample_labels(plane_of(classes[place], plane).astype(np.int32), shape)
        if named is not None:
            pixels = outlined_classes(pixels, labels, named)
        else:
            pixels[labels == 2] = pixels[labels == 2] // 2 + np.array(_BORDER, np.uint8) // 2
            pixels[outlines(np.where(labels == 1, 1, 0), 2)] = _CELL
        weight = heat(resample(plane_of(weights[place], plane), shape), highest)
        name = batch.names[0]
        pair = picture(pixels, f"a tile of {name}"), picture(weight, f"its weights, of {name}")
        figures.append(figure(element("div", *pair, class_="stack"), name))
    return figures
