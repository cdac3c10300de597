"""A trained model: arrays of any size in, labels and probabilities out."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from septum.array import Sink, Source, View
from septum.config import override
from septum.data.channels import absent, arranged
from septum.data.normalise import stretch_of
from septum.description import Description
from septum.errors import ConfigError
from septum.geometry import tile_sizes
from septum.instances import instances, without_specks
from septum.intake import (
    fitting,
    instance_values,
    smallest_pieces,
    takes,
    working_shape,
    zoom_of,
)
from septum.network import UNet
from septum.predict import (
    Probabilities,
    averaged,
    classified,
    overlap_tile,
    sigmoid,
    softmax,
)
from septum.predict import orientations as orientations_of
from septum.predict.engines import Engine, choose
from septum.predict.tile import choose_tile
from septum.resample import resample, resampled
from septum.stored import read_model, write_model

DEFAULT_MEMORY = 4 * 2**30
"""Bytes that prediction may use beside the program itself, unless told otherwise."""


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    Attributes
    ----------
    labels : numpy.ndarray of int32
        Shape ``spatial``: 0 background, 1..n instances. Of a model of named classes, their numbers
        as in `septum.classes.Classes`, of which ``masks(labels)`` makes one mask for each.
    probabilities : numpy.ndarray of float32
        Shape ``(classes, *spatial)``, summing to one over the classes unless these may overlap.
    """

    labels: np.ndarray
    probabilities: np.ndarray


