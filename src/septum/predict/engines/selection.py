"""The fastest engine that is exact enough on this machine, and why it is that one."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from septum.errors import ConfigError
from septum.geometry import smallest_input
from septum.network import UNet
from septum.predict.engines import onnx, openvino
from septum.predict.engines.check import TOLERANCE, self_test
from septum.predict.engines.onnx import OnnxEngine
from septum.predict.engines.openvino import OpenVinoEngine
from septum.predict.engines.protocol import Engine
from septum.predict.engines.torch import TorchEngine
from septum.predict.precision import choose_device, has_bfloat16

BACKENDS = ("torch", "openvino", "onnx")
PRECISIONS = ("fp32", "bf16", "int8")

_CPU = torch.device("cpu")
_NAMES = {"torch": "PyTorch", "openvino": "OpenVINO", "onnx": "ONNX Runtime"}
_IN_WORDS = {"fp32": "float32", "bf16": "bfloat16", "int8": "8-bit integers"}
_PLACES = {"cpu": "the CPU", "cuda": "the GPU", "mps": "the Apple GPU"}


@dataclass(frozen=True)
class Availability:
    """Whether a backend can be used on a device here.

    Attributes
    ----------
    backend, device : str
        For example ``"openvino"`` and ``"cpu"``.
    precisions : tuple of str
        What it computes in, the one that ``auto`` takes first; empty where it cannot be used.
    version : str
        Of the library; empty where it is not installed.
    note : str
        Why it cannot be used, or what to know of it.
    """

    backend: str
    device: str
    precisions: tuple[str, ...]
    version: str
    note: str


def choose(
    network: UNet,
    backend: str = "auto",
    precision: str = "auto",
    device: str | None = None,
    int8: Path | None = None,
) -> tuple[Engine, str]:
    """Return an engine for `network`, and a sentence that says why this one.

    Parameters
    ----------
    network : UNet
        With its trained weights.
    backend : {"auto", "torch", "openvino", "onnx"}, default "auto"
        ``auto``: on a CPU OpenVINO where it is installed, else PyTorch.
    precision : {"auto", "fp32", "bf16", "int8"}, default "auto"
        ``auto``: int8 if the model holds it and OpenVINO is installed, else bfloat16 where the
        device has units for it, else float32.
    device : {"cpu", "cuda", "mps"}, optional
        By default a CUDA device if there is one, else the CPU.
    int8 : Path, optional
        The network in 8-bit integers, as `septum compress` writes it.

    Raises
    ------
    ConfigError
        If there is no such backend, precision or device here, or they do not go together.
    DataError
        If the int8 version cannot be read.
    """
    _check(backend, precision, device)
    if device is None and (backend in ("openvino", "onnx") or precision == "int8"):
        device = "cpu"
    place = choose_device(device)
    if backend == "auto":
        backend = _fastest(place, precision)
    if backend == "openvino":
        engine: Engine = OpenVinoEngine(network, precision, int8)
    elif backend == "onnx":
        engine = OnnxEngine(network, precision)
    elif precision == "int8":
        raise ConfigError("the backend torch computes in fp32 or bf16; int8 needs openvino")
    else:
        engine = TorchEngine(network, place, precision)
    if place.type == "mps":
        return _tested(engine, network)
    return engine, _reason(engine, int8)


def available() -> list[Availability]:
    """Return every backend on every device that it knows, also those that cannot be used here."""
    floats = ("bf16", "fp32") if has_bfloat16(_CPU) else ("fp32", "bf16")
    without = "" if has_bfloat16(_CPU) else "this processor emulates bf16, which is slow"
    found = [Availability("torch", "cpu", floats, version("torch"), without)]
    devices = (
        ("cuda", torch.cuda.is_available(), ("bf16", "fp32"), "CUDA device", ""),
        ("mps", torch.backends.mps.is_available(), ("fp32",), "Apple GPU", "tested before use"),
    )
    for device, present, precisions, kind, note in devices:
        if not present:
            precisions, note = (), f"there is no {kind} here"
        found.append(Availability("torch", device, precisions, version("torch"), note))
    note = f"int8: a model that septum compress wrote{'; ' + without if without else ''}"
    found.append(_installed("openvino", ("int8", *floats), openvino.imported, note))
    found.append(_installed("onnx", ("fp32",), onnx.imported, ""))
    return found


def _installed(
    backend: str, precisions: tuple[str, ...], imported: Callable[[], Any], note: str
) -> Availability:
    try:
        found = imported()
    except ConfigError as error:
        return Availability(backend, "cpu", (), "", str(error))
    return Availability(backend, "cpu", precisions, found.__version__.partition("-")[0], note)


def _check(backend: str, precision: str, device: str | None) -> None:
    if backend not in ("auto", *BACKENDS):
        raise ConfigError(f"backend is {backend!r}; it is auto, {', '.join(BACKENDS)}")
    if precision not in ("auto", "32", *PRECISIONS):
        raise ConfigError(f"precision is {precision!r}; it is auto, {', '.join(PRECISIONS)}")
    if backend in ("openvino", "onnx") and device not in (None, "cpu"):
        raise ConfigError(
            f"the backend {backend} computes on the CPU; for the device {device!r} take torch"
        )


def _fastest(place: torch.device, precision: str) -> str:
    if place.type != "cpu":
        return "torch"
    if precision != "int8":
        try:
            openvino.imported()
        except ConfigError:
            return "torch"
    return "openvino"


def _reason(engine: Engine, int8: Path | None) -> str:
    computing = (
        f"{_NAMES[engine.name]} in {_IN_WORDS[engine.precision]} on {_PLACES[engine.device]}"
    )
    if engine.precision == "int8":
        return f"{computing}: the model holds them, and nothing here is faster"
    if engine.device != "cpu" or engine.name == "onnx":
        return computing
    units = has_bfloat16(_CPU)
    if units and engine.precision == "bf16":
        computing += ", for which this processor has units"
    elif not units and engine.precision == "fp32":
        computing += ", since this processor has no units for bfloat16"
    if engine.name == "openvino":
        return computing
    try:
        openvino.imported()
    except ConfigError:
        gain = "the model's int8 version and OpenVINO" if int8 else "OpenVINO"
        return f'{computing}; faster with {gain}: `pip install "septum[cpu]"`'
    return computing


def _tested(engine: Engine, network: UNet) -> tuple[Engine, str]:
    """Return `engine` if it agrees with the CPU on one tile, else the CPU's."""
    reference = TorchEngine(network, _CPU, "fp32")
    sizes = tuple(map(smallest_input, network.depths))
    wrong = self_test(engine, reference, sizes, TOLERANCE[engine.precision])
    if wrong is None:
        return engine, f"{_reason(engine, None)}, which agrees with the CPU on a test tile"
    return (
        TorchEngine(network, _CPU),
        f"WARNING: {_PLACES[engine.device]} computes other scores than the CPU ({wrong}), so that "
        "the CPU is used instead; please report this with the version of PyTorch and macOS",
    )
