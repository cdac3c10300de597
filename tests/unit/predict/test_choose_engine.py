"""The engine is the fastest that is exact enough here, and the reason says so."""

import sys

import numpy as np
import pytest
import torch

from septum.errors import ConfigError
from septum.network import UNet
from septum.predict.engines import BACKENDS, TorchEngine, available, choose

torch.manual_seed(0)  # weights that see something: of a dead network, half its scores are right
UNET = UNet(width=4, depth=1)


@pytest.fixture
def bfloat16(monkeypatch):
    """Set whether this processor has units for bfloat16."""

    def set_to(present):
        for module in ("precision", "engines.selection"):
            name = f"septum.predict.{module}.has_bfloat16"
            monkeypatch.setattr(name, lambda _: present)

    return set_to


@pytest.fixture
def without_openvino(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)


def test_openvino_is_the_default_on_a_cpu(bfloat16):
    pytest.importorskip("openvino")
    bfloat16(True)
    engine, reason = choose(UNET)
    assert (engine.name, engine.precision, engine.device) == ("openvino", "bf16", "cpu")
    assert reason == "OpenVINO in bfloat16 on the CPU, for which this processor has units"


def test_without_units_for_bfloat16_it_is_float32(bfloat16):
    pytest.importorskip("openvino")
    bfloat16(False)
    engine, reason = choose(UNET)
    assert (engine.name, engine.precision) == ("openvino", "fp32")
    assert "this processor has no units for bfloat16" in reason


@pytest.mark.usefixtures("without_openvino")
def test_without_openvino_it_is_torch_and_the_reason_says_what_to_install(bfloat16):
    bfloat16(True)
    engine, reason = choose(UNET)
    assert (engine.name, engine.precision) == ("torch", "bf16")
    assert 'pip install "septum[cpu]"' in reason


@pytest.mark.usefixtures("without_openvino")
@pytest.mark.parametrize("wish", [{"backend": "openvino"}, {"precision": "int8"}])
def test_a_missing_package_is_named_with_what_installs_it(wish):
    with pytest.raises(ConfigError, match=r'not installed; .*pip install "septum\[cpu\]"'):
        choose(UNET, **wish)


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_onnx_needs_two_packages(monkeypatch, missing):
    monkeypatch.setattr(
        "septum.predict.engines.onnx.find_spec", lambda name: None if name == missing else name
    )
    with pytest.raises(ConfigError, match=rf'^{missing} is not installed.*"septum\[onnx\]"'):
        choose(UNET, "onnx")


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"backend": "tensorflow"}, "backend is 'tensorflow'; it is auto, torch, openvino, onnx"),
        ({"precision": "fp16"}, "precision is 'fp16'; it is auto, fp32, bf16, int8"),
        ({"device": "tpu"}, "device is 'tpu'; it is one of cpu, cuda, mps"),
        ({"backend": "onnx", "device": "cuda"}, "onnx computes on the CPU; for the device 'cuda'"),
        ({"backend": "torch", "precision": "int8"}, "int8 needs openvino"),
        ({"device": "cuda", "precision": "int8"}, "int8 needs openvino|no CUDA device"),
    ],
)
def test_what_does_not_exist_or_go_together_is_named(wish, message):
    with pytest.raises(ConfigError, match=message):
        choose(UNET, **wish)


def test_torch_is_taken_when_it_is_asked_for(bfloat16):
    bfloat16(True)
    for wish, precision in (("auto", "bf16"), ("fp32", "fp32"), ("32", "fp32"), ("bf16", "bf16")):
        engine, _ = choose(UNET, "torch", wish, "cpu")
        assert (engine.name, engine.precision) == ("torch", precision)


class Mps(TorchEngine):
    """A stand-in for an Apple GPU: computes on the CPU, and as wrongly as it is told."""

    factor = 1.0

    def __init__(self, network, device="cpu", precision="auto"):
        super().__init__(network, "cpu", "fp32" if str(device) == "mps" else precision)
        self.device = str(device)

    def __call__(self, tiles):
        scores = super().__call__(tiles)
        return scores * np.float32(self.factor) if self.device == "mps" else scores


@pytest.mark.parametrize(("factor", "device"), [(1.0, "mps"), (0.5, "cpu"), (np.nan, "cpu")])
def test_an_apple_gpu_that_is_wrong_is_not_used(monkeypatch, factor, device):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr("septum.predict.engines.selection.TorchEngine", Mps)
    monkeypatch.setattr(Mps, "factor", factor)
    engine, reason = choose(UNET, device="mps")
    assert engine.device == device
    assert reason.startswith("WARNING") == (device == "cpu")
    expected = "agrees with the CPU" if device == "mps" else "the CPU is used instead"
    assert expected in reason


def test_all_backends_are_listed_and_those_that_work_can_be_chosen():
    found = available()
    assert {entry.backend for entry in found} == set(BACKENDS)
    for entry in found:
        assert bool(entry.precisions) or entry.note
        for precision in set(entry.precisions) - {"int8"}:
            engine, _ = choose(UNET, entry.backend, precision, entry.device)
            assert (engine.name, engine.precision) == (entry.backend, precision)
            assert entry.version


@pytest.mark.usefixtures("without_openvino")
def test_what_is_not_installed_is_listed_with_how_to_install_it():
    (entry,) = (entry for entry in available() if entry.backend == "openvino")
    assert entry.precisions == ()
    assert 'pip install "septum[cpu]"' in entry.note
