"""The peak of memory is bounded by the budget and not by the image."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import zarr

import septum
from septum.classes import Classes
from septum.data.synthetic import draw_cells

TINY = ("network.width=4", "network.depth=1", "training.tile=60", "data.scale=1")
PEAK = """
import resource, sys
from septum.cli import app
try:
    app(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


BOTH = Classes(("cell", "core"), (("cells",), ("cores",)), overlap=True)


@pytest.fixture(scope="module", params=[None, BOTH], ids=["cells", "classes"])
def run(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("model") / "run"
    sample, settings = draw_cells(0, (64, 64), radius=8), TINY
    if request.param is not None:
        labels = np.where(sample.truth > 0, 1 + 2 * (sample.truth % 2), 0).astype(np.int32)
        sample = replace(sample, labels=labels, named=request.param, kind="classes")
        settings = (*TINY, "instances.min_size=[9,20]")
    septum.train([sample], out, steps=2, settings=settings)
    return out


def peak_of(run, folder, size):
    path = folder / f"{size}.zarr"
    cells = draw_cells(1, (500, 500), radius=9).image[0]
    image = zarr.create_array(path, shape=(size, size), dtype="u1", chunks=(500, 500))
    for top in range(0, size, 500):
        image[top : top + 500] = np.tile(cells, (1, size // 500))
    options = ["--backend", "torch", "--memory", "64MiB", "--save", "labels,probabilities8,table"]
    command = [sys.executable, "-c", PEAK, "predict", run, path, "-o", folder / "out", *options]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


def test_four_times_the_pixels_take_no_more_memory(run, tmp_path):
    small, large = peak_of(run, tmp_path, 2500), peak_of(run, tmp_path, 5000)
    # In memory, 25 megapixels would take 8 bytes of probabilities and 4 of labels each: 300 MB.
    assert large - small < 100e6, (small, large)
