"""The learning rate over the run, and the optimisers."""

import numpy as np
import pytest
import torch

from septum.errors import ConfigError
from septum.plan import TrainingPlan
from septum.training.schedule import build_optimiser, learning_rate


def test_a_constant_rate_is_constant():
    plan = TrainingPlan(schedule="constant", learning_rate=0.3)
    assert {learning_rate(plan, progress) for progress in np.linspace(0, 1, 50)} == {0.3}


def test_the_cosine_warms_up_over_five_percent_and_comes_down_to_zero():
    plan = TrainingPlan(schedule="cosine", learning_rate=0.4)
    rates = np.array([learning_rate(plan, progress) for progress in np.linspace(0, 1, 1001)])
    assert 0 < rates[0] < 0.01  # the first step does something
    np.testing.assert_allclose(rates[25], 0.2, rtol=1e-3)  # linear
    assert rates.argmax() == 50
    assert rates.max() == pytest.approx(0.4)
    assert (np.diff(rates[1:51]) > 0).all()
    assert (np.diff(rates[50:]) < 0).all()
    np.testing.assert_allclose(rates[525], 0.2, rtol=1e-3)  # half way down
    assert rates[-1] == pytest.approx(0, abs=1e-12)


def test_sgd_has_the_papers_momentum():
    layer = torch.nn.Linear(2, 2)
    optimiser = build_optimiser(layer, TrainingPlan(optimiser="sgd", momentum=0.99))
    assert isinstance(optimiser, torch.optim.SGD)
    assert optimiser.defaults["momentum"] == 0.99
    assert not optimiser.defaults["nesterov"]


def test_adamw_takes_the_momentum_as_its_first_beta():
    layer = torch.nn.Linear(2, 2)
    optimiser = build_optimiser(layer, TrainingPlan(momentum=0.8, weight_decay=0.1))
    assert isinstance(optimiser, torch.optim.AdamW)
    assert optimiser.defaults["betas"] == (0.8, 0.999)
    assert optimiser.defaults["weight_decay"] == 0.1


def test_unknown_names_are_refused():
    with pytest.raises(ConfigError, match="optimiser is 'adam'"):
        build_optimiser(torch.nn.Linear(1, 1), TrainingPlan(optimiser="adam"))
    with pytest.raises(ConfigError, match="schedule is 'step'"):
        learning_rate(TrainingPlan(schedule="step"), 0.5)
