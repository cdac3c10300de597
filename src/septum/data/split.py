"""What is held out of a training to choose the best model by, without near copies in both parts."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from septum.counted import counted
from septum.data.sample import Sample
from septum.errors import ConfigError, DataError

Item = TypeVar("Item")

_NEAR = 3
"""Frames of a sequence (or slices of a stack) that are less than this apart are near copies."""

_FEW = 4
"""With fewer files than this, a part of each image is held out and not whole images."""


def digest(sample: Sample, truth: bool = True) -> str:
    """Return the SHA-256 of the pixels of a sample, with those of its annotation if `truth`."""
    content = hashlib.sha256()
    arrays = [sample.image, sample.labels, sample.annotated] if truth else [sample.image]
    for array in arrays:
        if array is not None:
            content.update(f"{array.dtype}{array.shape}".encode())
            content.update(np.ascontiguousarray(array).tobytes())
    if truth and sample.named is not None:
        content.update(repr((sample.named.names, sample.named.overlap)).encode())
    return content.hexdigest()


def digests(samples: Sequence[Sample]) -> tuple[tuple[str, str], ...]:
    """Return the name and the SHA-256 of each sample."""
    return tuple((sample.name, digest(sample)) for sample in samples)


def digest_of_all(images: Sequence[tuple[str, str]]) -> str:
    """Return one SHA-256 of all `digests`, for what a training learns from."""
    return hashlib.sha256("".join(value for _, value in images).encode()).hexdigest()


def near(sample: Sample, others: Sequence[Sample]) -> bool:
    """Tell whether a frame is one of `others`, or a near copy: a neighbour in its sequence."""
    return any(
        sample.group == other.group and abs((sample.index or 0) - (other.index or 0)) < _NEAR
        for other in others
        if sample.group
    )


def refuse_shared(training: Sequence[Sample], validation: Sequence[Sample]) -> None:
    """Raise DataError if an image is on both sides: its score would say nothing."""
    known = {digest(sample, truth=False): sample.name for sample in training}
    for sample in validation:
        twin = known.get(digest(sample, truth=False))
        if twin is not None:
            raise DataError(
                f"{sample.name} of the validation images has the same pixels as {twin} of the "
                "training images; a score on it would say nothing. Take it out of one of them"
            )


def hold_out(samples: Sequence[Sample], share: float) -> tuple[list[Sample], list[Sample], str]:
    """Split samples into those to train on and those to validate with.

    As many files as are nearest to the share, one at least. Whole files where there are enough: of
    many sequences whole ones; of few the last frames of each, and the frames before them that are
    near copies are in neither part; of single files evenly spaced ones. Of fewer than 4 files the
    last part of each image along its longest axis; what is validated with is then the whole image,
    of which that part alone counts as annotated: it is predicted with what really lies beside it.

    Parameters
    ----------
    samples : sequence of Sample
        Annotated.
    share : float
        To hold out, above 0 and at most 0.5.

    Returns
    -------
    training, validation : list of Sample
        None of them empty.
    how : str
        The split in words.

    Raises
    ------
    ConfigError
        If `share` is outside its range.
    DataError
        If nothing would be left to train on or to validate with.
    """
    if not 0 < share <= 0.5:
        meant = f"; {share:g} % is {share / 100:g}" if 1 < share <= 50 else ""
        raise ConfigError(
            f"val is {share:g}; expected a share above 0 and up to 0.5, or a folder{meant}"
        )
    if len(samples) < _FEW:
        parts = [_cut(sample, share) for sample in samples]
        training, validation = [list(part) for part in zip(*parts, strict=True)]
        each = "the image" if len(samples) == 1 else f"each of {counted(len(samples), 'image')}"
        how = f"the last {share:.0%} of {each}"
    else:
        validation = _held(samples, share)
        held = {id(sample) for sample in validation}
        training = [s for s in samples if id(s) not in held and not near(s, validation)]
        how = f"{counted(len(validation), 'image', of=len(samples))}: "
        how += ", ".join(s.name for s in validation[:5])
        how += ", …" if len(validation) > 5 else ""
    for part, name in ((training, "train on"), (validation, "validate with")):
        if not any(sample.known.any() for sample in part):
            raise DataError(
                f"with {share:.0%} held out there is no object left to {name}; change --val, or "
                "give a folder of validation images"
            )
    return training, validation, how


def _cut(sample: Sample, share: float) -> tuple[Sample, Sample]:
    axis = int(np.argmax(sample.shape))
    edge = round(sample.shape[axis] * (1 - share))

    before, after = ((slice(None),) * axis + (part,) for part in (slice(edge), slice(edge, None)))
    held = np.zeros(sample.shape, bool)
    held[after] = True if sample.annotated is None else sample.annotated[after]
    taught = replace(
        sample,
        image=sample.image[(slice(None), *before)],
        labels=sample.truth[before],
        annotated=None if sample.annotated is None else sample.annotated[before],
    )
    return taught, replace(sample, annotated=held)


def _held(samples: Sequence[Sample], share: float) -> list[Sample]:
    """Return the whole files to hold out."""
    groups = list(dict.fromkeys(sample.group for sample in samples if sample.group))
    several = _inside(groups, share) if len(groups) * share >= 1 else []
    held = [sample for sample in samples if sample.group in several]
    for group in ["", *groups] if not several else [""]:
        members = sorted((s for s in samples if s.group == group), key=lambda s: s.index or 0)
        count = _count(members, share)
        held += members[-count:] if group else _inside(members, share)
    return held


def _count(items: Sequence[Item], share: float) -> int:
    """Return how many of the items a share is: to the nearest, and one at least."""
    return max(1, round(len(items) * share)) if items else 0


def _inside(items: Sequence[Item], share: float) -> list[Item]:
    """Return a share of the items, evenly spaced and neither the first nor the last."""
    count = _count(items, share)
    places = np.linspace(0, len(items) - 1, count + 2).round().astype(int)[1:-1]
    return [items[place] for place in dict.fromkeys(places.tolist())]
