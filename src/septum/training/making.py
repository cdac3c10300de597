"""What a model was made from, and how: its images, its choices, the machine."""

import platform
from collections.abc import Sequence

import numpy as np
import torch

from septum.config import to_toml
from septum.counted import counted
from septum.data.sample import Sample
from septum.data.summary import describe
from septum.duration import readable
from septum.model import Model
from septum.report.html import Html, element, facts, section, table
from septum.version import __version__

_ROWS = 50


def data_of(samples: Sequence[Sample], validation: Sequence[Sample]) -> Html:
    """Return the section of a page that lists the images that a model was trained on, 50 at most.

    Parameters
    ----------
    samples, validation : sequence of Sample
        What it learnt from, and what it was validated with; the latter may be empty.
    """
    sides = [(s, "training") for s in samples] + [(s, "validation") for s in validation]
    rows = [_row(sample, side) for sample, side in sides[:_ROWS]]
    head = ("Image", "For", "Size in px", "Type")
    head += (
        ("Objects", "Median width", "Touching pairs") if samples[0].named is None else ("Classes",)
    )
    head += ("Annotated",)
    held = len(validation) or "none"
    count = f"{counted(len(samples), 'image')} to learn from, {held} to validate with."
    more = len(sides) - len(rows)
    rest = [element("p", f"and {more:,} more", class_="over")] if more else []
    return section("The data", element("p", count), table(head, rows, texts=4), *rest)


def _row(sample: Sample, side: str) -> tuple[str, ...]:
    known = describe(sample)
    size = " × ".join(map(str, known["shape"]))
    channels = known["channels"]
    if sample.named is None:
        width = known["median_diameter"]
        held = (
            f"{known['objects']:,}",
            "–" if width is None else f"{width:.1f} px",
            f"{known['touching_pairs']:,}",
        )
    else:
        held = (", ".join(f"{name} {share:.1%}" for name, share in known["classes"].items()),)
    return (
        known["name"],
        side,
        size if channels == 1 else f"{size}, {channels} channels",
        known["dtype"],
        *held,
        f"{known['annotated']:.0%}",
    )


def making_of(model: Model) -> Html:
    """Return the section of a page with commands, times, versions and every choice of a model.

    What its description does not state, such as that of a model that was never trained, is left
    out.
    """
    known, plan = model.description.training, model.description.plan
    number, seconds, waited = (known.get(name) for name in ("steps", "seconds", "waited"))
    rows: list[tuple[str, object]] = []
    rows += [(name, element("code", line)) for name, line in model.description.commands]
    rows += [
        (name, known[key]) for name, key in (("Begun", "begun"), ("Seed", "seed")) if key in known
    ]
    if seconds is not None:
        rows.append(("Time", f"{readable(seconds)} for {number:,} steps"))
    if seconds and number:
        rows.append(("Time per step", f"{seconds / number:.3g} s"))
    if waited is not None:
        rows.append(("Waited for data", f"{waited:.1%} of the time"))
    versions = {"septum": __version__, "torch": torch.__version__, "numpy": np.__version__}
    versions |= {"Python": platform.python_version()}
    rows.append(("Versions", ", ".join(f"{name} {version}" for name, version in versions.items())))
    rows.append(("Platform", platform.platform()))
    if "data" in known:
        rows.append(("Data, SHA-256", element("code", known["data"])))
    every = element(
        "details",
        element("summary", "Every choice (plan.toml)"),
        element("pre", to_toml(plan)),
    )
    return section("How it was made", facts(rows), every)
