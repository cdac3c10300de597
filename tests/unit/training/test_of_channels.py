"""What the channels of the training images decide: names, grey values, dropping."""

from dataclasses import replace

import numpy as np
import pytest

from septum.augment import Augmentation
from septum.data.sample import Sample
from septum.errors import ConfigError
from septum.plan import DataPlan, Plan
from septum.training.channels import of_channels

OPEN = Plan(data=DataPlan(normalise="auto"))


def scan(low=-1024, high=1500, dtype=np.int16, channels=1, **changes):
    image = np.linspace(low, high, channels * 48).reshape(channels, 6, 8).astype(dtype)
    return Sample(image, np.ones((6, 8), np.int32), scan=changes.pop("scan", True), **changes)


@pytest.mark.parametrize(
    "samples",
    [
        [scan()],
        [scan(dtype=np.float32)],  # a NIfTI file with a slope
        [scan(-3024)],  # the corners that a scanner fills
        [scan(-200), scan(-1000)],  # a slice without air among others
    ],
)
def test_hounsfield_units_get_a_window_and_it_is_said(samples):
    plan, (reason,) = of_channels(OPEN, samples)
    assert (plan.data.normalise, plan.data.window) == ("window", (-1000.0, 1000.0))
    assert "from -1000 to 1000" in reason
    assert "Hounsfield units" in reason


@pytest.mark.parametrize(
    "samples",
    [
        [scan(-899)],
        [scan(-4096, 4095)],  # phases
        [scan(scan=False)],
        [scan(), scan(scan=False)],
        [scan(channels=2)],
        [scan(0, 60_000, np.uint16)],
    ],
)
def test_other_images_get_percentiles_and_it_is_said(samples):
    plan, (reason,) = of_channels(OPEN, samples)
    assert (plan.data.normalise, plan.data.window) == ("percentile", None)
    assert f"by percentiles of each channel of an image ({samples[0].image.dtype})" in reason


def test_what_the_user_set_is_kept():
    for kind in ("percentile", "range", "zscore", "none"):
        plan, reasons = of_channels(Plan(data=DataPlan(normalise=kind)), [scan()])
        assert (plan.data.normalise, plan.data.window, reasons) == (kind, None, [])
    for kind in ("auto", "window"):
        own = DataPlan(normalise=kind, window=(-160.0, 240.0))
        plan, reasons = of_channels(Plan(data=own), [scan()])
        assert plan.data == replace(own, normalise="window")
        assert not reasons


def test_a_window_that_is_not_used_or_not_known_is_refused():
    with pytest.raises(ConfigError, match=r"data\.window is \[0.0, 9.0\], .* is 'range'"):
        of_channels(Plan(data=DataPlan(normalise="range", window=(0.0, 9.0))), [scan()])
    with pytest.raises(ConfigError, match=r"do not look like Hounsfield units; .*\[-160,240\]"):
        of_channels(Plan(data=DataPlan(normalise="window")), [scan(0)])
    for wrong in ((5.0, 5.0), (float("nan"), 1.0)):
        with pytest.raises(ConfigError, match=r"data\.window is .* the lower one first"):
            DataPlan(window=wrong)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("zscore", (-2, 2)), ("none", (-1024, 1500)), ("range", (0, 1)), ("auto", (0, 1))],
)
def test_grey_values_are_varied_where_the_images_have_theirs(kind, expected):
    plan, _ = of_channels(Plan(data=DataPlan(normalise=kind)), [scan()])
    assert (plan.augment.black, plan.augment.white) == expected
    own = Plan(data=DataPlan(normalise=kind), augment=Augmentation(black=-7.0, white=7.0))
    assert of_channels(own, [scan()])[0].augment == own.augment


def test_names_are_said_and_a_single_channel_is_not_dropped():
    named = replace(scan(channels=2), channels=("DAPI", "actin"))
    plan = Plan(augment=Augmentation(drop_channel=0.2))
    assert of_channels(plan, [named]) == (plan, ["channels: DAPI, actin"])
    with pytest.raises(ConfigError, match=r"--robust-channels .* these images have one"):
        of_channels(plan, [scan()])
