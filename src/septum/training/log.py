"""The log of a run: one JSON line a step, so that a run can be watched and drawn."""

import json
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from septum.training.loop import Step


class StepLog:
    """Append the steps of a run to a file, each complete as soon as it is written.

    Parameters
    ----------
    path : Path
        Made with its folder; an existing log is continued.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, step: Step) -> None:
        """Append one step."""
        self._file.write(json.dumps(asdict(step)) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
