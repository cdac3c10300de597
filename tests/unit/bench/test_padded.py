import pytest
import torch

from septum.bench.padded import PaddedUNet
from septum.bench.variants import seeded
from septum.network import UNet


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("norm", [None, "batch"])
def test_it_has_the_same_parameters_and_keeps_the_size(ndim, norm):
    own, padded = (kind(2, 3, 4, 2, ndim, norm=norm) for kind in (UNet, PaddedUNet))
    shapes = [{name: p.shape for name, p in kind.named_parameters()} for kind in (own, padded)]
    assert shapes[0] == shapes[1]
    sizes = (16, 20, 12)[:ndim]
    assert padded.eval()(torch.zeros(1, 2, *sizes)).shape == (1, 3, *sizes)


def test_far_from_the_edge_it_computes_what_the_unpadded_one_does():
    own, padded = (seeded(kind(1, 2, 4, 1, dropout=0)) for kind in (UNet, PaddedUNet))
    image = torch.rand(1, 1, 36, 36, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        inner, whole = own(image), padded(image)
    torch.testing.assert_close(whole[..., 8:-8, 8:-8], inner)
    assert not torch.allclose(whole[..., :8, :8], torch.zeros(8, 8))
