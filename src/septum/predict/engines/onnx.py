"""ONNX Runtime: float32 wherever it runs, without PyTorch's kernels."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np

from septum.errors import ConfigError
from septum.network import UNet
from septum.predict.engines.graph import write
from septum.predict.engines.memory import InMainMemory
from septum.predict.engines.protocol import scores_shape

_SILENT = "ORT_DISABLE_TELEMETRY"
_BESIDE = 4.5  # see septum.predict.engines.memory
# Old enough for every ONNX Runtime that the extra allows, and all that a U-Net needs.
_OPSET, _IR_VERSION = 17, 8


class OnnxEngine(InMainMemory):
    """Run a `UNet` in ONNX Runtime on the CPU, in float32.

    Parameters
    ----------
    network : UNet
        With its trained weights; left as it is.
    precision : {"auto", "fp32"}
        ONNX Runtime has no bfloat16 convolution for CPUs.

    Raises
    ------
    ConfigError
        If ONNX Runtime is not installed, or cannot compute in `precision`.
    """

    name = "onnx"
    device = "cpu"
    precision = "fp32"

    def __init__(self, network: UNet, precision: str = "auto") -> None:
        if precision not in ("auto", "fp32", "32"):
            raise ConfigError(
                f"precision is {precision!r}; the backend onnx computes in fp32 alone. Take the "
                "backend openvino or torch"
            )
        super().__init__(network, _BESIDE)
        self._session = imported().InferenceSession(
            model_of(network), providers=["CPUExecutionProvider"]
        )

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        """Return the scores of a batch of tiles; see `septum.predict.engines.Engine`."""
        scores_shape(self, tiles.shape)
        (scores,) = self._session.run(["scores"], {"tiles": tiles})
        return np.asarray(scores)

    def release(self) -> None:
        """Keep everything: the library gives features back by itself."""


def imported() -> Any:
    """Return the package `onnxruntime`, which tells nobody that it is used.

    Raises
    ------
    ConfigError
        If it, or `onnx`, is not installed.
    """
    missing = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"{' and '.join(missing)} is not installed; install it with "
            '`pip install "septum[onnx]"`, or take the backend torch'
        )
    with _nobody_told():
        import onnxruntime

    return onnxruntime


@contextmanager
def _nobody_told() -> Iterator[None]:
    """Keep ONNX Runtime from reporting its use.

    As it is loaded it would start a thread that does so over the network, and leave an id of the
    machine in the user's cache.
    """
    before = os.environ.get(_SILENT)
    os.environ[_SILENT] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SILENT]
        else:
            os.environ[_SILENT] = before


def model_of(network: UNet) -> bytes:
    """Return the network as an ONNX model for tiles of any size and number."""
    from onnx import TensorProto, checker, helper

    def tensor(name: str, channels: int):
        # Axes that are named, and not numbered, are open.
        shape = ["N", channels, *(f"{name} {axis}" for axis in "ZYX"[-network.ndim :])]
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    operations = _Operations(network.ndim)
    last = write(network, operations, "tiles")
    operations.add("Identity", [last], name="scores")
    graph = helper.make_graph(
        operations.nodes,
        "U-Net",
        [tensor("tiles", network.in_channels)],
        [tensor("scores", network.classes)],
        operations.weights,
    )
    model = helper.make_model(
        graph,
        producer_name="septum",
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    checker.check_model(model)
    return model.SerializeToString()


class _Operations:
    """`septum.predict.engines.graph.Operations` in ONNX; a tensor is its name."""

    def __init__(self, ndim: int) -> None:
        self._ndim = ndim
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def convolve(self, features: str, weights: np.ndarray, bias: np.ndarray) -> str:
        return self.add("Conv", [features, self._keep(weights), self._keep(bias)])

    def up_convolve(self, features: str, weights: np.ndarray, bias: np.ndarray) -> str:
        inputs = [features, self._keep(weights), self._keep(bias)]
        return self.add("ConvTranspose", inputs, strides=weights.shape[2:])

    def relu(self, features: str) -> str:
        return self.add("Relu", [features])

    def pool(self, features: str, factor: Sequence[int]) -> str:
        return self.add("MaxPool", [features], kernel_shape=factor, strides=factor)

    def crop(self, features: str, margins: Sequence[int]) -> str:
        start, axes = np.asarray(margins), np.arange(2, 2 + self._ndim)
        return self.add("Slice", [features, *map(self._keep, (start, -start, axes))])

    def concatenate(self, parts: Sequence[str]) -> str:
        return self.add("Concat", list(parts), axis=1)

    def add(self, kind: str, inputs: Sequence[str], name: str | None = None, **settings) -> str:
        """Append one node, and return the name of its output."""
        from onnx import helper

        output = name or f"{kind.lower()} {len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **settings))
        return output

    def _keep(self, array: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"array {len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name
