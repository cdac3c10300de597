"""The network and the tiles for images follow from how wide the objects are."""

import pytest

from septum.config import override
from septum.geometry import context, output_size
from septum.training.planes import with_network
from septum.training.presets import preset

DEFAULT = preset("default")


@pytest.mark.parametrize(
    ("diameter", "depth"), [(1, 3), (20, 3), (29, 3), (30, 4), (60, 4), (500, 4), (0, 4)]
)
def test_the_network_sees_one_and_a_half_objects_to_each_side(diameter, depth):
    plan, reasons = with_network(DEFAULT, diameter)
    assert plan.network.depth == depth
    assert f"{depth} poolings: the network sees {context(depth)} px around" in reasons[0]
    assert (f"{diameter} px wide" in reasons[0]) == (diameter > 0)


@pytest.mark.parametrize(("diameter", "batch"), [(20, 4), (50, 2)])
def test_tiles_yield_as_much_and_have_about_the_pixels_of_one_of_444(diameter, batch):
    plan, _ = with_network(DEFAULT, diameter)
    tile, depth = plan.tile_and_depth
    assert output_size(tile, depth) == 132
    assert plan.training.batch == batch
    assert batch * tile**2 == pytest.approx(444**2, rel=0.03)


def test_what_is_set_is_kept():
    chosen = override(DEFAULT, ["network.depth=2", "network.width=8", "training.tile=84"])
    plan, reasons = with_network(chosen, 50)
    assert plan.tile_and_depth == (84, 2)
    assert (plan.network.width, plan.training.batch) == (8, 1)
    assert reasons == []
    several = override(DEFAULT, ["training.batch=7"])
    assert with_network(several, 50)[0].training.batch == 7
