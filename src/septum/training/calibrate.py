"""The thresholds from probabilities to instances, chosen on images, and the score of a model.

Class balancing (equation 2) makes rare classes more probable than they are, and how sharp a border
gets depends on the size of the cells; so the thresholds that separate best are measured and not
assumed.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

import numpy as np
import torch

from septum.classes import Classes
from septum.data.doubts import too_thin
from septum.data.resized import resized
from septum.data.sample import Sample
from septum.description import Description
from septum.evenly import evenly
from septum.instances import instances, without_specks
from septum.metrics import Matching, Region, matching
from septum.model import Model
from septum.plan import InstancePlan
from septum.predict import classified
from septum.resample import rescaled_shape
from septum.training.dice import mean_dice, pooled, regions_of

THRESHOLDS = (0.5, 0.4, 0.6, 0.3, 0.7, 0.8, 0.9)
SEEDS = (0.8, 0.7, 0.9, 0.6, 0.95, 0.5, 0.3)
NECKS = (0.0, 2.0, 3.0, 5.0)
CLASS_THRESHOLDS = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9)

# Enough to choose among a few dozen values; more images would only take longer. Of small ones, with
# few objects each, it takes more.
FEW = 12
_PIXELS = FEW * 512**2

_KEPT = 2**30
"""Bytes of probabilities that are kept for a second look; those of other images are computed again.

