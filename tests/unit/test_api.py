"""What scripts call: plain arrays in, a run folder and plain arrays out."""

import json
import tomllib
from dataclasses import asdict, replace

import numpy as np
import pytest

import septum
from septum.api import samples_of
from septum.config import from_toml
from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.errors import ConfigError, DataError
from septum.plan import Plan

CELLS = [draw_cells(seed, (64, 64), radius=8) for seed in range(2)]
IMAGES, LABELS = [s.image[0] for s in CELLS], [s.truth for s in CELLS]
TINY = ("network.width=4", "network.depth=1", "training.tile=60", "training.precision=32")


def trained(out, data=(IMAGES, LABELS), **changes):
    return septum.train(data, out, **{"steps": 2, "settings": TINY, **changes})


def test_arrays_in_a_model_on_disk_and_arrays_out(tmp_path):
    model = trained(tmp_path / "run")
    again = septum.load(tmp_path / "run")
    one, two = model.predict(IMAGES[0]), again.predict(IMAGES[0])
    np.testing.assert_array_equal(one.probabilities, two.probabilities)
    assert one.labels.shape == IMAGES[0].shape
    assert septum.evaluate(LABELS[0], LABELS[0])["ctc"]["seg"] == 1


def test_the_run_says_what_was_chosen_and_how_it_went(tmp_path):
    notes, steps = [], []
    model = trained(tmp_path / "run", on_note=notes.append, on_step=steps.append)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "log.jsonl",
        "model",
        "plan.toml",
        "report.html",
        "run.json",
        "state",
    ]
    plan = from_toml(Plan, (tmp_path / "run" / "plan.toml").read_text())
    # Thresholds left open are chosen on the trained network, and are in the model alone.
    kept = model.description.plan
    assert replace(plan, instances=kept.instances) == kept
    assert None not in asdict(kept.instances).values()
    assert plan.instances.min_size == kept.instances.min_size
    assert plan.data.scale == 1
    assert plan.training.steps == 2
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [entry["loss"] for entry in log] == [step.loss for step in steps]
    assert [entry["number"] for entry in log] == [1, 2]
    assert any("working resolution 1" in note for note in notes)


def test_images_samples_and_a_folder_of_the_same_content_give_the_same_model(tmp_path):
    from septum.data.formats import write_labels, write_tiff

    for number, (image, labels) in enumerate(zip(IMAGES, LABELS, strict=True)):
        write_tiff(tmp_path / "data" / "images" / f"{number}.tif", image, "YX")
        write_labels(tmp_path / "data" / "masks" / f"{number}.tif", labels, "YX")
    data = {
        "arrays": (IMAGES, LABELS),
        "stacks": (np.stack(IMAGES), np.stack(LABELS)),
        "samples": CELLS,
        "folder": tmp_path / "data",
        "text": str(tmp_path / "data"),
    }
    files = {}
    for name, given in data.items():
        trained(tmp_path / name, given)
        files[name] = (tmp_path / name / "model" / "model.safetensors").read_bytes()
    assert len(set(files.values())) == 1
    trained(tmp_path / "other", seed=1)
    assert (tmp_path / "other" / "model" / "model.safetensors").read_bytes() != files["arrays"]


def test_channels_come_first():
    colour = np.stack([IMAGES[0]] * 3)
    assert samples_of(([colour], [LABELS[0]]))[0].image.shape == (3, 64, 64)
    assert samples_of(([IMAGES[0]], [LABELS[0]]))[0].image.shape == (1, 64, 64)


def test_masks_become_their_components():
    (sample,) = samples_of(([IMAGES[0]], [np.where(LABELS[0] > 0, 255, 0)]))
    assert sample.truth.max() > 1
    assert "taken as foreground" in sample.notes[0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((IMAGES, LABELS[:1]), "2 images and 1 label image; give one for each"),
        (([], []), "no annotated image to train on"),
        ([], "no annotated image to train on"),
        ([*CELLS, IMAGES[0]], "3 items of which 2 are samples"),
        ((IMAGES, LABELS, LABELS), "3 items of which 0 are samples"),
        ((IMAGES, [labels * 0 for labels in LABELS]), "annotated area of 2 label images"),
        ((IMAGES, [labels[1:] for labels in LABELS]), "array 0: sizes differ"),
        ((IMAGES, [labels + 0.5 for labels in LABELS]), "array 0: .* not whole,"),
        (([i + np.nan for i in IMAGES], LABELS), "array 0: .* NaN or infinite"),
        ([Sample(CELLS[0].image)], "has no labels"),
        ("/no/such/folder", "/no/such/folder: no such folder"),
    ],
)
def test_data_that_cannot_be_trained_on_are_refused(tmp_path, data, message):
    with pytest.raises(DataError, match=message):
        trained(tmp_path / "run", data)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preset": "papre"}, "no preset 'papre'"),
        ({"settings": ["network.widht=3"]}, "did you mean 'width'"),
        ({"steps": 0}, "training.steps is 0; expected 1 or more"),
        ({"settings": ["training.steps=-3"], "steps": None}, "training.steps is -3; expected"),
        ({"max_time": "soon"}, "'soon' is no duration"),
        ({"seed": -1}, "seed is -1"),
        ({"machine": septum.Machine(device="abacus")}, "device is 'abacus'"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        trained(tmp_path / "run", **changes)


def test_a_time_alone_ends_the_training_and_not_the_presets_steps(tmp_path):
    model = trained(tmp_path / "run", steps=None, max_time=0.4)
    plan = tomllib.loads((tmp_path / "run" / "plan.toml").read_text())
    assert plan["training"]["steps"] == "none"
    assert septum.load(tmp_path / "run").description.plan == model.description.plan
    assert model.description.training["seconds"] >= 0.4
    both = trained(tmp_path / "both", steps=3, max_time="1h")
    assert both.description.training["steps"] == 3


def test_importing_the_package_does_not_load_torch():
    import subprocess
    import sys

    code = "import sys, septum; assert 'torch' not in sys.modules; print(septum.__version__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == septum.__version__, done.stderr


def test_every_public_name_is_there_and_others_are_not():
    for name in septum.__all__:
        assert getattr(septum, name) is not None
    assert dir(septum) == sorted(septum.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(septum, "non" + "sense")
