import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

from septum.data.resized import resized
from septum.data.sample import Sample
from septum.data.synthetic import draw_cells
from septum.description import Description
from septum.instances import instances
from septum.metrics import matching
from septum.model import Prediction
from septum.plan import InstancePlan, Plan
from septum.training.calibrate import calibrate, calibrated, reachable


class Oracle:
    """A model that answers with given probabilities of "cell"."""

    def __init__(self, plan, probability_of, classes=2):
        self.description = Description(plan=plan, classes=classes)
        self.probability_of = probability_of

    def predict(self, image):
        cells = self.probability_of[image.tobytes()]
        return Prediction(np.zeros(cells.shape[1:], np.int32), cells)

    def described(self, description):
        oracle = Oracle(description.plan, self.probability_of)
        oracle.description = description
        return oracle


@pytest.fixture
def sample():
    return draw_cells(3, (96, 96), radius=9, cells=6)


def two_classes(sample, inside, halo):
    """Cells of the truth at `inside`, everything else at `halo`."""
    cells = np.where(sample.truth > 0, inside, halo).astype(np.float32)
    return np.stack([1 - cells, cells])


def test_the_threshold_that_separates_best_is_found(sample):
    oracle = Oracle(Plan(), {sample.image.tobytes(): two_classes(sample, 0.95, 0.75)})
    assert calibrate(oracle, [sample]).threshold == 0.8


def test_equals_stay_at_the_default(sample):
    oracle = Oracle(Plan(), {sample.image.tobytes(): two_classes(sample, 1.0, 0.0)})
    assert calibrate(oracle, [sample]).threshold == 0.5


def test_what_the_plan_sets_is_kept(sample):
    plan = replace(Plan(), instances=InstancePlan(threshold=0.3, seed=0.6, min_size=5))
    assert calibrate(Oracle(plan, {}), [sample]) == plan.instances


def known_by_heart(sample, scale):
    """A model that is certain of a sample as it is, and has a halo around larger and smaller."""
    plan = Plan(augment=replace(Plan().augment, scale=scale))
    looks = {factor: resized(sample, factor) for factor in (1.0, 1 / (1 + scale), 1 + scale)}
    halo = {factor: 0.75 if factor != 1 else 0.0 for factor in looks}
    return Oracle(
        plan,
        {look.image.tobytes(): two_classes(look, 0.95, halo[size]) for size, look in looks.items()},
    )


@pytest.mark.parametrize(("scale", "expected"), [(0.0, 0.5), (0.3, 0.8)])
def test_images_that_taught_choose_at_the_sizes_that_it_was_taught_to_bear(sample, scale, expected):
    model = calibrated(known_by_heart(sample, scale), [sample])
    assert model.description.plan.instances.threshold == expected


def test_validation_images_choose_as_they_are(sample):
    model = calibrated(known_by_heart(sample, 0.3), [], [sample])
    assert model.description.plan.instances.threshold == 0.5


class Looking(Oracle):
    """A model of one pooling that remembers the shapes of what it was shown."""

    def __init__(self, ndim):
        super().__init__(Plan(network=replace(Plan().network, depth=1)), {})
        self.description = replace(self.description, ndim=ndim)
        self.shapes = []

    def predict(self, image):
        self.shapes.append(image.shape[1:])
        cells = np.zeros((2, *image.shape[1:]), np.float32)
        return Prediction(np.zeros(image.shape[1:], np.int32), cells)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_choice_does_not_depend_on_how_many_are_tried_side_by_side(sample, threads):
    oracle = Oracle(Plan(), {sample.image.tobytes(): two_classes(sample, 0.95, 0.75)})
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert calibrate(oracle, [sample] * 3).threshold == 0.8
    finally:
        torch.set_num_threads(before)


def test_no_size_is_looked_at_at_which_a_volume_is_too_thin():
    thin, thick = (draw_cells(0, (depth, 30, 40), radius=4, cells=2) for depth in (9, 14))
    model = Looking(ndim=3)
    calibrate(model, [thin, thick], sizes=(1.0, 1 / 1.3, 1.3))
    assert sorted(shape[0] for shape in model.shapes) == [9, 11, 12, 14, 18]


def test_very_large_images_are_not_magnified(monkeypatch, sample):
    monkeypatch.setattr("septum.training.calibrate._LARGEST", sample.truth.size - 1)
    model = Looking(ndim=2)
    calibrate(model, [sample], sizes=(1.0, 0.5, 2.0))
    assert model.shapes == [(96, 96), (48, 48)]


def touching_pair():
    labels = np.zeros((40, 60), np.int32)
    labels[5:35, 5:30], labels[5:35, 30:55] = 1, 2
    return Sample(np.zeros((1, 40, 60), np.uint8), labels)


