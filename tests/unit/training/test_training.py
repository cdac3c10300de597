"""Training: the same seed gives the same bytes, the loss falls, un-annotated pixels are mute."""

import subprocess
import sys
from dataclasses import replace
from itertools import count, pairwise

import numpy as np
import pytest
import torch

import septum
from septum.config import override, to_toml
from septum.data.crops import draw_batch
from septum.data.prepared import prepare
from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.errors import ConfigError, DataError, SeptumError
from septum.network import UNet
from septum.plan import DataPlan, NetworkPlan, TargetPlan, TrainingPlan
from septum.training import (
    PRESETS,
    Length,
    Machine,
    Watch,
    check,
    preset,
    propose,
    train_model,
)
from septum.training.average import moving_average
from septum.training.loop import fit
from septum.training.schedule import build_optimiser
from septum.training.state import State

SETTINGS = [
    "data.normalise=percentile",
    "data.scale=1",
    "targets.border=2",
    "network.width=4",
    "network.depth=2",
    "network.dropout=0.3",
    "training.tile=60",
    "training.steps=4",
    "instances.min_size=0",
    "augment.scale=0.3",
    "augment.brightness=0.2",
    "augment.contrast=0.5",
    "augment.gamma=0.5",
]


def plan_of(*settings):
    return override(preset("default"), [*SETTINGS, *settings])


def samples_of(number=2):
    return [draw_cells(seed, (64, 64), radius=8) for seed in range(number)]


def weights_of(model):
    return b"".join(value.numpy().tobytes() for value in model.network.state_dict().values())


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    torch.manual_seed(99)  # whatever was drawn before does not matter
    one = weights_of(train_model(samples_of(), plan_of(), seed=3))
    torch.rand(7)
    assert weights_of(train_model(samples_of(), plan_of(), seed=3)) == one
    assert weights_of(train_model(samples_of(), plan_of(), seed=4)) != one


def test_pixels_of_sizes_that_one_network_cannot_see_alike_are_refused():
    def check_sizes(*sizes):
        check(
            [
                replace(sample, name=f"size {size}", spacing=None if size is None else (size,) * 2)
                for sample, size in zip(samples_of(len(sizes)), sizes, strict=True)
            ]
        )

    check_sizes(0.5, None, 0.7, 0.4)
    for sizes in ((None, 0.5, 0.1), (0.1, 0.3, 0.5), (0.3, 0.1, None, 0.5)):
        with pytest.raises(
            DataError, match=r"size 0\.1 has 0\.1 × 0\.1 µm, size 0\.[35] .*--spacing"
        ):
            check_sizes(*sizes)
    with pytest.raises(DataError, match="expected sizes in µm"):
        check_sizes(0.0, 0.5)  # no size at all: nothing to divide by


def test_slices_of_scans_may_lie_apart_as_they_do():
    scans = [draw_cells(seed, (16, 32, 32), radius=6) for seed in range(2)]
    check([replace(scans[0], spacing=(1, 0.7, 0.7)), replace(scans[1], spacing=(5, 0.9, 0.9))])


def test_every_seed_and_every_step_draws_its_own_tiles(monkeypatch):
    drawn = []

    def capture(fabric, state, batch_of, *_rest):
        drawn.extend(batch_of(step).images.tobytes() for step in (0, 1, 0))
        raise KeyboardInterrupt

    monkeypatch.setattr("septum.training.run.fit", capture)
    for seed in (3, 4):
        with pytest.raises(KeyboardInterrupt):
            train_model(samples_of(), plan_of(), seed=seed)
    assert drawn[0] == drawn[2]
    assert drawn[3] == drawn[5]
    assert len(set(drawn)) == 4


def test_another_process_gives_the_same_bytes_and_nothing_is_printed():
    code = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1]); import torch;"
        "from test_training import *; torch.set_num_threads(int(sys.argv[2]));"
        "model = train_model(samples_of(), plan_of(), seed=3);"
        "print(hashlib.sha256(weights_of(model)).hexdigest())"
    )
    here = __file__.rpartition("/")[0]
    done = subprocess.run(
        [sys.executable, "-c", code, here, str(torch.get_num_threads())],
        capture_output=True,
        text=True,
        check=True,
    )
    from hashlib import sha256

    own = sha256(weights_of(train_model(samples_of(), plan_of(), seed=3))).hexdigest()
    assert done.stdout == own + "\n"
    assert done.stderr == ""


def test_the_loss_falls_and_the_steps_are_reported():
    steps = []
    # Without augmentation, a few steps are enough to learn one image by heart.
    plan = plan_of(
        "training.steps=40",
        "training.tile=108",  # all of the image, so that the losses can be compared
        "training.learning_rate=0.01",
        "network.dropout=0",
        "targets.border=0",
        "augment.elastic_sigma=0",
        "augment.rotate=0",
        "augment.scale=0",
        "augment.mirror=false",
    )
    model = train_model(samples_of(1), plan, watch=Watch(on_step=steps.append))
    assert [step.number for step in steps] == list(range(1, 41))
    assert steps[-1].progress == 1
    assert all(a.progress < b.progress for a, b in pairwise(steps))
    first, last = ([step.loss for step in part] for part in (steps[:8], steps[-8:]))
    assert np.mean(last) < 0.7 * np.mean(first)
    facts = model.description.training
    assert facts["steps"] == 40
    assert facts["loss"] == steps[-1].loss
    assert facts["images"] == ["cells_000"]


def test_a_trained_model_has_learnt_what_it_was_shown():
    sample = samples_of(1)[0]
    plan = plan_of("training.steps=60", "training.learning_rate=0.01", "targets.border=0")
    probabilities = train_model([sample], plan).predict(sample.image[0]).probabilities
    agreement = ((probabilities[1] > 0.5) == (sample.truth > 0)).mean()
    assert agreement > 0.85


def test_labels_that_nobody_vouches_for_never_teach():
    """Law 6: whatever stands there, the weights after training are the same, to the byte."""
    sample, other = draw_cells(0, (96, 96), radius=8), draw_cells(7, (96, 96), radius=8)
    annotated = np.ones((96, 96), bool)
    annotated[30:70, 20:80] = False
    results = []
    for labels in (sample.truth, np.where(annotated, sample.truth, other.truth + 50)):
        marked = Sample(sample.image, labels.astype(np.int32), annotated=annotated)
        results.append(weights_of(train_model([marked], plan_of())))
    assert results[0] == results[1]
    whole = Sample(sample.image, sample.truth)
    assert weights_of(train_model([whole], plan_of())) != results[0]


def test_an_image_in_which_nothing_is_annotated_is_left_out():
    sample, other = samples_of()
    mute = Sample(other.image, other.labels, annotated=np.zeros((64, 64), bool))
    alone = weights_of(train_model([sample], plan_of()))
    assert weights_of(train_model([sample, mute], plan_of())) == alone


def refused(samples, message, *settings, **arguments):
    with pytest.raises(SeptumError, match=message) as caught:
        train_model(samples, plan_of(*settings), **arguments)
    assert "\n" not in str(caught.value)
    return type(caught.value)


def test_samples_that_one_model_cannot_take_are_refused():
    grey = samples_of(1)[0]
    colour = Sample(np.repeat(grey.image, 3, axis=0), grey.labels, name="colour")
    volume = draw_cells(0, (16, 32, 32), radius=6)
    empty = Sample(grey.image, np.zeros_like(grey.truth))
    mute = Sample(grey.image, grey.labels, annotated=np.zeros((64, 64), bool))
    assert refused([], "no annotated image") is DataError
    assert refused([grey, colour], r"colour has 3 channels in 2D, cells_000 has 1") is DataError
    assert refused([grey, volume], r"in 3D, cells_000 has 1 in 2D") is DataError
    assert refused([empty, empty], "no object in the annotated area of 2 label images") is DataError
    assert refused([mute], "no object in the annotated area of 1 label image") is DataError


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("network.width=0", "width is 0"),
        ("network.norm=instance", "norm is 'instance'"),
        ("network.dropout=1.5", "dropout is 1.5"),
        ("training.precision=16", "precision is '16'"),
        ("training.optimiser=adam", "optimiser is 'adam'; it is 'sgd' or 'adamw'"),
        ("training.schedule=linear", "schedule is 'linear'; it is 'constant' or 'cosine'"),
        ("data.normalise=max", "data.normalise is 'max'"),
    ],
)
def test_a_value_that_cannot_be_is_one_line(setting, message):
    with pytest.raises(ConfigError, match=message):
        train_model(samples_of(1), plan_of(setting))


def test_a_negative_seed_is_refused():
    assert refused(samples_of(1), "seed is -1; expected 0 or more", seed=-1) is ConfigError


