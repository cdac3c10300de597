"""A device without enough memory gets fewer tiles at a time, and the gradient stays the same."""

import numpy as np
import pytest
import torch

from septum.data.crops import Batch
from septum.errors import SeptumError
from septum.network import UNet
from septum.training import Machine
from septum.training.descent import Descent


class Small(torch.nn.Module):
    """A network on a device that holds `most` tiles."""

    def __init__(self, network, most):
        super().__init__()
        self.network, self.most, self.seen = network, most, []

    def forward(self, images):
        self.seen.append(len(images))
        if len(images) > self.most:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you ...")
        return self.network(images)


def batch_of(tiles):
    rng = np.random.default_rng(0)
    return Batch(
        rng.random((tiles, 1, 44, 44), np.float32),
        rng.integers(0, 2, (tiles, 4, 4)).astype(np.uint8),
        rng.random((tiles, 4, 4), np.float32),
    )


def gradients(most, said, steps=1):
    torch.manual_seed(0)
    network = UNet(width=2, depth=2, dropout=0)
    small = Small(network, most)
    fabric = Machine("cpu").launch("32")
    model, optimiser = fabric.setup(small, torch.optim.SGD(small.parameters(), lr=1e-3))
    descent = Descent(fabric, model, optimiser, said.append)
    for _ in range(steps):
        loss, _ = descent.step(batch_of(5))
    return loss, [p.grad.clone() for p in network.parameters()], small.seen


def test_the_gradient_is_that_of_the_whole_batch():
    said = []
    whole, parts = gradients(9, []), gradients(2, said)
    assert whole[0] == pytest.approx(parts[0], rel=1e-5)
    for one, other in zip(whole[1], parts[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-7)
    assert said[-1].startswith("the memory of the cpu does not hold 5 tiles of 44 × 44 px: 2 at a")


def test_it_is_found_out_once():
    assert gradients(2, [], steps=2)[2] == [5, 3, 2, 2, 1, 2, 2, 1]


def test_a_device_that_holds_no_tile_is_one_line_that_says_what_would_help():
    with pytest.raises(SeptumError, match=r"one tile of 44 × 44 px; .*--set training.tile=252"):
        gradients(0, [])


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    fabric = Machine("cpu").launch("32")

    class Broken(torch.nn.Module):
        def forward(self, _images):
            raise RuntimeError("shapes do not match")

    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        Descent(fabric, Broken(), optimiser, print).step(batch_of(2))
