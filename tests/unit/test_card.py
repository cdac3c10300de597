"""The page beside a model says what it takes, what it gives and where it comes from."""

from dataclasses import replace

from septum.augment import Augmentation
from septum.card import card
from septum.classes import Classes
from septum.description import Description
from septum.plan import DataPlan, InstancePlan, Plan

PLAN = Plan(data=DataPlan(scale=0.5), instances=InstancePlan(threshold=0.7, min_size=40))


def test_a_validated_model_tells_its_score_and_its_data():
    training = {
        "images": [f"image_{n}" for n in range(20)],
        "steps": 800,
        "seed": 3,
        "begun": "2026-01-01T00:00:00Z",
        "command": "septum train cells -o run --val 0.2",
        "continued": [{"after": 400, "command": "septum train cells -o run --resume"}],
        "data": "0123abcd",
        "validation_images": ["a", "b"],
        "best_step": 760,
        "best_score": 0.8125,
    }
    page = card(Description(3, 3, plan=PLAN, spacing=(0.5, 0.5), grey_too=True, training=training))
    for words in (
        "Images of 3 channels, or grey ones, of any size, with pixels of about 0.5 × 0.5",
        "at 0.5 of their resolution",
        "above 0.7, grown from seeds above 0.8; objects under 40 pixels are dropped",
        "800 steps on 20 images (image_0, ",
        "image_11, …), seed 3",
        "Panoptic quality at IoU 0.5: 0.812 on 2 images that it has not learnt from",
        "its step (760) and its thresholds were chosen on them",
        "- Command: `septum train cells -o run --val 0.2`\n"
        "- After step 400: `septum train cells -o run --resume`",
        "`0123abcd`",
    ):
        assert words in page
    assert "image_12" not in page


def test_a_model_that_was_not_validated_says_so():
    page = card(Description(plan=PLAN, training={"images": ["a"], "steps": 1, "seed": 0}))
    assert "It was not validated" in page
    assert "Grey images, of any size, with objects about as large in pixels" in page
    assert "0 background" not in page
    assert "- Not trained." in card(Description(plan=PLAN))


def test_a_model_of_volumes_speaks_of_voxels():
    page = card(Description(plan=PLAN, ndim=3, spacing=(2.0, 0.5, 0.5)))
    assert "Grey volumes, of any size, with voxels of about 2 × 0.5 × 0.5 µm" in page
    assert "objects under 40 voxels are dropped" in page
    assert "pixel" not in page
    page = card(Description(plan=PLAN, ndim=3))
    assert "with objects about as large in voxels as those" in page


def test_channels_have_their_names_and_values_their_window():
    data = DataPlan(normalise="window", window=(-160.0, 240.0))
    plan = Plan(data=data, augment=Augmentation(drop_channel=0.2))
    page = card(Description(2, plan=plan, channels=("DAPI", "actin")))
    assert "Images of 2 channels (DAPI, actin)" in page
    assert "grey values by `window` from -160 to 240." in page
    assert "It learnt to do without one of its channels" in page
    page = card(Description(1, channels=("DAPI",)))
    assert "Grey images (DAPI)" in page
    assert "do without" not in page


def test_a_model_of_slices_tells_the_channels_of_an_image_and_that_it_sees_neighbours():
    page = card(Description(3, plan=Plan(data=DataPlan(context=1))))
    assert "Grey images, slices of stacks with 1 before and behind, of any size" in page


def test_a_model_of_classes_names_each_with_its_threshold_and_its_smallest_piece():
    named = Classes(("vessel", "disc"), (("vessels",), ("discs",)), overlap=True)
    chosen = InstancePlan(threshold=(0.6, 0.3), min_size=(0, 12))
    training = {"images": ["a"], "steps": 1, "seed": 0}
    page = card(Description(plan=Plan(instances=chosen), named=named, training=training))
    rule = "above 0.6 (vessel), 0.3 (disc); pieces under 12 pixels (disc) are dropped."
    assert f"Classes are where their probability is {rule}" in page
    assert "channel 2: disc, annotated as discs" in page
    assert "at about the magnification of those it was trained on" in page
    assert "steps on 1 image (a)" in page
    voxels = Description(
        ndim=3, plan=Plan(instances=InstancePlan(min_size=7)), named=replace(named, overlap=False)
    )
    assert "pieces under 7 voxels (vessel), 7 voxels (disc) are dropped" in card(voxels)
    assert "dropped" not in card(Description(named=named))


def test_places_that_no_training_image_is_annotated_in_are_said():
    facts = {"images": ["a", "b"], "steps": 1, "seed": 0, "never_annotated": 0.3125}
    said = "- 31% of the image is annotated in none of the training images."
    assert said in card(Description(plan=PLAN, training=facts))
    del facts["never_annotated"]
    assert "annotated in none" not in card(Description(plan=PLAN, training=facts))
