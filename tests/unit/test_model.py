"""A model on disk and in memory: what comes back is what went in, and nothing is code."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch

from septum.description import FORMAT, Description, describe
from septum.errors import ConfigError, DataError, SeptumError
from septum.intake import instance_values, zoom_of
from septum.model import Model, load
from septum.plan import DataPlan, InstancePlan, NetworkPlan, Plan, TargetPlan
from septum.predict import overlap_tile
from septum.resample import resample

TINY = NetworkPlan(width=4, depth=2, norm="batch")


def model_of(seed=0, precision="fp32", **changes):
    scale, border = changes.pop("scale", 1.0), changes.pop("border", 2.0)
    plan = Plan(
        data=DataPlan(scale=scale),
        network=TINY,
        targets=TargetPlan(border=border),
        instances=InstancePlan(min_size=3),
    )
    description = Description(classes=3, plan=plan, training={"steps": 5}, **changes)
    torch.manual_seed(seed)
    network = description.build()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(layer.running_mean, -0.5, 0.5)
    return Model(network, description, "cpu", "torch", precision)


def picture(shape=(70, 91), seed=0):
    return np.random.default_rng(seed).integers(0, 255, shape).astype(np.uint8)


@pytest.fixture
def saved(tmp_path):
    model_of(spacing=(0.5, 0.25)).save(tmp_path / "run" / "model")
    return tmp_path / "run"


@pytest.mark.parametrize("folder", [".", "model"])
def test_a_loaded_model_says_what_the_saved_one_said(saved, folder):
    model, again = model_of(spacing=(0.5, 0.25)), load(saved / folder, "cpu", "torch", "fp32")
    assert again.description == model.description
    one, two = model.predict(picture()), again.predict(picture())
    assert one.probabilities.tobytes() == two.probabilities.tobytes()
    assert one.labels.tobytes() == two.labels.tobytes()
    other = model_of(seed=1).predict(picture())
    assert np.abs(other.probabilities - one.probabilities).max() > 0.01


def test_a_model_is_json_and_safetensors_and_no_pickle(saved):
    files = sorted(path for path in saved.rglob("*") if path.is_file())
    assert [path.name for path in files] == [
        "README.md",
        "model.json",
        "model.safetensors",
    ]
    json.loads(files[1].read_text())
    content = files[2].read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert set(header) == set(model_of().network.state_dict())
    assert not zipfile.is_zipfile(files[2])  # the container of torch.save


def edited(run, **changes):
    path = run / "model" / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return run


def test_a_newer_format_asks_for_an_upgrade(saved):
    edited(saved, format=FORMAT + 1, septum="99.0", something_new=1)
    with pytest.raises(DataError, match=r"model\.json was written by septum 99\.0.*upgrade septum"):
        load(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "new"}, "no description of a model"),
        ({"plan": 5}, "no description of a model"),
        ({"plan": {"network": {"width": "wide"}}}, "network.width is 'wide'"),
        ({"nonsense": 5}, "nonsense"),
        ({"in_channels": 0}, "in_channels is 0"),
        ({"ndim": 3}, "does not hold the network of model.json"),
        ({"classes": 2}, "does not hold the network of model.json"),
        (
            {"plan": {"instances": {"min_size": [5, 6]}}},
            "instances.min_size is [5, 6]; expected one",
        ),
        ({"plan": {"instances": {"threshold": []}}}, "instances.threshold is empty"),
    ],
)
def test_a_description_that_does_not_fit_is_refused_in_one_line(saved, changes, message):
    with pytest.raises(SeptumError) as caught:
        load(edited(saved, **changes))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "\x00", "{}"])
def test_a_damaged_description_is_refused(saved, text):
    (saved / "model" / "model.json").write_text(text)
    with pytest.raises(DataError, match=r"model\.json is no description of a model"):
        load(saved)


def test_damaged_or_missing_weights_are_refused(saved):
    weights = saved / "model" / "model.safetensors"
    content = weights.read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"PK" + content):
        weights.write_bytes(damaged)
        with pytest.raises(DataError, match=r"model\.safetensors cannot be read"):
            load(saved)
    weights.unlink()
    with pytest.raises(DataError, match=r"model\.safetensors cannot be read"):
        load(saved)


def test_weights_of_another_network_are_refused(saved, tmp_path):
    other = model_of()
    wider = replace(other.description.plan, network=replace(TINY, width=6))
    Model(replace(other.description, plan=wider).build(), other.description).save(tmp_path / "o")
    (tmp_path / "o" / "model.safetensors").replace(saved / "model" / "model.safetensors")
    with pytest.raises(DataError, match=r"does not hold the network of model\.json") as caught:
        load(saved)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("what", ["empty", "absent", "file"])
def test_what_is_no_model_is_named(tmp_path, what):
    path = tmp_path / what
    if what == "empty":
        path.mkdir()
    elif what == "file":
        path.write_text("x")
    message = "no such folder" if what == "absent" else r"is not a trained model: it holds no model"
    for function in (load, describe):
        with pytest.raises(DataError, match=message):
            function(path)


def bad(value):
    image = picture().astype(np.float32)
    image[3, 4] = value
    return image


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (bad(np.nan), r"1 of [\d,]+ pixels is NaN or infinite"),
        (bad(np.inf), r"1 of [\d,]+ pixels is NaN or infinite"),
        (np.zeros((3, 20, 20)), r"shape \(3, 20, 20\); .* takes shape \(1, Y, X\) or \(Y, X\)"),
        (np.zeros((1, 1, 20, 20)), r"shape \(1, 1, 20, 20\)"),
        (np.zeros(20), r"shape \(20,\)"),
        (np.zeros((0, 20)), "no pixel in it"),
        (np.zeros((20, 20), complex), "of type complex128; expected real numbers"),
        (np.full((20, 20), "a"), "expected real numbers"),
    ],
)
def test_an_image_that_does_not_suit_is_refused(image, message):
    with pytest.raises(DataError, match=message):
        model_of().predict(image)


def test_a_model_of_several_channels_takes_those():
    model = model_of(in_channels=3)
    assert model.predict(np.stack([picture()] * 3)).labels.shape == (70, 91)
    with pytest.raises(DataError, match=r"takes shape \(3, Y, X\)$"):
        model.predict(picture())


def normalised_by(kind, window=None, context=None, **changes):
    model = model_of(**changes)
    data = DataPlan(scale=1.0, normalise=kind, window=window, context=context)
    return model.described(
        replace(model.description, plan=replace(model.description.plan, data=data))
    )


def test_channels_of_an_image_are_put_into_the_order_of_the_model():
    model, image = model_of(in_channels=2), np.stack([picture(seed=n) for n in range(3)])
    expected = model.predict(image[[2, 0]]).probabilities
    np.testing.assert_array_equal(model.predict(image, channels=(2, 0)).probabilities, expected)
    other = model.predict(image[[0, 2]]).probabilities
    assert np.abs(other - expected).max() > 0.001


@pytest.mark.parametrize("kind", ["percentile", "range", "zscore", "window", "none"])
@pytest.mark.parametrize("reach", [0, 1])
def test_a_missing_channel_is_the_black_of_training(kind, reach, monkeypatch):
    slices = 2 * reach + 1
    model = normalised_by(kind, (50.0, 200.0), reach, in_channels=2 * slices)
    seen = []

    def spy(source, *rest):
        seen.append(source)
        overlap_tile(source, *rest)

    monkeypatch.setattr("septum.model.overlap_tile", spy)
    model.predict(picture(), channels=(None, 0))
    (source,) = seen
    pixels = source[tuple(slice(0, size) for size in source.shape)]
    assert pixels.shape == (2 * slices, 70, 91)
    assert not pixels[::2].any()
    assert pixels[1::2].any()


@pytest.mark.parametrize("channels", [(0, 3), (-1, 0), (None, None)])
def test_channels_that_the_image_has_not_got_are_refused(channels):
    with pytest.raises(DataError, match=r"the image has 3 channels; expected numbers from 0 to 2"):
        model_of(in_channels=2).predict(np.stack([picture()] * 3), channels=channels)
    with pytest.raises(DataError, match=r"shape \(1, 70, 91\); the model was trained on 2"):
        model_of(in_channels=2).predict(picture(), channels=(0,))


def test_a_model_knows_its_channels_by_name_and_the_window_of_its_values(tmp_path):
    model = normalised_by("window", (-160.0, 240.0), in_channels=2, channels=("DAPI", "actin"))
    model.save(tmp_path)
    assert describe(tmp_path) == model.description


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float64", ">u2", "bool"])
def test_the_type_of_the_pixels_does_not_matter(dtype):
    image = picture() > 128
    expected = model_of().predict(image.astype(np.float32)).probabilities
    result = model_of().predict(image.astype(dtype)).probabilities
    np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize("tile", [1, 44, 60, (52, 100), 2000])
@pytest.mark.parametrize("orientations", ["none", "all"])
def test_any_tile_gives_the_same_result(scale, tile, orientations):
    model = model_of(scale=scale)
    whole = model.predict(picture(), orientations=orientations)
    tiled = model.predict(picture(), tile, orientations)
    np.testing.assert_allclose(tiled.probabilities, whole.probabilities, rtol=0, atol=1e-5)
    assert (tiled.labels == whole.labels).mean() > 0.999


def test_a_small_tile_is_used_and_progress_counts_every_pixel():
    seen = []
    model_of().predict(picture(), tile=52, orientations="flips", on_tile=lambda *n: seen.append(n))
    assert len(seen) > 4
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (70 * 91, 70 * 91)


@pytest.mark.parametrize("tile", [0, -5, (60, 0), (60, 60, 60), ()])
def test_a_tile_without_pixels_is_refused(tile):
    with pytest.raises(ConfigError, match=r"tile is .*; expected one size"):
        model_of().predict(picture(), tile=tile)


def test_an_unknown_choice_is_refused():
    with pytest.raises(ConfigError, match="orientations is 'x'"):
        model_of().predict(picture(), orientations="x")
    with pytest.raises(ConfigError, match="precision is '16'"):
        model_of(precision="16").predict(picture())


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.3, 2.0])
def test_results_have_the_resolution_of_the_image(scale):
    result = model_of(scale=scale).predict(picture())
    assert result.labels.shape == (70, 91)
    assert result.labels.dtype == np.int32
    assert result.probabilities.shape == (3, 70, 91)
    np.testing.assert_allclose(result.probabilities.sum(axis=0), 1, atol=1e-5)


def test_the_working_resolution_is_what_the_network_sees():
    shapes = []
    model_of(scale=0.5).predict(picture(), on_tile=lambda done, total: shapes.append(total))
    assert shapes[-1] == 35 * 46


def test_an_image_of_another_pixel_size_is_seen_at_the_models():
    model, coarse = model_of(spacing=(0.5, 0.5)), picture((70, 92))
    fine = np.kron(coarse, np.ones((2, 2), np.uint8))
    as_trained = model.predict(coarse)
    seen = []
    result = model.predict(fine, spacing=(0.25, 0.25), on_tile=lambda *count: seen.append(count))
    assert seen[-1] == (70 * 92, 70 * 92)
    expected = resample(as_trained.probabilities, (140, 184))
    np.testing.assert_allclose(result.probabilities, expected, atol=1e-5)
    # An object of the smallest size has four times as many of the smaller pixels.
    zoom = zoom_of(model.description, (0.25, 0.25))
    assert zoom == (0.5, 0.5)
    assert (
        instance_values(model.description, zoom)[2]
        == 4 * instance_values(model.description, (1, 1))[2]
        == 12
    )


def test_a_pixel_size_that_cannot_be_used_is_refused():
    with pytest.raises(DataError, match="does not know the pixel size of its training images"):
        model_of().predict(picture(), spacing=(0.5, 0.5))
    for wrong in [(0.5,), (0.5, 0.0)]:
        with pytest.raises(DataError, match="expected 2 sizes in µm above 0"):
            model_of(spacing=(0.5, 0.5)).predict(picture(), spacing=wrong)


def test_the_mean_over_views_turns_with_the_image():
    model = model_of()
    one = model.predict(picture(), orientations="all").probabilities
    turned = model.predict(picture().T, orientations="all").probabilities
    np.testing.assert_allclose(turned, one.swapaxes(1, 2), atol=1e-5)
    plain = model.predict(picture()).probabilities
    assert np.abs(plain - one).max() > 1e-3


def test_a_volume_is_segmented_by_the_same_lines():
    model = model_of(ndim=3)
    image = picture((20, 21, 23))
    result = model.predict(image)
    assert result.labels.shape == image.shape
    tiled = model.predict(image, tile=44)
    np.testing.assert_allclose(tiled.probabilities, result.probabilities, atol=1e-5)


def test_the_image_is_not_changed():
    image = picture().astype(np.float32)
    before = image.copy()
    model_of().predict(image)
    np.testing.assert_array_equal(image, before)
    image.flags.writeable = False
    model_of().predict(image)


def test_how_cells_are_found_can_be_changed_by_hand_and_nothing_else():
    model = model_of()
    other = model.adjusted(["instances.min_size=5000", "instances.threshold=0.6"])
    assert instance_values(other.description, (1, 1)) == (0.6, 0.8, 5000, 0)
    found = model.adjusted(["instances.seed=0.1", "instances.threshold=0.1"])
    assert found.predict(picture()).labels.any()
    assert not other.predict(picture()).labels.any()
    with pytest.raises(ConfigError, match=r"'network.width=5' cannot be changed after training"):
        model.adjusted(["network.width=5"])
    with pytest.raises(ConfigError, match="instances"):
        model.adjusted(["instances.treshold=0.5"])
