"""Every engine gives the network's scores, in whichever precision."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import nn

from septum.errors import ConfigError
from septum.geometry import nearest_legal
from septum.network import UNet
from septum.predict.engines import OnnxEngine, OpenVinoEngine, TorchEngine
from septum.predict.engines.check import TOLERANCE, self_test
from septum.predict.engines.graph import write
from septum.predict.probabilities import softmax


def needs(*packages):
    missing = [name for name in packages if find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


needs_openvino = needs("openvino")
needs_onnx = needs("onnx", "onnxruntime")

ENGINES = [
    pytest.param(TorchEngine, "fp32", id="torch fp32"),
    pytest.param(TorchEngine, "bf16", id="torch bf16"),
    pytest.param(OpenVinoEngine, "fp32", id="openvino fp32", marks=needs_openvino),
    pytest.param(OpenVinoEngine, "bf16", id="openvino bf16", marks=needs_openvino),
    pytest.param(OnnxEngine, "fp32", id="onnx fp32", marks=needs_onnx),
]


def network(ndim=2, norm: str | None = "batch", depth=2):
    """A network whose batch norms have statistics of their own, as after a training."""
    torch.manual_seed(0)
    unet = UNet(2, 3, width=8, depth=depth, ndim=ndim, dropout=0.5, norm=norm)
    for layer in unet.modules():
        if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d):
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.normal_(0, 0.3)
            layer.running_var.uniform_(0.5, 2)
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, 0, 0.2)
    return unet


def made(kind, unet, precision):
    return TorchEngine(unet, "cpu", precision) if kind is TorchEngine else kind(unet, precision)


def expected(unet, tiles):
    with torch.no_grad():
        return unet.eval()(torch.from_numpy(tiles)).numpy()


def noise(*shape):
    return np.random.default_rng(0).random(shape).astype(np.float32)


@pytest.mark.parametrize(("kind", "precision"), ENGINES)
@pytest.mark.parametrize(
    ("depth", "sizes", "norm"),
    [
        ((2, 2), (60, 76), "batch"),
        ((2, 2), (44, 60), None),
        ((2, 2, 2), (44, 48, 52), "batch"),
        ((0, 2, 2), (7, 44, 48), "batch"),
        ((1, 2, 2), (20, 44, 48), None),
    ],
)
def test_every_engine_is_the_network(kind, precision, depth, sizes, norm):
    unet = network(len(depth), norm, depth)
    tiles = noise(2, 2, *sizes)
    result = made(kind, unet, precision)(tiles)
    exact = expected(unet, tiles)
    assert result.dtype == np.float32
    assert result.shape == exact.shape
    worst = max(np.abs(softmax(a) - softmax(b)).max() for a, b in zip(result, exact, strict=True))
    assert worst < (1e-4 if precision == "fp32" else 0.05)


@pytest.mark.parametrize(("kind", "precision"), ENGINES)
def test_one_engine_serves_tiles_of_many_sizes_and_never_reuses_what_it_returned(kind, precision):
    unet = network()
    engine = made(kind, unet, precision)
    sizes = [(44, 44), (60, 44), (44, 60), (60, 60), (44, 44)]
    tiles = [noise(number, 2, *size) for number, size in enumerate(sizes, start=1)]
    results = [engine(tile) for tile in tiles]
    for tile, result in zip(tiles, results, strict=True):
        np.testing.assert_allclose(result, expected(unet, tile), rtol=0, atol=0.2)


@pytest.mark.parametrize(("kind", "precision"), ENGINES)
@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 2, 60, 61), "61 px does not fit a U-Net of depth 2; the nearest legal sizes are 60"),
        ((1, 3, 60, 60), "shape .1, 3, 60, 60.; expected"),
    ],
)
def test_tiles_that_do_not_fit_are_refused(kind, precision, shape, message):
    with pytest.raises(ValueError, match=message):
        made(kind, network(), precision)(noise(*shape))


@pytest.mark.parametrize(("kind", "precision"), ENGINES)
def test_an_engine_leaves_the_network_alone(kind, precision):
    unet = network().train()
    before = {key: value.clone() for key, value in unet.state_dict().items()}
    engine = made(kind, unet, precision)
    tiles = noise(1, 2, 44, 44)
    first = engine(tiles)
    assert unet.training
    assert all(torch.equal(before[key], value) for key, value in unet.state_dict().items())
    nn.init.zeros_(unet.scores.weight)
    np.testing.assert_array_equal(engine(tiles), first)


def test_bfloat16_is_close_to_float32_and_not_the_same():
    tiles = noise(1, 2, 76, 60)
    exact, rough = (TorchEngine(network(), precision=kind)(tiles) for kind in ("fp32", "bf16"))
    difference = np.abs(exact - rough).max()
    assert 0 < difference < 0.03 * np.abs(exact).max()


class Sizes:
    """Operations that compute nothing but how wide a tensor is."""

    def convolve(self, features, weights, bias):
        assert weights.shape[0] == len(bias)
        return tuple(n - k + 1 for n, k in zip(features, weights.shape[2:], strict=True))

    def up_convolve(self, features, weights, bias):
        assert weights.shape[1] == len(bias)
        return tuple(n * k for n, k in zip(features, weights.shape[2:], strict=True))

    def relu(self, features):
        return features

    def pool(self, features, factor):
        assert all(n % k == 0 for n, k in zip(features, factor, strict=True))
        return tuple(n // k for n, k in zip(features, factor, strict=True))

    def crop(self, features, margins):
        return tuple(n - 2 * margin for n, margin in zip(features, margins, strict=True))

    def concatenate(self, parts):
        assert len(set(parts)) == 1, "a skip is as wide as what it lies beside"
        return parts[0]


@pytest.mark.parametrize(
    "depth", [(1, 1), (2, 2), (3, 3), (4, 4), (0, 2, 2), (1, 2, 2), (1, 3, 3), (2, 3, 1)]
)
def test_the_graph_crops_as_the_network_does(depth):
    for size in (10, 300):
        unet = network(len(depth), depth=depth)
        sizes = tuple(nearest_legal(size, along)[1] for along in depth)
        assert write(unet, Sizes(), sizes) == unet.output_shape(sizes)


def test_a_layer_that_no_graph_has_is_named():
    unet = network()
    unet.contracting[0][2] = nn.GELU()
    with pytest.raises(TypeError, match="GELU"):
        write(unet, Sizes(), (60, 60))


def test_onnx_has_no_bfloat16():
    with pytest.raises(ConfigError, match="'bf16'; the backend onnx computes in fp32 alone"):
        OnnxEngine(network(), "bf16")


@needs_openvino
def test_openvino_needs_an_int8_model_for_int8():
    with pytest.raises(ConfigError, match="septum compress RUN -o RUN-int8"):
        OpenVinoEngine(network(), "int8")


class Wrong:
    """An engine that is off by as much as it is told."""

    name, precision, device = "torch", "fp32", "mps"
    in_channels, classes, depth = 2, 3, 2

    def __init__(self, change):
        self.right, self.change = TorchEngine(network(), precision="fp32"), change

    def __call__(self, tiles):
        return self.change(self.right(tiles))

    def bytes_for(self, sizes):
        return 0

    def free_memory(self):
        return None

    def batch_size(self, sizes, memory):
        return 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda scores: scores, None),
        (lambda scores: scores + 5, "a probability differs by 0"),  # of classes that overlap
        (lambda scores: scores[:, ::-1], "a probability differs by 0"),
        (lambda scores: scores * np.float32(1.05), "a probability differs by 0"),
        (lambda scores: np.where(scores == scores.max(), np.nan, scores), "differs by nan"),
        (lambda scores: scores[..., 1:], r"shape \(3, 20, 19\) and not \(3, 20, 20\)"),
    ],
)
def test_the_self_test_finds_an_engine_that_is_wrong(change, message):
    found = self_test(Wrong(change), Wrong(lambda scores: scores), (60, 60), TOLERANCE["fp32"])
    if message is None:
        assert found is None
    else:
        assert re.search(message, found or "")


@needs_openvino
def test_openvino_keeps_small_tiles_and_lets_go_of_large_ones(monkeypatch):
    engine = OpenVinoEngine(network(), "fp32")
    small, large, other = (noise(1, 2, size, size) for size in (44, 300, 60))
    monkeypatch.setattr(
        "septum.predict.engines.openvino._KEPT_BYTES", 2 * engine.bytes_for((44, 44))
    )
    for tiles, kept in (
        (small, [small]),
        (large, [small, large]),
        (small, [large, small]),
        (other, [small, other]),
    ):
        engine(tiles)
        assert list(engine._requests) == [array.shape for array in kept]


def test_nobody_is_told_over_the_network_that_openvino_is_used():
    pytest.importorskip("openvino")
    # In a process of its own, since it is imported once; its reporter would fork another one.
    code = (
        "import sys; from septum.predict.engines.openvino import imported; imported(); "
        "from openvino.tools import ovc; "
        "print(type(ovc.telemetry).__module__, 'openvino_telemetry' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "openvino.tools.ovc.telemetry_stub False\n"


@needs_onnx
def test_nobody_is_told_over_the_network_that_onnx_runtime_is_used(tmp_path):
    # In a process of its own, since it is loaded once; what it would report lies in the cache.
    code = (
        "import os; from septum.network import UNet; "
        "from septum.predict.engines.onnx import OnnxEngine; import numpy as np; "
        "OnnxEngine(UNet(width=4, depth=1))(np.zeros((1, 1, 20, 20), np.float32)); "
        "print('ORT_DISABLE_TELEMETRY' in os.environ)"
    )
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={**os.environ, **home},
    )  # fmt: skip
    assert told.stdout == "False\n"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_interrupt_after_engines_have_come_and_gone_is_no_crash():
    pytest.importorskip("openvino")
    # In a process of its own, which would end there. Each plugin of OpenVINO gives the thread a
    # stack for signals, and takes it away in the order of the engines.
    code = """
import signal
import numpy as np
from septum.network import UNet
from septum.predict.engines import OpenVinoEngine

signal.signal(signal.SIGINT, lambda *_given: print("caught"))
engines = [OpenVinoEngine(UNet(width=4, depth=1)) for _ in range(3)]
for engine in engines:
    engine(np.zeros((1, 1, 20, 20), np.float32))
del engine
while engines:
    engines.pop(0)
block = [bytearray(11_000) for _ in range(100)]
signal.raise_signal(signal.SIGINT)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "caught\n")
