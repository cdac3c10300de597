"""A trained model as `septum info` prints it: what it takes, where it is from, how good it is."""

from collections.abc import Iterator
from pathlib import Path

from rich.table import Table
from rich.text import Text

from septum.cli import show
from septum.config import to_toml
from septum.counted import counted
from septum.description import Description
from septum.duration import readable
from septum.rank import ELEMENT, IMAGES
from septum.resample import scale_per_axis

_NAMED = 4


def print_run(path: Path, known: Description, plan: bool) -> None:
    """Print a model for people, in 80 columns.

    Parameters
    ----------
    path : Path
        The run folder.
    known : Description
        Of its model.
    plan : bool
        Also every choice of the training, as in ``plan.toml``.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, sentence in _rows(known):
        table.add_row(name, Text(sentence))
    show.results.print(table)
    if plan:
        show.results.print()
        show.verbatim(to_toml(known.plan))
    else:
        show.note(f"every choice of the training: septum info {path} --plan")


def _rows(known: Description) -> Iterator[tuple[str, str]]:
    facts = known.training
    yield "takes", _takes(known)
    yield "sees them", _working(known)
    yield from _finds(known)
    names = facts.get("images", [])
    if names:
        shown = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        yield "learnt from", f"{counted(len(names), 'image')}: {shown}"
    if "steps" in facts:
        took = f" in {readable(facts['seconds'])}" if "seconds" in facts else ""
        yield "trained", f"{counted(facts['steps'], 'step')}{took}, seed {facts.get('seed', '?')}"
    if known.interrupted:
        yield (
            "unfinished",
            "interrupted; the thresholds are the default ones until --finish chooses",
        )
    yield "score", _score(known)
    network = known.plan.network
    alike = len(set(known.depths)) == 1
    depth = str(known.depths[0]) if alike else " × ".join(map(str, known.depths)) + " (ZYX)"
    count = sum(parameter.numel() for parameter in known.build().parameters())
    yield (
        "network",
        f"U-Net of depth {depth} and width {network.width}, {count / 1e6:.2g} million weights",
    )
    for name, command in known.commands:
        yield name.lower(), command


def _takes(known: Description) -> str:
    kind = IMAGES[known.ndim]
    names = "" if known.channels is None else f" ({', '.join(known.channels)})"
    channels = counted(known.image_channels, "channel") + names
    also = ", or grey ones" if known.grey_too else ""
    slices = counted(known.reach, "slice")
    around = f", with {slices} before and behind" if known.reach else ""
    if known.spacing is None:
        return (
            f"{kind} of {channels}{also}{around}; their {ELEMENT[known.ndim]} size was not stated"
        )
    sizes = " × ".join(f"{size:.4g}" for size in known.spacing)
    return f"{kind} of {channels}{also}{around}, with {ELEMENT[known.ndim]}s of {sizes} µm"


def _working(known: Description) -> str:
    factors = scale_per_axis(known.plan.data.scale, known.ndim)
    if set(factors) == {1.0}:
        return "at their own resolution"
    each = factors[:1] if len(set(factors)) == 1 else factors
    return f"at {' × '.join(f'{by:.3g}' for by in each)} of their resolution"


def _finds(known: Description) -> Iterator[tuple[str, str]]:
    if known.named is None:
        what = f"{ELEMENT[known.ndim]}s"
        yield "finds", f"{known.rule}; of {known.plan.instances.smallest[0]} {what} and more"
        return
    yield "tells apart", ", ".join(known.named.names)
    yield "finds", known.rule + (known.specks and f"; {known.specks}")


def _score(known: Description) -> str:
    facts = known.training
    if facts.get("best_score") is None:
        return "not validated: how good it is on images that it has not seen is not known"
    seen = counted(len(facts.get("validation_images", [])), "image")
    return (
        f"{known.measure} {facts['best_score']:.3f} on {seen} to validate with, at step "
        f"{facts['best_step']:,}"
    )
