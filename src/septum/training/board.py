"""The curves of a run for TensorBoard, beside its own log and page."""

from pathlib import Path
from types import TracebackType
from typing import Self

from septum.errors import ConfigError
from septum.training.loop import Step


class Board:
    """Writes the numbers of each step where ``tensorboard --logdir`` finds them.

    Parameters
    ----------
    folder : Path
        For the event files.

    Raises
    ------
    ConfigError
        If TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ConfigError(
                'TensorBoard is not installed; `pip install "septum[tensorboard]"`, or leave it '
                "away: log.jsonl and report.html hold the same curves"
            ) from None
        # Made with the first step: what is refused before leaves nothing, and so do processes that
        # are not the first.
        self._make = lambda: SummaryWriter(str(folder))
        self._writer: SummaryWriter | None = None
        self._before: Step | None = None

    def write(self, step: Step) -> None:
        """Add the numbers of one step."""
        self._writer = self._writer or self._make()
        numbers = {
            "loss": step.loss,
            "learning_rate": step.learning_rate,
            "waited": step.waited,
            "validation": step.validation,
            "tiles_per_second": self._rate(step),
        }
        for name, value in numbers.items():
            if value is not None:
                self._writer.add_scalar(name, value, step.number)

    def _rate(self, step: Step) -> float | None:
        """Return how many tiles a second were learnt from since the step before."""
        before, self._before = self._before, step
        if before is None or step.seconds <= before.seconds:
            return None
        return step.tiles / (step.seconds - before.seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()
