"""A trained model on disk and in memory: weights, plan, and what it was trained on.

``model/`` holds ``model.safetensors`` and ``model.json``; nothing in it is code.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes

from septum.atomic import replacing, write_text
from septum.config import from_dict, to_dict
from septum.data.normalise import normalise
from septum.errors import ConfigError, DataError
from septum.instances import instances
from septum.network import UNet
from septum.plan import Plan
from septum.predict import TorchEngine, average, overlap_tile
from septum.predict import orientations as orientations_of
from septum.predict.precision import choose_device
from septum.resample import resample, rescale
from septum.version import __version__

FORMAT = 1
_DEFAULT_TILE = 700


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    Attributes
    ----------
    labels : numpy.ndarray of int32
        Shape ``spatial``: 0 background, 1..n instances.
    probabilities : numpy.ndarray of float32
        Shape ``(classes, *spatial)``, summing to one over the classes.
    """

    labels: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Description:
    """What must be known to build the network and to trust it: ``model.json``.

    Attributes
    ----------
    in_channels, classes, ndim : int
        Of the network.
    plan : Plan
        Every choice of the training, resolved.
    spacing : tuple of float or None
        Pixel size of the training images, where the files said.
    training : dict
        Where the weights come from: images, steps, seed, seconds, final loss.
    """

    in_channels: int = 1
    classes: int = 2
    ndim: int = 2
    plan: Plan = field(default_factory=Plan)
    spacing: tuple[float, ...] | None = None
    training: dict[str, Any] = field(default_factory=dict)

    def build(self) -> UNet:
        """Return the network with fresh weights.

        Raises
        ------
        ConfigError
            If there is no such network.
        """
        try:
            return UNet(self.in_channels, self.classes, ndim=self.ndim, **asdict(self.plan.network))
        except ValueError as error:
            raise ConfigError(f"network: {error}") from None


class Model:
    """A trained U-Net that takes and returns plain numpy arrays.

    Parameters
    ----------
    network : UNet
        With its trained weights.
    description : Description
        How to prepare images for it and what to do with its scores.
    device : str, optional
        Where to compute; a CUDA device if there is one, else the CPU.
    """

    def __init__(self, network: UNet, description: Description, device: str | None = None) -> None:
        self.network = network
        self.description = description
        self.device = choose_device(device)

    def predict(
        self,
        image: np.ndarray,
        tile: int | Sequence[int] | None = None,
        orientations: str = "none",
        precision: str | None = None,
        on_tile: Callable[[int, int], None] | None = None,
    ) -> Prediction:
        """Segment one image.

        Parameters
        ----------
        image : numpy.ndarray
            Shape ``spatial`` for a model of one channel, else ``(C, *spatial)``; any real type, as
            stored in the file: the model normalises it as it did in training.
        tile : int or sequence of int, optional
            Input tile in pixels of the working resolution; any size gives the same result. By
            default 700, or less where the image is smaller.
        orientations : {"none", "flips", "all"}, default "none"
            Average the scores over mirrored (and rotated) versions of the image.
        precision : {"auto", "32", "bf16"}, optional
            As the model was trained by default. ``auto``: bfloat16 where the device has units for
            it, float32 elsewhere.
        on_tile : callable, optional
            Called with the pixels done and the pixels in all.

        Returns
        -------
        Prediction
            Labels and probabilities at the resolution of `image`.

        Raises
        ------
        DataError
            If the image has another rank or other channels than the training images, or pixels
            that are not finite.
        ConfigError
            If `tile`, `orientations` or `precision` is not one of those above.
        """
        channels = self._channels(np.asarray(image))
        probabilities = softmax(self.scores(channels, tile, orientations, precision, on_tile))
        probabilities = resample(probabilities, channels.shape[1:])
        labels = instances(probabilities, *self.description.plan.instances.values)
        return Prediction(labels, probabilities)

    def scores(
        self,
        image: np.ndarray,
        tile: int | Sequence[int] | None = None,
        orientations: str = "none",
        precision: str | None = None,
        on_tile: Callable[[int, int], None] | None = None,
    ) -> np.ndarray:
        """Return the scores of ``(C, *spatial)`` at the working resolution; see `predict`."""
        plan, ndim = self.description.plan, self.description.ndim
        network_input = rescale(normalise(image, plan.data.normalise), plan.data.scale or 1)
        sizes = _sizes(_DEFAULT_TILE if tile is None else tile, ndim)
        engine = TorchEngine(self.network, self.device, precision or plan.training.precision)
        views = list(orientations_of(orientations, ndim))

        def scores_of(view: np.ndarray, number: int) -> np.ndarray:
            def report(done: int, total: int) -> None:
                if on_tile is not None:
                    on_tile(number * total + done, len(views) * total)

            return overlap_tile(view, engine, sizes, self.network.depth, report)

        return average(network_input, views, scores_of)

    def save(self, folder: str | Path) -> None:
        """Write the model to `folder`; each file appears only when it is complete."""
        folder = Path(folder)
        weights = {k: v.detach().cpu().contiguous() for k, v in self.network.state_dict().items()}
        with replacing(folder / "model.safetensors") as path:
            path.write_bytes(to_bytes(weights))
        content = {"format": FORMAT, "septum": __version__, **to_dict(self.description)}
        write_text(folder / "model.json", json.dumps(content, indent=2) + "\n")

    def _channels(self, image: np.ndarray) -> np.ndarray:
        ndim, expected = self.description.ndim, self.description.in_channels
        axes = ", ".join("ZYX"[-ndim:])
        if image.ndim == ndim and expected == 1:
            image = image[None]
        if image.ndim != ndim + 1 or image.shape[0] != expected:
            colour = image.ndim == ndim + 1 and image.shape[0] in (3, 4) and expected == 1
            hint = ". It looks like a colour image: convert it to grey" if colour else ""
            wanted = f"({expected}, {axes})" + (f" or ({axes})" if expected == 1 else "")
            raise DataError(
                f"the image has shape {image.shape}; the model was trained on {expected} "
                f"channel(s) in {ndim}D and takes shape {wanted}{hint}"
            )
        if image.size == 0:
            raise DataError(f"the image has shape {image.shape}: there is no pixel in it")
        if image.dtype.kind not in "buif":
            raise DataError(f"the image is of type {image.dtype}; expected real numbers")
        if image.dtype.kind == "f" and not np.isfinite(image).all():
            bad = int(image.size - np.isfinite(image).sum())
            raise DataError(
                f"{bad} pixels of the image are NaN or infinite; replace them, for example with "
                "numpy.nan_to_num, before predicting"
            )
        return image


