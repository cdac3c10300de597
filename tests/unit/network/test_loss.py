import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from septum.network import energy


def reference(scores, classes, weights):
    """Equation 1, pixel by pixel."""
    total = 0.0
    for place in np.ndindex(classes.shape):
        activations = scores[place[0], :, *place[1:]].astype(np.float64)
        soft = np.exp(activations) / np.exp(activations).sum()
        total -= weights[place] * np.log(soft[classes[place]])
    return total / classes.size


@given(seed=st.integers(0, 10_000), ndim=st.integers(2, 3), count=st.integers(2, 4))
def test_energy_and_gradient_equal_the_equation(seed, ndim, count):
    rng = np.random.default_rng(seed)
    sizes = (2, 4, 3)[:ndim]
    scores = rng.normal(0, 3, (2, count, *sizes))
    classes = rng.integers(0, count, (2, *sizes))
    weights = rng.uniform(0, 12, (2, *sizes)) * rng.integers(0, 2, (2, *sizes))

    tensor = torch.from_numpy(scores).float().requires_grad_()
    loss = energy(tensor, torch.from_numpy(classes), torch.from_numpy(weights).float())
    loss.backward()
    assert np.isclose(loss.item(), reference(scores, classes, weights), rtol=1e-5)

    # dE/da_k = w (p_k - [k is true]) / N
    soft = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    truth = np.moveaxis(np.eye(count)[classes], -1, 1)
    gradient = weights[:, None] * (soft - truth) / classes.size
    assert np.allclose(tensor.grad.numpy(), gradient, atol=1e-6)


def test_pixels_without_weight_do_not_teach():
    scores = torch.randn(1, 2, 4, 4, requires_grad=True)
    weights = torch.ones(1, 4, 4)
    weights[0, :2] = 0
    energy(scores, torch.ones(1, 4, 4, dtype=torch.int64), weights).backward()
    assert torch.count_nonzero(scores.grad[0, :, :2]) == 0
    assert torch.count_nonzero(scores.grad[0, :, 2:]) == 16


def test_bfloat16_scores_are_summed_in_float32():
    scores = torch.randn(1, 2, 64, 64)
    classes = torch.zeros(1, 64, 64, dtype=torch.int64)
    weights = torch.ones(1, 64, 64)
    rounded = scores.bfloat16()
    assert energy(rounded, classes, weights).dtype == torch.float32
    assert torch.equal(energy(rounded, classes, weights), energy(rounded.float(), classes, weights))
