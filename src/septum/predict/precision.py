"""Which floating-point type a device computes convolutions in."""

import torch

from septum.errors import ConfigError

PRECISIONS = ("auto", "32", "bf16")


def choose_device(name: str | None = None) -> torch.device:
    """Return the device called `name`; by default a CUDA device if there is one, else the CPU.

    Raises
    ------
    ConfigError
        If there is no such device.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise ConfigError(f"device is {name!r}; it is 'cpu' or 'cuda'")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device is 'cuda', but there is no CUDA device here; use 'cpu'")
    return torch.device(name)


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether `device` has units for bfloat16; emulating it is slower than float32."""
    if device.type == "cpu":
        features = torch.cpu.get_capabilities()
        return bool(features.get("avx512_bf16") or features.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def resolve(precision: str, device: torch.device) -> str:
    """Return ``"bf16"`` or ``"32"`` for a wished precision.

    Raises
    ------
    ConfigError
        If `precision` is unknown.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision is {precision!r}; it is one of {', '.join(PRECISIONS)}")
    if precision == "auto":
        return "bf16" if has_bfloat16(device) else "32"
    return precision


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context in which convolutions run in the resolved precision."""
    enabled = resolve(precision, device) == "bf16"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
