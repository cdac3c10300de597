"""What the files of a prediction hold: instances, scores of 'cell', or classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from septum.classes import Classes
from septum.data.formats import ImageFile, Planes, as_channels_first, read_image, read_labels
from septum.data.formats.own import PROBABILITIES, class_names_in, is_ours
from septum.data.labels import instances_from, is_mask
from septum.data.layouts.ome_zarr import label_image
from septum.data.layouts.pair import label_planes, read_label_file
from septum.data.reference import MEANING, Say
from septum.data.regions import Regions, likeliest, masks_in, of_classes, stacked
from septum.data.scores import cell_score
from septum.errors import DataError

_SHOWN = 4
"""Of more values of a truth only so many are named."""


@dataclass(frozen=True)
class Files:
    """The files that one prediction consists of, as `septum predict` writes them or alone."""

    labels: Path | None = None
    probabilities: Path | None = None

    @property
    def any(self) -> Path:
        """One of them."""
        path = self.labels or self.probabilities
        assert path is not None, "an entry is made from a file"
        return path


def in_zarr(path: Path) -> Files:
    """Return what an OME-Zarr holds: its label image, and the probabilities that septum wrote.

    Raises
    ------
    DataError
        If it has several label images.
    """
    return Files(label_image(path), path if is_ours(path) else None)


def _laid_out(image: ImageFile[np.ndarray], ndim: int) -> Planes[np.ndarray]:
    """Return the planes or volumes of a file, ``(N, C, *spatial)``."""
    if ndim == 3 and not set("ZQIT") & set(image.axes):
        size = " x ".join(map(str, image.array.shape))
        raise DataError(
            f"{image.source} is {size} ({image.axes}), its truth a volume (ZYX); give the whole "
            "stack, or --ndim 2 if the truth is slices"
        )
    return as_channels_first(image, ndim)


def read_instances(path: Path, ndim: int, say: Say) -> np.ndarray:
    """Return the instances of a file, ``(N, *spatial)``; masks give connected components."""
    planes = _laid_out(read_labels(path), ndim).array
    if planes.shape[1] != 1:
        raise DataError(
            f"{path} has {planes.shape[1]} channels, where a label image has one; "
            "for probabilities, ask for --metrics isbi"
        )
    mask = is_mask(planes)
    if mask:
        say(MEANING["mask"])
    return np.stack([instances_from(plane, str(path), mask)[0] for plane in planes[:, 0]])


def refuse_classes(path: Path, truth: Path, axes: str | None) -> None:
    """Refuse a prediction of classes where the truth was read as objects.

    Parameters
    ----------
    path, truth : Path
        The prediction, and the label file that it is measured against.
    axes : str, optional
        Those that the user states for the truth.

    Raises
    ------
    DataError
        With the option that reads this truth as classes, unless it has nothing of any.
    """
    names = class_names_in(path)
    if names is None:
        return
    values = np.unique(label_planes(read_label_file(truth, axes), 2))
    held = [str(value) for value in values.tolist() if value > 0]
    what = f"{path} holds the classes {', '.join(names)} and no objects"
    if not held:
        raise DataError(
            f"{what}, and the truth {truth.name} has nothing of any class, but zeros alone; the "
            "values that --classes takes are those of another truth"
        )
    raise DataError(
        f"{what}; say where they are in the truth {truth.name}, {_way_to_name(names, held)}"
    )


def _way_to_name(names: Sequence[str], held: Sequence[str]) -> str:
    # A prediction says what its classes are called, and not which values they had in training:
    # even where there are as many of both, the order is a guess.
    if len(names) == len(held):
        pairs = zip(names, held, strict=True)
        return f"for example as --classes {','.join(f'{name}={value}' for name, value in pairs)}"
    shown = ", ".join(held[:_SHOWN]) + ", …" * (len(held) > _SHOWN)
    return f"its values are {shown}: say which is of which class, as --classes {names[0]}={held[0]}"


def read_cells(files: Files, ndim: int, say: Say) -> np.ndarray:
    """Return the score of "cell" in [0, 1], shape ``(N, *spatial)``.

    The second class where there are several.
    """
    path = files.probabilities or files.any
    images = _laid_out(read_image(path), ndim).array
    cells = images[:, 1 if images.shape[1] > 1 else 0]
    planes = cells.reshape(-1, *cells.shape[-2:])  # of a volume too: isbi is a score of planes
    scores, note = cell_score(planes, str(path), path == files.probabilities)
    if files.labels and files.probabilities:
        where = "in the OME-Zarr" if path.is_dir() else f"as NAME{PROBABILITIES}.tif"
        note = f"isbi takes the probabilities beside the labels, {where}"
    say(note)
    return scores.reshape(cells.shape)


def read_regions(
    files: Files,
    classes: Classes,
    ndim: int,
    spacing: tuple[float, ...] | None,
    say: Say,
) -> list[Regions]:
    """Return where each class was found, and its probabilities where they are saved, too.

    Parameters
    ----------
    files : Files
        As `septum predict` writes them; probabilities alone are cut where a class is likelier.
    classes : Classes
        By name.
    ndim : int
        2 for planes, 3 for volumes.
    spacing : tuple of float or None
        In place of that which the files state.
    say : callable
        Called with a sentence where labels follow from probabilities.

    Raises
    ------
    DataError
        For another number of channels, planes or pixels than expected; it names the file.
    """
    labels = probabilities = shares = None
    own, places = _matched(files.any, classes)
    if files.probabilities is not None:
        probabilities = _laid_out(read_image(files.probabilities), ndim)
        shares = of_classes(probabilities.array, own, str(files.probabilities))[:, places]
    if files.labels is not None:
        labels = _laid_out(read_labels(files.labels), ndim)
        masks = masks_in(labels.array, own, str(files.labels))[:, places]
    else:
        assert probabilities is not None, "an entry is made from a file"
        masks = likeliest(probabilities.array, own)[:, places]
        say("the likeliest classes are taken as found, as there are probabilities alone")
    if shares is not None and shares.shape != masks.shape:
        raise DataError(
            f"{files.probabilities} is {shares.shape} and {files.labels} {masks.shape}, as "
            "(images, classes, pixels); expected those of one prediction"
        )
    stated = [file.spacing for file in (labels, probabilities) if file is not None]
    known = spacing or next((steps for steps in stated if steps), None)
    return stacked(masks, shares, known)


def _matched(path: Path, classes: Classes) -> tuple[Classes, list[int]]:
    """Return the classes that a prediction holds, and the places of those of the truth in them.

    A file of `septum predict` says what its classes are called: they are taken by name. Those of
    other programs are taken in the order of the truth's.
    """
    names = class_names_in(path)
    if names is None:
        return classes, list(range(len(classes.names)))
    missing = [name for name in classes.names if name not in names]
    if missing:
        raise DataError(
            f"{path} holds the classes {', '.join(names)}, and not {', '.join(missing)} as the "
            "truth; call the classes of the truth as those of the model, with --classes"
        )
    own = Classes(names, tuple((name,) for name in names), classes.overlap)
    return own, [names.index(name) for name in classes.names]
