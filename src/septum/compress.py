"""A trained model in 8-bit integers, calibrated on images of the user and checked on them.

Post-training quantisation: the range of every feature is measured on tiles as prediction sees them,
and 256 steps are laid over it. What is written is the model as it was and, beside it, the network
in integers; nothing is written if that one is worse.
"""

import io
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from septum import api, geometry
from septum.atomic import replacing
from septum.counted import counted
from septum.data.context import with_context
from septum.data.normalise import normalise
from septum.data.sample import Sample
from septum.errors import ConfigError, DataError, SeptumError
from septum.evenly import evenly
from septum.intake import check
from septum.model import Model
from septum.predict import read
from septum.predict.engines import openvino
from septum.resample import rescale
from septum.stored import INT8
from septum.training.apart import refuse_among_data
from septum.training.calibrate import quality
from septum.training.standing import refuse_existing

# More tiles no longer move the ranges; each takes about a second.
_TILES = 48
# Output sizes of calibration tiles in contexts, by rank: 444 px for the paper's network.
_OUTPUT = {2: 2.8, 3: 1.0}
# Tried in this order: all layers in integers, then without those at full resolution at the start
# and the end, where rounding is seen most (1.5 instead of 1.8 times as fast as bfloat16).
_EXEMPT = ((0, 0), (2, 3))


@dataclass(frozen=True)
class Compressed:
    """What compressing a model cost.

    Attributes
    ----------
    before, after : float
        `Description.measure` on the annotated images, in float32 and in 8 bits; 1 is perfect.
    exempt : int
        Convolutions that are not in integers.
    """

    before: float
    after: float
    exempt: int


def compress(
    run: str | Path,
    out: str | Path,
    data: api.Data,
    max_loss: float = 0.005,
    on_note: Callable[[str], None] | None = None,
) -> Compressed:
    """Write a copy of a trained model that also holds its network in 8-bit integers.

    Parameters
    ----------
    run : str or Path
        The run folder of the model; left as it is.
    out : str or Path
        The new run folder: without a model in it.
    data : str, Path, sequence of Sample or (images, labels)
        Annotated images, as for `septum.train`: their pixels calibrate, their labels check. The
        labels of a model of named classes are read as it learnt them.
    max_loss : float, default 0.005
        How much of `Description.measure` may be lost.
    on_note : callable, optional
        Called with each sentence about what is being done.

    Raises
    ------
    SeptumError
        If more than `max_loss` would be lost; nothing is written.
    ConfigError
        If a package is missing, or `max_loss` is no share.
    DataError
        If the run is no model, the data cannot be understood, or `out` already holds a model.
    """
    say = on_note or (lambda _note: None)
    if not 0 <= max_loss < 1:
        raise ConfigError(f"max_loss is {max_loss:g}; expected a share, 0 or more and less than 1")
    refuse_existing(Path(out))
    _imported()
    model = api.load(run, "cpu", precision="fp32")
    named = model.description.named
    reading = api.Reading(classes=named)
    refuse_among_data(Path(out), [data], reading)
    samples = [sample for sample in api.samples_of(data, say, reading) if sample.labels is not None]
    if not samples:
        raise DataError("there is no annotated image to check the compressed model on")
    for sample in samples:
        check(model.description, sample.image.shape, sample.image.dtype)
        if sample.named != named:
            raise DataError(f"{sample.name} is not annotated with the classes that the model tells")
    samples = with_context(samples, model.description.reach)
    before = quality(model, samples)
    tiles = list(calibration_tiles(model, samples))
    measure = model.description.measure
    say(f"in float32: {measure} is {before:.4f} on {counted(len(samples), 'image')}")
    if before == 0:
        say("the model finds no object in them, so that what the integers lose cannot be told")
    say(f"calibrating on {counted(len(tiles), 'tile')}")
    with TemporaryDirectory() as folder:
        path = Path(folder) / INT8
        for exempt in _EXEMPT:
            _write(_quantised(model, tiles, *exempt), path)
            after = quality(_with(model, path), samples)
            floats = f", {sum(exempt)} layers in floating point" if any(exempt) else ""
            say(f"in 8-bit integers{floats}: {measure} is {after:.4f}")
            if before - after <= max_loss:
                result = Compressed(before, after, sum(exempt))
                _keep(model, path, Path(out) / "model", result)
                return result
    raise SeptumError(
        f"in 8-bit integers the model loses {before - after:.4f} of {measure}, more than the "
        f"{max_loss:g} allowed; nothing was written. Calibrate on more images, or allow more with "
        "--max-loss"
    )


