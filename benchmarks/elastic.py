"""How fast the elastic deformation is, image and labels of 512 x 512, on one core.

    pip install monai elasticdeform "numpy<2" "opencv-python-headless<4.12"
    python benchmarks/elastic.py

Beside MONAI's Rand2DElasticd and the elasticdeform package, where they are installed: a grid of
displacement vectors, linear interpolation for the image, nearest pixel for the labels. MONAI has
its grid at 256 px, which is three nodes for this size. (elasticdeform's wheels need numpy 1.)
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

from collections.abc import Callable
from statistics import median
from time import perf_counter

import cv2
import numpy as np

from septum.augment import elastic

TIMES = 40


def ours(image: np.ndarray, labels: np.ndarray) -> Callable[[int], object]:
    return lambda seed: elastic(image, labels, sigma=10.0, grid=3, seed=seed)


def monai(image: np.ndarray, labels: np.ndarray) -> Callable[[int], object]:
    import torch
    from monai.transforms import Rand2DElasticd

    torch.set_num_threads(1)
    deform = Rand2DElasticd(
        keys=["image", "labels"],
        spacing=(256, 256),
        magnitude_range=(10.0, 10.0),
        prob=1.0,
        mode=["bilinear", "nearest"],
        padding_mode="reflection",
    )
    pair = {
        "image": torch.from_numpy(image)[None],
        "labels": torch.from_numpy(labels.astype(np.float32))[None],
    }
    return lambda seed: deform.set_random_state(seed)(pair)


def elasticdeform(image: np.ndarray, labels: np.ndarray) -> Callable[[int], object]:
    from elasticdeform import deform_grid

    def deform(seed: int) -> object:
        vectors = np.random.default_rng(seed).normal(0, 10, (2, 3, 3))
        return deform_grid([image, labels], vectors, order=[1, 0], mode="mirror")

    return deform


def milliseconds(function: Callable[[int], object]) -> list[float]:
    function(0)
    taken = []
    for seed in range(TIMES):
        start = perf_counter()
        function(seed)
        taken.append(1e3 * (perf_counter() - start))
    return taken


def main() -> None:
    cv2.setNumThreads(1)
    rng = np.random.default_rng(0)
    image = rng.random((512, 512), np.float32)
    labels = rng.integers(0, 100, (512, 512)).astype(np.int32)
    rows = {"septum.augment.elastic": milliseconds(ours(image, labels))}
    for name, package, make in (
        ("MONAI Rand2DElasticd", "monai", monai),
        ("elasticdeform.deform_grid", "elasticdeform", elasticdeform),
    ):
        try:
            rows[name] = milliseconds(make(image, labels))
        except ImportError as reason:
            print(f"without {package} ({reason}); to compare: pip install {package}")
    first = median(rows["septum.augment.elastic"])
    print(f"{'':28}{'median':>10}{'fastest':>10}{'ratio':>8}")
    for name, taken in rows.items():
        print(
            f"{name:28}{median(taken):>7.2f} ms{min(taken):>7.2f} ms{median(taken) / first:>8.1f}"
        )


if __name__ == "__main__":
    main()
