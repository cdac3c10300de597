"""How fast the border weights are: against one distance map per cell, and as images grow.

    python benchmarks/weights.py

Synthetic cells: discs around random seeds, cut where two meet. One core; the table shows the
fastest of several runs. The reference computes scipy's Euclidean distance transform of the whole
image for each cell, as the formula reads.
"""

from statistics import median
from time import perf_counter

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from septum.targets import border_weights, separate, weight_map


def cells(size: int, count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pixels = np.indices((size, size)).reshape(2, -1).T
    distance, nearest = cKDTree(rng.uniform(0, size, (count, 2))).query(pixels)
    radius = 0.6 * size / np.sqrt(count)
    labels = np.where(distance < radius, nearest + 1, 0)
    return labels.reshape(size, size).astype(np.int32)


def per_cell(labels: np.ndarray, w0: float = 10.0, sigma: float = 5.0) -> np.ndarray:
    nearest = np.full((2, *labels.shape), np.inf)
    for cell in np.unique(labels[labels > 0]):
        distance = distance_transform_edt(labels != cell)
        nearest = np.sort(np.concatenate([nearest, distance[None]]), axis=0)[:2]
    return np.where(labels == 0, w0 * np.exp(-(nearest.sum(axis=0) ** 2) / (2 * sigma**2)), 0)


def seconds(function, labels: np.ndarray, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        start = perf_counter()
        function(labels)
        taken.append(perf_counter() - start)
    return taken


def main() -> None:
    weight_map(cells(64, 4))  # compiles
    print(
        f"{'pixels':>12} {'cells':>6} {'separate':>10} {'border':>10} {'whole map':>10}  border x"
    )
    before = None
    for size, count in ((512, 125), (1024, 500), (2048, 2000), (4096, 8000)):
        labels = cells(size, count)
        separated = separate(labels)
        parts = ((separate, labels), (border_weights, separated), (weight_map, labels))
        row = [min(seconds(function, given, 7)) for function, given in parts]
        growth = "" if before is None else f"{row[1] / before:8.2f}"
        before = row[1]
        print(f"{size:>5} x {size:<4} {count:>6}" + "".join(f" {t:>8.3f} s" for t in row), growth)

    labels = separate(cells(512, 100))
    slow, fast = median(seconds(per_cell, labels, 3)), median(seconds(border_weights, labels, 15))
    apart = np.abs(border_weights(labels) - per_cell(labels)).max()
    print(f"\n512 x 512, 100 cells: per cell {slow:.3f} s, border_weights {fast:.4f} s,", end=" ")
    print(f"{slow / fast:.0f} times as fast; largest difference {apart:.1e} (w0 = 10)")


if __name__ == "__main__":
    main()
