"""What is in a dataset, as plain facts: the content of ``septum check``."""

import re
from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from septum.counted import counted
from septum.data.colour import mixture
from septum.data.layouts import Dataset
from septum.data.sample import Sample, equivalent_diameters
from septum.data.split import digest
from septum.data.unseen import in_words, never_annotated
from septum.voxel import proportions

_CAMERA_BITS = (8, 10, 12, 14)


def summarise(dataset: Dataset, samples: Sequence[Sample]) -> dict[str, Any]:
    """Describe a dataset in numbers that JSON can hold.

    Parameters
    ----------
    dataset : Dataset
        As found.
    samples : sequence of Sample
        As loaded from it.

    Returns
    -------
    dict
        ``layout``, ``root``, ``choices`` (of annotations, where there are several), ``images`` (how
        many), ``kinds`` (of labels: how many images of each), ``objects`` (in all), ``channels``,
        ``axes``, ``dtypes`` and ``spacing_um`` (those that occur, sorted), ``foreground`` and
        ``annotated`` (shares of all pixels; of the former, of those that are annotated),
        ``classes`` (None, or for each class ``name``, ``sources`` in the annotation, ``share`` of
        the annotated pixels and the number of ``images`` that hold it), ``overlap`` (whether they
        may), ``median_diameter`` (the median of those of the images), ``diameters`` (of all
        objects, see :func:`describe`), ``touching_pairs``, ``orphans`` (file names), ``notes`` (one
        that several images share, up to the numbers in it, appears once) and ``samples``: a list
        with one dict per image, see :func:`describe`.
    """
    rows = [describe(sample) for sample in samples]
    widths = [_diameters(sample) for sample in samples]
    known = [
        (int(sample.known.astype(bool).sum()), _annotated_pixels(sample)) for sample in samples
    ]
    annotated = sum(pixels for _, pixels in known)
    classes = _classes(samples)
    return {
        "layout": dataset.layout,
        "root": str(dataset.root),
        "choices": list(dataset.choices),
        "images": len(rows),
        "kinds": dict(Counter(row["kind"] for row in rows).most_common()),
        "objects": sum(row["objects"] for row in rows),
        "classes": classes,
        "overlap": any(sample.named is not None and sample.named.overlap for sample in samples),
        "channels": sorted({row["channels"] for row in rows}),
        "axes": sorted({row["axes"] for row in rows}),
        "dtypes": sorted({row["dtype"] for row in rows}),
        "spacing_um": [
            list(spacing) for spacing in sorted({s.spacing for s in samples if s.spacing})
        ],
        "foreground": sum(pixels for pixels, _ in known) / max(annotated, 1),
        "annotated": annotated / max(1, sum(prod(sample.shape) for sample in samples)),
        "median_diameter": _median([row["median_diameter"] for row in rows]),
        "diameters": _percentiles(np.concatenate(widths) if widths else np.zeros(0)),
        "touching_pairs": sum(row["touching_pairs"] for row in rows),
        "orphans": [path.name for path in dataset.orphans],
        "notes": [
            *dataset.notes,
            *_shared_notes(samples),
            *_nowhere(classes),
            *_notes_of_all(samples),
        ],
        "samples": rows,
    }


def describe(sample: Sample) -> dict[str, Any]:
    """Describe one image.

    Returns
    -------
    dict
        ``name``, ``image_files`` and ``label_files``, ``axes`` of the former, ``shape`` (spatial),
        ``channels``, ``dtype``, ``minimum`` and ``maximum`` of the pixels, ``kind`` of the labels,
        ``objects``, ``touching_pairs`` (pairs of objects that meet without a gap), ``classes`` (the
        share of the annotated pixels of each by name, in place of objects; None where labels are
        objects), ``foreground`` and ``annotated`` (shares of the image, 0 to 1),
        ``median_diameter`` (of the disc or ball of the same size, in pixels; in a volume whose
        voxels are longer along one axis, in lengths of their shortest side; None without objects),
        ``diameters`` (its 10th, 50th and 90th percentile), ``spacing_um``, ``notes``. Objects are
        those that somebody vouches for.
    """
    labels = np.zeros(sample.shape, np.int32) if sample.labels is None else sample.known
    annotated = _annotated_pixels(sample)
    diameters = _diameters(sample)
    return {
        "name": sample.name,
        "image_files": list(sample.image_files),
        "label_files": list(sample.label_files),
        "axes": sample.axes,
        "shape": list(sample.shape),
        "channels": sample.image.shape[0],
        "dtype": str(sample.image.dtype),
        "minimum": sample.image.min().item(),
        "maximum": sample.image.max().item(),
        "kind": "none" if sample.labels is None else sample.kind,
        "objects": len(diameters),
        "touching_pairs": len(touching_pairs(labels)) if sample.named is None else 0,
        "classes": _shares(_pixels_of_classes(sample), annotated),
        "foreground": float((labels > 0).mean()),
        "annotated": annotated / prod(sample.shape),
        "median_diameter": float(np.median(diameters)) if len(diameters) else None,
        "diameters": _percentiles(diameters),
        "spacing_um": None if sample.spacing is None else list(sample.spacing),
        "notes": list(sample.notes),
    }


