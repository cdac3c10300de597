"""What does not fit into memory is refused with its size before anything is allocated."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.errors import ConfigError
from septum.network import UNet
from septum.plan import DataPlan, NetworkPlan, Plan
from septum.training.fits import refuse_too_large
from septum.training.propose import propose

SAMPLES = [draw_cells(seed, (64, 64), radius=8) for seed in range(3)]
CPU = torch.device("cpu")
GIB = 2**30


def plan(scale=1.0, samples=SAMPLES, **network):
    return propose(Plan(data=DataPlan(scale=scale), network=NetworkPlan(**network)), samples)[0]


def test_what_fits_is_not_refused():
    refuse_too_large(plan(), SAMPLES, CPU, GIB)


def test_a_scale_is_refused_with_its_size_and_the_largest_that_fits():
    with pytest.raises(ConfigError) as caught:
        refuse_too_large(plan(scale=300), SAMPLES, CPU, GIB)
    # Of three images of 19200 px squared, 4 bytes a pixel, 4 its weight and 1 its class.
    assert "19200 × 19200 px, 3 in all) take 9.3 GiB and this computer has 1 GiB" in str(
        caught.value
    )
    largest = float(re.search(r"could fit is ([\d.]+)", str(caught.value))[1])
    refuse_too_large(plan(scale=largest), SAMPLES, CPU, GIB)
    with pytest.raises(ConfigError):
        refuse_too_large(plan(scale=1.2 * largest), SAMPLES, CPU, GIB)


@pytest.mark.parametrize("depth", [8, 12, 30])
def test_a_depth_is_refused_with_the_largest_that_fits(depth):
    with pytest.raises(
        ConfigError, match=rf"depth {depth} and width 32 takes .* the cpu has 1 GiB"
    ) as e:
        refuse_too_large(plan(depth=depth), SAMPLES, CPU, GIB)
    largest = int(re.search(r"--set network.depth=(\d+)", str(e.value))[1])
    refuse_too_large(plan(depth=largest), SAMPLES, CPU, GIB)
    with pytest.raises(ConfigError):
        refuse_too_large(plan(depth=largest + 1), SAMPLES, CPU, GIB)


def test_the_weights_that_are_counted_are_those_of_the_network():
    wide = plan(width=512, depth=2)
    tile = replace(wide, training=replace(wide.training, tile=1))
    weights = sum(p.numel() for p in UNet(width=512, depth=2, dropout=0).parameters())
    refuse_too_large(tile, SAMPLES, CPU, 16 * weights + GIB // 4)
    with pytest.raises(ConfigError, match="the largest depth that could fit is 1"):
        refuse_too_large(tile, SAMPLES, CPU, 16 * weights)


def test_of_volumes_each_axis_keeps_its_share_of_scale_and_depth():
    volumes = [Sample(np.zeros((1, 20, 64, 64), np.uint8), np.ones((20, 64, 64), np.int32))]
    flat = plan((400.0, 200.0, 200.0), volumes)
    with pytest.raises(
        ConfigError, match=r"data.scale=\[400,200,200\] .*: 8000 × 12800 × 12800 px"
    ):
        refuse_too_large(flat, volumes, CPU, GIB)
    shallow = plan(1.0, volumes, depth=2)
    deep = replace(shallow, network=replace(shallow.network, depth=(1, 7, 7)))
    with pytest.raises(ConfigError, match=r"depth \[1,7,7\] .*--set network.depth=\[1,\d,\d\]"):
        refuse_too_large(deep, volumes, CPU, 4 * GIB)
