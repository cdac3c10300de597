"""Law 7: killed at any moment, a training goes on and ends as if it had never been interrupted."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from html import unescape

import numpy as np
import pytest

import septum
from septum.data.formats import read_labels, write_labels
from septum.description import describe
from septum.errors import ConfigError, DataError
from septum.training.folder import begun
from septum.training.state import saved

STEPS = 40
SETTINGS = (
    "network.width=4",
    "network.depth=2",
    "network.dropout=0.3",
    "training.tile=60",
    "training.save_every=0",
)
COMMAND = [sys.executable, "-c", "from septum.cli import main; main()", "train"]


@pytest.fixture(scope="module")
def data(tmp_path_factory, cells_in):
    return cells_in(tmp_path_factory.mktemp("data"), images=3, size=96)


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """The run that was never interrupted."""
    out = tmp_path_factory.mktemp("whole") / "run"
    septum.train(data, out, steps=STEPS, settings=SETTINGS, val=0.34)
    return out


def weights(run):
    return (run / "model" / "model.safetensors").read_bytes()


def losses(run):
    lines = (run / "log.jsonl").read_text().splitlines()
    return [(step["number"], step["loss"], step["validation"]) for step in map(json.loads, lines)]


def command(data, run, *arguments):
    return [*COMMAND, str(data), "-o", str(run), *map(str, arguments)]


def newest(run):
    return saved(run / "state")[-1].name if saved(run / "state") else ""


def killed_at_random(run, arguments, rng):
    """Start a training and kill it a little after it has saved; tell whether it had finished."""
    before = newest(run)
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and newest(run) == before:
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 0.3))
    process.kill()
    return process.wait() == 0


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_at_random_moments_it_ends_with_the_same_weights_bit_for_bit(data, whole, tmp_path):
    seed = time.time_ns()  # any moment must do
    rng, run = random.Random(seed), tmp_path / "run"
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    arguments = command(data, run, "--steps", STEPS, "--val", 0.34, *settings)
    reached = []
    while len(reached) < 3 and not killed_at_random(run, arguments, rng):
        reached.append(newest(run))
        arguments = command(data, run, "--resume")
    assert len(set(reached)) >= 2, f"killed at {reached}, seed {seed}"  # and not before it began
    subprocess.run(command(data, run, "--resume"), check=True, capture_output=True)
    assert weights(run) == weights(whole)
    assert losses(run) == losses(whole)
    assert sorted(path.name for path in (run / "state").iterdir()) == ["00000039", "00000040"]


def test_stopped_by_hand_it_goes_on_and_ends_the_same(data, whole, tmp_path):
    seen, said = [], []
    septum.train(
        data,
        tmp_path / "run",
        steps=STEPS,
        settings=SETTINGS,
        val=0.34,
        on_step=seen.append,
        on_note=said.append,
        stop=lambda: len(seen) >= 7,
    )
    assert any("ended early, after 7 steps" in note and "--resume" in note for note in said)
    assert weights(tmp_path / "run") != weights(whole)
    septum.resume(data, tmp_path / "run")
    assert weights(tmp_path / "run") == weights(whole)
    assert losses(tmp_path / "run") == losses(whole)


def test_a_finished_run_stays_as_it_is_and_can_be_extended(data, tmp_path):
    run = tmp_path / "run"
    septum.train(data, run, steps=6, settings=SETTINGS)
    before = weights(run)
    assert septum.resume(data, run).description.training["steps"] == 6
    assert weights(run) == before
    said = []
    model = septum.resume(data, run, extend=4, on_note=said.append)
    assert model.description.training["steps"] == 10
    assert weights(run) != before
    assert any(note.startswith("4 steps more after step 6; the learning rate") for note in said)
    steps = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [step["number"] for step in steps] == list(range(1, 11))
    assert [round(step["progress"], 2) for step in steps[6:]] == [0.25, 0.5, 0.75, 1.0]
    # Of an extension that is interrupted, too, the rest is what it would have been.
    twice = tmp_path / "twice"
    septum.train(data, twice, steps=6, settings=SETTINGS)
    seen = []
    septum.resume(data, twice, extend=4, on_step=seen.append, stop=lambda: len(seen) == 2)
    septum.resume(data, twice)
    assert weights(twice) == weights(run)
    # What began it and what went on is kept, in order, where a person and where septum looks.
    call = f"septum.resume('{data}', '{twice}'"
    known = begun(twice)[1]
    assert known.command.startswith(f"septum.train('{data}', '{twice}', steps=6, settings=(")
    assert [later.after for later in known.continued] == [6, 8]
    assert known.continued[0].command.startswith(f"{call}, extend=4)")
    assert known.continued[1].command.startswith(f"{call})")
    for page in ("report.html", "model/README.md"):
        text = unescape((twice / page).read_text())
        places = [text.index(line.command) for line in (known, *known.continued)]
        assert places == sorted(places)
        assert text.index("After step 6") < places[1] < text.index("After step 8") < places[2]


def test_a_run_of_an_earlier_septum_goes_on(data, tmp_path):
    """Its ``run.json`` knows nothing of what went on."""
    septum.train(data, tmp_path / "run", steps=2, settings=SETTINGS)
    path = tmp_path / "run" / "run.json"
    content = json.loads(path.read_text())
    assert content.pop("continued") == []
    path.write_text(json.dumps(content | {"format": 1, "command": "septum train"}))
    facts = septum.resume(data, tmp_path / "run", extend=1).description.training
    assert facts["command"] == "septum train"
    assert [later["after"] for later in facts["continued"]] == [2]


def test_a_run_goes_on_only_with_what_it_began_with(data, tmp_path, cells_in):
    run = tmp_path / "run"
    with pytest.raises(DataError, match="holds no run that could go on"):
        septum.resume(data, run)
    seen = []
    septum.train(data, run, steps=6, settings=SETTINGS, on_step=seen.append, stop=lambda: True)
    with pytest.raises(ConfigError, match="interrupted after step 1; finish it with --resume"):
        septum.resume(data, run, extend=4)
    (run / "model" / "model.json").unlink()
    with pytest.raises(DataError, match="was not finished; go on with it with --resume"):
        septum.train(data, run, steps=6, settings=SETTINGS)
    other = cells_in(tmp_path / "other", images=3, size=96)
    truth = read_labels(other / "masks" / "0.tif").array
    write_labels(other / "masks" / "0.tif", np.where(truth == 1, 0, truth), "YX")
    said = r"not those that .* began with \(0 changed\); put them back"
    with pytest.raises(DataError, match=said):
        septum.resume(other, run)
    write_labels(other / "masks" / "0.tif", truth, "YX")
    for folder in ("images", "masks"):
        (other / folder / "1.tif").rename(other / folder / "new.tif")
    with pytest.raises(DataError, match=r"began with \(1 gone; new new\); put"):
        septum.resume(other, run)
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**facts, "images": []}))  # of an earlier version
    with pytest.raises(DataError, match=r"began with, or another version of septum read them"):
        septum.resume(other, run)


def test_a_corrected_label_is_learnt_by_the_next_training_and_not_by_a_run_that_goes_on(
    tmp_path, cells_in
):
    """Nothing that was read or prepared outlives the file that it came from."""
    data = cells_in(tmp_path / "data", images=2, size=96)
    first = {}
    for name in ("before", "again", "after"):
        if name == "after":
            truth = read_labels(data / "masks" / "0.tif").array
            write_labels(data / "masks" / "0.tif", np.where(truth < 20, 0, truth), "YX")
            with pytest.raises(DataError, match=r"began with \(0 changed\)"):
                septum.resume(data, tmp_path / "before")
        seen = []
        run = tmp_path / name
        septum.train(data, run, steps=9, settings=SETTINGS, on_step=seen.append, stop=lambda: True)
        first[name] = json.loads((run / "run.json").read_text())["data"], seen[0].loss
    assert first["before"] == first["again"]
    assert first["after"][0] != first["before"][0]
    assert first["after"][1] != first["before"][1]


def test_a_run_that_patience_ended_stays_ended_and_can_be_extended(data, tmp_path, monkeypatch):
    run = tmp_path / "run"
    scores = iter([0.5, *[0.1] * 30])
    monkeypatch.setattr("septum.training.run.reachable", lambda _model, _samples: next(scores))
    patient = (*SETTINGS, "training.patience=3")
    septum.train(data, run, steps=20, settings=patient, val=0.34)
    assert septum.resume(data, run).description.training["steps"] == 4
    # What may be hoped for begins anew with the learning rate.
    assert septum.resume(data, run, extend=20).description.training["steps"] == 7


def test_a_run_that_time_ended_before_its_steps_can_be_extended(data, tmp_path):
    run = tmp_path / "run"
    model = septum.train(data, run, steps=100_000, max_time=0.5, settings=SETTINGS)
    steps = model.description.training["steps"]
    assert septum.resume(data, run, extend=2).description.training["steps"] == steps + 2


def test_a_run_without_its_state_is_not_begun_again(data, tmp_path):
    run = tmp_path / "run"
    septum.train(data, run, steps=2, settings=SETTINGS)
    before = weights(run)
    shutil.rmtree(run / "state")
    with pytest.raises(DataError, match="holds a model and no state any more"):
        septum.resume(data, run)
    assert weights(run) == before


def test_what_a_killed_process_left_in_the_state_is_removed(data, tmp_path):
    run = tmp_path / "run"
    septum.train(data, run, steps=3, settings=SETTINGS)
    left = run / "state" / ".00000002.abcd.part"
    left.mkdir()
    septum.resume(data, run, extend=1)
    assert not left.exists()


def test_the_step_of_a_run_ended_by_time_is_the_step_that_its_tiles_are_of(monkeypatch):
    from septum.training.loop import _batches

    for workers in (0, 1, 3):
        drawn = _batches(lambda number: -number, 5, None, workers, lambda batch: -batch)
        assert [next(drawn)[:2] for _ in range(4)] == [(n, n) for n in range(5, 9)]


@pytest.mark.parametrize("file", ["tensors.safetensors", "progress.json"])
def test_a_damaged_state_is_one_line(data, tmp_path, file):
    run = tmp_path / "run"
    septum.train(data, run, steps=2, settings=SETTINGS)
    path = saved(run / "state")[-1] / file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (run / "report.html").unlink()  # a run that is complete is not looked into
    with pytest.raises(DataError, match=r"state/00000002.* cannot be continued from") as caught:
        septum.resume(data, run)
    assert "\n" not in str(caught.value)
    assert "Remove it to go on from 00000001 beside it" in str(caught.value)
    shutil.rmtree(path.parent)
    assert septum.resume(data, run).description.training["steps"] == 2


def test_a_state_of_another_network_is_refused(data, tmp_path):
    run = tmp_path / "run"
    septum.train(data, run, steps=2, settings=SETTINGS)
    plan = run / "plan.toml"
    plan.write_text(plan.read_text().replace("width = 4", "width = 5"))
    with pytest.raises(DataError, match="cannot be continued from"):
        septum.resume(data, run, extend=2)


def test_ctrl_c_saves_says_how_to_go_on_and_leaves_a_model_without_chosen_thresholds(
    data, tmp_path
):
    run = tmp_path / "run"
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    arguments = command(data, run, "--steps", 100_000, *settings)
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    while not saved(run / "state"):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, printed = process.communicate(timeout=120)
    # As after any Ctrl-C, so that a script does not go on; what has been learnt is there.
    assert process.returncode == 130, printed
    assert "Traceback" not in printed
    assert printed.splitlines()[-3:] == [
        f"To go on:        septum train {data} -o {run} --resume",
        f"To end it here:  septum train {data} -o {run} --finish",
        "stopped; no file was left half written",
    ]
    printed = " ".join(printed.split())
    assert "stopping as soon as what was learnt is saved; Ctrl-C again stops at once" in printed
    assert "the model has the default thresholds so far" in printed
    assert np.isfinite(septum.load(run).predict(np.zeros((40, 40))).probabilities).all()
    assert describe(run).interrupted
    assert describe(run).plan.instances.threshold is None
    assert not (run / "report.html").exists()
    predict = [sys.executable, "-m", "septum", "predict", str(run), str(data / "images" / "0.tif")]
    predict += ["-o", str(tmp_path / "out")]
    told = subprocess.run(predict, capture_output=True, text=True, check=True).stderr
    assert f"are the default ones until `septum train DATA -o {run} --finish`" in told
    info = [sys.executable, "-m", "septum", "info", str(run)]
    assert "interrupted" in subprocess.run(info, capture_output=True, text=True, check=True).stdout
    with pytest.raises(DataError, match="was not finished; go on with it with --resume, or"):
        septum.train(data, run)


@pytest.mark.parametrize("within", ["fit", "calibrated"])
def test_a_second_ctrl_c_stops_at_once_and_leaves_no_model(data, tmp_path, within):
    """In the middle of a step, and of the choice of thresholds."""
    run = tmp_path / "run"
    code = f"""
