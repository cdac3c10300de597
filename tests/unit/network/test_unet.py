import math

import pytest
import torch
from torch import nn

from septum.geometry import context, smallest_input
from septum.network import UNet
from septum.network.blocks import MaxPooling, crop_like

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d, nn.Conv3d, nn.ConvTranspose3d)


def convolutions(network):
    return [layer for layer in network.modules() if isinstance(layer, CONVOLUTIONS)]


def test_the_papers_network():
    network = UNet()
    assert sum(p.numel() for p in network.parameters()) == 31_030_658
    assert len(convolutions(network)) == 23
    assert network.output_shape((572, 572)) == (388, 388)
    widest = max(layer.out_channels for layer in convolutions(network))
    assert widest == 1024


@pytest.mark.parametrize(("ndim", "depth"), [(2, 1), (2, 2), (2, 4), (3, 1), (3, 2)])
@pytest.mark.parametrize("norm", [None, "batch", "renorm"])
def test_the_output_has_the_size_that_geometry_promises(ndim, depth, norm):
    network = UNet(in_channels=2, classes=3, width=2, depth=depth, ndim=ndim, norm=norm).eval()
    sizes = [smallest_input(depth) + 2**depth * axis for axis in range(ndim)]
    with torch.no_grad():
        scores = network(torch.zeros(1, 2, *sizes))
    assert scores.shape == (1, 3, *network.output_shape(sizes))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_score_sees_its_context_to_the_last_pixel_and_no_further(depth):
    network = UNet(width=2, depth=depth, dropout=0).double().eval()
    # Positive weights and averages instead of maxima: no path through the network is blocked.
    network.poolings = nn.ModuleList(nn.AvgPool2d(2) for _ in range(depth))
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.1)
    size, step = smallest_input(depth) + 2**depth, 2**depth
    image = torch.ones(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    scores = network(image)
    last = scores.shape[-1] - 1
    scores[0, 0, 0, 0].backward(retain_graph=True)
    seen = image.grad[0, 0, 0].nonzero().flatten()
    assert seen[0] == 0
    assert seen[-1] <= 2 * context(depth) + step
    image.grad = None
    scores[0, 0, last, last].backward()
    seen = image.grad[0, 0, -1].nonzero().flatten()
    assert seen[-1] == size - 1
    assert seen[0] >= size - 1 - 2 * context(depth) - step


def test_the_skip_is_cropped_in_the_centre():
    image = torch.arange(36.0).reshape(1, 1, 6, 6)
    assert torch.equal(crop_like(image, torch.zeros(1, 1, 2, 2)), image[:, :, 2:4, 2:4])


def test_weights_are_drawn_as_the_paper_asks():
    torch.manual_seed(0)
    for layer in convolutions(UNet()):
        transposed = isinstance(layer, nn.ConvTranspose2d)
        incoming = layer.in_channels * (1 if transposed else math.prod(layer.kernel_size))
        expected = math.sqrt(2 / incoming)
        # Five standard errors of a standard deviation and of a mean.
        tolerance = 5 / math.sqrt(2 * layer.weight.numel())
        assert layer.weight.std().item() == pytest.approx(expected, rel=tolerance)
        assert abs(layer.weight.mean().item()) < 5 * expected / math.sqrt(layer.weight.numel())
        assert torch.count_nonzero(layer.bias) == 0


def test_a_layer_and_its_relu_keep_the_energy_of_the_features():
    """N(0, √(2/N)) doubles the mean square, of which the ReLU then takes half."""
    torch.manual_seed(0)
    network = UNet(width=32, depth=3, dropout=0).eval()
    gains = {}

    def record(layer, inputs, output):
        gains[layer] = (output.square().mean() / inputs[0].square().mean()).item()

    for layer in convolutions(network):
        layer.register_forward_hook(record)
    with torch.no_grad():
        network(torch.randn(1, 1, 156, 156))
    for layer, gain in gains.items():
        if layer.out_channels >= 32:
            assert gain == pytest.approx(2, rel=0.35), layer


def test_dropout_is_at_the_end_of_the_contracting_path():
    network = UNet(width=2)
    places = [
        level
        for level, block in enumerate(network.contracting)
        if any(isinstance(layer, nn.Dropout) for layer in block)
    ]
    assert places == [3, 4]
    assert not any(isinstance(m, nn.Dropout) for m in network.expansive.modules())
    assert not any(isinstance(m, nn.Dropout) for m in UNet(width=2, dropout=0).modules())


def test_no_layer_looks_at_the_statistics_of_a_tile():
    network = UNet(width=4, depth=2, norm="batch").eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_var, 0.5, 2)
    image = torch.randn(1, 1, 76, 76)
    with torch.no_grad():
        whole = network(image)
        # The same pixels beside brighter neighbours in the batch.
        beside = network(torch.cat([image, image * 50]))[:1]
    assert torch.allclose(whole, beside, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "instance"}, "statistics of a tile"),
        ({"ndim": 4}, "2 or 3"),
        ({"depth": 0}, "depth is 0"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"width": 0}, "width is 0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        UNet(**arguments)


def test_a_wrong_tile_names_the_nearest_legal_sizes():
    network = UNet(width=2)
    with pytest.raises(ValueError, match="556 and 572"):
        network(torch.zeros(1, 1, 572, 570))
    with pytest.raises(ValueError, match=r"expected \(N, 1, Y, X\)"):
        network(torch.zeros(1, 2, 572, 572))


def test_levels_of_flat_voxels_leave_the_long_axis_alone():
    network = UNet(width=2, depth=(1, 3, 3), ndim=3, dropout=0).double().eval()
    kernels = [tuple(level[0].kernel_size) for level in network.contracting]
    assert kernels == [(1, 3, 3), (1, 3, 3), (3, 3, 3), (3, 3, 3)]
    assert [pool.factor for pool in network.poolings] == [(1, 2, 2), (1, 2, 2), (2, 2, 2)]
    assert [tuple(level.up.stride) for level in network.expansive] == [
        (2, 2, 2),
        (1, 2, 2),
        (1, 2, 2),
    ]
    image = torch.zeros(1, 1, smallest_input(1), *(smallest_input(3),) * 2, dtype=torch.float64)
    assert network(image).shape[2:] == (2, 4, 4) == network.output_shape(image.shape[2:])


@pytest.mark.parametrize("depth", [0, (1, 2), (0, 0, 0), (-1, 2, 2)])
def test_depths_that_are_no_network_are_refused(depth):
    with pytest.raises(ValueError, match="depth is"):
        UNet(depth=depth, ndim=3)


@pytest.mark.parametrize("ndim", [2, 3])
def test_pooling_under_autocast_changes_no_value_and_no_type(ndim):
    features = torch.randn(1, 2, *(8,) * ndim).bfloat16().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        pooled = MaxPooling((2,) * ndim)(features)
    assert pooled.dtype == torch.bfloat16
    expected = MaxPooling((2,) * ndim)(features.float())
    assert torch.equal(pooled.float(), expected)
