"""Where a run stands: interrupted, over, or finished; and until when it goes on."""

from dataclasses import replace
from pathlib import Path

from septum.description import describe
from septum.duration import seconds
from septum.errors import ConfigError, DataError
from septum.plan import Plan
from septum.training import folder
from septum.training.schedule import Length
from septum.training.state import Progress, progress_of


def is_over(done: Progress, length: Length, plan: Plan) -> bool:
    """Tell whether a run has no step to go: its steps are done, its time or its patience is up."""
    up = length.share(done.number, done.seconds) >= 1
    return up or done.exhausted(plan.training.patience)


def holds_finished_model(out: Path) -> bool:
    """Tell whether the run folder `out` holds a model whose thresholds are chosen.

    That of a run whose extension was interrupted is of before the extension.
    """
    model = out / folder.MODEL
    return (model / "model.json").exists() and not describe(model).interrupted


def is_finished(out: Path) -> bool:
    """Tell whether the run folder `out` holds such a model, of its last step."""
    if not holds_finished_model(out):
        return False
    steps = describe(out / folder.MODEL).training.get("steps")
    return not (out / folder.STATE).exists() or progress_of(out / folder.STATE).number == steps


def has_ended(out: Path) -> bool:
    """Tell whether the run folder `out` holds a run with no step to go, and its finished model."""
    plan, facts = folder.begun(out)
    return is_finished(out) and is_over(progress_of(out / folder.STATE), facts.length, plan)


def is_complete(out: Path) -> bool:
    """Tell whether nothing is left to do in the run folder `out`: its report is drawn, too."""
    if not has_ended(out):
        return False
    report, model = out / folder.REPORT, out / folder.MODEL / "model.json"
    return report.exists() and report.stat().st_mtime_ns >= model.stat().st_mtime_ns


def refuse_existing(out: Path) -> None:
    """Raise DataError if there is a run in `out`, with how it goes on: none is overwritten."""
    folder.refuse_no_folder(out)
    held, state = (out / folder.MODEL / "model.json").exists(), (out / folder.STATE).exists()
    if not held and not state:
        return
    if state and (out / folder.FACTS).exists() and not has_ended(out):
        raise DataError(
            f"{out} holds a training that was not finished; go on with it with --resume, or choose "
            "another folder, with another -o, for a new one"
        )
    longer = ", or train it for longer with --extend" if state else ""
    raise DataError(
        f"{out} already holds a trained model; choose another folder, with another -o, for a new "
        f"one{longer}"
    )


def ended_here(out: Path, done: Progress, length: Length) -> Length:
    """Return the length with which a run that was interrupted is over where it is.

    Parameters
    ----------
    out : Path
        The run folder.
    done : Progress
        How far it is.
    length : Length
        Until when it was to go on.

    Raises
    ------
    DataError
        If there is no step to end it after.
    """
    if not done.number:
        raise DataError(f"{out} has no finished step to end after; --resume goes on with it")
    if length.share(done.number, done.seconds) >= 1:
        return length
    # One step of the schedule at least, or its share would be that of an extension not yet begun.
    from_step = min(length.from_step, done.number - 1)
    return replace(length, steps=done.number, from_step=from_step)


def extended(extend: str | int, done: Progress, length: Length, plan: Plan) -> Length:
    """Return the length of a run that is over and goes on for so many steps, or so long.

    Parameters
    ----------
    extend : str or int
        A time as ``"20m"``, or steps.
    done : Progress
        How far it is.
    length : Length
        Until when it went on.
    plan : Plan
        Of the run.

    Raises
    ------
    DataError
        If it has not begun.
    ConfigError
        If it is not over, or the steps are none.
    """
    if not done.number:
        raise DataError("the run has no finished step to go on after; train it first")
    if not is_over(done, length, plan):
        raise ConfigError(
            f"the run was interrupted after step {done.number}; finish it with --resume, or end it "
            "there with --finish, before it is extended"
        )
    if isinstance(extend, int):
        if extend < 1:
            raise ConfigError(f"extend is {extend}; expected 1 step or more, or a time as 20m")
        return Length(done.number + extend, None, done.number, done.seconds)
    return Length(None, seconds(extend), done.number, done.seconds)
