"""Every command and every block of Python in the documentation runs.

Training is cut to two steps, and the paper's experiments to a narrow network: what is tested is
that the words on the page are commands that exist and work in the order given.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from septum.data.formats import write_labels, write_tiff
from septum.data.synthetic import draw_cells

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHORT = ["--steps", "2", "--set", "network.width=2", "--set", "training.tile=204"]


def blocks(page, language):
    text = (ROOT / page).read_text(encoding="utf-8")
    return [body for kind, body in FENCE.findall(text) if kind == language]


def commands(page):
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def write_pictures(root):
    """Write cells as most people have them: 8-bit PNG, and masks of 16 bits as PNG or TIFF."""
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for number in range(2):
        sample, name = draw_cells(number, (96, 96), radius=9), f"cells_{number}"
        Image.fromarray(sample.image[0]).save(root / "images" / f"{name}.png")
        if number:
            write_labels(root / "masks" / f"{name}.tif", sample.labels, "YX")
        else:
            Image.fromarray(sample.labels.astype(np.uint16)).save(root / "masks" / f"{name}.png")


@pytest.fixture
def folder(tmp_path):
    write_pictures(tmp_path / "my-cells")
    (tmp_path / "kept").symlink_to(tmp_path / "my-cells")
    volume = np.zeros((8, 40, 40), np.uint8)
    volume[1:6, 5:15, 5:15], volume[2:7, 20:32, 18:33] = 1, 2
    for name, array in (("images", np.where(volume, 200, 20).astype(np.uint8)), ("masks", volume)):
        write_tiff(tmp_path / "my-volumes" / name / "a.tif", array, "ZYX")
    parts = np.where(volume[3] > 0, volume[3], 0)
    for name, array in (
        ("images", parts * 100),
        ("labels", parts),
        ("cells", parts > 0),
        ("nuclei", parts > 1),
    ):
        write_tiff(tmp_path / "my-tissue" / name / "a.tif", array.astype(np.uint8), "YX")
    return tmp_path


def shortened(words):
    """Return a `septum` command that takes seconds: the same verb, fewer steps."""
    if words[1] == "demo":
        return [*words, "--steps", "2"]
    begins = words[1] in ("train", "reproduce") and "--extend" not in words
    return [*words, *SHORT] if begins else words


def run(words, folder):
    executable = Path(sys.executable).with_name(words[0])
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(
        [executable, *words[1:]], cwd=folder, env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}\n{done.stderr}"


def test_there_is_something_to_run():
    assert len(commands("README.md")) >= 5
    assert blocks("README.md", "python")
    assert commands("docs/guide.md")


@pytest.mark.parametrize("page", PAGES)
def test_commands_run_in_the_order_of_the_page(page, folder, request):
    for words in commands(page):
        if words[0] == "make":
            done = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True)
            assert done.returncode == 0, words
        elif words[0] == "python":
            assert (ROOT / words[1]).is_file(), words
        elif words[0] == "septum":
            if any("../shared/data" in word for word in words):
                data = request.getfixturevalue("data_dir")
                words = [word.replace("../shared/data", str(data)) for word in words]
            run(shortened(words), folder)
        else:
            assert words[:2] == [".", ".venv/bin/activate"], f"{words} is not run by this test"


@pytest.mark.parametrize("page", PAGES)
def test_blocks_of_python_run(page, folder, monkeypatch):
    import septum

    sample = draw_cells(7, (96, 96), radius=9)
    monkeypatch.chdir(folder)
    train = septum.train
    monkeypatch.setattr(
        septum,
        "train",
        lambda *args, **kwargs: train(
            *args, **kwargs, steps=2, settings=["network.width=2", "training.tile=204"]
        ),
        raising=False,
    )
    for block in blocks(page, "python"):
        names = {"image": sample.image[0], "truth": sample.labels}
        exec(compile(block, page, "exec"), names)
        assert "septum" in names