import signal
from septum.cli import main
from septum.training import complete, loop
def twice(*_given, **_options):
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
if "{within}" == "fit":
    step, calls = loop.Descent.step, iter(range(9))
    loop.Descent.step = lambda *given: twice() if next(calls) == 3 else step(*given)
else:
    complete.calibrated = twice
main()
"""
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    arguments = command(data, run, "--steps", 6, *settings)
    arguments[2] = code
    printed = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert printed.returncode == 130, printed.stderr
    assert "Traceback" not in printed.stderr
    assert f"septum train {data} -o {run} --resume" in printed.stderr
    assert not (run / "model").exists()
    with pytest.raises(DataError, match=r"was not finished; .* --resume goes on with it"):
        septum.load(run)
    with pytest.raises(DataError, match="was not finished; go on with it with --resume"):
        septum.train(data, run)
    model = septum.resume(data, run)
    assert model.description.training["steps"] == 6
    assert model.description.plan.instances.threshold is not None


def test_before_the_first_step_ctrl_c_stops_at_once_and_the_command_can_be_given_again(
    data, tmp_path
):
    run = tmp_path / "run"
    code = """
import signal
from septum.cli import main
from septum.training import run
run.prepare_all = lambda *_given: signal.raise_signal(signal.SIGINT)
main()
"""
    arguments = command(data, run, "--steps", 2)
    arguments[2] = code
    printed = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert printed.returncode == 130
    assert "No step was saved yet; to begin anew: septum train" in printed.stderr
    septum.train(data, run, steps=2, settings=SETTINGS)


def test_a_run_that_was_interrupted_is_finished_where_it_is(data, whole, tmp_path):
    run, seen, said = tmp_path / "run", [], []
    stopped = {"on_step": seen.append, "stop": lambda: len(seen) >= 7}
    septum.train(data, run, steps=STEPS, settings=SETTINGS, val=0.34, **stopped)
    before = weights(run)
    # Interrupted in the choice of thresholds it is as before, and can still go on.
    model = septum.resume(data, run, finish=True, stop=lambda: True)
    assert model.description.interrupted
    assert begun(run)[1].length.steps == STEPS
    shutil.copytree(run, tmp_path / "on")
    model = septum.resume(data, run, finish=True)
    assert model.description.training["steps"] == 7
    assert weights(run) == before
    assert describe(run).plan.instances.threshold is not None
    assert not describe(run).interrupted
    assert (run / "report.html").exists()
    report = (run / "report.html").stat().st_mtime_ns
    septum.resume(data, run, on_note=said.append)
    assert "the run is finished, after 7 steps; --extend trains it for longer" in said
    assert (run / "report.html").stat().st_mtime_ns == report  # nothing is done again
    (run / "report.html").unlink()  # as if killed while it was drawn
    septum.resume(data, run)
    assert (run / "report.html").exists()
    with pytest.raises(DataError, match=r"trained model; .* or train it for longer with --extend"):
        septum.train(data, run)
    assert septum.resume(data, run, extend=2).description.training["steps"] == 9
    septum.resume(data, tmp_path / "on")
    assert weights(tmp_path / "on") == weights(whole)


def test_an_extension_that_is_interrupted_leaves_the_finished_model_and_can_be_finished(
    data, tmp_path
):
    run, seen, said = tmp_path / "run", [], []
    septum.train(data, run, steps=4, settings=SETTINGS)
    before = weights(run)
    stopped = {"on_step": seen.append, "stop": lambda: len(seen) >= 2, "on_note": said.append}
    septum.resume(data, run, extend=4, **stopped)
    assert weights(run) == before
    assert any("6 steps; the finished model stays as it was" in note for note in said)
    with pytest.raises(DataError, match="not finished; go on with it with --resume"):
        septum.train(data, run)
    assert septum.resume(data, run, finish=True).description.training["steps"] == 6
    assert weights(run) != before
    assert septum.resume(data, run, extend=1).description.training["steps"] == 7


def test_an_extension_whose_thresholds_were_not_chosen_is_not_finished(data, tmp_path):
    run, stages, said = tmp_path / "run", [], []
    septum.train(data, run, steps=3, settings=SETTINGS)
    septum.resume(
        data,
        run,
        extend=2,
        on_stage=lambda stage, _done, _all: stages.append(stage),
        stop=lambda: "choosing thresholds" in stages,
    )
    assert describe(run).training["steps"] == 3  # the finished model stays
    with pytest.raises(DataError, match="not finished; go on with it with --resume"):
        septum.train(data, run)
    assert septum.resume(data, run, on_note=said.append).description.training["steps"] == 5
    assert "the run ends after 5 steps; thresholds are chosen now" in said
    assert describe(run).training["steps"] == 5


def test_what_was_learnt_is_kept_where_no_thresholds_can_be_chosen(data, tmp_path, monkeypatch):
    def fail(*_given):
        raise MemoryError("no room")

    monkeypatch.setattr("septum.training.complete.calibrated", fail)
    with pytest.raises(MemoryError):
        septum.train(data, tmp_path / "run", steps=2, settings=SETTINGS)
    assert septum.load(tmp_path / "run").description.interrupted
