"""An engine that has given back its memory computes the next tile as it computed the last."""

import numpy as np
import pytest
import torch

from septum.network import UNet
from septum.predict.engines import choose


@pytest.mark.parametrize("backend", ["torch", "openvino", "onnx"])
def test_an_engine_computes_on_after_release(backend):
    torch.manual_seed(0)
    engine, _ = choose(UNet(width=4, depth=1, dropout=0), backend, "fp32", "cpu")
    tiles = np.random.default_rng(0).random((1, 1, 44, 60), np.float32)
    before = engine(tiles)
    engine.release()
    np.testing.assert_array_equal(engine(tiles), before)
