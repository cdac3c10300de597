"""What is in a dataset, as plain facts: the content of ``septum check``."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from septum.data.layouts import Dataset
from septum.data.sample import Sample, equivalent_diameters


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
        ``layout``, ``root``, ``images`` (how many), ``objects`` (in all), ``channels`` and
        ``dtypes`` (those that occur, sorted), ``spacing_um`` (those that occur), ``orphans`` (file
        names), ``notes`` (one that several images share, up to the numbers in it, appears once) and
        ``samples``: a list with one dict per image, see :func:`describe`.
    """
    rows = [describe(sample) for sample in samples]
    return {
        "layout": dataset.layout,
        "root": str(dataset.root),
        "images": len(rows),
        "objects": sum(row["objects"] for row in rows),
        "channels": sorted({row["channels"] for row in rows}),
        "dtypes": sorted({row["dtype"] for row in rows}),
        "spacing_um": [
            list(spacing) for spacing in sorted({s.spacing for s in samples if s.spacing})
        ],
        "median_diameter": _median([row["median_diameter"] for row in rows]),
        "orphans": [path.name for path in dataset.orphans],
        "notes": [*dataset.notes, *_shared_notes(samples)],
        "samples": rows,
    }


def describe(sample: Sample) -> dict[str, Any]:
    """Describe one image.

    Returns
    -------
    dict
        ``name``, ``shape`` (spatial), ``channels``, ``dtype``, ``minimum`` and ``maximum`` of the
        pixels, ``objects``, ``touching_pairs`` (pairs of objects that meet without a gap),
        ``foreground`` and ``annotated`` (shares of the image, 0 to 1), ``median_diameter`` (of the
        disc or ball of the same size, in pixels; None without objects), ``spacing_um``, ``notes``.
    """
    labels = np.zeros(sample.shape, np.int32) if sample.labels is None else sample.labels
    ids, sizes = np.unique(labels[labels > 0], return_counts=True)
    diameters = equivalent_diameters(sizes, sample.ndim)
    return {
        "name": sample.name,
        "shape": list(sample.shape),
        "channels": sample.image.shape[0],
        "dtype": str(sample.image.dtype),
        "minimum": sample.image.min().item(),
        "maximum": sample.image.max().item(),
        "objects": len(ids),
        "touching_pairs": len(touching_pairs(labels)),
        "foreground": float((labels > 0).mean()),
        "annotated": _annotated_share(sample),
        "median_diameter": float(np.median(diameters)) if len(ids) else None,
        "spacing_um": None if sample.spacing is None else list(sample.spacing),
        "notes": list(sample.notes),
    }


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


def _annotated_share(sample: Sample) -> float:
    if sample.labels is None:
        return 0.0
    return 1.0 if sample.annotated is None else float(sample.annotated.mean())


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
            f"{name}: {note}" if len(alike) == 1 else f"{len(alike)} images ({name}: {note})"
        )
    return found
