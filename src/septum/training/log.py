"""The log of a run: one JSON line a step, so that a run can be watched and drawn."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from septum.atomic import write_text
from septum.errors import SeptumError
from septum.training.loop import Step


class StepLog:
    """Write the steps of a run to a file, each complete as soon as it is written.

    Parameters
    ----------
    path : Path
        Made with its folder.
    after : int, default 0
        The steps of an earlier session up to this one are kept, those behind it replaced.
    writes : bool, default True
        Of several processes only one does.

    Raises
    ------
    SeptumError
        If it cannot be written.
    """

    def __init__(self, path: Path, after: int = 0, writes: bool = True) -> None:
        self._path = path
        try:
            if not writes:
                path = Path(os.devnull)
            elif after and path.is_file():
                write_text(path, "".join(_up_to(after, path)))
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = "a" if after and writes else "w"
            self._file = path.open(mode, encoding="utf-8", buffering=1)
        except OSError as error:
            raise self._refused(error) from error

    def write(self, step: Step) -> None:
        """Append one step.

        Raises
        ------
        SeptumError
            If the disk is full.
        """
        try:
            self._file.write(json.dumps(asdict(step)) + "\n")
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> SeptumError:
        return SeptumError(
            f"cannot write {self._path}: {error.strerror or error}; choose another run folder"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._file.close()
        except OSError as refusal:
            # Closing writes once more what a full disk has refused; that has been said already.
            if error is None:
                raise self._refused(refusal) from refusal


def steps(path: Path) -> Iterator[Step]:
    """Yield the steps in a log; a last line that was cut short is left out."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield Step(**json.loads(line))


def _up_to(number: int, path: Path) -> Iterator[str]:
    for step in steps(path):
        if step.number <= number:
            yield json.dumps(asdict(step)) + "\n"
