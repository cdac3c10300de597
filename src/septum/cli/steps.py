"""What the bar says during a training and after its last step."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from septum.cli import show
from septum.counted import counted
from septum.duration import readable

if TYPE_CHECKING:
    from septum.description import Description
    from septum.training import Step


class Steps:
    """Shows the steps of a training on a bar; in 80 columns, with all that is watched.

    Parameters
    ----------
    bar : Bar
        To show them on.
    """

    def __init__(self, bar: show.Bar) -> None:
        self._bar, self._score, self._tiles = bar, "", 0
        self._first: Step | None = None

    def on_step(self, step: "Step") -> None:
        """Show a step: its loss and learning rate, the last score, how many tiles a second."""
        if self._first is None or step.number < self._first.number:
            self._first, self._score, self._tiles = step, "", 0
        else:
            self._tiles += step.tiles
        if step.validation is not None:
            self._score = f", val {step.validation:.3f}"
        seconds = step.seconds - self._first.seconds
        rate = f", {_short(self._tiles / seconds)} tiles/s" if self._tiles and seconds > 0 else ""
        detail = f"loss {_short(step.loss)}{self._score}, lr {step.learning_rate:.0e}{rate}"
        self._bar.update(step.progress, detail, f"step {step.number}")

    def on_stage(self, stage: str, done: int, total: int) -> None:
        """Show what follows the last step."""
        self._bar.update(done / max(total, 1), f"{stage}, {done} of {total}", "training")


def _short(number: float) -> str:
    """Return a positive number in three digits and never more than six characters."""
    if number < 0.01:
        return f"{number:.0e}"
    return f"{number:.3g}" if number < 999.5 else f"{number:.0f}"


def report(run: Path, description: "Description") -> None:
    """Say how a training went that has ended, and what to type next.

    Parameters
    ----------
    run : Path
        Its folder.
    description : Description
        Of its model.
    """
    facts = description.training
    if facts.get("best_score") is not None:
        show.note(
            f"the model is that of step {facts['best_step']}: {description.measure} "
            f"{facts['best_score']:.3f} on the validation images"
        )
    if "waited" in facts:
        show.note(f"{facts['waited']:.1%} of the time was spent waiting for tiles")
    took = f"{run}: {counted(facts['steps'], 'step')} in {readable(facts['seconds'])}"
    if facts.get("found_nothing"):
        show.failed(f"{took}, and nothing was found: see the warning above before you use it")
    else:
        show.done(f"{took}. Next: septum predict {run} IMAGE -o OUT")


def say_how_to_go_on(again: str, out: Path, ways: Sequence[str]) -> None:
    """Print what goes on with a run that was interrupted, each command on a line to be copied.

    Parameters
    ----------
    again : str
        The command without what goes on.
    out : Path
        The run folder.
    ways : sequence of str
        How it was to go on: none for a run that was begun, or ``"--extend 1000"``.
    """
    from septum.training.standing import has_ended

    if ways and has_ended(out):  # nothing had been done yet
        show.command(f"The run is as it was. To go on:  {again} {ways[0]}")
    elif (out / "state").exists():
        show.command(f"To go on:        {again} --resume")
        show.command(f"To end it here:  {again} --finish")
    else:
        show.command(f"No step was saved yet; to begin anew: {again} …")
