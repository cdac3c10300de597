"""Which channels of a file a model sees, and as which of its own."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import tifffile
import torch

from septum.augment import Augmentation
from septum.data.channels import wishes
from septum.description import Description
from septum.errors import DataError
from septum.model import Model
from septum.plan import DataPlan, InstancePlan, NetworkPlan, Plan
from septum.segment import Options, segment_file


def stained(path, names, image):
    tifffile.imwrite(path, image, metadata={"axes": "CYX", "Channel": {"Name": names}})
    return path


def robust(**changes):
    plan = Plan(
        data=DataPlan(scale=1.0),
        network=NetworkPlan(width=4, depth=1),
        instances=InstancePlan(threshold=0.5),
        augment=Augmentation(drop_channel=changes.pop("dropped", 0.2)),
    )
    torch.manual_seed(0)
    description = Description(2, plan=plan, channels=("DAPI", "actin"), **changes)
    return Model(description.build(), description, "cpu", "torch", "fp32")


@pytest.mark.parametrize(
    ("names", "wished", "places"),
    [
        (("DAPI", "actin"), None, (0, 1)),
        (("actin", "DAPI"), None, (1, 0)),
        (("x", "actin", "dapi"), "DAPI,actin", (2, 1)),
        (("x", "y", "z"), "actin=0,DAPI=z", (2, 0)),
        (("DAPI", "tubulin"), "0,none", (0, None)),
    ],
)
def test_channels_are_taken_by_name_or_as_said(tmp_path, names, wished, places, pixels, results):
    image, said = pixels(len(names), 30, 34), []
    path = stained(tmp_path / "a.ome.tif", names, image)
    options = Options(channels=None if wished is None else wishes(wished))
    segment_file(robust(), path, tmp_path / "out", options, said.append)
    expected = robust().predict(image, channels=places)
    found = results(tmp_path / "out", "a")[1].array
    np.testing.assert_array_equal(found, expected.probabilities)
    # The name alone must not do: another order is another result.
    other = robust().predict(image, channels=places[::-1])
    assert np.abs(other.probabilities - found).max() > 1e-3
    assert any("another order; taken by name" in note for note in said) == (places == (1, 0))


def test_the_table_calls_channels_without_names_as_the_model_does(tmp_path, pixels):
    kind = {"photometric": "minisblack", "metadata": {"axes": "CYX"}}
    tifffile.imwrite(tmp_path / "a.tif", pixels(3, 30, 34), **kind)
    options = Options(save=("table",), channels=wishes("DAPI=2,actin=0"))
    segment_file(robust(), tmp_path / "a.tif", tmp_path / "out", options)
    with (tmp_path / "out" / "a_objects.csv").open(encoding="utf-8") as file:
        columns = next(csv.reader(file))
    means = ["mean_actin", "mean_channel_2", "mean_DAPI", "mean_probability"]
    assert columns[-4:] == means


def test_a_missing_channel_is_said_where_the_model_has_not_learnt_to_do_without(tmp_path, pixels):
    path = stained(tmp_path / "a.ome.tif", ("DAPI",), pixels(1, 30, 34))
    for dropped, said in ((0.0, True), (0.2, False)):
        notes = []
        options = Options(channels=wishes("0,none"))
        segment_file(robust(dropped=dropped), path, tmp_path / "out", options, notes.append)
        assert any("has not learnt to do without a channel" in note for note in notes) == said


def test_other_channels_are_refused_and_those_of_both_named(tmp_path, pixels):
    path = stained(tmp_path / "a.ome.tif", ("DAPI", "GFP"), pixels(2, 30, 34))
    with pytest.raises(DataError) as caught:
        segment_file(robust(), path, tmp_path / "out")
    for part in ("a.ome.tif: ", "(DAPI, GFP)", "(DAPI, actin)", "--channels DAPI=0,actin=1"):
        assert part in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_grey_image_needs_no_names_where_the_model_learnt_from_grey_ones_too(
    tmp_path, model_of, pixels, results
):
    path = stained(tmp_path / "a.ome.tif", ("DAPI",), pixels(1, 30, 34))
    model = model_of(in_channels=3, grey_too=True, channels=("R", "G", "B"))
    segment_file(model, path, tmp_path / "out")
    expected = model.predict(pixels(30, 34)).probabilities
    np.testing.assert_array_equal(results(tmp_path / "out", "a")[1].array, expected)


def test_slices_of_a_stack_are_seen_with_neighbours_of_the_same_channels(tmp_path, pixels, results):
    image = pixels(4, 2, 30, 34)
    metadata = {"axes": "ZCYX", "Channel": {"Name": ["actin", "DAPI"]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", image, metadata=metadata)
    model = robust()
    plan = replace(model.description.plan, data=DataPlan(scale=1.0, context=1))
    description = replace(model.description, plan=plan, in_channels=6)
    torch.manual_seed(0)
    model = Model(description.build(), description, "cpu", "torch", "fp32")
    segment_file(model, tmp_path / "a.ome.tif", tmp_path / "out")
    found = results(tmp_path / "out", "a")[1].array
    seen = image[:, ::-1]
    for number in range(4):
        near = [min(max(at, 0), 3) for at in range(number - 1, number + 2)]
        expected = model.predict(np.concatenate([seen[at] for at in near])).probabilities
        np.testing.assert_array_equal(found[number], expected)
