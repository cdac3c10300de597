"""Batch renormalisation against its equation, and against torch's batch norm."""

import copy

import pytest
import torch
from torch import nn

from septum.network import UNet
from septum.network.renorm import BatchRenorm
from septum.predict.engines.torch import folded


def batch(seed, *shape, scale=1.0, shift=0.0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * scale + shift


def trained(steps, channels=3, scale=2.0, shift=1.0):
    layer = BatchRenorm(channels)
    for seed in range(steps):
        layer(batch(seed, 2, channels, 8, 8, scale=scale, shift=shift))
    return layer


def test_a_fresh_layer_is_batch_norm():
    layer, norm = BatchRenorm(3), nn.BatchNorm2d(3)
    features = batch(0, 2, 3, 8, 9, scale=4.0, shift=-2.0)
    torch.testing.assert_close(layer(features), norm(features))


@pytest.mark.parametrize("shape", [(2, 3, 8, 9), (2, 3, 4, 5, 6)])
def test_in_prediction_it_is_batch_norm(shape):
    layer = trained(5).eval()
    norm = {4: nn.BatchNorm2d, 5: nn.BatchNorm3d}[len(shape)](3)
    norm.load_state_dict(layer.state_dict())
    features = batch(0, *shape)
    torch.testing.assert_close(layer(features), norm.eval()(features), rtol=0, atol=0)


def test_trained_it_trains_with_what_it_predicts_with():
    layer = trained(400)
    for seed, (scale, shift) in enumerate([(2.0, 1.0), (1.0, 3.0), (4.0, -4.0)]):
        features = batch(1000 + seed, 1, 3, 16, 16, scale=scale, shift=shift)
        predicts = copy.deepcopy(layer).eval()(features)
        torch.testing.assert_close(copy.deepcopy(layer)(features), predicts, rtol=1e-4, atol=1e-4)
    # Batch norm would make the same of all of them.
    plain = copy.deepcopy(layer)
    plain.num_batches_tracked.zero_()
    assert (plain(features) - predicts).abs().mean() > 0.5


def test_corrections_are_clipped():
    layer = trained(400)
    features = batch(7, 1, 3, 16, 16, scale=2000.0, shift=1e5)
    mean, std = features.mean((0, 2, 3)), features.std((0, 2, 3), correction=0)
    expected = (features - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1) * 3 + 5
    torch.testing.assert_close(layer(features), expected, rtol=1e-3, atol=1e-3)


def test_gradients_flow_through_the_statistics_of_the_batch():
    layer = trained(400)
    features = batch(3, 2, 3, 8, 8, scale=3.0).requires_grad_()
    weights = batch(4, 2, 3, 8, 8)
    before = copy.deepcopy(layer)
    (layer(features) * weights).sum().backward()

    other = features.detach().clone().requires_grad_()
    mean = other.mean((0, 2, 3), keepdim=True)
    std = torch.sqrt(other.var((0, 2, 3), keepdim=True, correction=0) + layer.eps)
    running = before.running_mean.reshape(-1, 1, 1)
    spread = torch.sqrt(before.running_var + layer.eps).reshape(-1, 1, 1)
    r, d = (std / spread).detach(), ((mean - running) / spread).detach()
    (((other - mean) / std * r + d) * weights).sum().backward()
    torch.testing.assert_close(features.grad, other.grad, rtol=1e-4, atol=1e-5)


def test_running_statistics_are_those_of_the_batches():
    layer = trained(1)
    features = batch(0, 2, 3, 8, 8, scale=2.0, shift=1.0)
    torch.testing.assert_close(layer.running_mean, features.mean((0, 2, 3)))
    torch.testing.assert_close(layer.running_var, features.var((0, 2, 3), correction=0))
    assert trained(300).running_mean.mean() == pytest.approx(1.0, abs=0.1)


def test_a_network_goes_on_from_its_state_bit_for_bit():
    network = UNet(width=4, depth=2, dropout=0, norm="renorm")
    for seed in range(3):
        network(batch(seed, 1, 1, 44, 44))
    again = UNet(width=4, depth=2, dropout=0, norm="renorm")
    again.load_state_dict(network.state_dict())
    tile = batch(9, 1, 1, 44, 44)
    assert torch.equal(network(tile), again(tile))
    assert all(
        torch.equal(one, two)
        for one, two in zip(network.state_dict().values(), again.state_dict().values(), strict=True)
    )


def test_under_autocast_features_stay_in_bfloat16():
    network = UNet(width=4, depth=2, dropout=0, norm="renorm")
    with torch.autocast("cpu", torch.bfloat16):
        assert network(batch(0, 1, 1, 44, 44)).dtype == torch.bfloat16


def test_after_training_it_is_folded_into_its_convolution_as_batch_norm_is():
    network = UNet(width=4, depth=2, dropout=0, norm="renorm")
    for seed in range(3):
        network(batch(seed, 1, 1, 44, 44, scale=3.0, shift=1.0))
    plain = folded(network)
    assert not any(isinstance(layer, BatchRenorm) for layer in plain.modules())
    tile = batch(9, 1, 1, 60, 60)
    torch.testing.assert_close(plain(tile), network.eval()(tile), rtol=1e-4, atol=1e-5)
