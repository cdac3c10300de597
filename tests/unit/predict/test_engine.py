"""The engine gives the network's scores, in whichever precision."""

import numpy as np
import pytest
import torch

from septum.errors import ConfigError
from septum.network import UNet
from septum.predict import TorchEngine
from septum.predict.precision import choose_device, has_bfloat16, resolve

CPU = torch.device("cpu")


def network(ndim=2):
    torch.manual_seed(0)
    return UNet(width=8, depth=2, ndim=ndim, dropout=0.5, norm="batch")


@pytest.mark.parametrize(("ndim", "size"), [(2, 60), (3, 44)])
def test_the_engine_is_the_network_in_evaluation(ndim, size):
    unet = network(ndim)
    tile = np.random.default_rng(0).random((1, *(size,) * ndim)).astype(np.float32)
    with torch.no_grad():
        expected = unet.eval()(torch.from_numpy(tile)[None])[0].numpy()
    result = TorchEngine(unet.train(), precision="32")(tile)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)


def test_bfloat16_is_close_to_float32_and_not_the_same():
    tile = np.random.default_rng(0).random((1, 76, 60)).astype(np.float32)
    exact, rough = (TorchEngine(network(), precision=kind)(tile) for kind in ("32", "bf16"))
    assert rough.dtype == np.float32
    difference = np.abs(exact - rough).max()
    assert 0 < difference < 0.03 * np.abs(exact).max()


def test_a_precision_is_resolved_for_the_device(monkeypatch):
    for name in ("32", "bf16"):
        assert resolve(name, CPU) == name
    for present, name in ((True, "bf16"), (False, "32")):
        monkeypatch.setattr("septum.predict.precision.has_bfloat16", lambda _, p=present: p)
        assert resolve("auto", CPU) == name


def test_emulated_bfloat16_does_not_count(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
    assert not has_bfloat16(CPU)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert has_bfloat16(CPU)


def test_an_unknown_precision_is_named():
    with pytest.raises(ConfigError, match="precision is '16'; it is one of auto, 32, bf16"):
        resolve("16", CPU)


def test_an_unknown_or_absent_device_is_named():
    assert choose_device("cpu") == CPU
    with pytest.raises(ConfigError, match="device is 'abacus'; it is 'cpu' or 'cuda'"):
        choose_device("abacus")
    if not torch.cuda.is_available():
        assert choose_device(None) == CPU
        with pytest.raises(ConfigError, match="no CUDA device"):
            choose_device("cuda")
