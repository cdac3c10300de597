"""Whether a training fits into memory, said before the memory is asked for."""

import os
from collections.abc import Sequence
from dataclasses import replace
from math import prod

import torch

from septum.data.crops import tile_of
from septum.data.sample import Sample
from septum.description import Description
from septum.errors import ConfigError
from septum.plan import Plan
from septum.resample import rescaled_shape
from septum.size import readable_bytes

_COPIES = 4
"""Of the weights: themselves, their gradients, and the two moments of AdamW or less."""

_FLOAT = 4
_UNBOUNDED = 2**63


def refuse_too_large(
    plan: Plan, samples: Sequence[Sample], device: torch.device, memory: int | None = None
) -> None:
    """Raise ConfigError if a training takes more memory than there is, whatever it does.

    What is counted is less than what will be taken, so that nothing is refused that would fit: of
    the images the pixels and weights at the working resolution, of the network the weights, and the
    features that a tile leaves behind for the way back.

    Parameters
    ----------
    plan : Plan
        Resolved.
    samples : sequence of Sample
        To learn from.
    device : torch.device
        What computes.
    memory : int, optional
        Bytes; by default what is built into this computer, and into the device.

    Raises
    ------
    ConfigError
        With the size, and the largest scale, or depth, that fits.
    """
    held = _built_in(torch.device("cpu")) if memory is None else memory
    needed = _images(samples, plan)
    if needed > held:
        scale = plan.data.scale or 1.0
        largest = scale * (held / needed) ** (1 / samples[0].ndim)
        shape = " × ".join(map(str, rescaled_shape(samples[0].shape, scale)))
        raise ConfigError(
            f"at data.scale={scale:g} the images ({samples[0].name}: {shape} px, {len(samples)} in "
            f"all) take {readable_bytes(needed)} and this computer has {readable_bytes(held)}; "
            f"the largest scale that could fit is {float(f'{0.95 * largest:.2g}'):g}"
        )
    held = _built_in(device) if memory is None else memory
    needed = _network(samples, plan)
    if needed > held:
        depths = range(plan.network.depth - 1, 0, -1)
        depth = next((d for d in depths if _network(samples, _with_depth(plan, d)) <= held), None)
        hint = "make it narrower, as --set network.width=16, or the tile smaller"
        if depth is not None:
            hint = f"the largest depth that could fit is {depth}: --set network.depth={depth}"
        takes = "more than can be counted" if needed >= _UNBOUNDED else readable_bytes(needed)
        raise ConfigError(
            f"a network of depth {plan.network.depth} and width {plan.network.width} takes {takes} "
            f"in training and the {device.type} has {readable_bytes(held)}; {hint}"
        )


def _images(samples: Sequence[Sample], plan: Plan) -> int:
    """Return the bytes of all images at the working resolution: pixels, weights and classes."""
    scale, channels = plan.data.scale or 1.0, len(samples[0].image) * _views(plan)
    pixels = sum(prod(rescaled_shape(sample.shape, scale)) for sample in samples)
    return pixels * (_FLOAT * channels + _FLOAT + 1)


def _network(samples: Sequence[Sample], plan: Plan) -> int:
    """Return the bytes of the weights, and of what the convolutions leave behind of one tile."""
    first = samples[0]
    known = Description(
        in_channels=len(first.image) * _views(plan),
        classes=3 if plan.targets.border else 2,
        ndim=first.ndim,
        plan=plan,
    )
    try:
        with torch.device("meta"):  # shapes alone: nothing is allocated
            network = known.build()
    except RuntimeError:  # sizes that do not even fit into 64 bits
        return _UNBOUNDED
    weights = sum(parameter.numel() for parameter in network.parameters())
    shapes = [rescaled_shape(sample.shape, plan.data.scale or 1.0) for sample in samples]
    size, _ = tile_of(shapes, plan.training.tile, plan.network.depth)
    features = 0

    def count(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal features
        features += output.numel()

    for module in network.modules():
        if not any(True for _ in module.children()):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.empty(1, known.in_channels, *[size] * first.ndim, device="meta"))
    # In bfloat16 features take two bytes; of layer and activation after it, one may be in place.
    return _FLOAT * _COPIES * weights + features


def _views(plan: Plan) -> int:
    return 2 * (plan.data.context or 0) + 1


def _with_depth(plan: Plan, depth: int) -> Plan:
    return replace(plan, network=replace(plan.network, depth=depth))


def _built_in(device: torch.device) -> int:
    """Return the bytes of memory of a device; without bound where it does not say."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return _UNBOUNDED