def calibration_tiles(model: Model, samples: Sequence[Sample]) -> Iterator[np.ndarray]:
    """Yield tiles ``(1, C, *sizes)`` of the images, at most 48 and evenly spread, as in prediction.

    Parameters
    ----------
    model : Model
        Its plan says how pixels become the network's input.
    samples : sequence of Sample
        At least one.
    """
    data, network = model.description.plan.data, model.network
    sides = [round((2 + _OUTPUT[network.ndim]) * geometry.context(d)) for d in network.depths]
    images = [rescale(normalise(s.image, data.normalise, data.window), data.scale) for s in samples]
    places = [
        (number, tile.input)
        for number, image in enumerate(images)
        for tile in geometry.grid(image.shape[1:], sides, network.depths)
    ]
    for number, window in evenly(places, _TILES):
        yield read(images[number], window)[np.newaxis]


def _quantised(model: Model, tiles: list[np.ndarray], first: int, last: int) -> Any:
    """Return the network as an OpenVINO model in integers but for its first and last layers."""
    nncf = _imported()
    network = openvino.model_of(model.network)
    names = [
        node.get_friendly_name()
        for node in network.get_ordered_ops()
        if node.get_type_name() in ("Convolution", "ConvolutionBackpropData")
    ]
    with _quiet():
        return nncf.quantize(
            network,
            nncf.Dataset(tiles),
            # Ranges that need not be symmetric, and biases that are corrected by what the layers
            # before them really do: half of the rounding errors, at the same speed.
            preset=nncf.QuantizationPreset.MIXED,
            fast_bias_correction=False,
            subset_size=len(tiles),
            ignored_scope=nncf.IgnoredScope(names=names[:first] + names[len(names) - last :]),
        )


def _with(model: Model, path: Path) -> Model:
    return Model(model.network, model.description, "cpu", "openvino", "int8", path)


def _write(network: Any, path: Path) -> None:
    openvino.imported().serialize(network, path, path.with_suffix(".bin"))


def _keep(model: Model, path: Path, folder: Path, result: Compressed) -> None:
    """Write the model to `folder`, what makes it one (model.json) last."""
    with (
        replacing(folder / INT8) as graph,
        replacing((folder / INT8).with_suffix(".bin")) as weights,
    ):
        shutil.copyfile(path, graph)
        shutil.copyfile(path.with_suffix(".bin"), weights)
    training = {
        **model.description.training,
        "int8": {"metric": model.description.measure, **asdict(result)},
    }
    model.described(replace(model.description, training=training)).save(folder)


def _imported() -> Any:
    """Return the package `nncf`, which writes its news to nobody.

    Raises
    ------
    ConfigError
        If it, or OpenVINO, is not installed.
    """
    openvino.imported()
    # By default NNCF reports over the network what it is used for. What users compute, and that
    # they do, is theirs; this is its switch, read when it is imported.
    os.environ.setdefault("NNCF_CI", "1")
    try:
        with _quiet():
            import nncf
    except ImportError:
        raise ConfigError(
            'NNCF is not installed; install it with `pip install "septum[int8]"`'
        ) from None
    return nncf


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep progress bars and greetings from the terminal; errors are raised all the same."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield
