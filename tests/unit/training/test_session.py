"""A training from its data to its model: validation, patience, workers, grey beside colour."""

import json

import numpy as np
import pytest

import septum
from septum.api import Reading
from septum.data.formats import read_image, write_labels, write_tiff
from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.errors import ConfigError, DataError, SeptumError
from septum.segment import segment_file
from septum.training.calibrate import quality
from septum.training.run import train_model
from septum.training.sides import Sides, read_sides

TINY = ("network.width=4", "network.depth=1", "training.tile=60", "training.precision=32")


def cells(count, shape=(64, 64)):
    return [draw_cells(seed, shape, radius=8) for seed in range(count)]


def trained(out, data=None, **changes):
    data = cells(5) if data is None else data
    return septum.train(data, out, **{"steps": 20, "settings": TINY, **changes})


def weights(model):
    return b"".join(value.numpy().tobytes() for value in model.network.state_dict().values())


def scored(monkeypatch, scores):
    """Let the validations have these scores."""
    given = iter(scores)
    monkeypatch.setattr("septum.training.run.reachable", lambda _model, _samples: next(given))


def test_without_validation_all_images_teach_and_the_last_model_is_kept(tmp_path):
    facts = trained(tmp_path / "run").description.training
    assert len(facts["images"]) == 5
    assert facts["steps"] == 20
    assert "best_score" not in facts


def test_a_share_is_held_out_and_the_best_model_is_kept(tmp_path, monkeypatch):
    scored(monkeypatch, [0.1, 0.5, *[0.3] * 18])
    said = []
    model = trained(tmp_path / "run", val=0.2, on_note=said.append)
    facts = model.description.training
    assert len(facts["images"]) == 4
    assert facts["validation_images"] == ["cells_002"]
    assert facts["best_step"] == 2
    assert "held out to validate with: 1 of 5 images: cells_002" in said
    # The same steps, stopped there, give the same weights.
    scored(monkeypatch, [0.1, 0.5])
    seen = []
    again = trained(tmp_path / "two", val=0.2, on_step=seen.append, stop=lambda: len(seen) == 2)
    assert weights(again) == weights(model)


def test_the_score_that_is_told_is_that_of_the_model_that_is_saved(tmp_path):
    data = cells(5)
    told = trained(tmp_path / "run", data, steps=60, val=0.2).description.training
    assert told["validation_images"] == ["cells_002"]
    saved = septum.load(tmp_path / "run", backend="torch")
    assert told["best_score"] == pytest.approx(quality(saved, [data[2]]), abs=1e-6)
    assert f"Panoptic quality at IoU 0.5: {told['best_score']:.3f}" in (
        tmp_path / "run" / "model" / "README.md"
    ).read_text(encoding="utf-8")


def test_of_equally_good_models_the_last_is_kept(tmp_path, monkeypatch):
    scored(monkeypatch, [0.5] * 20)
    assert trained(tmp_path / "run", val=0.2).description.training["best_step"] == 20


def test_patience_ends_a_training_that_gains_nothing(tmp_path, monkeypatch):
    scored(monkeypatch, [0.5, 0.6, 0.6, 0.4, 0.6])
    model = trained(tmp_path / "run", val=0.2, settings=(*TINY, "training.patience=3"))
    facts = model.description.training
    assert facts["steps"] == 5
    assert facts["best_step"] == 5
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [step["validation"] for step in log] == [0.5, 0.6, 0.6, 0.4, 0.6]


def test_other_images_validate_and_the_threshold_is_chosen_on_them(tmp_path, monkeypatch):
    chosen_on = []
    monkeypatch.setattr(
        "septum.training.complete.calibrated",
        lambda model, _taught, samples, _on_image: (chosen_on.extend(samples), model)[1],
    )
    model = trained(tmp_path / "run", cells(2), val=cells(4)[2:])
    assert model.description.training["validation_images"] == ["cells_002", "cells_003"]
    assert [sample.name for sample in chosen_on] == ["cells_002", "cells_003"]