def _pixels_of_classes(sample: Sample) -> dict[str, int] | None:
    """Return how many annotated pixels are of each class; None where labels are objects."""
    if sample.named is None or sample.labels is None:
        return None
    # Few numbers occur, so that they are counted once and not looked through for each class.
    numbers, counts = np.unique(sample.known, return_counts=True)
    of_classes = sample.named.masks(numbers)
    return {
        name: int(counts[mask].sum())
        for name, mask in zip(sample.named.names, of_classes, strict=True)
    }


def _shares(pixels: dict[str, int] | None, annotated: int) -> dict[str, float] | None:
    if pixels is None:
        return None
    return {name: count / max(annotated, 1) for name, count in pixels.items()}


def _classes(samples: Sequence[Sample]) -> list[dict[str, Any]] | None:
    """Return what is known of each class in all images; None where labels are objects."""
    counts = [count for count in map(_pixels_of_classes, samples) if count is not None]
    named = next((sample.named for sample in samples if sample.named is not None), None)
    if named is None:
        return None
    annotated = sum(map(_annotated_pixels, samples))
    return [
        {
            "name": name,
            "sources": list(sources),
            "share": sum(count[name] for count in counts) / max(annotated, 1),
            "images": sum(count[name] > 0 for count in counts),
        }
        for name, sources in zip(named.names, named.sources, strict=True)
    ]


def _nowhere(classes: Sequence[dict[str, Any]] | None) -> list[str]:
    """Say which classes there is nothing to learn of."""
    return [
        f"no annotated pixel is of the class {found['name']!r} ({'/'.join(found['sources'])}): "
        "there is nothing to learn of it; is it named rightly?"
        for found in classes or ()
        if not found["images"]
    ]


def touching_pairs(labels: np.ndarray) -> np.ndarray:
    """Return the pairs of ids that share a face of a pixel, each once, the smaller id first.

    Returns
    -------
    numpy.ndarray, shape (P, 2)
    """
    found = []
    for axis in range(labels.ndim):
        one = np.moveaxis(labels, axis, 0)[:-1]
        two = np.moveaxis(labels, axis, 0)[1:]
        meet = (one != two) & (one > 0) & (two > 0)
        found.append(np.sort(np.stack([one[meet], two[meet]], axis=1), axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _diameters(sample: Sample) -> np.ndarray:
    """Return the diameters of the objects, in pixels (of volumes, in sides of one), in no order."""
    if sample.labels is None or sample.named is not None:
        return np.zeros(0)
    areas = np.bincount(sample.known.ravel())[1:]
    # A ball in flat voxels is as wide as it looks in the plane; `propose` measures it likewise.
    voxel = proportions(sample.spacing, 3) if sample.ndim == 3 else (1.0,)
    return equivalent_diameters(areas[areas > 0] * prod(voxel), sample.ndim)


def _percentiles(diameters: np.ndarray) -> list[float] | None:
    return [float(d) for d in np.percentile(diameters, [10, 50, 90])] if len(diameters) else None


def _annotated_pixels(sample: Sample) -> int:
    if sample.labels is None:
        return 0
    return prod(sample.shape) if sample.annotated is None else int(sample.annotated.sum())


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _shared_notes(samples: Sequence[Sample]) -> list[str]:
    having: dict[str, list[tuple[str, str]]] = {}
    for sample in samples:
        for note in sample.notes:
            having.setdefault(re.sub(r"\d+", "#", note), []).append((sample.name, note))
    found = []
    for alike in having.values():
        name, note = alike[0]
        found.append(
            f"{name}: {note}"
            if len(alike) == 1
            else f"{counted(len(alike), 'image')}, as {name}: {note}"
        )
    return found


def _notes_of_all(samples: Sequence[Sample]) -> list[str]:
    """Say what only all images together show: unused bits, and images that are there twice.

    Grey beside colour, too, which is unseen in a list of many.
    """
    mixed = mixture(samples)
    notes = [] if mixed is None else [mixed]
    hidden = never_annotated(samples)
    if hidden:
        notes.append(in_words(hidden))
    deep = [sample.image for sample in samples if sample.image.dtype == np.uint16]
    if deep:
        highest = max(int(image.max()) for image in deep)
        bits = next((bits for bits in _CAMERA_BITS if highest < 2**bits), 16)
        if bits < 16:
            images = counted(len(deep), "image")
            notes.append(f"{bits}-bit data in 16 bits: no pixel of {images} is above {highest}")
    first: dict[str, str] = {}
    twins = []
    for sample in samples:
        name = first.setdefault(digest(sample, truth=False), sample.name)
        if name != sample.name:
            twins.append(f"{sample.name} has the same pixels as {name}")
    if twins:
        images = counted(len(twins), "image", "are")
        notes.append(
            f"{images} there twice: {twins[0]}; if one is held out to validate with, its score "
            "says nothing"
        )
    return notes