class Model:
    """A trained U-Net that takes and returns plain numpy arrays.

    Parameters
    ----------
    network : UNet
        With its trained weights.
    description : Description
        How to prepare images for it and what to do with its scores.
    device : str, optional
        Where to compute; the fastest at hand by default.
    backend, precision : str, default "auto"
        See `septum.predict.engines.choose`.
    int8 : Path, optional
        The network with 8-bit weights, as `septum.compress` writes it.
    """

    def __init__(
        self,
        network: UNet,
        description: Description,
        device: str | None = None,
        backend: str = "auto",
        precision: str = "auto",
        int8: Path | None = None,
    ) -> None:
        self.network = network
        self.description = description
        self._wished = (device, backend, precision, int8)

    @cached_property
    def _chosen(self) -> tuple[Engine, str]:
        device, backend, precision, int8 = self._wished
        return choose(self.network, backend, precision, device, int8)

    def described(self, description: Description) -> "Model":
        """Return the same network with another description, for example other thresholds."""
        return Model(self.network, description, *self._wished)

    def adjusted(self, settings: Iterable[str]) -> "Model":
        """Return the model with other choices of how cells, or classes, are found.

        Parameters
        ----------
        settings : iterable of str
            As ``"instances.threshold=0.6"``; also ``instances.min_size`` and, of cells,
            ``instances.seed`` and ``instances.neck``.

        Raises
        ------
        ConfigError
            If a setting does not exist, or cannot be changed after training.
        """
        settings = list(settings)
        for setting in settings:
            if not setting.startswith("instances."):
                raise ConfigError(
                    f"{setting!r} cannot be changed after training; instances.threshold, "
                    "instances.seed, instances.neck and instances.min_size can"
                )
        plan = override(self.description.plan, settings)
        now, before = plan.instances, self.description.plan.instances
        seeds = (now.seed, now.neck) != (before.seed, before.neck)
        if self.description.named is not None and seeds:
            raise ConfigError(
                f"{', '.join(settings)}: the model tells classes apart, which have no seeds; "
                "instances.threshold and instances.min_size can be changed"
            )
        return self.described(replace(self.description, plan=plan))

    @property
    def engine(self) -> Engine:
        """What runs the network; made when it is needed first, since that may take seconds."""
        return self._chosen[0]

    @property
    def reason(self) -> str:
        """Why this engine, in a sentence."""
        return self._chosen[1]

    def predict(
        self,
        image: np.ndarray,
        tile: int | Sequence[int] | None = None,
        orientations: str = "none",
        spacing: Sequence[float] | None = None,
        on_tile: Callable[[int, int], None] | None = None,
        channels: Sequence[int | None] | None = None,
    ) -> Prediction:
        """Segment one image in memory.

        Parameters
        ----------
        image : numpy.ndarray
            Shape ``spatial`` for a model of one channel, else ``(C, *spatial)``; any real type, as
            stored in the file: the model normalises it as it did in training. A model that learnt
            from neighbouring slices takes them as channels too, before and behind its own; without
            them, the image is its own neighbour.
        tile : int or sequence of int, optional
            Input tile in pixels of the working resolution; any size gives the same result. By
            default a fast one.
        orientations : {"none", "flips", "all"}, default "none"
            Average the scores over mirrored (and rotated) versions of the image.
        spacing : sequence of float, optional
            Pixel size of `image` in µm along its spatial axes: the network then sees it at the
            pixel size of its training images. By default pixels are taken as those of training.
        on_tile : callable, optional
            Called with the pixels done and the pixels in all.
        channels : sequence of int or None, optional
            For each channel of the model (`Description.channels`) the number of the image's; None
            for one that the image has not got. By default they are those of the image, in order.

        Returns
        -------
        Prediction
            Labels and probabilities at the resolution of `image`.

        Raises
        ------
        DataError
            If the image has another rank or other channels than the training images, or pixels
            that are not finite; if `spacing` is given and the model knows none; if `channels` has
            a number that is not that of a channel.
        ConfigError
            If `tile` or `orientations` is not one of those above.
        """
        known, image = self.description, np.asarray(image)
        if image.ndim == known.ndim and (channels is not None or takes(known, 1)):
            image = image[np.newaxis]
        source = fitting(known, image if channels is None else arranged(image, channels))
        missing = () if channels is None else absent(channels, known.in_channels)
        zoom = zoom_of(known, spacing)
        working = working_shape(known, source.shape[1:], zoom)
        sizes = self.tile(working, tile)
        probabilities = np.empty((known.classes, *working), np.float32)
        self.write_probabilities(
            source, probabilities, sizes, orientations, on_tile, missing=missing
        )
        probabilities = resample(probabilities, source.shape[1:])
        if known.named is not None:
            classes = self.classified(probabilities)
            smallest = smallest_pieces(known, zoom)
            labels = without_specks(classes, known.named, smallest).astype(np.int32)
        else:
            labels = instances(probabilities, *instance_values(known, zoom))
        return Prediction(labels, probabilities)

    def classified(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the numbers of the named classes that a model of classes tells apart, uint8.

        Pixel by pixel: pieces that are too small are in it.

        Raises
        ------
        ConfigError
            If the model finds cells, or its thresholds are not one, or one for each class.
        """
        named = self.description.named
        if named is None:
            raise ConfigError("the model finds cells, and tells no classes by name")
        return classified(probabilities, named, self.description.plan.instances.thresholds)

    def write_probabilities(
        self,
        image: Source,
        into: Sink,
        tile: Sequence[int],
        orientations: str = "none",
        on_tile: Callable[[int, int], None] | None = None,
        memory: int = DEFAULT_MEMORY,
        missing: Collection[int] = (),
    ) -> None:
        """Write the probabilities of an image of any size, at the working resolution.

        Parameters
        ----------
        image : Source
            Shape ``(C, *spatial)``, as stored; read tile by tile.
        into : Sink
            Shape ``(classes, *working)`` with `working_shape`; written tile by tile.
        tile : sequence of int
            See `tile`.
        orientations, on_tile
            As in `predict`.
        memory : int
            Bytes that a batch of tiles may take.
        missing : collection of int, optional
            Channels that the image has not got: the network sees them black, as in training with
            ``augment.drop_channel``.
        """
        plan, depths = self.description.plan, self.network.depths
        views = list(orientations_of(orientations, self.description.ndim))
        if depths[-1] != depths[-2] and any(view.transposed for view in views):
            raise ConfigError(
                f"orientations all swaps Y and X, and this network treats them differently (depth "
                f"{depths}); take flips"
            )
        stretch = stretch_of(image, plan.data.normalise, plan.data.window).without(missing)
        stretched = View(
            tuple(image.shape), np.dtype(np.float32), lambda window: stretch.apply(image[window])
        )
        source = resampled(stretched, into.shape[1:])
        batch = self.engine.batch_size(tile_sizes(source.shape[1:], tile, depths), memory)
        named = self.description.named
        share = sigmoid if named is not None and named.overlap else softmax
        sink = Probabilities(into, share)
        overlap_tile(source, averaged(self.engine, views), tile, sink, depths, batch, on_tile)

    def tile(
        self,
        shape: Sequence[int],
        wished: int | Sequence[int] | None = None,
        memory: int = DEFAULT_MEMORY,
    ) -> tuple[int, ...]:
        """Return the input tile for an image of working `shape`: as wished, or the fastest.

        Raises
        ------
        ConfigError
            If the wish is no size, or `memory` (bytes) holds no tile at all.
        """
        if wished is None:
            return choose_tile(self.engine, shape, memory)[0]
        ndim = self.description.ndim
        sizes = (wished,) * ndim if isinstance(wished, int) else tuple(wished)
        if len(sizes) != ndim or min(sizes) < 1:
            raise ConfigError(
                f"tile is {wished}; expected one size, or one for each of the {ndim} axes, of 1 px "
                "or more. Any size gives the same result"
            )
        return sizes

    def save(self, folder: str | Path) -> None:
        """Write the model to `folder`; each file appears only when it is complete."""
        write_model(Path(folder), self.network, self.description)


def load(
    folder: str | Path,
    device: str | None = None,
    backend: str = "auto",
    precision: str = "auto",
) -> Model:
    """Load a trained model.

    Parameters
    ----------
    folder : str or Path
        A run folder as `septum.train` writes it, or the ``model`` folder in it.
    device : {"cpu", "cuda", "mps"}, optional
        Where to compute; the fastest at hand by default.
    backend : {"auto", "torch", "openvino", "onnx"}
        What runs the network; ``auto``: the fastest that is exact enough on this machine.
    precision : {"auto", "fp32", "bf16", "int8"}
        Of the convolutions.

    Raises
    ------
    DataError
        If the folder is no model, or one that this version cannot read.
    """
    network, description, int8 = read_model(Path(folder))
    return Model(network, description, device, backend, precision, int8)
