"""A small model, images of chance, and what became of them."""

import numpy as np
import pytest
import torch

from septum.data.formats import read_image
from septum.description import Description
from septum.model import Model
from septum.plan import DataPlan, InstancePlan, NetworkPlan, Plan


@pytest.fixture
def model_of():
    def of(scale=1.0, threshold=0.5, **changes):
        plan = Plan(
            data=DataPlan(scale=scale),
            network=NetworkPlan(width=4, depth=1),
            instances=InstancePlan(threshold=threshold),
        )
        torch.manual_seed(0)
        description = Description(plan=plan, **changes)
        return Model(description.build(), description, "cpu", "torch", "fp32")

    return of


@pytest.fixture
def pixels():
    def drawn(*shape, dtype=np.uint8):
        return np.random.default_rng(0).integers(0, 255, shape).astype(dtype)

    return drawn


@pytest.fixture
def results():
    def of(out, stem):
        return read_image(out / f"{stem}_labels.tif"), read_image(out / f"{stem}_probabilities.tif")

    return of
