"""A segmented file made of given labels, its image and probabilities drawn from a seed."""

import numpy as np
import pytest

from septum.outputs import Segmented


def _make(
    labels, stack_axes="", stack_shape=(), spacing=None, channels=None, classes=3, seed=0, depth=1
):
    """Return a result with the given labels, shape ``(N, *spatial)``."""
    rng = np.random.default_rng(seed)
    count, *spatial = labels.shape
    shares = rng.random((count, classes, *spatial), np.float32)
    shares[:, 1] += 2 * (labels > 0)
    shares /= shares.sum(axis=1, keepdims=True)
    image = rng.integers(0, 4096, (count, depth, *spatial)).astype(np.uint16)
    counts = tuple(int(plane.max(initial=0)) for plane in labels)
    return Segmented(
        "cells", image, shares, labels, counts, stack_axes, stack_shape, spacing, channels
    )


@pytest.fixture(scope="session")
def make():
    return _make
