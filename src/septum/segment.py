"""Image files in, label and probability files out, each written only when it is complete."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from septum.data.formats import as_channels_first, read_image, write_labels, write_tiff
from septum.data.layouts.files import few, image_files, image_key, is_label_name, label_key
from septum.data.truth import LABELS, PROBABILITIES
from septum.errors import DataError
from septum.model import Model


def images_in(paths: Iterable[Path], on_note: Callable[[str], None] | None = None) -> list[Path]:
    """Return the image files among `paths`, folders opened.

    In a folder, label files beside their images (``x_masks.tif`` beside ``x.tif``) are left out;
    `on_note` is called with a sentence that says how many.

    Raises
    ------
    DataError
        If a path does not exist, a folder holds no image, or two images have the same stem and
        their results would have the same name.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise DataError(f"{path}: no such file or folder")
        found = image_files(path) if path.is_dir() else [path]
        if not found:
            raise DataError(f"{path}: no image files in this folder")
        labels = _labels_beside(found) if path.is_dir() else []
        if labels and on_note is not None:
            on_note(
                f"{path}: {len(labels)} label files beside their images left out: {few(labels)}"
            )
        files += [file for file in found if file not in labels]
    stems: dict[str, Path] = {}
    for file in files:
        if stems.setdefault(file.stem, file) != file:
            raise DataError(
                f"{stems[file.stem]} and {file} have the same name, and so would their results; "
                "predict them into different folders"
            )
    return files


def _labels_beside(files: list[Path]) -> list[Path]:
    """Return the label files of which the image is among `files` too."""
    images = [file for file in files if not is_label_name(file)]
    keys = {key for image in images for key in (image.stem, image_key(image))}
    return [file for file in files if is_label_name(file) and label_key(file) in keys]


def segment_file(
    model: Model,
    path: Path,
    out: Path,
    tile: int | None = None,
    orientations: str = "none",
    on_tile: Callable[[int, int], None] | None = None,
) -> int:
    """Segment one image file; return the number of objects.

    Writes ``STEM_labels.tif`` (uint16, or int32 for more objects) and ``STEM_probabilities.tif``
    (float32, one channel per class) into `out`. A stack is segmented plane by plane.

    Parameters
    ----------
    model : Model
        Trained.
    path : Path
        The image; only read.
    out : Path
        Folder for the results, made if missing.
    tile, orientations
        As in `Model.predict`.
    on_tile : callable, optional
        Called with the pixels done and the pixels in all.

    Raises
    ------
    DataError
        If the image cannot be read or does not suit the model, or its results could take the place
        of annotations: it lies in `out`, or ``STEM_labels.tif`` is there without probabilities.
    SeptumError
        If the results cannot be written.
    """
    if path.parent.resolve() == out.resolve():
        raise DataError(
            f"{path} is in the folder for the results, where {path.stem}{LABELS}.tif could be "
            "your own annotation; give another folder, as -o results"
        )
    labels_path, probabilities_path = (
        out / f"{path.stem}{kind}.tif" for kind in (LABELS, PROBABILITIES)
    )
    if labels_path.exists() and not probabilities_path.exists():
        raise DataError(
            f"{labels_path} is there without {probabilities_path.name}, so that septum did not "
            "write it: it could be your own annotation; give another folder, as -o results"
        )
    ndim = model.description.ndim
    try:
        planes = as_channels_first(read_image(path), ndim)
        results = []
        for number, image in enumerate(planes.array):

            def report(finished: int, total: int, number: int = number) -> None:
                if on_tile is not None:
                    on_tile(number * total + finished, len(planes.array) * total)

            results.append(model.predict(image, tile, orientations, on_tile=report))
    except DataError as error:
        raise _named(error, path) from None
    spatial = planes.array.shape[2:]
    labels = np.stack([result.labels for result in results])
    probabilities = np.stack([result.probabilities for result in results])
    axes = "ZYX"[-ndim:]
    # The longer file first: where both are, the result is complete.
    write_tiff(
        probabilities_path,
        probabilities.reshape(*planes.stack_shape, -1, *spatial),
        f"{planes.stack_axes}C{axes}",
        planes.spacing,
    )
    write_labels(
        labels_path,
        labels.reshape(*planes.stack_shape, *spatial),
        planes.stack_axes + axes,
        planes.spacing,
    )
    return sum(int(result.labels.max(initial=0)) for result in results)


def _named(error: DataError, path: Path) -> DataError:
    message = str(error)
    return error if str(path) in message else DataError(f"{path}: {message}")
