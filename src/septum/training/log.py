"""The log of a run: one JSON line a step, so that a run can be watched and drawn."""

import json
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from septum.errors import SeptumError
from septum.training.loop import Step


class StepLog:
    """Write the steps of a run to a file, each complete as soon as it is written.

    Parameters
    ----------
    path : Path
        Made with its folder; the log of an aborted run is replaced.

    Raises
    ------
    SeptumError
        If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8", buffering=1)
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
