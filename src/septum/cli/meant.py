"""Arguments in the wrong order or left out, and the command that was probably meant."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from shlex import join

from septum.data.formats import is_image_folder, is_image_name
from septum.errors import ConfigError


def results_in(folder: Path) -> list[Path]:
    """Return the files in a folder that a prediction wrote, labels first, or the one given."""
    from septum.outputs import KINDS

    inside = folder.is_dir() and not is_image_folder(folder)
    files = sorted(folder.iterdir()) if inside else [folder]
    found = {
        file: None
        for kind in KINDS.values()
        for file in files
        if file.name.endswith(kind.suffix) and kind.is_ours(file)
    }
    return list(found)


def holds_images(folder: Path) -> bool:
    """Tell whether a folder, or one of those in it, has images in it."""
    return any(map(is_image_name, chain(folder.iterdir(), folder.glob("*/*"))))


def is_model(folder: Path) -> bool:
    """Tell whether a folder is a model, a run, or one with a run for each of several seeds."""
    # Images may be called seed-1, too: what lies in a folder of that name tells them apart.
    runs = (folder, *folder.glob("seed-*"))
    return any((run / name).exists() for run in runs for name in ("model.json", "model", "state"))


def refuse_images_as_model(run: Path, images: Sequence[Path], out: Path) -> None:
    """Refuse images in place of the model of a prediction.

    Raises
    ------
    ConfigError
        With the command in which the model comes first.
    """
    if is_model(run) and images:
        return
    models = [path for path in images if is_model(path)]
    if images and not models and not _are_images(run):
        return
    model = run if is_model(run) else models[0] if models else "RUN"
    given = [path for path in (run, *images) if path != model]
    words = ["septum", "predict", model, *(given or ["IMAGES"]), "-o", out]
    why = "no images are given" if model == run else f"{run} is not a trained model"
    raise ConfigError(
        f"{why}; the folder of a model comes first, then images: {join(map(str, words))}"
    )


def swapped(prediction: Path, truth: Path) -> str | None:
    """Return a warning where the truth looks like results, and the prediction does not."""
    if not results_in(truth) or results_in(prediction):
        return None
    return (
        f"{truth} holds results of `septum predict`, and {prediction} none, although predictions "
        f"come first; if they are swapped: septum evaluate {join(map(str, (truth, prediction)))}"
    )


def _are_images(path: Path) -> bool:
    if path.is_dir() and not is_image_folder(path):
        return holds_images(path)
    return path.exists() and is_image_name(path)
