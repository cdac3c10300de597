"""OpenVINO: the fastest on a CPU, in bfloat16 where the processor has it, or in 8-bit integers."""

import sys
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from septum.errors import ConfigError, DataError
from septum.network import UNet
from septum.predict.engines.graph import write
from septum.predict.engines.memory import InMainMemory
from septum.predict.engines.protocol import scores_shape
from septum.predict.precision import resolve

if TYPE_CHECKING:
    import openvino

_REPORTER = "openvino_telemetry"
_BESIDE = 4.0  # see septum.predict.engines.memory
# Of the sizes that are not in use: small images differ in size and come back, and compiling takes
# about 0.1 s. What is kept holds its features.
_KEPT_BYTES = 256 * 2**20


class OpenVinoEngine(InMainMemory):
    """Run a `UNet` in OpenVINO on the CPU, compiled once for each size of tile.

    Parameters
    ----------
    network : UNet
        With its trained weights; left as it is.
    precision : {"auto", "fp32", "bf16", "int8"}
        ``auto``: int8 if there is such a model, else bfloat16 where the processor has units for
        it, else float32.
    int8 : Path, optional
        The network in 8-bit integers, as `septum compress` writes it.

    Raises
    ------
    ConfigError
        If OpenVINO is not installed, there is no such precision, or no int8 model.
    DataError
        If the int8 model cannot be read.
    """

    name = "openvino"
    device = "cpu"

    def __init__(self, network: UNet, precision: str = "auto", int8: Path | None = None) -> None:
        self._openvino = imported()
        cpu = torch.device("cpu")
        if precision == "int8" and int8 is None:
            raise ConfigError(
                "this model has no int8 version; make one with "
                "`septum compress RUN -o RUN-int8 --calibrate DATA`"
            )
        if precision not in ("int8", "auto"):
            int8 = None
        self.precision = resolve(precision, cpu) if int8 is None else "int8"
        super().__init__(network, _BESIDE)
        self._core = core()
        self._model = model_of(network) if int8 is None else self._read(int8)
        # In an int8 model, this is for the layers that are not quantised.
        wished = "auto" if self.precision == "int8" else self.precision
        floats = {"bf16": "bf16", "fp32": "f32"}[resolve(wished, cpu)]
        self._settings = {"INFERENCE_PRECISION_HINT": floats, "PERFORMANCE_HINT": "LATENCY"}
        self._requests: OrderedDict[tuple[int, ...], openvino.InferRequest] = OrderedDict()

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """Return the scores of a batch of tiles; see `septum.predict.engines.Engine`."""
        scores = np.empty(scores_shape(self, tiles.shape), np.float32)
        request = self._request(tiles.shape)
        # Both arrays are used where they lie: nothing is copied in or out.
        tensor = self._openvino.Tensor
        request.set_input_tensor(tensor(np.ascontiguousarray(tiles), shared_memory=True))
        request.set_output_tensor(tensor(scores, shared_memory=True))
        request.infer()
        return scores

    def _request(self, shape: tuple[int, ...]) -> "openvino.InferRequest":
        if shape in self._requests:
            self._requests.move_to_end(shape)
            return self._requests[shape]
        while sum(self.bytes_for(sizes) for _, _, *sizes in self._requests) > _KEPT_BYTES:
            self._requests.popitem(last=False)
        self._model.reshape(list(shape))
        request = self._core.compile_model(self._model, "CPU", self._settings)
        self._requests[shape] = request.create_infer_request()
        return self._requests[shape]

    def _read(self, path: Path) -> "openvino.Model":
        try:
            return self._core.read_model(path)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1].strip()
            raise DataError(
                f"{path} cannot be read ({reason}); make it again with `septum compress`, or take "
                "--precision bf16 or fp32"
            ) from None

    def release(self) -> None:
        """Give back what is kept ready for the next tile: the features of a compiled network."""
        self._requests.clear()


def imported() -> Any:
    """Return the package `openvino`.

    Raises
    ------
    ConfigError
        If it is not installed.
    """
    try:
        with _telling_nobody():
            import openvino
    except ImportError:
        raise ConfigError(
            'OpenVINO is not installed; install it with `pip install "septum[cpu]"`, or take the '
            "backend torch"
        ) from None
    return openvino


@cache
def core() -> "openvino.Core":
    """Return the one core of the process, which lives as long as that.

    Each core gives the thread a stack for signals. Of several that end in the order in which they
    began, the last one leaves a stack behind that is gone, and then Ctrl-C ends the process by a
    segmentation fault.
    """
    return imported().Core()


@contextmanager
def _telling_nobody() -> Iterator[None]:
    """Hide the package with which OpenVINO reports over the network that it was imported.

    What users compute, and that they do, is theirs. OpenVINO does without it where it is missing;
    the process that it forks to report would also get every Ctrl-C and print what came of it.
    """
    before = sys.modules.get(_REPORTER)
    sys.modules[_REPORTER] = None  # pyright: ignore[reportArgumentType]
    try:
        yield
    finally:
        del sys.modules[_REPORTER]
        if before is not None:
            sys.modules[_REPORTER] = before


def model_of(network: UNet) -> "openvino.Model":
    """Return the network as an OpenVINO model for tiles of any size."""
    openvino = imported()
    from openvino import opset13

    shape = openvino.PartialShape([-1, network.in_channels, *(-1,) * network.ndim])
    tiles = opset13.parameter(shape, np.float32, name="tiles")
    scores = write(network, _Operations(network.ndim), tiles)
    return openvino.Model([scores], [tiles], "U-Net")


class _Operations:
    """`septum.predict.engines.graph.Operations` in OpenVINO."""

    def __init__(self, ndim: int) -> None:
        from openvino import opset13

        self._make, self._ndim = opset13, ndim
        self._ones, self._none = [1] * ndim, [0] * ndim

    def convolve(self, features: Any, weights: np.ndarray, bias: np.ndarray) -> Any:
        convolved = self._make.convolution(
            features, weights, self._ones, self._none, self._none, self._ones
        )
        return self._biased(convolved, bias)

    def up_convolve(self, features: Any, weights: np.ndarray, bias: np.ndarray) -> Any:
        convolved = self._make.convolution_backprop_data(features, weights, list(weights.shape[2:]))
        return self._biased(convolved, bias)

    def _biased(self, features: Any, bias: np.ndarray) -> Any:
        return self._make.add(features, bias.reshape(1, -1, *self._ones))

    def relu(self, features: Any) -> Any:
        return self._make.relu(features)

    def pool(self, features: Any, factor: Sequence[int]) -> Any:
        steps = list(factor)
        pooled = self._make.max_pool(features, steps, self._ones, self._none, self._none, steps)
        return pooled.output(0)

    def crop(self, features: Any, margins: Sequence[int]) -> Any:
        axes, start = np.arange(2, 2 + self._ndim), np.asarray(margins)
        return self._make.slice(features, start, -start, np.ones_like(start), axes)

    def concatenate(self, parts: Sequence[Any]) -> Any:
        return self._make.concat(list(parts), 1)
