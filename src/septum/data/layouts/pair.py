"""Files that show the same field of view, and how they are read together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from septum.classes import Classes
from septum.data.class_labels import colour_codes, grey_values
from septum.data.context import SLICES
from septum.data.formats import ImageFile, Planes, as_channels_first, read_image, read_labels
from septum.data.labels import refuse_smoothed, whole_numbers, without_gaps
from septum.data.layouts.annotation import Annotation, Plane, understand, understand_mask
from septum.data.layouts.overlaid import overlaid
from septum.data.layouts.reading import AS_FOUND, Reading
from septum.data.layouts.strokes import perhaps_strokes
from septum.data.sample import Sample
from septum.errors import DataError

Annotated = Callable[[np.ndarray], tuple[np.ndarray | None, tuple[str, ...]]]


@dataclass(frozen=True)
class Pair:
    """Files that show the same field of view.

    Attributes
    ----------
    name : str
        Unique in the dataset.
    image : Path
        The image.
    labels : Path
        Instance ids, a foreground mask, classes or scribbles.
    annotated : callable, optional
        Given the instance image, returns where it means something (bool, or None for
        everywhere) and notes. By default everywhere.
    kind : {"instances", "mask", "classes", "scribbles"}, optional
        What the layout knows of the labels; see
        :func:`septum.data.layouts.annotation.understand`. Where it promises instances, an image
        with a single cell is not mistaken for a mask.
    group, index
        As in :class:`septum.data.sample.Sample`.
    channels : tuple of Path
        Files of further channels, in order, where each channel has its own.
    area : Path, optional
        An image that is not 0 where somebody annotated.
    foreground : tuple of int, optional
        The label values that are objects; by default all but 0.
    ignore : int, optional
        The label value for "not annotated", where the layout states one.
    names : tuple of str, optional
        Names of the channels, where the layout states them.
    named : Classes, optional
        The classes that the labels are of, where the layout states them.
    parts : tuple of Pair
        Of classes that have a file each: the same image with the mask of each, in order; `labels`
        is the first then.
    """

    name: str
    image: Path
    labels: Path
    annotated: Annotated | None = None
    kind: str | None = None
    group: str = ""
    index: int | None = None
    channels: tuple[Path, ...] = ()
    area: Path | None = None
    foreground: tuple[int, ...] | None = None
    ignore: int | None = None
    names: tuple[str, ...] | None = None
    named: Classes | None = None
    parts: "tuple[Pair, ...]" = ()


def load_pair(pair: Pair, ndim: int = 2, reading: Reading = AS_FOUND) -> list[Sample]:
    """Read the image and the labels of one pair.

    Returns
    -------
    list of Sample
        One, or one per plane of a stack, named ``name[00]``, ``name[01]``, ...

    Raises
    ------
    DataError
        Files that cannot be read, sizes that differ, labels that are not labels.
    """
    return read_pair(pair, annotation_of(pair, ndim, reading), ndim, reading)[1]


def annotation_of(pair: Pair, ndim: int = 2, reading: Reading = AS_FOUND) -> Annotation:
    """Read the labels of a pair, and where they mean something, without the image.

    Raises
    ------
    DataError
        Files that cannot be read, sizes that differ, labels that are not labels.
    """
    classes = reading.classes
    if classes is None or not pair.parts:
        named = classes or pair.named
        return _annotation_of(pair, ndim, reading, partial(understand, named=pair.named), named)
    masks = [_annotation_of(part, ndim, reading, understand_mask) for part in pair.parts]
    return overlaid(masks, [part.labels for part in pair.parts], classes)


def _annotation_of(
    pair: Pair,
    ndim: int,
    reading: Reading,
    understood: Callable[..., Annotation],
    named: Classes | None = None,
) -> Annotation:
    asked = reading.ignore
    if pair.ignore is not None and asked is None:
        reading = replace(reading, ignore=pair.ignore)
    file = read_label_file(pair.labels, reading.axes, named is not None and named.by_colour)
    values = label_planes(file, ndim) if named is None else class_planes(file, ndim, named)
    found = understood(values, str(pair.labels), reading, pair.kind, pair.foreground)
    areas = [None] * len(values) if pair.area is None else _area_planes(pair.area, values, ndim)
    planes = []
    for plane, area in zip(found.planes, areas, strict=True):
        annotated, notes = plane.annotated, (*file.notes, *plane.notes)
        if asked is not None and found.ignored is None:
            notes = (*notes, f"no pixel has the value {asked} that --ignore names")
        if pair.annotated is not None:
            told, more = pair.annotated(plane.labels)
            annotated, notes = _both(annotated, told), (*notes, *more)
        if area is not None and pair.area is not None:
            where = f"{pair.area.parent.name}/{pair.area.name}"
            notes = (*notes, f"{area.mean():.1%} of the pixels are annotated, says {where}")
            annotated = _both(annotated, area)
        planes.append(Plane(plane.labels, annotated, notes))
    return replace(found, planes=tuple(planes))


def read_pair(
    pair: Pair, annotation: Annotation, ndim: int = 2, reading: Reading = AS_FOUND
) -> tuple[Annotation, list[Sample]]:
    """Read the image of a pair whose labels have been read; return them with the samples."""
    images = [read_image(path, reading.axes) for path in (pair.image, *pair.channels)]
    files = [as_channels_first(image, ndim) for image in images]
    for path, file in zip(pair.channels, files[1:], strict=True):
        if file.array.shape != files[0].array.shape:
            raise DataError(
                f"{pair.image} and {path.name}: sizes differ: {_size(files[0].array.shape)} and "
                f"{_size(file.array.shape)}; the channels of a case must show the same"
            )
    stack = np.concatenate([file.array for file in files], axis=1) if files[1:] else files[0].array
    source = f"{pair.image} and {_beside(pair)}"
    first = annotation.planes[0].labels.shape
    _refuse_sizes(source, stack[:, 0].shape, (len(annotation.planes), *first))
    names = _channel_names(pair, files, stack.shape[1])
    single = len(stack) == 1
    width = max(2, len(str(len(stack) - 1)))
    spacing = reading.spacing_of(ndim) or files[0].spacing
    ids = annotation.kind == "instances" and reading.binary_instances is None
    samples = []
    for index, (pixels, plane) in enumerate(zip(stack, annotation.planes, strict=True)):
        notes = _constant(pixels, source, refuse=single and bool(plane.labels.any()))
        if ids and plane.annotated is None:
            notes = (*notes, *perhaps_strokes(plane.labels, spacing))
        samples.append(
            Sample(
                image=pixels,
                labels=plane.labels,
                annotated=plane.annotated,
                spacing=spacing,
                name=pair.name if single else f"{pair.name}[{index:0{width}}]",
                notes=(*files[0].notes, *notes, *plane.notes),
                source=source,
                group=pair.group if single else pair.name,
                index=pair.index if single else index,
                kind=annotation.kind,
                named=annotation.named,
                image_files=tuple(map(str, (pair.image, *pair.channels))),
                label_files=tuple(map(str, _label_files(pair))),
                axes=files[0].axes,
                slice=not single and files[0].stack_axes in SLICES,
                channels=names,
                scan=all(image.scan for image in images),
            )
        )
    return annotation, samples


def _channel_names(pair: Pair, files: Sequence[Planes], count: int) -> tuple[str, ...] | None:
    """Return what the layout or else the files call the channels; None unless each has a name."""
    names = pair.names or tuple(name for file in files for name in file.channels or ())
    return names if len(names) == count else None


def read_label_file(path: Path, axes: str | None, by_colour: bool = False) -> ImageFile[np.ndarray]:
    """Read labels with the axes that the user states for images, less a channel axis.

    Of labels by colour a palette gives its colours, and not its indices.
    """
    read = read_image if by_colour else read_labels
    file = read(path)
    if axes is None or (by_colour and len(axes) < file.array.ndim):
        return file
    own = axes.upper()
    if len(own) > file.array.ndim:
        own = "".join(axis for axis in own if axis not in "CS")
    return read(path, own)


def label_planes(file: ImageFile, ndim: int) -> np.ndarray:
    """Return the label values of a file as ``(N, *spatial)`` numbers, as stored."""
    axis = next((axis for axis in "SC" if axis in file.axes), "")
    values, axes = file.array, file.axes
    if axis:
        values = whole_numbers(values, file.source, axes.index(axis), signed=True)
        axes = axes.replace(axis, "")
    return as_channels_first(ImageFile(values, axes, None, file.source), ndim).array[:, 0]


def class_planes(file: ImageFile[np.ndarray], ndim: int, named: Classes) -> np.ndarray:
    """Return the values of classes in a file as ``(N, *spatial)``, colours as numbers 0xrrggbb."""
    planes = as_channels_first(file, ndim).array
    if named.by_colour:
        return colour_codes(planes, file.source, named)
    return grey_values(planes, file.source)


def _area_planes(path: Path, labels: np.ndarray, ndim: int) -> np.ndarray:
    area = whole_numbers(label_planes(read_labels(path), ndim), str(path), signed=True) != 0
    if area.shape != labels.shape:
        raise DataError(
            f"{path}: sizes differ: the annotated area is {_size(area.shape)}, the labels are "
            f"{_size(labels.shape)}"
        )
    return area


def looks_like_labels(path: Path) -> bool:
    """Whether a file holds what a label image does: whole numbers, in patches, on background."""
    try:
        values = label_planes(read_labels(path), 2)
        ids = without_gaps(whole_numbers(values, str(path)))[0]
        refuse_smoothed(ids, str(path))
    except DataError:
        return False
    return 0.01 < np.mean(ids == 0) < 1 and int(ids.max()) < ids.size / 16


def _both(one: np.ndarray | None, two: np.ndarray | None) -> np.ndarray | None:
    if one is None or two is None:
        return two if one is None else one
    return one & two


def _refuse_sizes(source: str, image: tuple[int, ...], labels: tuple[int, ...]) -> None:
    if image == labels:
        return
    advice = "both must show the same field of view, so crop or export one of them again"
    if sorted(image) == sorted(labels):
        advice = "swapped? The axes of one are those of the other in another order: transpose it"
    raise DataError(
        f"{source}: sizes differ: the image is {_size(image)}, the labels are {_size(labels)}; "
        f"{advice}"
    )


def _beside(pair: Pair) -> str:
    """Return the label files of a pair, with the folder where it is another than the image's."""
    beside, paths = pair.image.parent, _label_files(pair)
    return ", ".join(p.name if p.parent == beside else f"{p.parent.name}/{p.name}" for p in paths)


def _label_files(pair: Pair) -> list[Path]:
    return [part.labels for part in pair.parts] or [pair.labels]


def _size(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape[1:] if shape[0] == 1 else shape)) + " pixels"


def _constant(pixels: np.ndarray, source: str, refuse: bool) -> tuple[str, ...]:
    """Say which channels hold one value; refuse an image of which all do, if that is asked for."""
    flat = [number for number, channel in enumerate(pixels) if channel.min() == channel.max()]
    if not flat:
        return ()
    if len(flat) < len(pixels):
        values = ", ".join(f"{pixels[number].flat[0]:g}" for number in flat)
        return (f"constant channel {', '.join(map(str, flat))}: every pixel is {values}",)
    if refuse:
        raise DataError(
            f"{source}: a constant image, every pixel is {pixels.flat[0]:g}, though its labels "
            "hold objects; was the right file saved? Take the pair out or replace the image"
        )
    return (f"constant image: every pixel is {pixels.flat[0]:g}",)
