"""The network and the tile for a volume follow its voxels, its objects and the memory."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import septum
from septum.config import override
from septum.data.sample import Sample
from septum.description import Description
from septum.errors import ConfigError, DataError
from septum.geometry import is_legal, output_size
from septum.model import Model
from septum.training import preset, propose
from septum.training.footprint import training_bytes


def volume(shape=(24, 96, 96), spacing=None, radius=6):
    """Balls on a grid, four radii apart."""
    lengths = np.array(spacing or (1, 1, 1)) / min(spacing or (1,))
    pitch = [4 * radius / length for length in lengths]
    near, ids = np.zeros(shape), np.zeros(shape, np.int32)
    for axis, (size, step, length) in enumerate(zip(shape, pitch, lengths, strict=True)):
        cell, inside = np.divmod(np.arange(size), step)
        line = [-1 if other == axis else 1 for other in range(3)]
        near = near + (((inside - step / 2) * length) ** 2).reshape(line)
        ids = ids * (int(cell.max()) + 1) + cell.astype(np.int32).reshape(line)
    labels = np.where(near < radius**2, ids + 1, 0).astype(np.int32)
    return Sample(image=(labels[None] > 0).astype(np.uint8), labels=labels, spacing=spacing)


def test_isotropic_voxels_are_pooled_alike_and_small_objects_need_a_shallow_network():
    plan, reasons = propose(preset("default"), [volume()])
    assert plan.network.depth == (2, 2, 2)
    assert plan.network.width == 16
    assert plan.data.scale == 1
    assert any("isotropic" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("shapes", "depth"),
    [
        ([(20, 96, 96), (30, 96, 96)], (2, 2, 2)),
        ([(19, 96, 96), (30, 96, 96)], (1, 2, 2)),
        ([(7, 96, 96)], (0, 2, 2)),
        ([(24, 96, 12)], (1, 1, 1)),
    ],
)
def test_the_network_looks_no_further_than_the_thinnest_volume_is_thick(shapes, depth):
    plan, reasons = propose(preset("default"), [volume(shape) for shape in shapes])
    assert plan.network.depth == depth
    told = [why for why in reasons if "no further than the thinnest volume goes" in why]
    assert len(told) == (depth != (2, 2, 2))


def test_a_volume_thinner_than_the_network_was_set_to_look_is_refused():
    chosen = override(preset("default"), ["network.depth=2", "data.scale=1"])
    thick, thin = volume((20, 96, 96)), replace(volume((19, 96, 96)), name="b.tif")
    assert propose(chosen, [thick])[0].network.depth == 2
    says = r"^b\.tif: .* too thin along Z: .* 19 voxels, .* looks 20 .*depth=\[1,2,2\] would"
    with pytest.raises(DataError, match=says):
        propose(chosen, [thick, thin])
    propose(override(chosen, ["network.depth=[1,2,2]"]), [thick, thin])
    with pytest.raises(DataError, match=r"along Z × X: .* 1 × 12 voxels, .* 2 × 20 to each side$"):
        propose(override(chosen, ["network.depth=[0,2,2]"]), [volume((1, 96, 12))])


def test_a_thin_volume_for_validation_is_refused_before_anything_is_learnt(tmp_path):
    sides = [volume((20, 48, 48))], [replace(volume((19, 48, 48)), name="b.tif")]
    with pytest.raises(DataError, match=r"b\.tif: the volume is too thin along Z"):
        septum.train(sides[0], tmp_path / "run", steps=1, val=sides[1])
    assert not (tmp_path / "run").exists()


def test_a_thin_volume_that_teaches_nothing_is_in_nobodys_way(tmp_path):
    thin = volume((4, 60, 60))
    data = [volume((20, 60, 60)), replace(thin, annotated=np.zeros(thin.shape, bool))]
    septum.train(data, tmp_path / "run", settings=TINY, steps=2)
    assert septum.resume(data, tmp_path / "run").description.training["steps"] == 2


def test_a_part_of_a_volume_validates_with_what_lies_around_it(tmp_path):
    """The part itself may be thinner than the context."""
    model = septum.train([volume((24, 60, 40))], tmp_path / "run", settings=TINY, steps=2, val=0.2)
    assert model.description.training["best_score"] is not None


CUBE = volume((96, 96, 96), radius=12)
DEEP = ["data.scale=1", "network.depth=3"]


@pytest.mark.parametrize(
    ("settings", "width"),
    [
        (["training.memory=0.5"], 16),
        (["training.memory=0.25"], 8),  # at width 16 a tile of 92³ would yield 4³
        (["training.memory=0.5", "training.tile=140"], 8),
        (["training.memory=2", "training.tile=140"], 16),
        (["training.memory=0.25", "network.width=16"], 16),
    ],
)
def test_the_width_fits_the_tile(settings, width):
    plan, reasons = propose(override(preset("default"), [*settings, *DEEP]), [CUBE])
    assert plan.network.width == width
    assert any(why.startswith("width 8, since with 16") for why in reasons) == (width == 8)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["training.memory=0.01"], "nearly all context all the same"),
        (["training.memory=0.25", "training.tile=140"], "more than training.memory all the same"),
        (["training.memory=0.5", "training.batch=8"], "nearly all context all the same"),
    ],
)
def test_where_no_width_fits_it_is_said_what_would_help(settings, says):
    plan, reasons = propose(override(preset("default"), [*settings, *DEEP]), [CUBE])
    assert plan.network.width == 8
    assert any(says in why for why in reasons)


def test_the_plane_of_thick_sections_is_pooled_first():
    sections = volume((20, 200, 200), spacing=(0.045, 0.0046, 0.0046), radius=14)
    plan, reasons = propose(preset("default"), [sections])
    assert plan.network.depth == (0, 3, 3)
    assert any("9.78 times as long as they are wide" in reason for reason in reasons)
    twice = replace(sections, spacing=(2.0, 1.0, 1.0))
    assert propose(preset("default"), [twice])[0].network.depth == (2, 3, 3)


def test_both_names_of_float32_give_the_same_tile_and_bfloat16_a_larger_one():
    large = volume((96, 192, 192))
    chosen = override(preset("default"), ["training.memory=0.1"])
    one, other, half = (
        propose(override(chosen, [f"training.precision={name}"]), [large])
        for name in ("32", "fp32", "bf16")
    )
    assert one[0].training.tile == other[0].training.tile != half[0].training.tile
    assert not any("bfloat16" in reason for reason in other[1])


def test_large_objects_are_seen_at_a_lower_resolution_and_long_voxels_keep_theirs():
    large = volume((60, 120, 120), radius=25)
    assert propose(preset("default"), [large])[0].data.scale == 0.5
    flat = volume((24, 120, 120), spacing=(4.0, 1.0, 1.0), radius=25)
    plan, _ = propose(preset("default"), [flat])
    assert plan.data.scale == (1.0, 0.5, 0.5)
    assert plan.network.depth == (2, 3, 3)  # at half the resolution they are twice as long as wide


@pytest.mark.parametrize(
    ("shape", "spacing"), [((24, 96, 96), None), ((12, 96, 96), (2.0, 1.0, 1.0))]
)
def test_single_slices_are_sections_of_objects_that_have_height(shape, spacing):
    whole = volume(shape, spacing, radius=6)
    known = np.zeros(shape, bool)
    known[shape[0] // 2] = True  # through the middles of the balls
    sparse = replace(whole, labels=np.where(known, whole.truth, 0), annotated=known)
    full, _ = propose(preset("default"), [whole])
    plan, reasons = propose(preset("default"), [sparse])
    assert plan.network == full.network
    assert plan.data.scale == full.data.scale
    assert plan.instances.min_size == pytest.approx(full.instances.min_size, rel=0.15)
    assert any("sections of balls" in reason for reason in reasons)
    known[shape[0] // 2 + 1] = True  # two slices side by side have a height
    beside = replace(sparse, annotated=known)
    assert not any("sections" in reason for reason in propose(preset("default"), [beside])[1])


@pytest.mark.parametrize("memory", [0.1, 0.3, 0.8])
def test_the_tile_is_the_largest_that_fits_the_memory(memory):
    settings = [f"training.memory={memory}", "network.width=16"]
    chosen = override(preset("default"), settings)
    plan, _ = propose(chosen, [volume((64, 300, 300), spacing=(2.0, 1.0, 1.0))])
    tile, depth = plan.tile_and_depth
    assert all(map(is_legal, tile, depth))
    needed = training_bytes(tile, depth, 16, 1, True)
    assert 0.6 * memory * 2**30 < needed <= memory * 2**30
    output = [output_size(size, along) for size, along in zip(tile, depth, strict=True)]
    assert output[0] == pytest.approx(output[1] / 2, abs=4)  # a cube in space


def test_a_long_axis_is_filled_where_the_others_are_covered():
    chosen = override(preset("default"), ["training.memory=2", "network.width=16"])
    plan, _ = propose(chosen, [volume((200, 64, 64), spacing=(10.0, 1.0, 1.0), radius=12)])
    tile, depth = plan.tile_and_depth
    needed = training_bytes(tile, depth, 16, 1, True)
    assert 0.8 * 2 * 2**30 < needed <= 2 * 2**30
    batches = override(chosen, ["training.batch=4"])
    several, _ = propose(batches, [volume((200, 64, 64), spacing=(10.0, 1.0, 1.0), radius=12)])
    assert np.prod(several.tile_and_depth[0]) < np.prod(tile) / 2


def test_the_long_axis_may_be_any_and_the_plan_does_not_depend_on_the_order_of_files():
    along_x = volume((40, 40, 40), spacing=(1.0, 1.0, 5.0))
    plan, _ = propose(preset("default"), [along_x])
    assert plan.data.scale == 1
    assert plan.network.depth == (2, 2, 0)
    flat, cube = volume((8, 96, 96), spacing=(8.0, 1.0, 1.0)), volume((24, 96, 96))
    orders = [[flat, flat, replace(cube, spacing=(1.0, 1.0, 1.0))]]
    orders.append(orders[0][::-1])
    depths = {propose(preset("default"), order)[0].network.depth for order in orders}
    assert depths == {(0, 3, 3)}
    assert any(
        "pixels of several sizes" in reason for reason in propose(preset("default"), orders[0])[1]
    )


def test_a_tile_is_no_larger_than_the_volumes_need():
    plan, _ = propose(override(preset("default"), ["training.memory=50"]), [volume()])
    tile, depth = plan.tile_and_depth
    outputs = [output_size(size, along) for size, along in zip(tile, depth, strict=True)]
    assert 24 <= outputs[0] < 24 + 4
    assert 96 <= outputs[1] < 96 + 4


def test_what_is_set_for_a_volume_is_kept():
    settings = ["network.depth=[1, 2, 2]", "network.width=5", "training.tile=[20, 60, 60]"]
    plan, reasons = propose(override(preset("default"), settings), [volume()])
    assert plan.tile_and_depth == ((20, 60, 60), (1, 2, 2))
    assert plan.network.width == 5
    proposed = ("tiles of", "2 poolings", "3 poolings")
    assert not any(reason.startswith(proposed) for reason in reasons)


TINY = ("network.width=2", "training.tile=[16, 44, 44]", "network.depth=[1, 2, 2]")


def test_a_volume_is_learnt_kept_and_predicted(tmp_path):
    sample = volume((12, 60, 60), spacing=(0.4, 0.1, 0.1))
    septum.train([sample], tmp_path / "run", steps=2, settings=TINY)
    model = septum.load(tmp_path / "run")
    assert model.network.depths == (1, 2, 2)
    assert model.description.spacing == (0.4, 0.1, 0.1)
    tiled, whole = (model.predict(sample.image, tile=tile) for tile in ((20, 60, 52), 200))
    assert tiled.labels.shape == (12, 60, 60)
    np.testing.assert_allclose(tiled.probabilities, whole.probabilities, atol=0.02)
    with pytest.raises(DataError, match="in 3D"):
        model.predict(sample.image[0, 0])
    with pytest.raises(DataError, match=r"too thin along Z: .* it has 1 voxels"):
        model.predict(sample.image[:, :1])


def test_slices_that_are_annotated_teach_a_volume_and_the_others_weigh_nothing(tmp_path):
    sample = volume((12, 60, 60))
    annotated = np.zeros(sample.shape, bool)
    annotated[[3, 8]] = True
    sparse = replace(sample, annotated=annotated)
    wrong = replace(sparse, labels=np.where(annotated, sample.labels, 77).astype(np.int32))
    models = [
        septum.train([known], tmp_path / name, steps=2, settings=[*TINY, "targets.border=2"])
        for known, name in ((sparse, "a"), (wrong, "b"))
    ]
    weights = [model.network.state_dict() for model in models]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_views_that_swap_axes_need_axes_that_are_treated_alike():
    plan = override(preset("default"), ["network.width=2", "network.depth=[2, 1]", "data.scale=1"])
    known = Description(plan=override(plan, ["data.normalise=percentile", "training.tile=60"]))
    model = Model(known.build(), known, "cpu", "torch")
    image = np.random.default_rng(0).random((30, 26), np.float32)
    assert model.predict(image, orientations="flips").labels.shape == image.shape
    with pytest.raises(ConfigError, match="orientations all swaps Y and X"):
        model.predict(image, orientations="all")
