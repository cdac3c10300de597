"""How long the challenge metrics take; run `python benchmarks/metrics.py`.

The ISBI metrics run on the golden proposals in ../shared/golden/isbi2012 (512 x 512, all
thresholds, all five metrics), beside the seconds that the challenge's own implementation was
clocked at when it wrote the answers there, on its own machine. SEG and matching run on
synthetic labels. Medians of repeated runs in one thread, after numba has compiled.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import tifffile

from septum.metrics import isbi, matching, seg

GOLDEN = Path(__file__).resolve().parents[2] / "shared" / "golden" / "isbi2012"
REPEATS = 5


def seconds(call: Callable[[], object]) -> float:
    """Return the median wall time of a call, the first call not counted."""
    call()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return median(times)


def isbi_table() -> None:
    """Print one row for each golden proposal."""
    if not GOLDEN.is_dir():
        print(f"no golden data: {GOLDEN} is not there, so the ISBI metrics are not clocked")
        return
    print(f"{'ISBI 2012, one 512 x 512 slice':34}{'septum':>9}{'reference':>11}{'ratio':>8}")
    ours, ratios = [], []
    for name, answers in json.loads((GOLDEN / "expected.json").read_text()).items():
        truth = tifffile.imread(GOLDEN / answers["truth"])
        proposal = tifffile.imread(GOLDEN / name) / 255
        took = seconds(lambda truth=truth, proposal=proposal: isbi(truth, proposal))
        reference = sum(answers[key] for key in answers if key.startswith("seconds_"))
        ours.append(took)
        ratios.append(reference / took)
        print(f"{name:34}{took:8.3f}s{reference:10.2f}s{ratios[-1]:7.0f}x")
    print(f"{'median':34}{median(ours):8.3f}s{'':11}{median(ratios):7.0f}x")


def labels(side: int, cells_a_side: int, shift: int) -> np.ndarray:
    """Draw a grid of square cells, shifted by some pixels."""
    pitch = side // cells_a_side
    y, x = np.indices((side, side)) + shift
    inside = (y % pitch > 2) & (x % pitch > 2)
    return np.where(inside, (y // pitch) * (cells_a_side + 1) + x // pitch + 1, 0).astype(np.uint32)


def instance_table() -> None:
    """Print SEG and matching for images of a few sizes."""
    print(f"\n{'instances':34}{'seg':>9}{'matching at 10 IoU':>20}")
    thresholds = tuple(np.arange(0.5, 1, 0.05).round(2).tolist())
    for side, cells_a_side in ((512, 10), (2048, 45)):
        truth, prediction = labels(side, cells_a_side, 0), labels(side, cells_a_side, 3)
        took = seconds(lambda t=truth, p=prediction: seg(t, p))
        matched = seconds(lambda t=truth, p=prediction: matching(t, p, iou=thresholds))
        name = f"{side} x {side}, {cells_a_side**2} cells"
        print(f"{name:34}{took:8.3f}s{matched:19.3f}s")


if __name__ == "__main__":
    isbi_table()
    instance_table()
