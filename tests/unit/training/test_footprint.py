"""What a training step is said to keep is what autograd keeps."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from septum.geometry import smallest_input
from septum.network import UNet
from septum.training.footprint import kept_bytes, layers, training_bytes

NETWORKS = [(2, 2, 2), (0, 2, 2), (1, 2, 2), (1, 1, 1)]


def sizes_of(depths):
    return tuple(smallest_input(depth) + 2**depth for depth in depths)


@pytest.mark.parametrize("bf16", [True, False])
@pytest.mark.parametrize("depths", NETWORKS)
def test_each_feature_that_is_kept_for_the_way_back_is_counted_once(depths, bf16):
    network = UNet(1, 2, 4, depths, 3, dropout=0, norm="batch")
    network.to(memory_format=torch.channels_last_3d)  # pyright: ignore[reportCallIssue]
    own = {parameter.shape for parameter in network.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        image = tensor.shape[1:2] == (1,)
        if tensor.shape not in own and not image:  # nor weights and statistics, in either type
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)  # alive, or its place is reused
        return tensor

    lower = torch.autocast("cpu", torch.bfloat16, enabled=bf16)
    with saved_tensors_hooks(keep, lambda tensor: tensor), lower:
        scores = network(torch.zeros(1, 1, *sizes_of(depths)))
    found = sum(size for size, _ in kept.values())
    assert scores.requires_grad
    said = sum(kept_bytes(layer, bf16) for layer in layers(sizes_of(depths), depths, 4))
    assert said == found


@pytest.mark.parametrize("depths", NETWORKS)
def test_layers_have_the_weights_and_the_features_of_the_network(depths):
    network = UNet(1, 2, 4, depths, 3, dropout=0, norm="batch")
    features, weights = [], []

    def count(layer, inputs, output):
        features.append((inputs[0].numel(), output.numel()))
        weights.append(layer.weight.numel() if hasattr(layer, "weight") else 0)

    for name, layer in network.named_modules():
        if hasattr(layer, "stride") and name != "scores":
            layer.register_forward_hook(count)
    network(torch.zeros(1, 1, *sizes_of(depths)))
    found = list(layers(sizes_of(depths), depths, 4))
    assert [layer.weights for layer in found] == weights
    assert [(layer.before, layer.after) for layer in found] == features


def test_a_batch_takes_its_features_as_often_and_float32_more():
    one, four = (training_bytes((60, 60, 60), (2, 2, 2), 8, n, True) for n in (1, 4))
    weights = 20 * sum(layer.weights for layer in layers((60, 60, 60), (2, 2, 2), 8))
    assert four - weights == 4 * (one - weights)
    assert training_bytes((60, 60, 60), (2, 2, 2), 8, 1, False) > one