At 12 float32 images of 3 classes that is enough for images of 2,700² px, or of 1,500² px at three
sizes.
"""

_THREADS = 4
"""Choices tried side by side at most; each takes some 50 bytes a pixel."""

_LARGEST = 2**24
"""Pixels up to which an image is also magnified: its probabilities take several times its bytes."""

OnImage = Callable[[int, int], None]
"""Called with the images looked at and the looks at an image in all."""


def calibrated(
    model: Model,
    taught: Sequence[Sample],
    validation: Sequence[Sample] = (),
    on_image: OnImage = lambda _done, _all: None,
) -> Model:
    """Return the model with its open thresholds chosen.

    On the validation images, as they are; see `calibrate`. Where there are none, on those that
    taught it, also magnified and shrunk by as much as the training varied their size
    (``augment.scale``): a network is so certain of the images that it knows by heart that nearly
    any threshold finds their objects, and chance would choose.
    """
    known = model.description
    most = 1 + (known.plan.augment.scale or 0.0)
    sizes = (1.0,) if validation or most == 1 else (1.0, 1 / most, most)
    plan = calibrate(model, validation or taught, on_image, sizes)
    return model.described(replace(known, plan=replace(known.plan, instances=plan)))


def calibrate(
    model: Model,
    samples: Sequence[Sample],
    on_image: OnImage = lambda _done, _all: None,
    sizes: Sequence[float] = (1.0,),
) -> InstancePlan:
    """Return how the model's probabilities become instances, open thresholds chosen.

    Those with the highest panoptic quality at IoU 0.5 over some images, evenly spaced (12, or as
    many small ones as have the pixels of 12 of 512²): that of the cells, with a border class then
    that of the seeds together with how deep their necks are, and that of the cells once more. Of
    equals the first wins, which is nearest the default. Of classes by name it is the mean Dice in
    place of the panoptic quality, and classes that overlap have a threshold each.

    Parameters
    ----------
    model : Model
        Trained; what its plan sets is kept.
    samples : sequence of Sample
        The validation images, or else those of the training, with labels.
    on_image : callable, optional
        See `OnImage`.
    sizes : sequence of float, default (1.0,)
        Each of the images is looked at with so many times its pixels along each axis.
    """
    plan, named = model.description.plan.instances, model.description.named
    if named is not None:
        if plan.threshold is not None:
            return plan
        return _of_classes(model, named, _Looks(model.description, samples, sizes), on_image)
    cells = {"threshold": THRESHOLDS if plan.threshold is None else plan.thresholds}
    seeds = {"neck": _open(plan.neck, NECKS), "seed": _open(plan.seed, SEEDS)}
    # Which seeds are best hangs on what is a cell, and a little the other way round.
    choices = [cells, seeds, cells] if model.description.bordered else [cells]
    choices = [each for each in choices if max(map(len, each.values())) > 1]
    some = _Looks(model.description, samples, sizes)
    probabilities = _Probabilities(model, some, _KEPT if len(choices) > 1 else 0)
    for round_, each in enumerate(choices):

        def looked(number: int, before: int = round_ * len(some)) -> None:
            on_image(before + number, len(choices) * len(some))

        candidates = [
            replace(plan, **dict(zip(each, values, strict=True)))
            for values in product(*each.values())
        ]
        plan, _ = _best(candidates, probabilities, looked)
    return plan


def _open(chosen: float | None, candidates: tuple[float, ...]) -> tuple[float, ...]:
    """Return what to choose from: what has been chosen is kept."""
    return candidates if chosen is None else (chosen,)


class _Looks(Sequence[Sample]):
    """Enough of the images to choose by, evenly spaced, each at several sizes; made when asked for.

    One that would be a volume too thin for the network, or very large, has fewer sizes.
    """

    def __init__(
        self, known: Description, samples: Sequence[Sample], sizes: Sequence[float]
    ) -> None:
        pixels = int(np.mean([sample.truth.size for sample in samples]))
        some = evenly(samples, max(FEW, _PIXELS // pixels))
        self._looks = [
            (sample, size)
            for sample in some
            for size in sizes
            if size == 1 or _bears(known, sample.shape, size)
        ]

    def __len__(self) -> int:
        return len(self._looks)

    def __getitem__(self, place: Any) -> Any:
        return resized(*self._looks[place])


def _bears(known: Description, shape: Sequence[int], size: float) -> bool:
    working = rescaled_shape(rescaled_shape(shape, size), known.plan.data.scale)
    small = size < 1 or prod(shape) <= _LARGEST
    return small and too_thin(working, known.depths) is None


def reachable(model: Model, samples: Sequence[Sample]) -> float:
    """Return the best panoptic quality, or mean Dice, that one choice of an open threshold gives.

    That of the seeds where there is a border class, else that of the cells; the others are as in
    the plan. Between two steps of a training, no threshold has been chosen yet.
    """
    plan, named = model.description.plan.instances, model.description.named
    if named is not None:
        thresholds = CLASS_THRESHOLDS if plan.threshold is None else (plan.threshold,)
        return max(map(mean_dice, _regions(model, named, samples, thresholds)))
    name, values = ("seed", SEEDS) if model.description.bordered else ("threshold", THRESHOLDS)
    values = values if getattr(plan, name) is None else (getattr(plan, name),)
    candidates = [replace(plan, **{name: value}) for value in values]
    return _best(candidates, _Probabilities(model, samples))[1]


def quality(model: Model, samples: Sequence[Sample]) -> float:
    """Return the `Description.measure` of a model over all samples together."""
    named = model.description.named
    if named is not None:
        plan = model.description.plan.instances
        return mean_dice(_regions(model, named, samples, [plan.thresholds])[0])
    matched = [_matching(sample, model.predict(sample.image).labels) for sample in samples]
    return sum(matched, _NOTHING).pq


def _of_classes(
    model: Model, named: Classes, samples: Sequence[Sample], on_image: OnImage
) -> InstancePlan:
    found = _regions(model, named, samples, CLASS_THRESHOLDS, on_image)
    if named.overlap:
        each = np.nan_to_num([[one.dice for one in regions] for regions in found]).argmax(axis=0)
        threshold = tuple(CLASS_THRESHOLDS[place] for place in each)
    else:
        threshold = CLASS_THRESHOLDS[int(np.argmax([mean_dice(regions) for regions in found]))]
    return replace(model.description.plan.instances, threshold=threshold)


def _regions(
    model: Model,
    named: Classes,
    samples: Sequence[Sample],
    thresholds: Sequence[float | tuple[float, ...]],
    on_image: OnImage = lambda _done, _all: None,
) -> list[list[Region]]:
    """Return the regions of each class over all samples, for each of the thresholds."""
    found: list[list[list[Region]]] = [[] for _ in thresholds]
    smallest = model.description.plan.instances.smallest
    for number, sample in enumerate(samples, start=1):
        probabilities = model.predict(sample.image).probabilities
        for threshold, images in zip(thresholds, found, strict=True):
            limits = threshold if isinstance(threshold, tuple) else (threshold,)
            classes = classified(probabilities, named, limits)
            images.append(regions_of(sample, without_specks(classes, named, smallest), named))
        on_image(number, len(samples))
    return [pooled(images) for images in found]


def _best(
    candidates: Sequence[InstancePlan],
    probabilities: "_Probabilities",
    looked: Callable[[int], None] = lambda _number: None,
) -> tuple[InstancePlan, float]:
    """Return the first of the candidates that find the objects best, and its panoptic quality."""
    totals = [_NOTHING] * len(candidates)
    for number, sample in enumerate(probabilities.samples):
        # Passed on and not kept: no two images need to be held at a time.
        found = _matchings(sample, probabilities.of(number, sample), candidates)
        totals = [total + more for total, more in zip(totals, found, strict=True)]
        looked(number + 1)
    scores = [total.pq for total in totals]
    return candidates[scores.index(max(scores))], max(scores)


class _Probabilities:
    """Those of a model on images, each time anew but for as many as fit into `budget` bytes."""

    def __init__(self, model: Model, samples: Sequence[Sample], budget: int = 0) -> None:
        self.samples = samples
        self._model, self._budget = model, budget
        self._kept: dict[int, np.ndarray] = {}

    def of(self, number: int, sample: Sample) -> np.ndarray:
        """Return the probabilities of the sample in place `number`, which is given, too."""
        if number in self._kept:
            return self._kept[number]
        image = self._model.predict(sample.image).probabilities
        if image.nbytes <= self._budget:
            self._kept[number] = image
            self._budget -= image.nbytes
        return image


def _matchings(
    sample: Sample, probabilities: np.ndarray, candidates: Sequence[InstancePlan]
) -> list[Matching]:
    def found(candidate: InstancePlan) -> Matching:
        return _matching(sample, instances(probabilities, *candidate.values))

    # Its loops leave the interpreter to others: two threads take 0.63 of the time of one.
    with ThreadPoolExecutor(min(_THREADS, torch.get_num_threads())) as pool:
        return list(pool.map(found, candidates))


_NOTHING = Matching(0.5, tp=0, fp=0, fn=0, iou_sum=0.0)


def _matching(sample: Sample, labels: np.ndarray) -> Matching:
    return matching(sample.truth, labels, 0.5, sample.annotated)
