"""How files are segmented, what is written of them, and where nothing may be written."""

from dataclasses import dataclass
from pathlib import Path

from septum.data.channels import Wishes
from septum.data.formats import stem_of
from septum.data.layouts.files import few, image_entries
from septum.data.layouts.folder import ANNOTATION_FOLDERS
from septum.errors import ConfigError, DataError
from septum.model import DEFAULT_MEMORY, Model
from septum.outputs import KINDS
from septum.predict import orientations


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


def refuse_unwritable(options: Options, model: Model) -> None:
    """Raise ConfigError if a result of this model cannot be what the options ask for."""
    named = model.description.named
    if "nifti" in options.save and named is not None and named.overlap:
        raise ConfigError(
            "save has nifti, a NIfTI of labels has one number for each voxel, and the classes of "
            "the model may overlap; take labels or zarr, with a channel or an image for each"
        )


def result_paths(path: Path, out: Path, options: Options) -> list[Path]:
    """Return the files that `segment_file` writes for `path`."""
    return [out / f"{stem_of(path)}{KINDS[kind].suffix}" for kind in options.save]


def is_done(path: Path, out: Path, options: Options) -> bool:
    """Tell whether every result of an image is there."""
    return all(result.exists() for result in result_paths(path, out, options))


def refuse_same_folder(path: Path, out: Path) -> None:
    """Raise DataError if an image lies in the folder for its results."""
    if path.parent.resolve() == out.resolve():
        raise DataError(
            f"{path} is in the folder for the results, where a result could take the place of what "
            "is yours; give another folder, as -o results"
        )


def refuse_annotation_folder(out: Path) -> None:
    """Raise DataError if the folder for results is one of annotations, by its name and content.

    A result beside an annotation of the same image would be taken for a second one of it.
    """
    if out.resolve().name.lower() not in ANNOTATION_FOLDERS:  # "." has no name
        return
    # One annotation is enough: an earlier result beside it makes it no folder of results.
    others = [path for path in image_entries(out) if not _is_result(path)]
    if others:
        raise DataError(
            f"{out} holds images that septum did not write ({few(others)}) and is called as a "
            "folder of annotations is; give another folder, as -o results"
        )


def _is_result(path: Path) -> bool:
    return any(path.name.endswith(kind.suffix) and kind.is_ours(path) for kind in KINDS.values())


def spare_annotations(path: Path, out: Path, options: Options) -> None:
    """Raise DataError if a result could take the place of what septum has not written."""
    refuse_same_folder(path, out)
    for kind, result in zip(options.save, result_paths(path, out, options), strict=True):
        if result.exists() and not KINDS[kind].is_ours(result):
            # Of a table that an earlier version wrote, nothing tells that it was not edited.
            version = "this version of " if result.suffix == ".csv" else ""
            raise DataError(
                f"{result} was not written by {version}septum, or was changed since: it could be "
                "your own annotation; give another folder, as -o results"
            )
