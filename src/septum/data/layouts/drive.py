"""DRIVE as downloaded: ``images/``, ``1st_manual/`` and the field of view in ``mask/``."""

from pathlib import Path

from septum.data.layouts.dataset import Dataset
from septum.data.layouts.files import image_files
from septum.data.layouts.pair import Pair
from septum.errors import DataError


def find_drive(root: Path) -> Dataset | None:
    """Pair ``21_training.tif``, ``21_manual1.gif`` and ``21_training_mask.gif`` by number.

    The mask is the camera's field of view: outside it nothing is annotated.

    Parameters
    ----------
    root : Path
        ``DRIVE/training``, or the folder above it.

    Returns
    -------
    Dataset or None
        None where there is no ``1st_manual`` folder.

    Raises
    ------
    DataError
        An image without its manual segmentation.
    """
    root = next(
        (path for path in (root, root / "training") if (path / "1st_manual").is_dir()), root
    )
    if not (root / "1st_manual").is_dir():
        return None
    manual, views = (_by_number(root / name) for name in ("1st_manual", "mask"))
    pairs = []
    for number, image in _by_number(root / "images").items():
        if number not in manual:
            raise DataError(f"{image}: no {number}_manual1.gif in {root / '1st_manual'}")
        pairs.append(Pair(image.stem, image, manual[number], area=views.get(number)))
    if not pairs:
        raise DataError(f"{root / 'images'}: no images in it; {root} was read as DRIVE")
    return Dataset("DRIVE: images/, 1st_manual/ and mask/ paired by number", root, tuple(pairs))


def _by_number(folder: Path) -> dict[str, Path]:
    return {path.stem.split("_")[0]: path for path in image_files(folder)}
