"""Which device, and which floating-point type it computes in."""

import pytest
import torch

from septum.errors import ConfigError
from septum.predict.precision import choose_device, has_bfloat16, resolve

CPU = torch.device("cpu")


@pytest.mark.parametrize(("name", "resolved"), [("fp32", "fp32"), ("32", "fp32"), ("bf16", "bf16")])
def test_a_precision_that_is_named_is_taken(name, resolved):
    assert resolve(name, CPU) == resolved


@pytest.mark.parametrize(("present", "resolved"), [(True, "bf16"), (False, "fp32")])
def test_auto_takes_what_the_device_has_units_for(monkeypatch, present, resolved):
    monkeypatch.setattr("septum.predict.precision.has_bfloat16", lambda _: present)
    assert resolve("auto", CPU) == resolved


def test_emulated_bfloat16_does_not_count(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
    assert not has_bfloat16(CPU)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert has_bfloat16(CPU)


def test_an_unknown_precision_is_named():
    with pytest.raises(ConfigError, match="precision is '16'; it is one of auto, fp32, bf16"):
        resolve("16", CPU)


def test_an_unknown_device_is_named():
    assert choose_device("cpu") == CPU
    with pytest.raises(ConfigError, match="device is 'abacus'; it is one of cpu, cuda, mps"):
        choose_device("abacus")


@pytest.mark.parametrize(("name", "what"), [("cuda", "CUDA device"), ("mps", "Apple GPU")])
def test_an_absent_device_is_named(monkeypatch, name, what):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device(None) == CPU
    with pytest.raises(ConfigError, match=f"there is no {what} here; use 'cpu'"):
        choose_device(name)


def test_a_gpu_is_taken_by_default(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device(None) == torch.device("cuda")