def test_time_ends_a_run_before_its_steps(monkeypatch):
    ticks = count(step=0.01)  # a clock of its own: no other load can end the run too early
    monkeypatch.setattr("septum.training.loop.time.monotonic", lambda: next(ticks))
    plan = plan_of("training.steps=1000000")
    steps = []
    length = Length(plan.training.steps, max_time=0.5)
    model = train_model(samples_of(1), plan, length=length, watch=Watch(on_step=steps.append))
    assert 0 < len(steps) < 1_000_000
    assert steps[-1].progress == 1
    assert steps[-2].seconds < 0.5 <= steps[-1].seconds
    assert model.description.training["steps"] == len(steps)
    # The schedule follows the time: the learning rate has come down although the steps have not.
    assert steps[-1].learning_rate < 0.2 * max(step.learning_rate for step in steps)


def fitted(batches, steps=3, **changes):
    torch.manual_seed(0)
    network = UNet(width=4, depth=2, dropout=0, norm="batch")
    plan = TrainingPlan(**{"steps": steps, "precision": "32", "learning_rate": 0.01, **changes})
    average = moving_average(network, plan.average)
    state = State(network, build_optimiser(network, plan), average)
    fit(Machine("cpu").launch("32"), state, batches, plan, Length(steps))
    return network, state.candidate


def batches(number):
    sample = prepare(samples_of(1)[0], DataPlan(1.0), TargetPlan(border=0.0))
    policy = preset("paper").augment
    return draw_batch([sample], policy, (60, 60), (20, 20), np.random.default_rng(number).spawn(2))


def test_a_loss_that_is_no_number_ends_the_run_and_says_what_to_do():
    with pytest.raises(SeptumError, match=r"training has diverged\. Lower the learning rate, for"):
        fitted(batches, 50, optimiser="sgd", learning_rate=1e12, momentum=0.99)


def test_a_batch_that_cannot_be_drawn_ends_the_run():
    def broken(number):
        if number == 2:
            raise DataError("no such tile")
        return batches(number)

    with pytest.raises(DataError, match="no such tile"):
        fitted(broken, 5)


def test_batches_are_drawn_each_once_and_in_order():
    seen = []
    fitted(lambda number: (seen.append(number), batches(number))[1], 4)
    assert seen == [0, 1, 2, 3]


def trajectory(steps):
    """The weights after each step, and statistics of batch norm, of the trained network itself."""
    return [fitted(batches, n, average=0.0, schedule="constant")[0].state_dict() for n in steps]


def test_the_average_is_the_moving_average_of_the_weights():
    states = trajectory([1, 2, 3])
    network, kept = fitted(batches, 3, average=0.2, schedule="constant")
    for name, value in kept.state_dict().items():
        if not value.is_floating_point():
            continue
        expected = states[0][name]
        for number, state in enumerate(states[1:], start=1):
            decay = min(0.2, (1 + number) / (10 + number))  # 2/11, then 0.2
            expected = decay * expected + (1 - decay) * state[name]
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-6)
        np.testing.assert_array_equal(network.state_dict()[name], states[-1][name])
    different = (kept.scores.weight - network.scores.weight).abs().max()
    assert different > 1e-4


def test_without_an_average_the_trained_network_is_kept():
    network, kept = fitted(batches, 2, average=0.0)
    assert kept is network


def test_the_papers_preset_is_the_papers():
    plan, reasons = propose(preset("paper"), [draw_cells(0, (192, 192), radius=8)])
    assert plan == preset("paper")  # nothing is proposed: the paper chose
    assert reasons == []
    assert plan.network == NetworkPlan(width=64, depth=4, dropout=0.5, norm=None)
    assert plan.targets == TargetPlan(border=0.0, w0=10.0, sigma=5.0, balance=1.0)
    assert plan.data.scale == 1
    training = plan.training
    assert (training.optimiser, training.momentum, training.weight_decay) == ("sgd", 0.99, 0)
    assert (training.tile, training.batch, training.precision) == (572, 1, "32")
    assert training.average == 0
    assert (plan.augment.elastic_sigma, plan.augment.elastic_grid) == (10.0, 3)
    assert plan.augment.varied == (0.1, 0.1, 0.2, 0.2)  # as its rows were trained
    assert plan.instances.min_size == 0


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(
        ConfigError, match=r"there is no preset 'papre'; it is paper, default, or a plan\.toml"
    ):
        preset("papre")


