"""Law 8: no file that a training or a prediction writes holds a pickle, wherever it lies in it."""

import gzip
import io
import pickle
import pickletools
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import septum
from septum.data.formats import open_image
from septum.errors import SeptumError
from septum.outputs import KINDS
from septum.segment import Options, segment_file

TINY = ("network.width=4", "network.depth=1", "training.tile=60", "training.save_every=0")
WILD = ("training.optimiser=sgd", "training.learning_rate=1e15", "training.average=0")


def pickles(content: bytes, name: str):
    """Yield where there is a pickle: the file, or the members of it, packed however deep."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for member in packed.namelist():
                yield from pickles(packed.read(member), f"{name}/{member}")
    elif content[:2] == b"\x1f\x8b":
        yield from pickles(gzip.decompress(content), f"{name} unpacked")
    elif content[:6] == b"\x93NUMPY":
        try:
            np.load(io.BytesIO(content), allow_pickle=False)
        except ValueError:
            yield name
    elif _is_pickle(content):
        yield name


def _is_pickle(content: bytes) -> bool:
    """Tell whether content begins with instructions of a pickle up to their end."""
    try:
        return sum(1 for _ in pickletools.genops(content)) > 1
    except Exception:  # genops raises whatever the bytes of another format make of it
        return False


def files_in(folder: Path):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def scan(folder: Path):
    return [found for path in files_in(folder) for found in pickles(path.read_bytes(), path.name)]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_would_be_found(tmp_path, protocol):
    facts = {"name": "cell", "sizes": [1, 2.5, None]}
    (tmp_path / "a.json").write_bytes(pickle.dumps(facts, protocol))
    assert scan(tmp_path) == ["a.json"]


def test_packed_pickles_would_be_found(tmp_path):
    torch.save({"weights": torch.ones(2)}, tmp_path / "a.pt")
    np.save(tmp_path / "b.npy", np.array([{"a": 1}]), allow_pickle=True)
    np.savez(tmp_path / "c.npz", one=np.ones(2), two=np.array([{"a": 1}]))
    (tmp_path / "d.gz").write_bytes(gzip.compress(pickle.dumps([1, 2])))
    assert scan(tmp_path) == ["a.pt/a/data.pkl", "b.npy", "c.npz/two.npy", "d.gz unpacked"]
    np.savez(tmp_path / "c.npz", one=np.ones(2))
    assert "c.npz" not in " ".join(scan(tmp_path))


@pytest.fixture(scope="module")
def data(tmp_path_factory, cells_in):
    return cells_in(tmp_path_factory.mktemp("data"), images=4)


def test_a_training_writes_none(data, tmp_path):
    run = tmp_path / "run"
    septum.train(data, run, steps=3, settings=TINY, val=0.25)
    septum.resume(data, run, extend=1)
    with pytest.raises(SeptumError, match="The tiles are in"):
        septum.train(data, tmp_path / "wild", steps=9, settings=(*TINY, *WILD))
    written = files_in(tmp_path)
    kinds = {re.sub(r"\d+", "N", str(path.relative_to(tmp_path))) for path in written}
    assert kinds == {
        "run/log.jsonl",
        "run/model/README.md",
        "run/model/model.json",
        "run/model/model.safetensors",
        "run/plan.toml",
        "run/report.html",
        "run/run.json",
        "run/state/N/progress.json",
        "run/state/N/tensors.safetensors",
        "wild/diverged-N.npz",
        "wild/diverged-N.png",
        "wild/log.jsonl",
        "wild/plan.toml",
        "wild/run.json",
        "wild/state/N/progress.json",
        "wild/state/N/tensors.safetensors",
    }
    assert all(path.stat().st_size for path in written)
    assert scan(tmp_path) == []


def test_a_prediction_writes_none(data, tmp_path):
    for extra in ("nibabel", "pyarrow"):
        pytest.importorskip(extra)
    model = septum.train(data, tmp_path / "run", steps=2, settings=TINY)
    image = next((data / "images").iterdir())
    kinds = [kind for kind in KINDS if kind != "probabilities8"]
    out = tmp_path / "out"
    segment_file(model, image, out, Options(save=tuple(kinds)))
    segment_file(model, image, tmp_path / "out8", Options(save=("probabilities8",)))
    for kind in kinds:
        assert (out / f"{image.stem}{KINDS[kind].suffix}").exists(), kind
    assert len(files_in(out)) > len(kinds)  # a zarr has many
    assert open_image(out / f"{image.stem}_labels.tif").array.shape == (64, 64)
    assert scan(out) == scan(tmp_path / "out8") == []


def test_no_line_of_the_package_reads_or_writes_one():
    package = Path(septum.__file__).parent
    sources = sorted(package.rglob("*.py"))
    assert len(sources) > 100
    asking = re.compile(r"import pickle|torch\.(load|save)\(|allow_pickle\s*=\s*True|joblib|dill\b")
    assert [path for path in sources if asking.search(path.read_text("utf-8"))] == []