def test_an_image_on_both_sides_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"has the same pixels as cells_000 of the training"):
        trained(tmp_path / "run", cells(3), val=cells(1))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("workers", [0, 3])
def test_threads_that_draw_tiles_change_nothing(tmp_path, workers):
    one = trained(tmp_path / "one", machine=septum.Machine(workers=1))
    other = trained(tmp_path / "other", machine=septum.Machine(workers=workers))
    assert weights(one) == weights(other)
    assert 0 <= other.description.training["waited"] < 1


def test_grey_images_beside_colour_ones_are_learnt_and_predicted(tmp_path):
    grey = cells(2)
    colour = [
        Sample(np.stack([s.image[0], s.image[0] // 2, s.image[0] // 3]), s.labels, name=f"c{n}")
        for n, s in enumerate(cells(4)[2:])
    ]
    said = []
    model = trained(tmp_path / "run", [*grey, *colour], on_note=said.append)
    assert any("2 of 4 images are grey (" in note for note in said)
    loaded = septum.load(tmp_path / "run")
    for image in (grey[0].image[0], grey[0].image, np.repeat(grey[0].image, 3, axis=0)):
        np.testing.assert_array_equal(
            loaded.predict(image).probabilities, model.predict(grey[0].image).probabilities
        )
    with pytest.raises(DataError, match=r"takes shape \(3, Y, X\)"):
        trained(tmp_path / "colour", colour).predict(grey[0].image[0])


def test_slices_of_stacks_are_learnt_and_predicted_with_their_neighbours(tmp_path):
    drawn = cells(4)
    data = tmp_path / "data"
    write_tiff(data / "images" / "stack.tif", np.stack([s.image[0] for s in drawn]), "ZYX")
    write_labels(data / "masks" / "stack.tif", np.stack([s.truth for s in drawn]), "ZYX")
    said = []
    model = trained(tmp_path / "run", data, on_note=said.append)
    assert any("the slices before and behind as channels" in note for note in said)
    assert (model.description.in_channels, model.description.image_channels) == (3, 1)
    segment_file(model, data / "images" / "stack.tif", tmp_path / "out")
    found = read_image(tmp_path / "out" / "stack_probabilities.tif").array[:, 1]
    images = [s.image[0] for s in drawn]
    for number, plane in enumerate(found):
        before, behind = images[max(number - 1, 0)], images[min(number + 1, 3)]
        expected = model.predict(np.stack([before, images[number], behind])).probabilities[1]
        np.testing.assert_allclose(plane, expected, atol=1e-2)  # engines tile as they like
    # A single image is its own neighbour, and that is said.
    write_tiff(tmp_path / "one.tif", images[0], "YX")
    segment_file(model, tmp_path / "one.tif", tmp_path / "out", on_note=said.append)
    assert "is seen as its own neighbour" in said[-1]
    alone = model.predict(images[0]).probabilities
    np.testing.assert_array_equal(alone, model.predict(np.stack([images[0]] * 3)).probabilities)
    with pytest.raises(DataError, match=r"the image has shape \(2, 64, 64\)"):
        model.predict(np.stack(images[:2]))


def sparse(root, changed=0):
    """A stack of which every third slice is annotated, the others 255 throughout."""
    drawn = cells(10)
    images = np.stack([s.image[0] for s in drawn])
    images[1] ^= changed
    truth = np.stack([s.truth for s in drawn]).astype(np.uint8)
    truth[[n for n in range(10) if n % 3]] = 255
    write_tiff(root / "images" / "stack.tif", images, "ZYX")
    write_tiff(root / "masks" / "stack.tif", truth, "ZYX")
    return images


def test_slices_that_nobody_annotated_are_the_context_of_those_that_teach(tmp_path, monkeypatch):
    images = sparse(tmp_path / "data")
    seen = {}

    def watched(samples, plan, *arguments, **known):
        seen.update({s.name: s for s in samples}, validation=arguments[3])
        return train_model(samples, plan, *arguments, **known)

    monkeypatch.setattr("septum.training.complete.train_model", watched)
    run, reading = tmp_path / "run", Reading(ignore=255)
    facts = trained(run, tmp_path / "data", steps=2, reading=reading, val=0.25).description.training
    assert facts["images"] == ["stack[00]", "stack[03]", "stack[06]"]
    assert facts["validation_images"] == ["stack[09]"]
    for number in (0, 3, 6):
        around = images[[max(number - 1, 0), number, number + 1]]
        np.testing.assert_array_equal(seen[f"stack[{number:02}]"].image, around)
    np.testing.assert_array_equal(seen["validation"][0].image, images[[8, 9, 9]])
    # It goes on with the same ones only, those that nobody annotated included.
    septum.resume(tmp_path / "data", run)
    sparse(tmp_path / "other", changed=1)
    with pytest.raises(DataError, match="not those that"):
        septum.resume(tmp_path / "other", run)


def test_a_part_of_a_slice_has_the_same_part_of_its_neighbours(tmp_path):
    sparse(tmp_path / "data")
    sides = read_sides(tmp_path / "data", 0.25, Reading(ignore=255), lambda _note: None)
    few = Sides(sides.data[:9], [], 0.25)  # three are annotated: a part of each is held out
    whole = {sample.name: sample.image for sample in Sides(few.data, []).split(1)[0]}
    training, validation = few.split(1)
    assert len(training) == 3
    for one, two in zip(training, validation, strict=True):
        np.testing.assert_array_equal(one.image, whole[one.name][:, : one.shape[0]])
        assert 0 < one.shape[0] < whole[one.name].shape[1]
        np.testing.assert_array_equal(two.image, whole[one.name])  # seen whole, annotated in part
        assert two.annotated is not None
        assert not two.annotated[: one.shape[0]].any()


def test_a_training_that_diverges_keeps_the_tiles_and_its_last_state(tmp_path):
    wild = (*TINY, "training.optimiser=sgd", "training.learning_rate=1e15", "training.average=0")
    with pytest.raises(SeptumError, match=r"diverged.* The tiles are in .*\.npz") as caught:
        trained(tmp_path / "run", settings=wild)
    path = tmp_path / "run" / str(caught.value).rpartition("/")[2]
    with np.load(path) as arrays:
        assert arrays["images"].shape == (1, 1, 60, 60)
        assert arrays["classes"].shape == arrays["weights"].shape
    assert path.with_suffix(".png").is_file()
    assert not (tmp_path / "run" / "model").exists()


def test_what_the_machine_cannot_have_is_one_line(tmp_path):
    for machine, message in (
        ({"devices": 0}, "devices is 0; expected 1 or more"),
        ({"workers": -1}, "workers is -1; expected 0 or more"),
        ({"strategy": "magic"}, "no training on 1 × cpu on 1 node"),
    ):
        with pytest.raises(ConfigError, match=message):
            trained(tmp_path / "run", machine=septum.Machine(**{"device": "cpu", **machine}))


@pytest.mark.parametrize("setting", ["instances.min_size=[5,6]", "instances.threshold=[0.5,0.4]"])
def test_several_choices_for_cells_are_refused_before_the_run_begins(tmp_path, setting):
    with pytest.raises(ConfigError, match="only classes"):
        trained(tmp_path / "run", settings=(*TINY, setting))
    assert not (tmp_path / "run").exists()


def test_deterministic_is_asked_of_pytorch_and_only_then(tmp_path):
    import torch

    trained(tmp_path / "one", steps=1, machine=septum.Machine(deterministic=True))
    assert torch.are_deterministic_algorithms_enabled()
    trained(tmp_path / "two", steps=1)
    assert not torch.are_deterministic_algorithms_enabled()