@pytest.mark.parametrize(("seam", "expected"), [(0.3, 0.8), (0.85, 0.9), (0.92, 0.95)])
def test_with_a_border_class_the_seed_is_chosen_that_parts_the_cells(seam, expected):
    pair = touching_pair()
    cells = (pair.truth > 0).astype(np.float32)
    interior = 0.97 * cells
    interior[:, 28:32] *= seam / 0.97
    probabilities = np.stack([1 - cells, interior, cells - interior])
    oracle = Oracle(Plan(), {pair.image.tobytes(): probabilities}, classes=3)
    assert calibrate(oracle, [pair]).seed == expected


def test_without_a_border_class_there_is_no_seed(sample):
    oracle = Oracle(Plan(), {sample.image.tobytes(): two_classes(sample, 1.0, 0.0)})
    assert calibrate(oracle, [sample]).seed is None


def two_discs():
    """Two cells that lie over each other a little: nothing but their waist tells them apart."""
    row, column = np.indices((40, 60))
    left, right = (np.hypot(row - 20, column - middle) for middle in (18, 40))
    labels = np.where(left < right, 1, 2) * (np.minimum(left, right) <= 13)
    return Sample(np.zeros((1, 40, 60), np.uint8), labels.astype(np.int32))


@pytest.mark.parametrize(("sample_of", "expected"), [(two_discs, 2.0), (touching_pair, 0.0)])
def test_seeds_are_parted_at_necks_where_that_parts_the_cells(sample_of, expected):
    pair = sample_of()
    cells = (pair.truth > 0).astype(np.float32)
    oracle = Oracle(
        Plan(), {pair.image.tobytes(): np.stack([1 - cells, 0.97 * cells, 0.03 * cells])}, classes=3
    )
    chosen = calibrate(oracle, [pair])
    assert chosen.neck == expected
    kept = replace(Plan(), instances=InstancePlan(neck=0.0))
    oracle.description = replace(oracle.description, plan=kept)
    assert calibrate(oracle, [pair]).neck == 0


@pytest.mark.parametrize(("images", "looked_at"), [(1, 12), (20, 20), (12, 12), (100, 30)])
def test_only_a_few_images_are_looked_at_but_more_of_small_ones(
    monkeypatch, sample, images, looked_at
):
    monkeypatch.setattr("septum.training.calibrate._PIXELS", images * sample.truth.size)
    seen = []

    class Counting(Oracle):
        def predict(self, image):
            seen.append(image)
            return super().predict(image)

    oracle = Counting(Plan(), {sample.image.tobytes(): two_classes(sample, 1.0, 0.0)})
    calibrate(oracle, [sample] * 30)
    assert len(seen) == looked_at


class Held:
    """A model whose probabilities are counted while somebody holds them."""

    def __init__(self, probabilities):
        self.description = Description(plan=Plan(), classes=3)
        self.probabilities, self.alive, self.most, self.calls = probabilities, 0, 0, 0

    def predict(self, _image):
        cells = self.probabilities.copy()
        self.calls += 1
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(cells, self.released)
        return Prediction(np.zeros(cells.shape[1:], np.int32), cells)

    def released(self):
        self.alive -= 1


@pytest.mark.parametrize(("kept", "most", "calls"), [(0, 1, 30), (3, 4, 24), (10, 10, 10)])
def test_no_more_probabilities_are_held_than_the_memory_allows(monkeypatch, kept, most, calls):
    pair = touching_pair()
    cells = (pair.truth > 0).astype(np.float32)
    probabilities = np.stack([1 - cells, 0.97 * cells, 0.03 * cells])
    monkeypatch.setattr("septum.training.calibrate._KEPT", kept * probabilities.nbytes)
    model, seen = Held(probabilities), []
    chosen = calibrate(model, [pair] * 10, lambda *counts: seen.append(counts))
    assert (chosen.seed, chosen.threshold) == (0.8, 0.5)
    assert (model.most, model.calls) == (most, calls)
    assert seen == [(number, 30) for number in range(1, 31)]


def test_what_is_reachable_is_the_score_of_the_best_choice_alone(sample):
    probabilities = two_classes(sample, 0.95, 0.75)
    oracle = Oracle(Plan(), {sample.image.tobytes(): probabilities})
    best, default = (
        matching(sample.truth, instances(probabilities, threshold, 0.8, 0)).pq
        for threshold in (0.8, 0.5)
    )
    assert reachable(oracle, [sample]) == best > default
    held = Held(np.zeros((3, *sample.shape), np.float32))
    assert reachable(held, [sample] * 10) == 0
    assert (held.most, held.calls) == (1, 10)