def load(folder: str | Path, device: str | None = None) -> Model:
    """Load a trained model.

    Parameters
    ----------
    folder : str or Path
        A run folder as `septum.train` writes it, or the ``model`` folder in it.
    device : str, optional
        Where to compute; a CUDA device if there is one, else the CPU.

    Raises
    ------
    DataError
        If the folder is no model, or one that this version cannot read.
    """
    folder = Path(folder)
    if (folder / "model").is_dir():
        folder = folder / "model"
    description = describe(folder)
    network = description.build()
    weights = folder / "model.safetensors"
    try:
        network.load_state_dict(load_file(weights))
    except (OSError, SafetensorError) as error:
        raise DataError(f"{weights} cannot be read: {error}") from None
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise DataError(f"{weights} does not hold the network of model.json: {reason}") from None
    return Model(network, description, device)


def describe(folder: str | Path) -> Description:
    """Return the description of the model in `folder` without its weights.

    Raises
    ------
    DataError
        If the folder is no model, or one that this version cannot read.
    """
    folder = Path(folder)
    if not folder.exists():
        raise DataError(f"{folder}: no such folder")
    path = (folder / "model" if (folder / "model").is_dir() else folder) / "model.json"
    if not path.is_file():
        raise DataError(
            f"{folder} is not a trained model: it holds no model.json. Give the folder that "
            "`septum train -o` wrote"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        newer = content.pop("format") > FORMAT
        version = content.pop("septum")
        if newer:
            raise DataError(
                f"{path} was written by septum {version}, in a newer format than septum "
                f"{__version__} reads; upgrade septum"
            )
        plan = from_dict(Plan, content.pop("plan"))
        spacing = content.pop("spacing", None)
        return Description(
            plan=plan, spacing=None if spacing is None else tuple(spacing), **content
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no description of a model: {error}") from None


def _sizes(tile: int | Sequence[int], ndim: int) -> tuple[int, ...]:
    sizes = (tile,) * ndim if isinstance(tile, int) else tuple(tile)
    if len(sizes) != ndim or min(sizes) < 1:
        raise ConfigError(
            f"tile is {tile}; expected one size, or one for each of the {ndim} axes, of 1 px or "
            f"more. Any size gives the same result; {_DEFAULT_TILE} is a fast one"
        )
    return sizes


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return the pixel-wise softmax over axis 0 (section 3 of the paper)."""
    exponentials = np.exp(scores - scores.max(axis=0))
    return exponentials / exponentials.sum(axis=0)
