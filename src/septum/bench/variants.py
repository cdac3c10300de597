"""The ways to run one network that are compared."""

from collections.abc import Iterator
from dataclasses import replace

import torch

from septum.description import Description
from septum.errors import ConfigError
from septum.model import Model
from septum.network import UNet, initialise
from septum.plan import Plan
from septum.predict.precision import has_bfloat16

DEFAULT, INT8 = "septum", "septum, int8"
VARIANTS = {
    DEFAULT: ("auto", "auto"),
    "septum, float32": ("auto", "fp32"),
    "septum, PyTorch bfloat16": ("torch", "bf16"),
    INT8: ("openvino", "int8"),
}
"""Backend and precision; see `septum.predict.engines.choose`."""


def description(plan: Plan, width: int, classes: int) -> Description:
    """Return what `plan` makes of a network of another width."""
    network = replace(plan.network, width=width)
    return Description(classes=classes, plan=replace(plan, network=network))


def seeded(network: UNet) -> UNet:
    """Return `network`, ready to predict, with weights from a seed; time depends on none."""
    initialise(network, torch.Generator().manual_seed(0))
    return network.eval()


def variants(described: Description, device: str) -> tuple[dict[str, Model], dict[str, str]]:
    """Return the models to compare on `device`, and for those that cannot run here the reason."""
    network = seeded(described.build())
    models, missing = {}, {}
    for name, (backend, precision) in VARIANTS.items():
        reason = "".join(_objections(backend, precision, device))
        model = Model(network, described, device, backend, precision)
        try:
            if not reason:
                engine_of(model)
        except ConfigError as error:
            reason = str(error)
        if reason:
            missing[name] = reason
        else:
            models[name] = model
    return models, missing


def _objections(backend: str, precision: str, device: str) -> Iterator[str]:
    if precision == "bf16" and not has_bfloat16(torch.device(device)):
        yield "this processor would have to emulate bfloat16"
    if backend == "openvino" and device != "cpu":
        yield "OpenVINO computes on the CPU"


def engine_of(model: Model) -> str:
    """Return what a model runs in, as ``"openvino bf16"``."""
    return f"{model.engine.name} {model.engine.precision}"
