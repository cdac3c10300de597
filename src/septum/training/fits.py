"""Whether a training fits into memory, said before the memory is asked for."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import prod

import torch

from septum.data.crops import tile_of
from septum.data.sample import Sample
from septum.description import Description, score_channels
from septum.errors import ConfigError
from septum.plan import Plan
from septum.resample import rescaled_shape, scale_per_axis
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
        scales = scale_per_axis(plan.data.scale, samples[0].ndim)
        less = 0.95 * (held / needed) ** (1 / samples[0].ndim)
        shape = " × ".join(map(str, rescaled_shape(samples[0].shape, scales)))
        largest = _words(float(f"{scale * less:.2g}") for scale in scales)
        raise ConfigError(
            f"at data.scale={_words(scales)} the images ({samples[0].name}: {shape} px, "
            f"{len(samples)} in all) take {readable_bytes(needed)} and this computer has "
            f"{readable_bytes(held)}; the largest scale that could fit is {largest}"
        )
    held = _built_in(device) if memory is None else memory
    needed = _network(samples, plan)
    if needed > held:
        shallower = _shallower(plan)
        fitting = next((p for p in shallower if _network(samples, p) <= held), None)
        hint = "make it narrower, as --set network.width=16, or the tile smaller"
        if fitting is not None:
            depth = _words(_depths(fitting))
            hint = f"the largest depth that could fit is {depth}: --set network.depth={depth}"
        takes = "more than can be counted" if needed >= _UNBOUNDED else readable_bytes(needed)
        raise ConfigError(
            f"a network of depth {_words(_depths(plan))} and width {plan.network.width} takes "
            f"{takes} in training and the {device.type} has {readable_bytes(held)}; {hint}"
        )


def _images(samples: Sequence[Sample], plan: Plan) -> int:
    """Return the bytes of all images at the working resolution: pixels, weights and classes."""
    channels = len(samples[0].image) * _views(plan)
    pixels = sum(prod(rescaled_shape(sample.shape, plan.data.scale)) for sample in samples)
    return pixels * (_FLOAT * channels + _FLOAT + 1)


def _network(samples: Sequence[Sample], plan: Plan) -> int:
    """Return the bytes of the weights, and of what the convolutions leave behind of one tile."""
    first = samples[0]
    known = Description(
        in_channels=len(first.image) * _views(plan),
        classes=score_channels(plan, first.named),
        ndim=first.ndim,
        plan=plan,
        named=first.named,
    )
    try:
        with torch.device("meta"):  # shapes alone: nothing is allocated
            network = known.build()
    except RuntimeError:  # sizes that do not even fit into 64 bits
        return _UNBOUNDED
    weights = sum(parameter.numel() for parameter in network.parameters())
    shapes = [rescaled_shape(sample.shape, plan.data.scale) for sample in samples]
    sizes, _ = tile_of(shapes, *plan.tile_and_depth)
    features = 0

    def count(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal features
        features += output.numel()

    for module in network.modules():
        if not any(True for _ in module.children()):
            module.register_forward_hook(count)
    with torch.no_grad():
        network(torch.empty(1, known.in_channels, *sizes, device="meta"))
    # In bfloat16 features take two bytes; of layer and activation after it, one may be in place.
    return _FLOAT * _COPIES * weights + features


def _views(plan: Plan) -> int:
    return 2 * (plan.data.context or 0) + 1


def _depths(plan: Plan) -> tuple[int, ...]:
    _, depth = plan.tile_and_depth
    return (depth,) if isinstance(depth, int) else depth


def _shallower(plan: Plan) -> Iterator[Plan]:
    """Yield the plan with less depth, the deepest first."""
    _, own = plan.tile_and_depth
    for most in range(max(_depths(plan)) - 1, 0, -1):
        depth = most if isinstance(own, int) else tuple(min(axis, most) for axis in own)
        yield replace(plan, network=replace(plan.network, depth=depth))


def _words(values: Iterable[float]) -> str:
    """Return one number, or one for each axis, as ``--set`` takes them."""
    words = [f"{value:g}" for value in values]
    return words[0] if len(set(words)) == 1 else f"[{','.join(words)}]"


def _built_in(device: torch.device) -> int:
    """Return the bytes of memory of a device; without bound where it does not say."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return _UNBOUNDED