def disc(shape, *discs):
    labels = np.zeros(shape, np.int32)
    rows, columns = np.indices(shape)
    for number, (y, x, radius) in enumerate(discs, start=1):
        labels[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = number
    return Sample(np.zeros((1, *shape), np.uint8), labels)


def test_open_choices_follow_from_the_data_and_are_explained():
    large = disc((320, 320), (80, 80, 50), (80, 230, 50), (230, 80, 50))
    plan, reasons = propose(preset("default"), [large])
    assert plan.data.scale == 0.5  # 100 px wide
    assert plan.targets.border == 0  # nothing touches
    assert plan.instances.min_size == pytest.approx(np.pi * 50**2 / 2, rel=0.05)
    assert "grey values by percentiles" in reasons[0]
    assert "100 px wide" in reasons[1]
    assert "the paper's 2 classes: 0% of the objects touch another" in reasons[2]
    touching = Sample(large.image, np.where(large.truth > 0, large.truth, 9).astype(np.int32))
    plan, reasons = propose(preset("default"), [touching])
    assert plan.targets.border is not None
    assert plan.targets.border > 0
    assert "a third class" in reasons[2]


def test_strokes_tell_nothing_of_size_and_that_is_said():
    strokes = replace(samples_of(1)[0], kind="scribbles")
    plan, reasons = propose(preset("default"), [strokes])
    assert (plan.data.scale, plan.targets.border, plan.instances.min_size) == (1.0, 0.0, 0)
    assert len(reasons) == 6  # also of grey values, depth, tiles, variation and the small image
    assert "strokes do not tell how large objects are" in reasons[1]
    chosen = override(preset("default"), ["data.scale=0.5"])
    assert propose(chosen, [strokes])[0].data.scale == 0.5
    outlined = samples_of(1)[0]  # where some are outlined, those tell
    both, one = (propose(preset("default"), s)[0] for s in ([strokes, outlined], [outlined]))
    assert both == one


def test_what_is_set_is_not_proposed():
    chosen = override(
        preset("default"),
        [
            "data.normalise=range", "data.scale=0.7", "data.context=0", "targets.border=1",
                "targets.balance=1",
            "instances.min_size=9",
            "network.width=9", "network.depth=3", "training.tile=99", "training.batch=3",
            "augment.scale=0", "augment.brightness=0", "augment.contrast=0", "augment.gamma=0",
        ],
    )  # fmt: skip
    plan, reasons = propose(chosen, samples_of(1))
    assert plan == chosen
    assert reasons == []


@pytest.mark.parametrize("name", PRESETS)
def test_no_choice_stays_open(name):
    plan, _ = propose(preset(name), samples_of(1))
    for value in (plan.data.scale, plan.targets.border, plan.instances.min_size):
        assert value is not None
    assert plan.tile_and_depth == ((572, 4) if name == "paper" else (220, 3))
    assert plan.training.batch == (1 if name == "paper" else 4)
    assert plan.network.width == (64 if name == "paper" else 32)


def test_a_stop_ends_the_training_after_the_step_at_hand_and_keeps_the_model(tmp_path):
    seen = []
    model = septum.train(
        [draw_cells(0, (64, 64), radius=8)],
        tmp_path / "run",
        steps=50,
        settings=["network.width=2", "network.depth=1"],
        on_step=seen.append,
        stop=lambda: len(seen) == 3,
    )
    assert len(seen) == 3
    assert model.description.training["steps"] == 3
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()


def test_what_was_learnt_is_safe_before_the_thresholds_are_chosen(tmp_path, monkeypatch):
    def fail(*_arguments):
        raise KeyboardInterrupt

    data, run = [draw_cells(0, (64, 64), radius=8)], tmp_path / "run"
    with monkeypatch.context() as patched:
        patched.setattr("septum.training.complete.calibrated", fail)
        with pytest.raises(KeyboardInterrupt):
            septum.train(data, run, steps=1, settings=["network.width=2", "network.depth=1"])
    with pytest.raises(DataError, match="--resume goes on with it"):
        septum.load(run)  # what looks like a model is one with its thresholds
    said = []
    model = septum.resume(data, run, on_note=said.append)
    assert "the run ends after 1 step; thresholds are chosen now" in said
    assert model.description.plan.instances.threshold is not None


def test_the_plan_of_an_earlier_run_is_a_preset(tmp_path):
    plan = override(preset("default"), ["network.width=7", "instances.seed=0.6"])
    path = tmp_path / "plan.toml"
    path.write_text(to_toml(plan))
    assert preset(str(path)) == plan
    path.write_text("[network]\nwidht = 7\n")
    with pytest.raises(ConfigError, match=r"plan\.toml is no plan: .*widht.*did you mean 'width'"):
        preset(str(path))
    with pytest.raises(ConfigError, match=r"none\.toml is no plan: .*No such file"):
        preset(str(tmp_path / "none.toml"))
