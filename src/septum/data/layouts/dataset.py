"""A dataset as found on disk: its pairs, and whether their labels belong together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from septum.counted import counted
from septum.data.layouts.annotation import Annotation
from septum.data.layouts.pair import (
    Pair,
    annotation_of,
    load_pair,
    looks_like_labels,
    read_pair,
)
from septum.data.layouts.rank import rank_of
from septum.data.layouts.reading import AS_FOUND, Reading
from septum.data.sample import Sample, refuse_empty
from septum.errors import DataError


@dataclass(frozen=True)
class Dataset:
    """The pairs that a layout found in a folder; nothing is read until :meth:`load`.

    Attributes
    ----------
    layout : str
        The layout and how its pairs were found, in one line.
    root : Path
        The folder.
    pairs : tuple of Pair
        In the order of their names.
    orphans : tuple of Path
        Image files that are in no pair and will not be used.
    notes : tuple of str
        What was left out, and why.
    choices : tuple of str
        The annotations that `Reading.labels` chooses from, where there are several.
    reading : Reading
        The user's wishes.
    """

    layout: str
    root: Path
    pairs: tuple[Pair, ...]
    orphans: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    reading: Reading = AS_FOUND

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def files(self) -> Iterator[Path]:
        """All that a training reads, and the files in no pair; some are folders, as a zarr is."""
        for pair in self.pairs:
            yield from (pair.image, *pair.channels, pair.labels)
            yield from (part.labels for part in pair.parts)
            if pair.area is not None:
                yield pair.area
        yield from self.orphans

    def samples(self, ndim: int = 2) -> Iterator[Sample]:
        """Read pair by pair; a stack gives one sample per plane for ``ndim=2``.

        Raises
        ------
        DataError
            As :func:`load_pair`.
        """
        for pair in self.pairs:
            yield from load_pair(pair, ndim, self.reading)

    def load(self, ndim: int | None = None) -> list[Sample]:
        """Read every pair.

        Parameters
        ----------
        ndim : {2, 3}, optional
            Spatial axes of the samples: 2 splits stacks into planes, 3 keeps them as volumes. By
            default as the user wishes, or as the first pair's labels tell; see `rank_of`.

        Returns
        -------
        list of Sample

        Raises
        ------
        DataError
            For a file that cannot be used, for files that contradict one another, and when not one
            label image has an object in it.
        """
        if ndim is None:
            ndim = self._rank()
        found = [
            (pair, *read_pair(pair, self._annotation(pair, ndim), ndim, self.reading))
            for pair in self.pairs
        ]
        refuse_contradictions([(pair, annotation) for pair, annotation, _ in found], self.reading)
        samples = [sample for _, _, samples in found for sample in samples]
        if any(sample.kind == "mask" for sample in samples):
            # One object in one piece is a mask where the others are masks.
            ones = {id(s) for _, a, group in found if a.open for s in group}
            samples = [replace(s, kind="mask") if id(s) in ones else s for s in samples]
        refuse_empty(samples, str(self.root), str(self.pairs[0].labels))
        return samples

    def _rank(self) -> int:
        try:
            return rank_of(self.pairs, self.reading)
        except DataError as error:
            raise _perhaps_swapped(error, self.pairs[0]) from None

    def _annotation(self, pair: Pair, ndim: int) -> Annotation:
        try:
            return annotation_of(pair, ndim, self.reading)
        except DataError as error:
            raise _perhaps_swapped(error, pair) from None


def _perhaps_swapped(error: DataError, pair: Pair) -> DataError:
    if not looks_like_labels(pair.image):
        return error
    return DataError(
        f"{error}. {pair.image} looks like a label image: were the images and their annotations "
        "swapped?"
    )


def refuse_contradictions(found: Sequence[tuple[Pair, Annotation]], reading: Reading) -> None:
    """Refuse label files that mean different things by the same values.

    Parameters
    ----------
    found : sequence of (Pair, Annotation)
        Of all files that are used together, to train on or as the truth of an evaluation.
    reading : Reading
        The user's wishes; what they decide is not open.

    Raises
    ------
    DataError
        For masks among instance ids, and for 255 as an id in one file and as "not annotated" in
        another, with the options that decide it.
    """
    _refuse_mixed(found, reading)
    _refuse_two_meanings(found, reading)


def _refuse_mixed(found: Sequence[tuple[Pair, Annotation]], reading: Reading) -> None:
    """Refuse masks among instance ids: there, and only there, cells that touch would be one."""
    masks = [pair for pair, a in found if a.kind == "mask" and pair.kind is None]
    ids = [pair for pair, a in found if a.kind == "instances" and not a.open and _any(a)]
    if not masks or not ids or reading.binary_instances is not None:
        return
    raise DataError(
        f"{masks[0].labels}: a binary mask ({len(masks)} of "
        f"{counted(len(found), 'label image')}), while others hold an id for each object "
        f"({ids[0].labels.name}); number its objects 1, 2, "
        "3 …, or give --binary-instances: its connected components are the objects then, those "
        "that touch being one (--no-binary-instances if it is one object in several pieces)"
    )


def _refuse_two_meanings(found: Sequence[tuple[Pair, Annotation]], reading: Reading) -> None:
    """Refuse 255 as an id in one file and as "not annotated" in another, unless it was said."""
    unknown = [pair for pair, a in found if a.ignored == 255]
    ids = [pair for pair, a in found if a.top_is_id and a.ignored != 255]
    if unknown and ids and reading.ignore is None:
        raise DataError(
            f"{unknown[0].labels}: 255 looks like 'not annotated' here, as the other values count "
            f"1, 2, … n, but like an id in {ids[0].labels.name}; give --ignore 255, or --ignore -1 "
            "if it is an id in all files"
        )


def _any(annotation: Annotation) -> bool:
    return any(plane.labels.any() for plane in annotation.planes)
