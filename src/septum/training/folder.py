"""What a run folder says about its run, so that it can go on: ``run.json`` beside ``plan.toml``."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from septum.atomic import write_text
from septum.classes import Classes
from septum.config import from_dict, to_toml
from septum.counted import counted
from septum.data.layouts import AS_FOUND, Reading
from septum.data.split import digest_of_all
from septum.errors import ConfigError, DataError
from septum.plan import Plan
from septum.training.presets import preset
from septum.training.schedule import Length
from septum.version import __version__

FORMAT = 2
PLAN, FACTS, LOG = "plan.toml", "run.json", "log.jsonl"
STATE, MODEL, REPORT = "state", "model", "report.html"
_DATA = ("images", "masks", "labels")
_NAMED = 3


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@dataclass(frozen=True)
class Continued:
    """How a run went on.

    Attributes
    ----------
    after : int
        The last step before.
    command : str
        As that of `Facts`.
    begun : str
        When, in UTC.
    septum : str
        The version.
    """

    after: int
    command: str
    begun: str = field(default_factory=_now)
    septum: str = __version__


@dataclass(frozen=True)
class Facts:
    """How a run was begun, and how it went on.

    Attributes
    ----------
    seed : int
        Of the training.
    length : Length
        When it ends.
    data : str
        The hash of all that it learns from and is validated with.
    command : str
        The command line, or the call from Python; see `septum.invocation`.
    val : float or str or None
        The share or the folder to validate with.
    reading : Reading
        How folders are read.
    processes : int
        That share a batch.
    begun : str
        When, in UTC.
    septum : str
        The version.
    images : sequence of (str, str)
        Name and hash of each image with its annotation; empty in runs of earlier versions.
    continued : tuple of Continued
        What was typed or called to go on with it, in order.
    """

    seed: int
    length: Length
    data: str
    command: str
    val: float | str | None = None
    reading: Reading = AS_FOUND
    processes: int = 1
    begun: str = field(default_factory=_now)
    septum: str = __version__
    images: Sequence[Sequence[str]] = ()
    continued: tuple[Continued, ...] = ()


def refuse_no_folder(out: Path) -> None:
    """Raise DataError if `out` is a file, or a folder that looks like data."""
    if out.is_file():
        raise DataError(f"{out} is a file; give a folder for the run")
    for name in _DATA:
        if (out / name).is_dir():
            raise DataError(
                f"{out} holds {name}/, so it looks like data; give a folder of its own for the run"
            )


def begin(out: Path, plan: Plan, facts: Facts) -> None:
    """Write how a run begins, or goes on."""
    write_text(out / PLAN, to_toml(plan))
    write_text(out / FACTS, json.dumps({"format": FORMAT, **asdict(facts)}, indent=2) + "\n")


def begun(out: Path) -> tuple[Plan, Facts]:
    """Return how the run in `out` was begun.

    Raises
    ------
    DataError
        If there is none, or it cannot be read.
    """
    path = out / FACTS
    if not path.is_file():
        raise DataError(
            f"{out} holds no run that could go on: there is no {FACTS}. Begin one without --resume"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") > FORMAT:
            raise DataError(f"{path} was written by a newer septum; upgrade septum")
        length = Length(**content.pop("length"))
        reading, classes = content.pop("reading"), None
        if reading.get("classes") is not None:
            classes = Classes.from_json(reading.pop("classes"))
        reading = replace(from_dict(Reading, reading), classes=classes)
        continued = tuple(Continued(**later) for later in content.pop("continued", ()))
        facts = Facts(length=length, reading=reading, continued=continued, **content)
        return preset(str(out / PLAN)), facts
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} does not describe a run: {error}") from None


def refuse_other_data(out: Path, facts: Facts, images: Sequence[tuple[str, str]]) -> None:
    """Raise DataError unless a run goes on with the images and annotations that it began with.

    Parameters
    ----------
    out : Path
        The run folder.
    facts : Facts
        How it began.
    images : sequence of (str, str)
        Name and hash of each image now.
    """
    if facts.data != digest_of_all(images):
        raise DataError(
            f"the images or annotations are not those that {out} began with"
            f"{_differences(facts.images, images)}; put them back as they were, or begin a new run "
            "with another folder"
        )


def _differences(before: Sequence[Sequence[str]], now: Sequence[Sequence[str]]) -> str:
    """Return which images are others than before, as far as that is known."""
    known, found = {tuple(image) for image in before}, {tuple(image) for image in now}
    old, new = ({name for name, _ in images} for images in (known, found))
    changed = {name for name, _ in found - known} & {name for name, _ in known - found}
    parts = [
        f"{', '.join(sorted(names)[:_NAMED])}"
        f"{f' and {len(names) - _NAMED} more' if len(names) > _NAMED else ''} {what}"
        for names, what in ((changed, "changed"), (old - new, "gone"), (new - old, "new"))
        if names
    ]
    if not before or not parts:
        return ", or another version of septum read them otherwise"
    return f" ({'; '.join(parts)})"


def refuse_other_processes(out: Path, facts: Facts, processes: int) -> None:
    """Raise ConfigError if another number of processes than at the beginning shares a batch."""
    if processes != facts.processes:
        raise ConfigError(
            f"{out} began with {counted(facts.processes, 'process')} and batches for as many; go "
            f"on with as many devices and nodes (now {processes})"
        )
