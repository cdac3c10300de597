"""One image with several annotations of it, by name: ``raw.tif`` with ``membranes.tif``, ..."""

from difflib import get_close_matches
from pathlib import Path

from septum.counted import counted
from septum.data.formats import stem_of
from septum.data.layouts.dataset import Dataset
from septum.data.layouts.files import image_entries, is_generic, label_key, subfolder, suffix_key
from septum.data.layouts.folder import AREAS, IMAGES, find_folders
from septum.data.layouts.pair import Pair
from septum.data.layouts.reading import Reading
from septum.errors import DataError


def find_several(root: Path, reading: Reading) -> Dataset | None:
    """Pair an image called ``raw`` or ``image`` with the annotation that the user chooses.

    The candidates are all other image files of the folder; or, beside a folder ``raw/`` or
    ``images/``, all other sub-folders with images, where none has a name that says "labels".

    Returns
    -------
    Dataset or None
        None where there is no such image, or fewer than two candidates and no choice.

    Raises
    ------
    DataError
        Without a choice, naming the candidates.
    """
    folders = subfolder(root, IMAGES)
    if folders is not None:
        others = [path for path in sorted(root.iterdir()) if path.is_dir() and image_entries(path)]
        others = [path for path in others if path.name.lower() not in (*IMAGES, *AREAS)]
        if len(others) > 1 or (others and reading.labels):
            _chosen(root, f"{folders.name}/", {path.name: path for path in others}, reading)
        return find_folders(root, reading)
    files = image_entries(root)
    generic = [path for path in files if is_generic(path)]
    candidates = {stem_of(path): path for path in files if path not in generic}
    if any(label_key(path) == stem_of(image) for image in generic for path in candidates.values()):
        return None  # raw.tif with raw_masks.tif: side by side
    if reading.labels and any(
        suffix_key(path, reading.labels) == stem_of(image)
        for image in generic
        for path in candidates.values()
    ):
        return None  # raw.tif with raw_cells.tif, likewise
    if len(generic) != 1 or not candidates or (len(candidates) < 2 and reading.labels is None):
        return None
    labels = _chosen(root, generic[0].name, candidates, reading)
    layout = f"one image with several annotations: {generic[0].name} with {labels.name}"
    left = ", ".join(
        path.name for name, path in candidates.items() if name not in reading.wanted_labels
    )
    chooses = "--labels NAME" if reading.wanted_labels == (reading.labels,) else "--classes"
    notes = (f"not used: {left}; {chooses} chooses",) if left else ()
    pair = Pair(stem_of(generic[0]), generic[0], labels, group=stem_of(generic[0]))
    return Dataset(layout, root, (pair,), notes=notes, choices=tuple(candidates))


def _chosen(root: Path, image: str, candidates: dict[str, Path], reading: Reading) -> Path:
    found = candidates.get(reading.labels or "")
    if found is not None:
        return found
    held = (
        f"{root}: {image} with {counted(len(candidates), 'annotation')} that it could be trained "
        f"on: {', '.join(candidates)}"
    )
    if reading.labels and reading.classes is not None and reading.classes.of_files:
        name = reading.classes.names[reading.wanted_labels.index(reading.labels)]
        near = get_close_matches(reading.labels, candidates, 1, 0) or list(candidates)
        raise DataError(
            f"{held}; {reading.labels} is none of them: name what holds it, as --classes "
            f"{name}={near[0]}"
        )
    wanted = f"--labels {reading.labels} is none of them" if reading.labels else "which is open"
    raise DataError(
        f"{held}; {wanted}: choose one, as --labels {next(iter(candidates))}, or take them for "
        f"classes, as --classes {','.join(candidates)}"
    )
