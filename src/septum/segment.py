"""Image files of any size in, the files of their results out, each only when it is complete."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np

from septum.array import Source, View, Window, item
from septum.data.channels import Places, Wishes, absent, arranged, arrangement
from septum.data.context import SLICES, neighbours, stacked
from septum.data.doubts import doubts
from septum.data.formats import ImageFile, Planes, as_channels_first, open_image, stem_of
from septum.errors import ConfigError, DataError, SeptumError
from septum.geometry import tile_stride
from septum.instances import find
from septum.instances.measure import windows
from septum.model import DEFAULT_MEMORY, Model
from septum.outputs import KINDS, Segmented, save
from septum.predict import orientations
from septum.resample import resampled
from septum.workspace import Workspace, workspace

_LARGEST_BLOCK = 2048**2
_LARGEST_PART = 512
_BYTES_A_PIXEL = 120
"""What finding instances takes for each pixel of a block, measured."""

_BLOCK = {2: 1024, 3: 128}
"""Of classes, the edge of what is looked at at a time."""

_CHUNKS = 4
"""On disk, labels are cut into this many chunks a block along each axis."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how much of it is done, of how much in all."""


@dataclass(frozen=True)
class Options:
    """How files are segmented and what is written.

    Attributes
    ----------
    save : tuple of str
        Kinds of results, see `septum.outputs.KINDS`.
    tile : int, tuple of int or None
        Input tile in pixels of the working resolution, one size or one for each axis; None: chosen
        by memory and speed.
    memory : int
        Bytes that may be used.
    orientations : {"none", "flips", "all"}
        Views to average over.
    axes, spacing
        What the file fails to say, or says wrongly; see `septum.data.formats.open_image`.
    channels : tuple, optional
        Which channels of the image are which of the model; see `septum.data.channels.wishes`.
    rescale : bool
        Resample images to the pixel size of the training images and the results back.
    """

    save: tuple[str, ...] = ("labels", "probabilities")
    tile: int | tuple[int, ...] | None = None
    memory: int = DEFAULT_MEMORY
    orientations: str = "none"
    axes: str | None = None
    spacing: tuple[float, ...] | None = None
    channels: Wishes | None = None
    rescale: bool = False

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.save if kind not in KINDS]
        if unknown or not self.save:
            wrong = f"save has {unknown[0]!r}" if unknown else "save is empty"
            raise ConfigError(f"{wrong}; expected some of {', '.join(KINDS)}")
        if {"probabilities", "probabilities8"} <= set(self.save):
            raise ConfigError(
                "save has both probabilities and probabilities8, which are one file; choose one"
            )
        list(orientations(self.orientations, 2))  # refuses a set that does not exist


@dataclass(frozen=True)
class Outcome:
    """What was found in a file.

    Attributes
    ----------
    objects : int
        In all its images; of a model of named classes, how many of these occur.
    shares : dict of str to float
        Of named classes, the share of all pixels that is of each; empty for objects.
    """

    objects: int
    shares: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.shares:
            return ", ".join(f"{name} {share:.2%}" for name, share in self.shares.items())
        return f"{self.objects:,} {'object' if self.objects == 1 else 'objects'}"


def result_paths(path: Path, out: Path, options: Options) -> list[Path]:
    """Return the files that `segment_file` writes for `path`."""
    return [out / f"{stem_of(path)}{KINDS[kind].suffix}" for kind in options.save]


def is_done(path: Path, out: Path, options: Options) -> bool:
    """Tell whether every result of an image is there."""
    return all(result.exists() for result in result_paths(path, out, options))


