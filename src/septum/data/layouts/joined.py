"""A dataset of classes that have a file each, from the datasets of each class alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from septum.classes import Classes
from septum.data.layouts.dataset import Dataset
from septum.data.layouts.reading import Reading
from septum.errors import ConfigError, DataError


def find_classes(
    root: Path, reading: Reading, classes: Classes, find_one: Callable[[Path, Reading], Dataset]
) -> Dataset:
    """Find the masks of each class as ``--labels`` would find them, and join the datasets.

    Parameters
    ----------
    root : Path
        The folder.
    reading : Reading
        The user's wishes, without a choice of labels.
    classes : Classes
        Of files.
    find_one : callable
        Finds a dataset as a reading says.

    Raises
    ------
    ConfigError
        For a choice of labels beside the classes; for a dataset without a choice.
    DataError
        Where a class has no files, or lacks that of an image; the class is named.
    """
    if reading.labels is not None:
        raise ConfigError(
            f"--labels {reading.labels} chooses one annotation, and --classes takes one for each "
            f"of {', '.join(classes.names)}; leave --labels away"
        )
    found = []
    for name, (source,) in zip(classes.names, classes.sources, strict=True):
        try:
            found.append(find_one(root, replace(reading, labels=source)))
        except (ConfigError, DataError) as error:
            hint = "" if _is_there(root, source) else _as_a_value(name)
            raise type(error)(
                f"class {name!r}, with masks called {source!r}: {error}{hint}"
            ) from None
    return _joined(found, classes)


def _is_there(root: Path, source: str) -> bool:
    """Tell whether a file or folder of a dataset has a name with that of a class in it."""
    names = (path.name for path in root.iterdir()) if root.is_dir() else ()
    return any(source.lower() in name.lower() for name in names)


def _as_a_value(name: str) -> str:
    return f". Of one label image, a grey value is written as {name}=1, a colour as {name}=#rrggbb"


def _joined(found: Sequence[Dataset], classes: Classes) -> Dataset:
    first = found[0]
    by_image = [{pair.image: pair for pair in dataset.pairs} for dataset in found]
    for name, pairs in zip(classes.names, by_image, strict=True):
        lost = [image for image in by_image[0] if image not in pairs]
        if lost or len(pairs) != len(first.pairs):
            raise DataError(
                f"{first.root}: the classes {classes.names[0]!r} and {name!r} are not of the same "
                f"images: {len(first.pairs)} and {len(pairs)}"
                + (f", and {lost[0].name} is not among the latter" if lost else "")
            )
    joined = tuple(
        replace(pair, parts=tuple(pairs[pair.image] for pairs in by_image)) for pair in first.pairs
    )
    used = {part.labels for pair in joined for part in pair.parts}
    orphans = dict.fromkeys(path for dataset in found for path in dataset.orphans)
    masks = ", ".join(dict.fromkeys(_place(dataset) for dataset in found))
    layout = f"{first.layout.partition(':')[0]}: a mask of each class in {masks}"
    return Dataset(
        layout,
        first.root,
        joined,
        orphans=tuple(path for path in orphans if path not in used),
        notes=tuple(dict.fromkeys(note for dataset in found for note in dataset.notes)),
        choices=first.choices,
    )


def _place(dataset: Dataset) -> str:
    """Return where the labels of a dataset lie, as a person would name it."""
    path, image = dataset.pairs[0].labels, dataset.pairs[0].image
    return path.name if path.parent == image.parent else f"{path.parent.name}/"
