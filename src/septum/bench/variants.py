"""The ways to run one network that are compared."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import torch

from septum.compress import compress
from septum.data.synthetic import draw_cells
from septum.description import Description
from septum.errors import ConfigError
from septum.model import Model
from septum.network import UNet, initialise
from septum.plan import Plan
from septum.predict.precision import has_bfloat16
from septum.stored import INT8 as INT8_FILE

DEFAULT, INT8 = "septum", "septum, int8"
VARIANTS = {
    DEFAULT: ("auto", "auto"),
    "septum, float32": ("auto", "fp32"),
    "septum, PyTorch bfloat16": ("torch", "bf16"),
    INT8: ("openvino", "int8"),
}
"""Backend and precision; see `septum.predict.engines.choose`."""

_DRAWN = (128, 128)  # what it is calibrated on


def description(plan: Plan, width: int, classes: int) -> Description:
    """Return what `plan` makes of a network of another width."""
    network = replace(plan.network, width=width, depth=4)
    data = plan.data
    if data.normalise == "auto":  # what it is for the microscope images that are timed here
        data = replace(data, normalise="percentile")
    return Description(classes=classes, plan=replace(plan, network=network, data=data))


def seeded(network: UNet) -> UNet:
    """Return `network`, ready to predict, with weights from a seed; time depends on none."""
    initialise(network, torch.Generator().manual_seed(0))
    return network.eval()


def variants(
    described: Description, device: str, folder: Path, names: Collection[str] = tuple(VARIANTS)
) -> tuple[dict[str, Model], dict[str, str]]:
    """Return the models to compare on `device`, and for those that cannot run here the reason.

    Parameters
    ----------
    described : Description
        Of the network.
    device : {"cpu", "cuda"}
        Where to compute.
    folder : Path
        For the model in 8-bit integers.
    names : collection of str
        Those of `VARIANTS` that are wanted.
    """
    network = seeded(described.build())
    models, missing = {}, {}
    for name, (backend, precision) in VARIANTS.items():
        if name not in names:
            continue
        try:
            _check(precision, device)
            int8 = quantised(network, described, folder) if precision == "int8" else None
            model = Model(network, described, device, backend, precision, int8)
            engine_of(model)
        except ConfigError as error:
            missing[name] = str(error)
        else:
            models[name] = model
    return models, missing


def _check(precision: str, device: str) -> None:
    if precision == "bf16" and not has_bfloat16(torch.device(device)):
        raise ConfigError("this processor would have to emulate bfloat16")
    if precision == "int8" and device != "cpu":
        raise ConfigError("OpenVINO computes on the CPU")


def quantised(network: UNet, described: Description, folder: Path) -> Path:
    """Return the file of the network in 8-bit integers, all layers, made where it is missing.

    What weights from a seed make of an image is worth nothing, so that nothing can be lost.

    Raises
    ------
    ConfigError
        If a package for it is missing.
    """
    plan = described.plan.network
    name = f"{plan.width}-{described.classes}"
    int8 = folder / f"{name}-int8"
    if not int8.exists():
        Model(network, described).save(folder / name / "model")
        compress(folder / name, int8, [draw_cells(0, _DRAWN)], max_loss=0.99)
    return int8 / "model" / INT8_FILE


def engine_of(model: Model) -> str:
    """Return what a model runs in, as ``"openvino bf16"``."""
    return f"{model.engine.name} {model.engine.precision}"
