"""What the verbs share on the terminal: notes, progress bars, tables of scores."""

import json
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleDimensions
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from septum.cli.wrapping import wrapped
from septum.duration import readable

_RANKS = ("LOCAL_RANK", "NODE_RANK", "GROUP_RANK")  # of Lightning Fabric and torchrun
_ENDLESS = 10_000
_NAME, _NUMBER, _GAP = 8, 6, 2  # characters of a class, of a score, between columns
_FIRST = all(os.environ.get(rank, "0") == "0" for rank in _RANKS)


class _Console(Console):
    """A console that breaks and cuts nothing in a file, which has no edge."""

    @property
    def size(self) -> ConsoleDimensions:
        """Columns and rows, as far as there are any."""
        if self.is_terminal or "COLUMNS" in os.environ:
            return super().size
        return ConsoleDimensions(_ENDLESS, 25)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, and in a file leave no blanks at the ends of lines."""
        if self.is_terminal:
            super().print(*objects, **options)
            return
        with self.capture() as printed:
            super().print(*objects, **options)
        try:
            self.file.write(re.sub(r" +$", "", printed.get(), flags=re.MULTILINE))
            self.file.flush()
        except BrokenPipeError:
            self.on_broken_pipe()


console = _Console(stderr=True, emoji=False, quiet=not _FIRST)
"""What is told on the way goes to the standard error: progress, notes, errors, where results are.

Of several processes of one training only the first speaks.
"""

results = _Console(emoji=False, quiet=not _FIRST)
"""What was asked for goes to the standard output, as facts and scores, to be kept in a file."""


def first_speaks() -> None:
    """Silence all but the first of several processes that SLURM started for one training.

    For other verbs it may have started one for each of many folders: those speak.
    """
    for each in (console, results):
        each.quiet = each.quiet or os.environ.get("SLURM_PROCID", "0") != "0"


def note(text: str) -> None:
    """Print one sentence about how something was understood or chosen."""
    line(console, text)


def remark(text: str) -> None:
    """Print one sentence that belongs to a result."""
    line(results, text)


def done(text: str) -> None:
    """Print the last line of a verb that succeeded."""
    line(console, text, "✓", "green")


def failed(text: str) -> None:
    """Print what went wrong with one of many items."""
    line(console, text, "✗", "bold red")


def error(text: str) -> None:
    """Print what ended a verb, and what would work."""
    line(console, text, "error:", "bold red")


def line(where: Console, text: str, mark: str = "•", style: str = "dim") -> None:
    """Print a sentence behind a mark: on a terminal in as many lines as it needs."""
    # In a log, or for a script that searches it, a sentence is one line.
    lines = wrapped(text, where.width - 2, len(mark) - 1) if where.is_terminal else [text]
    said = Text.assemble((mark, style), " ", "\n  ".join(lines))
    where.print(said, highlight=False, soft_wrap=True)


def verbatim(text: str) -> None:
    """Print the text of a file, whose lines are not broken."""
    results.print(Text(text.strip()), soft_wrap=True)


def command(text: str) -> None:
    """Print what a user may copy: one line, however long it is."""
    console.print(Text(text), highlight=False, soft_wrap=True)


@contextmanager
def progress(description: str) -> Iterator["Bar"]:
    """Show a bar with the time left, until the block ends."""
    name = TextColumn("{task.description}", markup=False)  # of a file: [b] may be a part of it
    # A training has most to say (see `steps.Steps`): on 80 columns the bar gives way to the words.
    left = TimeRemainingColumn(table_column=Column(no_wrap=True))
    parts: list[ProgressColumn] = [name, BarColumn(bar_width=8)]
    parts += [TextColumn("{task.percentage:>3.0f} %"), left, TextColumn("left")]
    parts += [TextColumn("{task.fields[detail]}")]
    # In a log file a bar is noise.
    with Progress(*parts, console=console, disable=not console.is_terminal) as bar:
        try:
            yield Bar(bar, bar.add_task(description, total=1.0, detail=""))
        finally:
            bar.live.transient = True  # what is left on the screen is what was found, or the error


class Bar:
    """One progress bar."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar, self._task = bar, task

    def update(self, share: float, detail: str = "", name: str | None = None) -> None:
        """Set how much is done, 0 to 1, the words behind the bar and, if given, before it."""
        self._bar.update(self._task, completed=share, detail=detail, description=name)

    def refresh(self) -> None:
        """Draw it now and not at the next tick."""
        self._bar.refresh()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar off the screen while a result is printed, which knows nothing of it."""
        if self._bar.disable:
            yield
            return
        self._bar.live.transient = True
        self._bar.stop()
        yield
        self._bar.live.transient = False
        self._bar.start()

    def count(self, finished: int, total: int) -> None:
        """Set how much is done as a count."""
        self.update(finished / total)


@contextmanager
def files(count: int) -> Iterator["Files"]:
    """Show a bar for all files and one for the file at hand, until the block ends."""
    name = TextColumn("{task.description}", markup=False)
    parts: list[ProgressColumn] = [name, BarColumn(bar_width=20)]
    parts += [TextColumn("{task.percentage:>3.0f} %"), TextColumn("{task.fields[detail]}")]
    with Progress(*parts, console=console, disable=not console.is_terminal) as bar:
        try:
            yield Files(bar, count)
        finally:
            bar.live.transient = True  # what stays on the screen is one line for each file


class Files:
    """Two progress bars: of the files, and of what is done with the one at hand."""

    def __init__(self, bar: Progress, count: int) -> None:
        self._bar, self._count, self._finished = bar, count, 0
        self._all = bar.add_task(f"0 of {count} images", total=count, detail="", visible=count > 1)
        self._one = bar.add_task("", total=1.0, detail="", visible=False)
        self._begun = self._stage_begun = time.monotonic()
        self._stage = self._name = ""
        self._said: dict[str, int] = {}

    def start(self, name: str) -> None:
        """Begin with the file called `name`."""
        self._name, self._stage = name, ""
        self._bar.update(self._one, description=name, completed=0, detail="", visible=True)

    def note_of(self, path: Path) -> Callable[[str], None]:
        """Return what prints a sentence about a file: once, if it holds for many."""

        def say(text: str) -> None:
            if text not in self._said:
                note(f"{path.name}: {text}" + (" (said once)" if self._count > 1 else ""))
            self._said[text] = self._said.get(text, 0) + 1

        return say

    def report(self, stage: str, done: int, total: int) -> None:
        """Show how much of a stage is done; pixels per second where pixels are counted."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_begun = stage, now
        elapsed = now - self._stage_begun
        detail = stage
        if stage == "computing" and done and elapsed > 0:
            left = elapsed * (total - done) / done
            detail = f"{done / elapsed / 1e6:.2f} Mpx/s, {readable(left)} left"
        self._bar.update(self._one, completed=done / max(total, 1), detail=detail)

    def finish(self) -> None:
        """Count the file at hand as done."""
        self._finished += 1
        elapsed = time.monotonic() - self._begun
        left = elapsed * (self._count - self._finished) / self._finished
        self._bar.update(
            self._all,
            completed=self._finished,
            description=f"{self._finished} of {self._count} images",
            detail=f"{readable(left)} left",
        )