def segment_file(
    model: Model,
    path: Path,
    out: Path,
    options: Options | None = None,
    on_note: Callable[[str], None] | None = None,
    on_progress: Progress | None = None,
) -> Outcome:
    """Segment one image file of any size; return what was found in it.

    A stack is segmented image by image. Neither the image nor what becomes of it needs to fit into
    memory: what is larger than the budget lies in a hidden folder in `out` until it is done.

    Parameters
    ----------
    model : Model
        Trained.
    path : Path
        The image; only read.
    out : Path
        Folder for the results, made if missing.
    options : Options, optional
        How, and what is written.
    on_note : callable, optional
        Called with sentences about how the file was understood.
    on_progress : callable, optional
        See `Progress`.

    Raises
    ------
    DataError
        If the image cannot be read or does not suit the model, or its results could take the place
        of annotations: it lies in `out`, or a label image is there that septum did not write.
    SeptumError
        If the results cannot be written.
    """
    options = options or Options()
    note = on_note or (lambda _text: None)
    progress = on_progress or (lambda _stage, _done, _total: None)
    _spare_annotations(path, out, options)
    ndim, stem = model.description.ndim, stem_of(path)
    try:
        image = open_image(path, options.axes, options.spacing, ndim)
        planes = as_channels_first(image, ndim)
        places = _places(model, planes, options.channels, note)
        model.check((len(places), *planes.array.shape[2:]), planes.array.dtype)
        for text in planes.notes:
            note(text)
        slices = planes.stack_shape[-1] if planes.stack_axes[-1:] in SLICES else 1
        if model.description.reach and slices == 1:
            note(
                "the model learnt from stacks and sees neighbouring slices too; this image has "
                "none and is seen as its own neighbour. Give the stack as one file"
            )
        spacing = _seen_spacing(model, planes.spacing, options.rescale, note)
        working = model.working_shape(planes.array.shape[2:], model.zoom(spacing))
        for text in doubts(planes.array, working, model.network.depths):
            note(text)
        with workspace(out / stem, options.memory // 4) as space:
            probabilities, counts, labels = _segmented(
                model, planes.array, places, slices, spacing, options, space, progress
            )
            result = Segmented(
                name=stem,
                image=planes.array,
                probabilities=probabilities,
                labels=labels,
                counts=counts,
                stack_axes=planes.stack_axes,
                stack_shape=planes.stack_shape,
                spacing=planes.spacing,
                channels=image.channels,
                z_step=_z_step(image, planes.stack_axes),
                placement=image.placement,
                named=model.description.named,
            )
            # The labels last: where they are, the other results are complete.
            for kind in sorted(options.save, key=lambda kind: kind == "labels"):
                progress(f"writing {kind}", 0, 1)
                save(kind, result, out)
                progress(f"writing {kind}", 1, 1)
            return _outcome(result)
    except (DataError, ConfigError) as error:
        raise _named(error, path) from None


def _outcome(result: Segmented) -> Outcome:
    if result.named is None:
        return Outcome(sum(result.counts))
    pixels = np.zeros(len(result.named.names), np.int64)
    for number in range(len(result.counts)):
        for window in windows(result.spatial, _BLOCK[len(result.spatial)]):
            masks = result.named.masks(np.asarray(item(result.labels, number)[window]))
            pixels += masks.reshape(len(pixels), -1).sum(axis=1)
    shares = pixels / (len(result.counts) * prod(result.spatial))
    return Outcome(
        int((pixels > 0).sum()), dict(zip(result.named.names, shares.tolist(), strict=True))
    )


def _places(
    model: Model, planes: Planes, wished: Wishes | None, note: Callable[[str], None]
) -> Places:
    """Return which channel of the image is which of the model; say what the user may not expect."""
    known, available = model.description, planes.array.shape[1]
    if wished is None and available == 1 and known.grey_too:
        return (0,)
    places = arrangement(known.channels, known.image_channels, planes.channels, available, wished)
    if wished is None and places != tuple(range(available)):
        note("the channels of the image are those of the model in another order; taken by name")
    if None in places and not known.plan.augment.drop_channel:
        note(
            "the model has not learnt to do without a channel, and may find little; "
            "`septum train --robust-channels` teaches it"
        )
    return places


def _z_step(image: ImageFile, stack_axes: str) -> float | None:
    known = image.spacing is not None and len(image.spacing) == 3 and "Z" in stack_axes
    return image.spacing[0] if known and image.spacing else None


def _segmented(
    model: Model,
    images: Source,
    places: Places,
    slices: int,
    spacing: Sequence[float] | None,
    options: Options,
    space: Workspace,
    progress: Progress,
) -> tuple[Source, tuple[int, ...], Source]:
    """Return probabilities, number of objects and labels of each of the images ``(N, C, ...)``.

    Each `slices` of them are a stack; `places` are the channels that the model takes.
    """
    count, shape = images.shape[0], tuple(images.shape[2:])
    zoom = model.zoom(spacing)
    working, classes = model.working_shape(shape, zoom), model.description.classes
    memory = options.memory // 2
    missing = absent(places, model.description.in_channels)
    tile = model.tile(working, options.tile, options.memory)
    stride = tile_stride(working, tile, model.network.depths)
    parts = tuple(_part(size) for size in stride)
    small = space.array((count, classes, *working), np.float32, (1, 1, *parts))
    chunk = _chunk(len(shape), options.memory // 8)
    block = _CHUNKS * chunk  # so that no two blocks write to one chunk
    for number in range(count):

        def report(done: int, total: int, number: int = number) -> None:
            progress("computing", number * total + done, count * total)

        image = model.fitting(arranged(item(images, number), places))
        if slices > 1 and model.description.reach:
            near = neighbours(number, model.description.reach, slices)
            image = stacked([model.coloured(arranged(item(images, at), places)) for at in near])
        model.write_probabilities(
            image, item(small, number), tile, options.orientations, report, memory, missing
        )
    if not isinstance(small, np.ndarray):  # a large image: its blocks need the room of its tiles
        model.engine.release()
    full = _stacked(small, shape)
    named = model.description.named
    if named is not None:
        highest = 1 if named.overlap else len(named.names)
        return full, (highest,) * count, _classified(model, full)
    values = model.instance_values(zoom)
    labels = space.array((count, *shape), np.uint32, (1, *(chunk,) * len(shape)))
    counts = []
    for number in range(count):
        cells = find(
            item(full, number),
            *values,
            block=block,
            on_block=lambda done, total: progress("separating", done, total),
        )
        cells.write(item(labels, number))
        counts.append(cells.count)
    return full, tuple(counts), labels


def _classified(model: Model, probabilities: Source) -> Source:
    """Return the numbers of named classes ``(N, *spatial)``, computed when they are read."""
    images, classes, *spatial = probabilities.shape

    def read(window: Window) -> np.ndarray:
        here, *space = window
        planes = range(*here.indices(images))
        every = slice(0, classes)
        return np.stack(
            [model.classified(np.asarray(item(probabilities, n)[(every, *space)])) for n in planes]
        )

    return View((images, *spatial), np.dtype(np.uint8), read)


def _part(stride: int) -> int:
    """Return an even share of what a tile yields: tiles write whole chunks, and chunks are small.

    Reading a band of rows decodes every chunk that it touches, many of them at once.
    """
    while stride > _LARGEST_PART and stride % 2 == 0:
        stride //= 2
    return stride


def _chunk(ndim: int, memory: int) -> int:
    pixels = min(_LARGEST_BLOCK, memory // _BYTES_A_PIXEL)
    return max(16, round(pixels ** (1 / ndim) / _CHUNKS))


def _stacked(small: Source, shape: tuple[int, ...]) -> Source:
    """Return ``(N, classes, *working)`` at the resolution of the images."""

    def read(window: tuple[slice, ...]) -> np.ndarray:
        planes = range(*window[0].indices(small.shape[0]))
        return np.stack([resampled(item(small, n), shape)[window[1:]] for n in planes])

    return View((*small.shape[:2], *shape), np.dtype(np.float32), read)


def _seen_spacing(
    model: Model,
    spacing: tuple[float, ...] | None,
    rescale: bool,
    note: Callable[[str], None],
) -> tuple[float, ...] | None:
    """Return the pixel size to resample by, or None; say where image and model do not agree."""
    trained = model.description.spacing
    if rescale:
        if spacing is None:
            raise DataError(
                "the image does not state its pixel size, so that it cannot be resampled; give it "
                "with --spacing, in µm"
            )
        return spacing
    if spacing is None and trained is not None:
        note(
            f"the image does not state its pixel size; its pixels are taken as those of training, "
            f"{_um(trained)}. --spacing gives it, and --rescale resamples where it is another"
        )
    if spacing is not None and trained is not None:
        zoom = model.zoom(spacing)
        if max(max(zoom), 1 / min(zoom)) > _SAME:
            note(
                f"the model was trained at {_um(trained)}, this image has {_um(spacing)}: what the "
                "network sees is larger or smaller than what it learnt. --rescale resamples the "
                "image to the model's pixel size and the results back"
            )
    return None


_SAME = 1.1
"""Pixel sizes within this factor are the same: augmentation scales by as much."""


def _um(spacing: Sequence[float]) -> str:
    return " × ".join(f"{size:.4g}" for size in spacing) + " µm per pixel"


def refuse_same_folder(path: Path, out: Path) -> None:
    """Raise DataError if an image lies in the folder for its results."""
    if path.parent.resolve() == out.resolve():
        raise DataError(
            f"{path} is in the folder for the results, where a result could take the place of your "
            "own annotation; give another folder, as -o results"
        )


def _spare_annotations(path: Path, out: Path, options: Options) -> None:
    refuse_same_folder(path, out)
    for kind, result in zip(options.save, result_paths(path, out, options), strict=True):
        if result.exists() and not KINDS[kind].is_ours(result):
            raise DataError(
                f"{result} was not written by septum, or was changed since: it could be your own "
                "annotation; give another folder, as -o results"
            )


def _named(error: SeptumError, path: Path) -> SeptumError:
    message = str(error)
    return error if str(path) in message else type(error)(f"{path}: {message}")
