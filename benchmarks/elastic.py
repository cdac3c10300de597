"""How fast images and volumes are deformed with their labels, on one core.

    pip install monai torchio elasticdeform "numpy<2" "opencv-python-headless<4.12"
    python benchmarks/elastic.py

An image of 512 x 512, elastic, beside MONAI's Rand2DElasticd and the elasticdeform package; a
volume of 64 x 128 x 128, elastic, turned and scaled, beside MONAI's Rand3DElasticd and TorchIO's
RandomElasticDeformation and RandomAffine: those that are installed. All interpolate linearly in the
image and take the nearest pixel of the labels. In 2D, MONAI has its grid at 256 px, which is three
nodes for this size. In 3D, MONAI smooths a random vector of each voxel, and TorchIO's grid has its
least number of nodes, 4. (elasticdeform's wheels need numpy 1; all else goes without it.)
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
os.environ["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = "1"

from collections.abc import Callable
from dataclasses import replace
from statistics import median
from time import perf_counter

import cv2
import numpy as np

from septum.augment import Augmentation, coordinates, draw, elastic, resample

TIMES = 40
VOLUME = (64, 128, 128)
TURN = 30.0  # degrees, either way

Make = Callable[[np.ndarray, np.ndarray], Callable[[int], object]]


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


def ours_in_3d(image: np.ndarray, labels: np.ndarray) -> Callable[[int], object]:
    policy = replace(Augmentation.none(), elastic_sigma=10.0, rotate=TURN, scale=0.1, mirror=True)
    middle = [(size - 1) / 2 for size in VOLUME]

    def deform(seed: int) -> object:
        drawn = draw(policy, np.random.default_rng(seed), 3, size=VOLUME)
        places = coordinates(drawn, middle, VOLUME)
        return resample(image, places, order=1), resample(labels, places, order=0)

    return deform


def monai_in_3d(image: np.ndarray, labels: np.ndarray) -> Callable[[int], object]:
    import torch
    from monai.transforms import Rand3DElasticd

    torch.set_num_threads(1)
    deform = Rand3DElasticd(
        keys=["image", "labels"],
        sigma_range=(5.0, 8.0),
        magnitude_range=(100.0, 200.0),
        rotate_range=(np.deg2rad(TURN),) * 3,
        scale_range=(0.1,) * 3,
        prob=1.0,
        mode=["bilinear", "nearest"],
        padding_mode="reflection",
    )
    pair = {
        "image": torch.from_numpy(image)[None],
        "labels": torch.from_numpy(labels.astype(np.float32))[None],
    }
    return lambda seed: deform.set_random_state(seed)(pair)


def torchio_in_3d(image: np.ndarray, labels: np.ndarray) -> Callable[[int], object]:
    import torch
    import torchio

    torch.set_num_threads(1)
    deform = torchio.Compose(
        [
            torchio.RandomElasticDeformation(
                num_control_points=4, max_displacement=10, locked_borders=0
            ),
            torchio.RandomAffine(scales=0.1, degrees=TURN, isotropic=True),
        ]
    )
    subject = torchio.Subject(
        image=torchio.ScalarImage(tensor=torch.from_numpy(image)[None]),
        labels=torchio.LabelMap(tensor=torch.from_numpy(labels)[None]),
    )

    def apply(seed: int) -> object:
        torch.manual_seed(seed)
        return deform(subject)

    return apply


def milliseconds(function: Callable[[int], object], times: int) -> list[float]:
    function(0)
    taken = []
    for seed in range(times):
        start = perf_counter()
        function(seed)
        taken.append(1e3 * (perf_counter() - start))
    return taken


def compare(shape: tuple[int, ...], rows: dict[str, tuple[str, Make]], times: int) -> None:
    """Print a table: what is called, and of which package, the first is ours."""
    rng = np.random.default_rng(0)
    image = rng.random(shape, np.float32)
    labels = rng.integers(0, 100, shape).astype(np.int32)
    taken = {}
    for name, (package, make) in rows.items():
        try:
            taken[name] = milliseconds(make(image, labels), times)
        except ImportError as reason:
            print(f"without {package} ({reason}); to compare: pip install {package}")
    first = median(next(iter(taken.values())))
    print(f"{' x '.join(map(str, shape)):34}{'median':>10}{'fastest':>10}{'ratio':>8}")
    for name, each in taken.items():
        print(f"{name:34}{median(each):>7.2f} ms{min(each):>7.2f} ms{median(each) / first:>8.1f}")


def main() -> None:
    cv2.setNumThreads(1)
    in_2d = {
        "septum.augment.elastic": ("septum", ours),
        "MONAI Rand2DElasticd": ("monai", monai),
        "elasticdeform.deform_grid": ("elasticdeform", elasticdeform),
    }
    in_3d = {
        "septum: elastic, affine": ("septum", ours_in_3d),
        "MONAI Rand3DElasticd": ("monai", monai_in_3d),
        "TorchIO: elastic, then affine": ("torchio", torchio_in_3d),
    }
    compare((512, 512), in_2d, TIMES)
    compare(VOLUME, in_3d, TIMES // 4)


if __name__ == "__main__":
    main()