def scores(values: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the scores of `septum.evaluate`: single numbers, then a row for each IoU or class."""
    single = Table("metric", "value", "", box=None, pad_edge=False)
    for group in values.values():
        for name, value in group.items():
            if not isinstance(value, Mapping):
                best = "0 is perfect" if name.endswith("error") else "1 is perfect"
                single.add_row(name.replace("_", " "), f"{value:.6f}", f"[dim]{best}[/]")
    matching = values.get("matching", {})
    if single.row_count:
        results.print(single)
    if matching:
        names = list(next(iter(matching.values())))
        by_iou = Table("IoU", *names, box=None, pad_edge=False)
        for iou, row in matching.items():
            by_iou.add_row(iou, *(f"{row[name]:.3f}" for name in names))
        results.print(by_iou)
    classes = values.get("classes", {})
    if classes:
        results.print(_by_class(classes))


def _by_class(rows: Mapping[str, Mapping[str, float]]) -> Table:
    """Return a row for each class or, where that is too wide, a column."""
    scores = {name: list(map(_score, row.values())) for name, row in rows.items()}
    metrics = [name.replace("_", " ") for name in next(iter(rows.values()))]
    # The name of a class is whatever the user likes: it gives way, and is no markup.
    names = [Text(name, overflow="fold") for name in rows]
    rows_need = _NAME + sum(max(len(metric), _NUMBER) + _GAP for metric in metrics)
    columns_need = max(map(len, metrics)) + len(names) * (_NAME + _GAP)
    wide = not columns_need <= results.width < rows_need
    table = Table("class" if wide else "", box=None, pad_edge=False)
    for name in metrics if wide else names:
        table.add_column(name, no_wrap=wide, min_width=_NUMBER)
    if wide:
        for name, values in zip(names, scores.values(), strict=True):
            table.add_row(name, *values)
    else:
        for name, *values in zip(metrics, *scores.values(), strict=True):
            table.add_row(name, *values)
    return table


def _score(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4f}"


def as_json(value: Any) -> str:
    """Return facts or scores as JSON, which has no NaN and no infinity: they become null."""
    return json.dumps(_finite(value), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
