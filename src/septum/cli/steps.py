"""What the bar says during a training and after its last step."""

from pathlib import Path
from typing import TYPE_CHECKING

from septum.cli import show
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
        self._bar, self._score = bar, ""
        self._first: Step | None = None

    def on_step(self, step: "Step") -> None:
        """Show a step: its number and loss, the last score, and how many steps a second."""
        if self._first is None or step.number < self._first.number:
            self._first, self._score = step, ""
        if step.validation is not None:
            self._score = f", val {step.validation:.3f}"
        steps, seconds = step.number - self._first.number, step.seconds - self._first.seconds
        rate = f", {steps / seconds:.2g}/s" if steps and seconds > 0 else ""
        detail = f"step {step.number}, loss {step.loss:.3g}{self._score}{rate}"
        self._bar.update(step.progress, detail)

    def on_stage(self, stage: str, done: int, total: int) -> None:
        """Show what follows the last step."""
        self._bar.update(done / max(total, 1), f"{stage}, {done} of {total}")


def report(run: Path, description: "Description", go_on: str | None) -> None:
    """Say how a training went, and what to type next.

    Parameters
    ----------
    run : Path
        Its folder.
    description : Description
        Of its model.
    go_on : str or None
        The command that goes on, where the training was ended by hand.
    """
    facts = description.training
    if facts.get("best_score") is not None:
        show.note(
            f"the model is that of step {facts['best_step']}: {description.measure} "
            f"{facts['best_score']:.3f} on the validation images"
        )
    if "waited" in facts:
        show.note(f"{facts['waited']:.1%} of the time was spent waiting for tiles")
    following = f"To go on: {go_on}" if go_on else f"Next: septum predict {run} IMAGE -o OUT"
    show.done(f"{run}: {facts['steps']} steps in {readable(facts['seconds'])}. {following}")
