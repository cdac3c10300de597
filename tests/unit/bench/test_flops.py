import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from septum.bench.flops import flops
from septum.geometry import smallest_input
from septum.network import UNet

whole = st.integers


def test_the_papers_tile():
    assert round(flops((572, 572)) / 1e9, 1) == 300.9


@settings(max_examples=20)
@given(
    st.sampled_from([(1, 1), (2, 2), (1, 1, 1), (2, 2, 2), (0, 1, 1), (1, 2, 2)]),
    whole(1, 3), whole(1, 3), whole(1, 4), st.lists(whole(0, 2), min_size=3, max_size=3),
)  # fmt: skip
def test_they_are_those_that_pytorch_counts(depth, channels, classes, width, steps):
    axes = zip(depth, steps, strict=False)
    sizes = [smallest_input(along) + step * 2**along for along, step in axes]
    network = UNet(channels, classes, width, depth, len(depth), norm="batch").eval()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, channels, *sizes))
    assert flops(sizes, channels, classes, width, depth) == counter.get_total_flops()
