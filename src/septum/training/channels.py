"""Choices that follow from the channels of the images: how their values become the network's."""

from collections.abc import Sequence
from dataclasses import replace

from septum.data.channels import common_names
from septum.data.sample import Sample
from septum.errors import ConfigError
from septum.plan import Plan

_AIR = -900
"""Hounsfield units: air is -1000, and no scan of a body is without it."""

_PADDING = -3100
"""What scanners fill corners with is above this; values below are no Hounsfield units."""

_BODY = (-1000.0, 1000.0)
"""From air to dense bone."""

_SCORES = (-2.0, 2.0)
"""Dark and bright in standard deviations about the mean."""


def of_channels(plan: Plan, samples: Sequence[Sample]) -> tuple[Plan, list[str]]:
    """Return the plan with the choices that the channels leave open, and a sentence for each.

    Parameters
    ----------
    plan : Plan
        With ``auto`` as `data.normalise` where that is open; what is set is kept.
    samples : sequence of Sample
        The training data.

    Raises
    ------
    ConfigError
        If the plan is to drop channels and there is one only, or its window is needed and not set,
        or set and not used.
    """
    if plan.augment.drop_channel and len(samples[0].own) == 1:
        raise ConfigError(
            "--robust-channels (augment.drop_channel) trains to do without one of several "
            "channels; these images have one. Leave it out"
        )
    names = common_names(samples)
    reasons = [] if names is None else [f"channels: {', '.join(names)}"]
    plan, more = _of_values(plan, samples)
    return _with_black_and_white(plan, samples), reasons + more


def _of_values(plan: Plan, samples: Sequence[Sample]) -> tuple[Plan, list[str]]:
    kind, window = plan.data.normalise, plan.data.window
    if window is not None and kind not in ("auto", "window"):
        raise ConfigError(
            f"data.window is {list(window)}, and data.normalise is {kind!r}, which takes no "
            "window; set data.normalise=window, or leave data.window out"
        )
    types = ", ".join(sorted({str(sample.image.dtype) for sample in samples}))
    if kind == "auto" and window is not None:
        return _set(plan, "window", window), []
    if kind in ("auto", "window") and window is None and _hounsfield(samples):
        low, high = _BODY
        reason = (
            f"grey values from {low:g} to {high:g} become 0 to 1: scans in {types} with values of "
            f"{_AIR} and less are in Hounsfield units; for soft tissue --set data.window=[-160,240]"
        )
        return _set(plan, "window", _BODY), [reason]
    if kind == "auto":
        reason = f"grey values by percentiles of each channel of an image ({types})"
        return _set(plan, "percentile", None), [reason]
    if kind == "window" and window is None:
        raise ConfigError(
            "data.normalise is 'window', and these images do not look like Hounsfield units; say "
            "which grey values become 0 and 1, as data.window=[-160,240]"
        )
    return plan, []


def _set(plan: Plan, kind: str, window: tuple[float, float] | None) -> Plan:
    return replace(plan, data=replace(plan.data, normalise=kind, window=window))


def _hounsfield(samples: Sequence[Sample]) -> bool:
    """Tell whether all samples are scans of one channel whose values look like Hounsfield units.

    Whole numbers with a sign, or float32 as a reader scales them by the file's slope and intercept.
    Slices of a body may be without air; one of them must have some.
    """
    if any(
        not sample.scan or len(sample.own) > 1 or sample.image.dtype.kind not in "if"
        for sample in samples
    ):
        return False
    return _PADDING <= min(float(sample.own.min()) for sample in samples) <= _AIR


def _with_black_and_white(plan: Plan, samples: Sequence[Sample]) -> Plan:
    """Return the plan with grey values varied about where the images have theirs.

    Left alone where they are set, or values become about 0 to 1 as the policy takes them to be.
    """
    policy = plan.augment
    usual = type(policy)()
    if (policy.black, policy.white) != (usual.black, usual.white):
        return plan
    if plan.data.normalise == "zscore":
        black, white = _SCORES
    elif plan.data.normalise == "none":
        black = min(float(sample.own.min()) for sample in samples)
        white = max(float(sample.own.max()) for sample in samples)
    else:
        return plan
    if not black < white:
        return plan
    return replace(plan, augment=replace(policy, black=black, white=white))
