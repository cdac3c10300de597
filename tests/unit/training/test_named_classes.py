"""Classes by name, from samples to a model on disk and back to images."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import tifffile
import torch

from septum import api
from septum.classes import Classes
from septum.data.formats import write_tiff
from septum.data.prepared import prepare_all
from septum.data.sample import Sample
from septum.description import describe
from septum.errors import ConfigError, DataError
from septum.metrics import Region
from septum.network import energy, overlapping_energy
from septum.plan import DataPlan, InstancePlan, Plan, TargetPlan
from septum.predict import classified
from septum.segment import Options, segment_file
from septum.training.calibrate import calibrate, quality, reachable
from septum.training.class_pages import SeenClasses, never_found
from septum.training.dice import mean_dice, pooled, regions_of
from septum.training.objective import objective_of
from septum.training.propose import propose

EXCLUSIVE = Classes(("bright", "dim"), (("1",), ("2",)))
OVERLAP = Classes(("cell", "nucleus"), (("cells",), ("nuclei",)), overlap=True)
SMALL = ["network.width=8", "network.depth=2", "training.tile=84", "training.average=0"]


def scene(seed: int, named: Classes, size: int = 64) -> Sample:
    """Draw discs: bright and dim ones, or dim cells with a bright nucleus in each."""
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:size, :size]
    image = rng.normal(0.1, 0.03, (size, size))
    labels = np.zeros((size, size), np.int32)
    for number in range(6):
        y, x = rng.integers(8, size - 8, 2)
        away = np.hypot(yy - y, xx - x)
        disc, core = away < 8, away < 4
        if named.overlap:
            image[disc & (labels == 0)] += 0.4
            image[core] = 1.0
            labels[disc] |= 1
            labels[core] |= 2
        else:
            image[disc] = (1.0, 0.5)[number % 2]
            labels[disc] = number % 2 + 1
    return Sample(
        image[np.newaxis].astype(np.float32), labels, name=f"s{seed}", named=named, kind="classes"
    )


@pytest.fixture(scope="module", params=[EXCLUSIVE, OVERLAP], ids=["exclusive", "overlap"])
def trained(request, tmp_path_factory):
    named = request.param
    run = tmp_path_factory.mktemp("run") / "r"
    samples = [scene(seed, named) for seed in range(4)]
    settings = [*SMALL, "training.learning_rate=5e-3"]
    model = api.train(samples, run, steps=60, settings=settings, val=[scene(9, named)])
    return named, run, model


def seen_as(classes, named):
    """Return what a page knows of an image that is found to be `classes`, truth in a corner."""
    truth = np.zeros((20, 20), np.int32)
    truth[:2, :3], truth[5:] = 1, 2
    sample = Sample(np.zeros((1, 20, 20), np.float32), truth, named=named, kind="classes")
    return SeenClasses(sample, classes, regions_of(sample, classes, named))


def test_a_class_of_which_nothing_is_found_is_told_with_its_cause():
    nothing = np.zeros((20, 20), np.int32)
    elsewhere = nothing + (np.indices((20, 20))[0] == 3)  # bright, where none is
    right = nothing.copy()
    right[1, 2], right[6:8] = 1, 2
    dim, bright = (
        never_found([seen_as(found, EXCLUSIVE)], EXCLUSIVE, "validation", 0.5)
        for found in (right * (right == 1), right * (right == 2))
    )
    assert dim == [
        "not one of the 300 pixels of the class 'dim' on the validation images is found; it is "
        "75.00% of what is annotated: it may need a longer training (--extend), or more weight in "
        "a new one, with --set targets.balance=1"
    ]
    assert len(bright) == 1
    assert "6 pixels of the class 'bright'" in bright[0]
    assert "1.50% of what is annotated: a rare class needs a longer training" in bright[0]
    assert never_found([seen_as(right, EXCLUSIVE)], EXCLUSIVE, "validation", 0.5) == []
    both = never_found([seen_as(elsewhere, EXCLUSIVE)], EXCLUSIVE, "training", 1.0)
    assert len(both) == 2
    assert all("on the training images" in note and "balance" not in note for note in both)
    # Somewhere is enough: the images are taken together.
    several = [seen_as(nothing, EXCLUSIVE), seen_as(right, EXCLUSIVE)]
    assert never_found(several, EXCLUSIVE, "validation", 0.5) == []


def test_a_training_ends_with_what_it_does_not_find(tmp_path):
    samples = [scene(seed, EXCLUSIVE) for seed in range(2)]
    run, said = tmp_path / "r", []
    # Above every probability, so that nothing is found.
    settings = [*SMALL, "instances.threshold=0.9999999", "instances.min_size=0"]
    api.train(
        samples, run, steps=1, settings=settings, val=[scene(9, EXCLUSIVE)], on_note=said.append
    )
    told = [note for note in said if "on the validation images is found" in note]
    assert [note.split("class ")[1].split(" on ")[0] for note in told] == ["'bright'", "'dim'"]
    page = (run / "report.html").read_text(encoding="utf-8")
    assert page.count("on the validation images is found") == 2


def test_a_model_learns_named_classes_and_finds_them_in_an_unseen_image(trained):
    named, _, model = trained
    sample = scene(100, named)
    found = model.predict(sample.image)
    assert found.probabilities.shape == (named.scores, *sample.shape)
    scores = [one.dice for one in regions_of(sample, found.labels, named)]
    assert min(scores) > 0.8, scores
    assert model.description.measure == "mean Dice"
    assert model.description.training["best_score"] > 0.8


def test_the_model_on_disk_knows_its_classes(trained):
    named, run, model = trained
    assert describe(run).named == named
    image = scene(100, named).image
    again = api.load(run, backend="torch", precision="fp32").predict(image).labels
    assert (again == model.predict(image).labels).mean() > 0.99
    page = (run / "model" / "README.md").read_text("utf-8")
    assert all(name in page for name in named.names)
    assert all(name in (run / "report.html").read_text("utf-8") for name in named.names)


def test_a_file_is_told_apart_as_the_array_is(trained, tmp_path):
    named, _, model = trained
    images = [scene(seed, named, size=50).image[0] for seed in (100, 101)]
    write_tiff(tmp_path / "stack.tif", np.stack(images), "TYX")
    found = segment_file(
        model, tmp_path / "stack.tif", tmp_path / "out", Options(save=("labels", "probabilities"))
    )
    labels = tifffile.imread(tmp_path / "out" / "stack_labels.tif")
    for number, image in enumerate(images):
        expected = model.predict(image).labels
        if named.overlap:
            np.testing.assert_array_equal(labels[number] > 0, named.masks(expected))
        else:
            np.testing.assert_array_equal(labels[number], expected)
    masks = (
        labels > 0 if named.overlap else labels[:, np.newaxis] == np.array([1, 2])[:, None, None]
    )
    shares = masks.mean(axis=(0, 2, 3))
    assert found.objects == 2
    assert found.shares == pytest.approx(dict(zip(named.names, shares, strict=True)))
    assert str(found).startswith(f"{named.names[0]} {shares[0]:.2%}, ")


def test_thresholds_that_do_not_fit_the_classes_are_refused(trained):
    named, run, _ = trained
    wrong = [0.5, 0.5, 0.5] if named.overlap else [0.5, 0.5]
    with pytest.raises(ConfigError, match="expected one share"):
        api.load(run).adjusted([f"instances.threshold={wrong}"])


def test_classes_have_no_seeds(trained):
    _, run, _ = trained
    with pytest.raises(
        ConfigError, match=r"no seeds; instances\.threshold and instances\.min_size"
    ):
        api.load(run).adjusted(["instances.seed=0.7"])


def test_sizes_that_do_not_fit_the_classes_are_refused(trained, tmp_path):
    named, run, _ = trained
    each = f"one for each of {', '.join(named.names)}"
    with pytest.raises(
        ConfigError, match=rf"\[5, 6, 7\]; expected one number of pixels, or {each}"
    ):
        api.load(run).adjusted(["instances.min_size=[5,6,7]"])
    settings = [*SMALL, "instances.min_size=[5,6,7]"]
    with pytest.raises(ConfigError, match=each):
        api.train([scene(0, named)], tmp_path / "r", steps=1, settings=settings)


def test_pieces_that_are_too_small_are_dropped_from_arrays_and_files(
    trained, tmp_path, monkeypatch
):
    named, _, model = trained
    monkeypatch.setattr("septum.segment.compute._LARGEST_BLOCK", 64**2)
    image = np.random.default_rng(0).normal(0.5, 0.4, (90, 70)).astype(np.float32)
    write_tiff(tmp_path / "a.tif", image, "YX")
    counts = []
    for sizes in ("0", "[3,20]"):
        chosen = model.adjusted([f"instances.min_size={sizes}", "instances.threshold=0.3"])
        expected = named.masks(chosen.predict(image).labels)
        out = tmp_path / sizes
        segment_file(chosen, tmp_path / "a.tif", out, Options(save=("labels", "table")))
        labels = tifffile.imread(out / "a_labels.tif")
        found = labels > 0 if named.overlap else named.masks(labels)
        np.testing.assert_array_equal(found, expected)
        rows = list(csv.DictReader((out / "a_objects.csv").open(encoding="utf-8")))
        small = [row for row in rows if row["touches_edge"] == "False"]
        counts.append({name: [] for name in named.names})
        for row in small:
            counts[-1][row["class"]].append(int(row["area_px"]))
    before, after = counts
    for name, size in zip(named.names, (3, 20), strict=True):
        assert min(before[name], default=0) < size
        assert min(after[name], default=size) >= size
        assert sorted(area for area in before[name] if area >= size) == sorted(after[name])


def test_cells_have_one_threshold_and_one_size():
    with pytest.raises(ConfigError, match="only classes that overlap"):
        _ = InstancePlan(threshold=(0.5, 0.4)).values
    with pytest.raises(ConfigError, match=r"instances\.min_size is \[5, 4\]; expected one number"):
        _ = InstancePlan(min_size=(5, 4)).values


def test_a_pixel_is_of_its_most_probable_class_beyond_the_background():
    probabilities = np.array([[0.6, 0.3, 0.3], [0.3, 0.5, 0.3], [0.1, 0.2, 0.4]])
    assert classified(probabilities, EXCLUSIVE, [0.5]).tolist() == [0, 1, 2]
    assert classified(probabilities, EXCLUSIVE, [0.3]).tolist() == [1, 1, 2]
    assert classified(probabilities, EXCLUSIVE, [0.8]).tolist() == [0, 0, 0]


def test_classes_that_overlap_have_a_threshold_each():
    probabilities = np.array([[0.6, 0.4, 0.9], [0.1, 0.4, 0.8]])
    assert classified(probabilities, OVERLAP, [0.5]).tolist() == [1, 0, 3]
    assert classified(probabilities, OVERLAP, [0.7, 0.3]).tolist() == [0, 2, 3]


def test_the_energy_of_overlapping_classes_is_that_of_each_by_itself():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(2, 2, 5, 6, generator=generator)
    classes = torch.randint(0, 4, (2, 5, 6), generator=generator)
    weights = torch.rand(2, 5, 6, generator=generator)
    balance = torch.tensor([[0.5, 0.7], [3.0, 1.5]])
    expected = []
    for number in range(2):
        present = classes >> number & 1
        # Two exclusive classes with the scores 0 and s have the softmax sigmoid(s).
        pair = torch.stack([torch.zeros(2, 5, 6), scores[:, number]], dim=1)
        expected.append(energy(pair, present, weights * balance[present, number]))
    found = overlapping_energy(scores, classes, weights, balance)
    torch.testing.assert_close(found, sum(expected) / 2)


def test_what_nobody_annotated_teaches_no_class():
    scores = torch.zeros(1, 2, 1, 2, requires_grad=True)
    weights = torch.tensor([[[0.0, 1.0]]])
    overlapping_energy(scores, torch.tensor([[[3, 3]]]), weights, torch.ones(2, 2)).backward()
    assert scores.grad is not None
    assert (scores.grad[..., 0] == 0).all()
    assert (scores.grad[..., 1] != 0).all()


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_rare_classes_are_lifted_by_their_frequency(power):
    labels = np.zeros((10, 10), np.int32)
    labels[0] = 1
    sample = Sample(np.zeros((1, 10, 10), np.float32), labels, named=EXCLUSIVE, kind="classes")
    (item,) = prepare_all([sample], DataPlan(scale=1.0), TargetPlan(balance=power))
    ratio = item.weights[0, 0] / item.weights[5, 5]
    assert ratio == pytest.approx(9**power)
    assert item.weights.mean() == pytest.approx(1)


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_overlapping_classes_are_balanced_each_by_itself(power):
    labels = np.zeros((10, 10), np.int32)
    labels[:5] |= 1
    labels[0] |= 2
    sample = Sample(np.zeros((1, 10, 10), np.float32), labels, named=OVERLAP, kind="classes")
    prepared = prepare_all([sample], DataPlan(scale=1.0), TargetPlan(balance=power))
    assert (prepared[0].weights == 1).all()
    objective = objective_of(OVERLAP, prepared, power, torch.device("cpu"))
    balance = objective.energy.keywords["balance"]
    assert balance[1, 0] / balance[0, 0] == pytest.approx(1)
    assert balance[1, 1] / balance[0, 1] == pytest.approx(9**power)


def test_overlapping_thresholds_are_chosen_each_by_itself(trained):
    named, _, model = trained
    seen = [scene(9, named)]
    open_ = replace(model.description.plan.instances, threshold=None)
    plan = replace(model.description.plan, instances=open_)
    unset = model.described(replace(model.description, plan=plan))
    chosen = calibrate(unset, seen)
    assert len(chosen.thresholds) == (2 if named.overlap else 1)
    tuned = model.described(replace(model.description, plan=replace(plan, instances=chosen)))
    best = reachable(unset, seen)
    assert quality(tuned, seen) >= best - 1e-12
    assert best >= quality(unset, seen)


def test_dice_counts_annotated_pixels_alone_and_adds_up():
    truth = np.array([[1, 1, 2, 0]], np.int32)
    found = np.array([[1, 2, 2, 2]])
    annotated = np.array([[True, True, True, False]])
    sample = Sample(np.zeros((1, 1, 4)), truth, annotated, named=EXCLUSIVE, kind="classes")
    regions = regions_of(sample, found, EXCLUSIVE)
    assert regions == [Region(1, 0, 1), Region(1, 1, 0)]
    assert pooled([regions, regions]) == [Region(2, 0, 2), Region(2, 2, 0)]
    assert mean_dice(regions) == pytest.approx(2 / 3)
    assert mean_dice([Region(1, 0, 0), Region(0, 0, 0)]) == 1.0
    assert mean_dice([Region(0, 0, 0)]) == 0.0


def test_the_plan_for_classes_has_neither_border_nor_sizes():
    plan, reasons = propose(Plan(data=DataPlan()), [scene(0, EXCLUSIVE)])
    assert (plan.targets.border, plan.data.scale, plan.targets.balance) == (0.0, 1.0, 0.5)
    assert any("classes bright, dim, which exclude one another" in reason for reason in reasons)
    cells, _ = propose(Plan(), [replace(scene(0, EXCLUSIVE), named=None)])
    assert cells.targets.balance == 1.0


def test_samples_of_other_classes_do_not_teach_one_model(tmp_path):
    samples = [scene(0, EXCLUSIVE), replace(scene(1, EXCLUSIVE), named=None)]
    with pytest.raises(DataError, match="not of the same classes"):
        api.train(samples, tmp_path / "r", steps=1, settings=SMALL)


def test_a_training_of_classes_goes_on_bit_for_bit_after_an_interruption(tmp_path):
    samples = [scene(seed, OVERLAP) for seed in range(3)]
    settings = ["network.width=4", "network.depth=1", "training.tile=60", "network.norm=renorm"]
    whole = api.train(samples, tmp_path / "a", steps=6, settings=settings)
    seen = []
    api.train(
        samples,
        tmp_path / "b",
        steps=6,
        settings=settings,
        on_step=seen.append,
        stop=lambda: len(seen) >= 3,
    )
    assert len(seen) == 3
    again = api.resume(samples, tmp_path / "b")
    for one, two in zip(
        whole.network.state_dict().values(), again.network.state_dict().values(), strict=True
    ):
        assert torch.equal(one, two)


def test_other_names_are_other_data(tmp_path):
    samples = [scene(seed, EXCLUSIVE) for seed in range(2)]
    api.train(samples, tmp_path / "run", steps=1, settings=SMALL)
    swapped = [replace(s, named=replace(EXCLUSIVE, names=("dim", "bright"))) for s in samples]
    with pytest.raises(DataError, match=r"not those that .* began with"):
        api.resume(swapped, tmp_path / "run", extend=1)


@pytest.mark.parametrize("named", [EXCLUSIVE, OVERLAP])
def test_numbers_that_are_of_no_class_are_refused(named):
    labels = np.full((4, 4), 4 if named.overlap else 3, np.int32)
    with pytest.raises(
        DataError, match=r"labels from \d to \d, where the numbers of \w+, \w+ are 0"
    ):
        Sample(np.zeros((1, 4, 4)), labels, named=named)


def test_a_coarser_pixel_is_not_what_few_annotated_pixels_are_not():
    labels = np.array([[1, 1, 1], [2, 2, 0], [0, 0, 0]], np.int32)
    annotated = labels > 0
    sample = Sample(np.zeros((1, 3, 3), np.float32), labels, annotated, named=EXCLUSIVE)
    for one in (sample, replace(sample, named=None)):
        (item,) = prepare_all([one], DataPlan(scale=1 / 3), TargetPlan())
        assert item.weights.item() == 0  # 3 of one, 2 of another, and 4 that nobody annotated
    all_but_one = np.ones((3, 3), bool)
    all_but_one[0, 0] = False
    most = replace(sample, annotated=all_but_one)
    (item,) = prepare_all([most], DataPlan(scale=1 / 3), TargetPlan())
    assert item.weights.item() > 0


def test_at_a_coarser_resolution_each_class_that_overlaps_keeps_its_own_majority():
    labels = np.array([[0, 0, 0], [0, 1, 1], [1, 3, 3]], np.int32)  # the cell has 5 of 9
    sample = Sample(np.zeros((1, 3, 3), np.float32), labels, named=OVERLAP)
    (item,) = prepare_all([sample], DataPlan(scale=1 / 3), TargetPlan())
    assert item.classes.item() == 1


def test_the_mean_does_not_depend_on_which_absent_classes_are_found():
    assert mean_dice([Region(9, 1, 1), Region(0, 0, 0)]) == mean_dice(
        [Region(9, 1, 1), Region(0, 1, 0)]
    )
