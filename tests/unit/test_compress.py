"""A compressed model is the model and its integers; a worse one is not written."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

from septum import compress as module
from septum.classes import Classes
from septum.compress import calibration_tiles, compress, quality
from septum.data.formats import write_tiff
from septum.data.normalise import normalise
from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.description import Description
from septum.errors import ConfigError, DataError, SeptumError
from septum.geometry import is_legal
from septum.model import Model, load
from septum.plan import DataPlan, NetworkPlan, Plan
from septum.predict.probabilities import softmax

pytest.importorskip("openvino")
pytest.importorskip("nncf")

PLAN = Plan(data=DataPlan(scale=1.0), network=NetworkPlan(width=4, depth=2, norm="batch"))


def untrained(ndim=2, plan=PLAN):
    torch.manual_seed(0)
    description = Description(ndim=ndim, plan=plan, training={"steps": 1})
    return Model(description.build(), description, "cpu")


def cells(count=2, size=96):
    return [draw_cells(seed, (size, size), radius=8) for seed in range(count)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A model in run/, and its compressed version in int8/."""
    root = tmp_path_factory.mktemp("compress")
    untrained().save(root / "run" / "model")
    notes = []
    result = compress(root / "run", root / "int8", cells(), 0.5, notes.append)
    return root, result, notes


def test_the_integers_are_taken_and_are_close_to_float32(folders):
    root, _, _ = folders
    exact, integers = load(root / "run", precision="fp32"), load(root / "int8")
    assert (integers.engine.name, integers.engine.precision) == ("openvino", "int8")
    for shape in ((1, 1, 60, 76), (1, 1, 44, 44)):
        tile = np.random.default_rng(0).random(shape).astype(np.float32)
        a, b = (softmax(model.engine(tile)[0]) for model in (exact, integers))
        assert 0 < np.abs(a - b).max() < 0.1


def test_the_model_beside_them_is_as_it_was(folders):
    root, _, _ = folders
    first, second = (
        load(root / name, backend="torch", precision="fp32") for name in ("run", "int8")
    )
    assert second.engine.precision == "fp32"
    tile = np.random.default_rng(0).random((1, 1, 60, 60)).astype(np.float32)
    np.testing.assert_array_equal(first.engine(tile), second.engine(tile))
    assert second.description.plan == first.description.plan
    assert {path.name for path in (root / "int8" / "model").iterdir()} == {
        "int8.xml",
        "int8.bin",
        "README.md",
        "model.json",
        "model.safetensors",
    }


def test_what_it_cost_is_said_and_kept_with_the_model(folders):
    root, result, notes = folders
    kept = load(root / "int8").description.training
    assert kept["steps"] == 1
    assert kept["int8"] == {
        "metric": "panoptic quality at IoU 0.5",
        "before": result.before,
        "after": result.after,
        "exempt": 0,
    }
    assert result.before == quality(load(root / "run", precision="fp32"), cells())
    assert f"in float32: panoptic quality at IoU 0.5 is {result.before:.4f} on 2 images" in notes
    assert f"in 8-bit integers: panoptic quality at IoU 0.5 is {result.after:.4f}" in notes


@pytest.mark.parametrize("name", ["int8.xml", "int8.bin"])
@pytest.mark.parametrize("kept", [0, 0.5])
def test_a_damaged_file_is_named_with_what_to_do(folders, tmp_path, name, kept):
    shutil.copytree(folders[0] / "int8", tmp_path / "int8")
    path = tmp_path / "int8" / "model" / name
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(DataError, match=r"int8\.xml cannot be read .*septum compress"):
        _ = load(tmp_path / "int8").engine
    tile = np.zeros((1, 1, 44, 44), np.float32)
    assert np.isfinite(load(tmp_path / "int8", precision="fp32").engine(tile)).all()


def qualities(monkeypatch, *values):
    remaining = iter(values)
    monkeypatch.setattr(module, "quality", lambda *_: next(remaining))


def test_a_model_that_loses_too_much_is_not_written(monkeypatch, tmp_path):
    untrained().save(tmp_path / "run" / "model")
    qualities(monkeypatch, 0.9, 0.8, 0.89)
    with pytest.raises(SeptumError, match=r"loses 0\.0100 .* more than the 0\.005 allowed"):
        compress(tmp_path / "run", tmp_path / "out", cells(1))
    assert not (tmp_path / "out").exists()


def test_layers_at_full_resolution_stay_in_floating_point_where_that_is_needed(
    monkeypatch, tmp_path
):
    untrained().save(tmp_path / "run" / "model")
    qualities(monkeypatch, 0.9, 0.8, 0.899)
    result = compress(tmp_path / "run", tmp_path / "out", cells(1))
    assert (result.after, result.exempt) == (0.899, 5)
    graph = (tmp_path / "out" / "model" / "int8.xml").read_text()
    # 2 convolutions on 3 levels down, 1 up and 2 convolutions on 2 levels, the scores.
    assert graph.count('type="Convolution"') + graph.count('"ConvolutionBackpropData"') == 13
    # Their weights, and nothing else, are of this type.
    assert graph.count('element_type="i8"') == 13 - 5


