"""From an image to an augmented training tile: septum against MONAI, per sample, on one core.

    .venv-bench/bin/python benchmarks/pipeline.py        (after `make bench` has made .venv-bench)

Both get an image of 512×512 px with its labels in memory and give tiles of 444 px with classes and
weights: random place, elastic deformation, rotation, scale, mirroring, brightness, contrast, gamma,
noise and blur. septum composes what moves pixels into one map and resamples once. In MONAI a
Rand2DElasticd moves (with rotation and scale), then come flips and its intensity transforms; the
deformation has septum's 3 nodes and 10 px. The weight map of equation 2 is made once an image:
in septum from the two nearest cells of each pixel, beside it as most implementations do, by a
distance map for each cell (scipy), since MONAI has none. Medians, all in turn.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

from collections.abc import Callable
from statistics import median
from time import perf_counter

import cv2
import numpy as np
from scipy import ndimage

from septum.augment import Augmentation
from septum.data.crops import draw_batch
from septum.data.prepared import Prepared, prepare
from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.plan import DataPlan, TargetPlan

SHAPE, TILE, OUTPUT, TIMES, MAPS = (512, 512), 444, 260, 40, 3
POLICY = Augmentation()


def ours(item: Prepared) -> Callable[[int], object]:
    def draw(seed: int) -> object:
        return draw_batch([item], POLICY, TILE, OUTPUT, [np.random.default_rng(seed)])

    return draw


def monai(item: Prepared) -> Callable[[int], object]:
    import torch
    from monai import transforms

    torch.set_num_threads(1)
    keys, scale = ["image", "classes", "weights"], np.log(1 + POLICY.scale)
    moved = transforms.Compose(
        [
            transforms.RandSpatialCropd(keys, (TILE, TILE), random_size=False),
            transforms.Rand2DElasticd(
                keys,
                spacing=(TILE / 2, TILE / 2),
                magnitude_range=(POLICY.elastic_sigma, POLICY.elastic_sigma),
                prob=1.0,
                rotate_range=np.pi,
                scale_range=scale,
                mode=["bilinear", "nearest", "bilinear"],
                padding_mode="reflection",
            ),
            transforms.RandFlipd(keys, 0.5, 0),
            transforms.RandFlipd(keys, 0.5, 1),
            transforms.RandShiftIntensityd("image", POLICY.brightness, prob=1.0),
            transforms.RandScaleIntensityd("image", POLICY.contrast, prob=1.0),
            transforms.RandAdjustContrastd("image", prob=1.0, gamma=(0.83, 1.2)),
            transforms.RandGaussianNoised(
                "image", POLICY.noise_probability, std=POLICY.noise, sample_std=True
            ),
            transforms.RandGaussianSmoothd(
                "image", (0.1, POLICY.blur), (0.1, POLICY.blur), prob=POLICY.blur_probability
            ),
        ]
    )
    known = {
        "image": torch.from_numpy(item.image),
        "classes": torch.from_numpy(item.classes.astype(np.float32))[None],
        "weights": torch.from_numpy(item.weights.astype(np.float32))[None],
    }
    return lambda seed: moved.set_random_state(seed)(known)


def weights_by_cell(sample: Sample) -> np.ndarray:
    """Return the border term as most implementations have it: a distance map for each cell."""
    labels = sample.truth
    ids = np.unique(labels[labels > 0])
    distances = np.stack([ndimage.distance_transform_edt(labels != number) for number in ids])
    nearest = np.sort(distances, axis=0)[:2].sum(axis=0)
    return 10 * np.exp(-(nearest**2) / (2 * 5**2)) * (labels == 0)


def in_turn(tasks: dict[str, Callable[[int], object]], times: int) -> dict[str, float]:
    """Return the median seconds of each task, all in turn, after one run that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for run in range(times + 1):
        for name, task in tasks.items():
            begun = perf_counter()
            task(run)
            if run:
                taken[name].append(perf_counter() - begun)
    return {name: median(values) for name, values in taken.items()}


def show(title: str, taken: dict[str, float]) -> None:
    own = next(iter(taken.values()))
    print(f"| {title} | median | ratio |\n|---|--:|--:|")
    for name, seconds in taken.items():
        print(f"| {name} | {1000 * seconds:.3g} ms | {seconds / own:.1f} |")
    print()


def main() -> None:
    cv2.setNumThreads(1)
    sample = draw_cells(0, SHAPE)
    item = prepare(sample, DataPlan(1.0), TargetPlan(border=2.0))
    tiles = {"septum": ours(item)}
    try:
        tiles["MONAI"] = monai(item)
    except ImportError:
        print("MONAI is not installed; `make bench` makes an environment that has it\n")
    show(f"a tile of {TILE} px", in_turn(tiles, TIMES))
    plans = DataPlan(1.0), TargetPlan(border=2.0)
    maps = {
        "septum: normalise, separate, classes, weights": lambda _: prepare(sample, *plans),
        "weights alone, by a distance map for each cell": lambda _: weights_by_cell(sample),
    }
    show(f"once an image of {SHAPE[0]} px, {sample.truth.max()} cells", in_turn(maps, MAPS))


if __name__ == "__main__":
    main()
