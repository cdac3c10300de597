"""The truth that predictions are measured against: where it lies, and what its values mean."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from septum.classes import Classes
from septum.data.formats import SUFFIXES, is_zarr, stem_of, suffix_of
from septum.data.formats.own import LABELS, is_ours, may_be_ours
from septum.data.labels import is_mask
from septum.data.layouts import Annotation, Pair, Reading, annotation_of, find, understand
from septum.data.layouts.dataset import refuse_contradictions
from septum.data.layouts.files import image_entries, image_files, is_label_name
from septum.data.layouts.markers import Markers
from septum.data.layouts.ome_zarr import label_image, label_names
from septum.data.layouts.pair import Annotated
from septum.data.layouts.rank import goes_on, rank_of
from septum.data.pairing import base_stem, by_base_stem, frame_number
from septum.errors import DataError

Say = Callable[[str], None]
"""Takes a sentence about how a file was understood."""

MEANING = {
    "mask": "a mask of two values: its connected components are the objects, cells that touch one",
    "classes": "classes in the truth: the connected components of each are the objects",
    "scribbles": "scribbles in the truth: nothing is known but what lies on their strokes",
}

VOLUMES = "stacks are scored as volumes, an object through all slices (--ndim 2 takes slices)"
SLICES = "stacks are scored plane by plane, each with objects of its own (--ndim 3 takes volumes)"


@dataclass(frozen=True, eq=False)
class Truth:
    """One annotated plane or volume.

    Attributes
    ----------
    labels : numpy.ndarray, int32
        Instances or classes, shape ``(Y, X)`` or ``(Z, Y, X)``.
    annotated : numpy.ndarray of bool or None
        Where they mean something; None is everywhere.
    stated : numpy.ndarray of bool or None
        The same as far as the files state it: without what septum infers from the markers of the
        Cell Tracking Challenge, whose own measure does not look at them.
    named : Classes or None
        The classes that `labels` are of; see there for their numbers. None: they are instances.
    """

    labels: np.ndarray
    annotated: np.ndarray | None
    stated: np.ndarray | None = None
    named: Classes | None = None


def references(path: Path, reading: Reading) -> tuple[dict[str, Pair], Reading]:
    """Find truth files by the stem that predictions have, and say how they are to be read.

    Parameters
    ----------
    path : Path
        A label image, a folder of them, a ``01_GT`` or its ``SEG``, or a dataset in any layout.
    reading : Reading
        The user's wishes. A layout, a choice of labels, or a file for each class is one of a
        dataset.

    Returns
    -------
    pairs : dict of str to Pair
        Of which only the labels are read.
    reading : Reading
        For `read_references`.

    Raises
    ------
    DataError
        If nothing is there, or no such dataset.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    single = path.is_file() or _is_truth(path)
    files = [path] if single else _truths_in(path)
    chosen = reading.layout is not None or bool(reading.wanted_labels)
    seg = path if path.is_dir() else path.parent
    if (seg / "SEG").is_dir() and path.is_dir():
        seg = seg / "SEG"
        files = image_files(seg)
    if seg.resolve().name == "SEG" and files and not chosen:
        return _of_challenge(files, seg.resolve().with_name("TRA")), reading
    # Images beside labels, in folders or in one, are a dataset; files of one kind are the truth.
    alike = len({is_label_name(file) for file in files}) == 1
    inside = any((path / folder).is_dir() for folder in ("images", "masks", "labels"))
    table = path.is_file() and suffix_of(path) not in SUFFIXES
    if alike and not ((inside and not single) or chosen or table):
        held = {s: label_image(f) if is_zarr(f) else f for s, f in by_base_stem(files).items()}
        return {stem: Pair(stem, file, file) for stem, file in held.items()}, reading
    dataset = find(path, reading)
    return {pair.name: pair for pair in dataset.pairs}, dataset.reading


def _is_truth(path: Path) -> bool:
    """Tell whether a zarr is a truth by itself: septum wrote it, or it has no labels beside it."""
    return is_zarr(path) and (is_ours(path) or not label_names(path))


def _truths_in(folder: Path) -> list[Path]:
    """Return the images in a folder that may be label images; an image with labels is a dataset."""
    files, entries = image_files(folder), image_entries(folder)
    zarrs = [entry for entry in entries if is_zarr(entry)]
    if all(map(may_be_ours, entries)):  # results of a model, that another is measured against
        files = [file for file in files if stem_of(file).endswith(LABELS)]
        known = {base_stem(file) for file in files}
        return sorted([*files, *(zarr for zarr in zarrs if base_stem(zarr) not in known)])
    return files if files or any(map(label_names, zarrs)) else zarrs


def _of_challenge(files: Iterable[Path], tracks: Path) -> dict[str, Pair]:
    """Return truths of the Cell Tracking Challenge: ids, even where a frame has a single cell."""
    numbered = ((frame_number(file.stem), file) for file in image_files(tracks))
    known = {number: file for number, file in numbered if number is not None}
    markers = Markers(known, tracks.resolve().parents[1].name)
    pairs = {}
    for stem, file in by_base_stem(files).items():
        number = frame_number(file.stem)
        area = None if number is None else markers.area(number)
        pairs[stem] = Pair(stem, file, file, annotated=area, kind="instances")
    return pairs