def test_a_check_that_tells_nothing_is_said(folders):
    _, result, notes = folders
    said = any("cannot be told" in note for note in notes)
    assert said == (result.before == 0)


def test_a_volume_is_compressed_by_the_same_lines(tmp_path):
    plan = Plan(data=DataPlan(scale=1.0), network=NetworkPlan(width=2, depth=1))
    untrained(3, plan).save(tmp_path / "run" / "model")
    image = np.random.default_rng(0).random((1, 20, 24, 28)).astype(np.float32)
    labels = (image[0] > 0.9).astype(np.int32)
    compress(tmp_path / "run", tmp_path / "out", [Sample(image, labels)], 0.9)
    tile = np.zeros((1, 1, 20, 22, 24), np.float32)
    assert load(tmp_path / "out").engine(tile).shape == (1, 2, 4, 6, 8)


def test_calibration_tiles_are_what_prediction_sees():
    model, samples = untrained(), cells(3, 300)
    tiles = list(calibration_tiles(model, samples))
    assert 3 <= len(tiles) <= 48
    assert all(is_legal(size, 2) for tile in tiles for size in tile.shape[2:])
    seen = {value for tile in tiles for value in np.unique(tile)}
    whole = [set(np.unique(normalise(sample.image, "percentile"))) for sample in samples]
    assert seen <= set.union(*whole)
    assert all(len(seen & values) > 0.5 * len(values) for values in whole)


def test_of_many_tiles_some_are_taken_from_all_images(monkeypatch):
    monkeypatch.setattr(module, "_TILES", 3)
    samples = [
        Sample(np.full((1, 300, 300), value, np.float32), np.zeros((300, 300), np.int32))
        for value in (0.1, 0.5, 0.9)
    ]
    plan = Plan(data=DataPlan(scale=1.0, normalise="range"), network=PLAN.network)
    tiles = list(calibration_tiles(untrained(2, plan), samples))
    assert [round(float(tile.mean()), 3) for tile in tiles] == [0.1, 0.5, 0.9]


def test_what_cannot_be_compressed_is_refused_before_any_work(tmp_path, monkeypatch):
    untrained().save(tmp_path / "run" / "model")
    with pytest.raises(ConfigError, match="max_loss is 5; expected a share"):
        compress(tmp_path / "run", tmp_path / "out", cells(1), 5)
    with pytest.raises(DataError, match="already holds a trained model"):
        compress(tmp_path / "run", tmp_path / "run", cells(1))
    with pytest.raises(DataError, match="has no labels; nothing to learn"):
        compress(tmp_path / "run", tmp_path / "out", [Sample(cells(1)[0].image)])
    two = Sample(np.zeros((2, 64, 64), np.float32), np.zeros((64, 64), np.int32))
    with pytest.raises(DataError, match=r"shape \(2, 64, 64\); the model was trained on 1 channel"):
        compress(tmp_path / "run", tmp_path / "out", [two])
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(ConfigError, match=r'NNCF is not installed; .*"septum\[int8\]"'):
        compress(tmp_path / "run", tmp_path / "out", cells(1))
    assert not (tmp_path / "out").exists()


def test_a_compressed_model_is_not_written_among_the_images(tmp_path, cells_in):
    pytest.importorskip("nncf")
    untrained().save(tmp_path / "run" / "model")
    data = cells_in(tmp_path / "data")
    with pytest.raises(DataError, match="lies among the images and annotations"):
        compress(tmp_path / "run", data / "images" / "int8", data)


def test_nothing_is_printed(folders, capfd, tmp_path):
    root, _, _ = folders
    compress(root / "run", tmp_path / "out", cells(1), 0.5)
    assert capfd.readouterr() == ("", "")


def test_nobody_is_told_over_the_network():
    # In a process of its own, since NNCF is silent where pytest is loaded.
    code = (
        "from septum.compress import _imported; _imported(); "
        "from nncf.telemetry import telemetry; print(type(telemetry).__name__)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "MagicMock\n"


def test_a_model_of_classes_is_checked_on_its_classes(tmp_path):
    named = Classes(("cell", "nucleus"), (("cells",), ("nuclei",)), overlap=True)
    torch.manual_seed(0)
    known = Description(classes=2, plan=PLAN, named=named, training={"steps": 1})
    Model(known.build(), known, "cpu").save(tmp_path / "run" / "model")
    for sample in cells():
        masks = {"cells": sample.truth > 0, "nuclei": sample.truth > 3}
        for name, array in {"images": sample.image[0], **masks}.items():
            write_tiff(tmp_path / "d" / name / f"{sample.name}.tif", array.astype(np.uint8), "YX")
    notes = []
    compress(tmp_path / "run", tmp_path / "int8", tmp_path / "d", 0.9, notes.append)
    assert any("in 8-bit integers: mean Dice is" in note for note in notes)
    assert load(tmp_path / "int8").description.named == named
    with pytest.raises(DataError, match="not annotated with the classes that the model tells"):
        compress(tmp_path / "run", tmp_path / "other", cells(), 0.9)
