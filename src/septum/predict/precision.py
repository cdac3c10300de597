"""Which device to compute on, and in which floating-point type."""

import torch

from septum.errors import ConfigError

PRECISIONS = ("auto", "fp32", "bf16")
DEVICES = ("cpu", "cuda", "mps")

_SAME = {"32": "fp32"}  # as plans and models of septum 0.1 call it


def choose_device(name: str | None = None) -> torch.device:
    """Return the device called `name`; by default a CUDA device if there is one, else the CPU.

    Raises
    ------
    ConfigError
        If there is no such device.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in DEVICES:
        raise ConfigError(f"device is {name!r}; it is one of {', '.join(DEVICES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device is 'cuda', but there is no CUDA device here; use 'cpu'")
    if name == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("device is 'mps', but there is no Apple GPU here; use 'cpu'")
    return torch.device(name)


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether `device` has units for bfloat16; emulating it is slower than float32."""
    if device.type == "cpu":
        features = torch.cpu.get_capabilities()
        return bool(features.get("avx512_bf16") or features.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def resolve(precision: str, device: torch.device) -> str:
    """Return ``"bf16"`` or ``"fp32"`` for a wished precision; ``"32"`` is ``"fp32"`` too.

    Raises
    ------
    ConfigError
        If `precision` is unknown.
    """
    precision = _SAME.get(precision, precision)
    if precision not in PRECISIONS:
        raise ConfigError(f"precision is {precision!r}; it is one of {', '.join(PRECISIONS)}")
    if precision == "auto":
        return "bf16" if has_bfloat16(device) else "fp32"
    return precision
