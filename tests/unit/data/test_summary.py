"""The facts that `septum check` shows."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tifffile

from septum.data.layouts import AS_FOUND, find
from septum.data.sample import Sample
from septum.data.summary import describe, summarise, touching_pairs
from septum.data.synthetic import draw_cells
from septum.training import preset, propose
from septum.training.sides import read_sides

SQUARES = np.zeros((20, 30), np.int32)
SQUARES[2:8, 2:8] = 1
SQUARES[2:8, 8:14] = 5  # touches 1
SQUARES[8:14, 14:20] = 3  # touches 5 at a corner only


def test_the_facts_of_one_image():
    annotated = np.ones(SQUARES.shape, bool)
    annotated[:, 20:] = False
    image = np.arange(600, dtype=np.uint16).reshape(1, 20, 30)
    assert describe(Sample(image, SQUARES, annotated, (0.5, 0.5), name="a")) == {
        "name": "a",
        "image_files": [],
        "label_files": [],
        "axes": "",
        "shape": [20, 30],
        "channels": 1,
        "dtype": "uint16",
        "minimum": 0,
        "maximum": 599,
        "kind": "instances",
        "objects": 3,
        "touching_pairs": 1,
        "classes": None,
        "foreground": 3 * 36 / 600,
        "annotated": 20 / 30,
        "median_diameter": 2 * np.sqrt(36 / np.pi),
        "diameters": [2 * np.sqrt(36 / np.pi)] * 3,
        "spacing_um": [0.5, 0.5],
        "notes": [],
    }


def test_a_ball_in_flat_voxels_is_as_wide_as_in_the_plane_and_as_the_plan_says():
    spacing = (1.0, 0.25, 0.25)
    z, y, x = np.ogrid[-6:7, -24:25, -24:25]
    ball = ((z / 4) ** 2 + (y / 16) ** 2 + (x / 16) ** 2 < 1).astype(np.int32)
    sample = Sample(np.zeros((1, *ball.shape), np.uint8), ball, spacing=spacing, name="a")
    width = describe(sample)["median_diameter"]
    assert width == pytest.approx(32, rel=0.03)
    assert describe(replace(sample, spacing=None))["median_diameter"] < 21  # taken as isotropic
    _, reasons = propose(preset("default"), [sample])
    assert f"the median object is {width:.0f} px wide" in " ".join(reasons)
    plane = Sample(sample.image[:, 6], ball[6], spacing=(1.0, 0.25), name="b")
    assert describe(plane)["median_diameter"] == pytest.approx(32, rel=0.03)


def test_touching_pairs_equal_a_look_at_every_neighbour():
    labels = draw_cells(1, (12, 40, 40), radius=7).labels
    expected = set()
    for place in np.ndindex(labels.shape):
        for axis in range(labels.ndim):
            if place[axis] + 1 < labels.shape[axis]:
                step = tuple(p + (a == axis) for a, p in enumerate(place))
                one, two = sorted((int(labels[place]), int(labels[step])))
                if 0 < one < two:
                    expected.add((one, two))
    assert expected
    assert {tuple(pair) for pair in touching_pairs(labels).tolist()} == expected


def test_the_facts_of_a_dataset_are_plain_json(tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for seed in range(3):
        cells = draw_cells(seed, (64, 64))
        tifffile.imwrite(tmp_path / f"images/{seed}.tif", cells.image[0])
        tifffile.imwrite(tmp_path / f"masks/{seed}.tif", np.uint8(cells.labels > 0) * 255)
    tifffile.imwrite(tmp_path / "masks/lonely.tif", np.uint8(cells.labels > 0) * 255)
    dataset = find(tmp_path)
    samples = dataset.load()
    facts = summarise(dataset, samples)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["images"] == 3
    assert facts["objects"] == sum(sample.labels.max() for sample in samples)
    assert facts["orphans"] == ["lonely.tif"]
    assert (facts["channels"], facts["dtypes"], facts["spacing_um"]) == ([1], ["uint8"], [])
    assert facts["samples"][2]["label_files"] == [str(tmp_path / "masks/2.tif")]
    assert facts["axes"] == ["YX"]
    assert facts["notes"][0] == "1 mask without an image: lonely.tif"
    assert facts["notes"][1].startswith("3 images, as 0: 0/255 mask taken as foreground; ")
    assert len(facts["notes"]) == 2


@pytest.mark.parametrize(
    ("grey", "note"),
    [
        (5, "5 of 6 images are grey and the others colour (5): grey is taken as colour"),
        (1, "1 of 6 images is grey (0) and the others colour: grey is taken as colour"),
        (3, "3 of 6 images are grey (0, 1, 2) and the others colour: grey is taken as colour"),
        (0, None),
        (6, None),
    ],
)
def test_grey_images_beside_colour_ones_are_said_once_with_the_names_of_the_fewer(
    tmp_path, grey, note
):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for seed in range(6):
        cells = draw_cells(seed, (48, 48))
        image = cells.image[0] if seed < grey else np.stack([cells.image[0]] * 3, axis=-1)
        tifffile.imwrite(tmp_path / f"images/{seed}.tif", image)
        tifffile.imwrite(tmp_path / f"masks/{seed}.tif", cells.truth.astype(np.uint16))
    dataset = find(tmp_path)
    facts = summarise(dataset, dataset.load())
    expected = [] if note is None else [note]
    assert [said for said in facts["notes"] if "colour" in said] == expected
    told = []
    read_sides(tmp_path, None, AS_FOUND, told.append)
    assert [said for said in told if "colour" in said] == expected