def read_references(
    pairs: Iterable[Pair], reading: Reading, say: Say = lambda _note: None
) -> dict[str, list[Truth]]:
    """Read truths as a training on them would, whatever they were found as.

    Parameters
    ----------
    pairs : iterable of Pair
        Of `references`.
    reading : Reading
        Likewise.
    say : callable, optional
        Called with sentences about what the values mean.

    Returns
    -------
    dict of str to list of Truth
        The planes or volumes of each truth, by the name of its pair. All are volumes where one is:
        a stack with no or few objects does not tell.

    Raises
    ------
    DataError
        For files that are no labels, or that contradict one another.
    """
    pairs = list(pairs)
    ndim = rank_of(pairs, reading)
    # What markers imply comes last: the challenge's measure takes the truth without it.
    found = [(pair, annotation_of(replace(pair, annotated=None), ndim, reading)) for pair in pairs]
    refuse_contradictions(found, reading)
    _refuse_unnamed([(str(pair.labels), annotation) for pair, annotation in found], reading)
    truths = {pair.name: _planes(annotation, pair.annotated) for pair, annotation in found}
    planes = [plane for several in truths.values() for plane in several]
    _explain([annotation for _, annotation in found], planes, reading, say)
    return truths


def _refuse_unnamed(found: Sequence[tuple[str, Annotation]], reading: Reading) -> None:
    """Refuse classes of which no truth has a pixel, where a value of no class was left out.

    Unless somebody said that nobody annotated where this value is, it is likely to be the class.
    """
    left_out = [(a.named, a.ignored, where) for where, a in found if a.named and a.ignored]
    if reading.ignore is not None or not left_out:
        return
    if any(plane.labels.any() for _, annotation in found for plane in annotation.planes):
        return
    named, value, where = left_out[0]
    raise DataError(
        f"{where}: not one pixel of {', '.join(named.names)} here or in any other truth, and "
        f"{value} was taken as not annotated. If {value} is a class, name it, as --classes "
        f"{named.names[0]}={value}; if nobody annotated there, say so with --ignore {value}"
    )


def truths_in(
    array: np.ndarray, where: str, reading: Reading, say: Say = lambda _note: None
) -> list[Truth]:
    """Return the truth in label values ``(Y, X)`` or a stack, as `read_references` reads files.

    A stack ``(N, Y, X)`` gives N planes, or one volume where the user wishes so or its objects go
    on from slice to slice.
    """
    stack = array if array.ndim == 3 else array[np.newaxis]
    found = _as_volume(stack, where, reading) or understand(stack, where, reading)
    _refuse_unnamed([(where, found)], reading)
    planes = _planes(found)
    _explain([found], planes, reading, say)
    return planes


def _as_volume(stack: np.ndarray, where: str, reading: Reading) -> Annotation | None:
    """Return the annotation of a volume; None where the stack is one of slices, as in `rank_of`."""
    if reading.ndim == 2 or (reading.ndim is None and len(stack) == 1):
        return None
    if reading.ndim is None and reading.classes is not None:
        return None
    whole = understand(stack[np.newaxis], where, reading)
    if reading.ndim == 3:
        return whole
    ids = whole.kind == "instances" and not is_mask(stack)
    return whole if ids and goes_on(whole.planes[0].labels) else None


def _planes(annotation: Annotation, markers: Annotated | None = None) -> list[Truth]:
    planes = []
    for plane in annotation.planes:
        implied = None if markers is None else markers(plane.labels)[0]
        both = plane.annotated
        if implied is not None:
            both = implied if both is None else both & implied
        planes.append(Truth(plane.labels, both, plane.annotated, annotation.named))
    return planes


def _explain(
    found: Sequence[Annotation], planes: Sequence[Truth], reading: Reading, say: Say
) -> None:
    named = next((a.named for a in found if a.named is not None), None)
    if named is not None:
        say(f"the truth is of classes: {', '.join(named.names)}")
        for name in _nowhere(named, planes):
            say(f"no annotated pixel of the truth is of the class {name}: is it named rightly?")
    for kind in dict.fromkeys(annotation.kind for annotation in found if not annotation.named):
        if kind in MEANING:
            say(MEANING[kind])
    ignored = {annotation.ignored for annotation in found if annotation.ignored is not None}
    for value in sorted(ignored):
        say(f"{value} in the truth is taken as not annotated")
    if reading.ignore is not None and not ignored:
        say(f"no pixel of the truth is {reading.ignore}, so that --ignore changes nothing")
    if any(a.top_is_id and a.kind == "instances" for a in found) and reading.ignore is None:
        say(
            "255 in the truth is taken as the id of an object; if it means that nobody annotated "
            "there, say so with --ignore 255"
        )
    if any(plane.stated is not None for plane in planes):
        say("the truth is annotated in part: what is elsewhere does not count")
    if any(plane.annotated is not None and plane.stated is None for plane in planes):
        say(
            "not every cell is outlined (around markers, at the edge of the image): what is there "
            "does not count, but for ctc, which takes predictions whole as the challenge does"
        )
    if any(plane.labels.ndim == 3 for plane in planes):
        say(VOLUMES)
    elif any(len(annotation.planes) > 1 for annotation in found):
        say(SLICES)


def _nowhere(named: Classes, planes: Sequence[Truth]) -> list[str]:
    """Return the classes that no annotated pixel is of, with what they are in the truth."""
    found = np.zeros(len(named.names), bool)
    for plane in planes:
        known = plane.labels if plane.annotated is None else plane.labels[plane.annotated]
        found |= named.masks(np.unique(known)).any(axis=1)
    stated = zip(named.names, named.sources, found, strict=True)
    return [f"{name!r} ({'/'.join(sources)})" for name, sources, there in stated if not there]
