"""`septum train`: annotated images in, a model out."""

import re
from collections.abc import Sequence
from pathlib import Path
from shlex import join
from statistics import mean, stdev
from typing import TYPE_CHECKING, Annotated

import typer

from septum.cli import choices, options, show
from septum.cli.facts import show_beginning
from septum.cli.interrupt import INTERRUPTED, first_interrupt_ends
from septum.cli.reading import with_reading
from septum.cli.steps import Steps, report, say_how_to_go_on
from septum.data.layouts import Reading
from septum.errors import ConfigError

if TYPE_CHECKING:
    from septum.model import Model
    from septum.training import Step

_LENGTH = "How long"

_DROPPED = 0.2
"""Share of the tiles that lack a channel with `--robust-channels`."""


_OF_ANY_RUN = {
    *("data", "out", "resume", "extend", "finish", "tensorboard"),
    *("device", "devices", "nodes", "strategy", "workers", "deterministic"),
}
"""What may be given also to a run that goes on; everything else it keeps."""


@with_reading()
def command(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="Folder of annotated images, in a known layout.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the run; must be new.")],
    reading: Reading,
    preset: Annotated[
        str, typer.Option(help="default, paper (2015), or an earlier plan.toml.")
    ] = "default",
    val: Annotated[
        str | None,
        typer.Option(help="Validate with a share of the data, as 0.2, or another folder."),
    ] = None,
    robust_channels: Annotated[
        bool,
        typer.Option("--robust-channels", help="Learn to do without any one of the channels."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Same seed and CPU, same model, if steps end it.")] = 0,
    seeds: Annotated[
        int | None, typer.Option(help="Train so many times, each from another seed; needs --val.")
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write curves for TensorBoard into the run.")
    ] = False,
    precision: choices.Precision = None,
    context_slices: choices.ContextSlices = None,
    set_: choices.Set = None,
    steps: Annotated[
        int | None, typer.Option(help="Number of training steps.", rich_help_panel=_LENGTH)
    ] = None,
    max_time: Annotated[
        str | None,
        typer.Option(
            help="Train for this long, as 20m or 1h30m; reading, thresholds, report come on top.",
            rich_help_panel=_LENGTH,
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            help="End after so many of the 20 validations without gain.", rich_help_panel=_LENGTH
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with a run that was interrupted.", rich_help_panel=_LENGTH
        ),
    ] = False,
    extend: Annotated[
        str | None,
        typer.Option(
            help="Train a finished run for so many steps more, or a time as 20m.",
            rich_help_panel=_LENGTH,
        ),
    ] = None,
    finish: Annotated[
        bool,
        typer.Option(
            "--finish", help="End an interrupted run where it is.", rich_help_panel=_LENGTH
        ),
    ] = False,
    device: options.Device = None,
    devices: options.Devices = None,
    nodes: options.Nodes = None,
    strategy: options.Strategy = "auto",
    workers: options.Workers = None,
    deterministic: options.Deterministic = False,
) -> None:
    """Train a U-Net on a folder of annotated images.

    Understood are `images/` with `masks/`, `labels/` or `scribbles/`, `x.tif` beside `x_masks.tif`
    (Cellpose), nnU-Net, the Cell Tracking Challenge, ISBI 2012, DRIVE, OME-Zarr, a CSV table of
    pairs, and one image with several annotations. `septum check` shows how a folder is understood.

    Ctrl-C ends the training after the step at hand and says how to go on: with `--resume`, or with
    `--finish`, which takes no further step and chooses the thresholds. A second Ctrl-C stops at
    once. A run that was killed goes on with `--resume` too, and ends as if nothing had happened.

    Example: `septum train my-cells -o runs/first --max-time 20m`
    """
    from septum import api  # torch takes seconds to import: only for those who train
    from septum.description import describe

    again = join(["septum", "train", str(data), "-o", str(out)])
    ways = [f"--extend {extend}"] * bool(extend) + ["--resume"] * resume + ["--finish"] * finish
    if len(ways) > 1:
        raise ConfigError(f"{' and '.join(ways)} are several ways to go on; give one of them")
    if ways:
        _refuse_choices(context, f"{again} {ways[0]}")
    if seeds is not None and (val is None or seeds < 2):
        raise ConfigError(
            "--seeds compares runs by their validation scores: give 2 seeds or more, and --val"
        )
    machine = api.Machine(device, devices, nodes, strategy, deterministic, workers)
    shared = machine.shares != (1, 1)
    if shared:
        show.first_speaks()
        if seeds is not None:
            raise ConfigError(
                "--seeds trains one run after another in one process; leave --devices, --nodes "
                "and torchrun"
            )
    chosen = {
        "preset": preset,
        "max_time": max_time,
        "settings": choices.settings_of(
            set_,
            steps=steps,
            patience=patience,
            robust_channels=_DROPPED if robust_channels else None,
            precision=precision,
            context_slices=context_slices,
        ),
        "val": _val(val),
        "reading": reading,
    }
    ended = False
    try:
        with show.progress("training") as bar, first_interrupt_ends(shared) as stop:
            shown = Steps(bar)

            def on_step(step: "Step") -> None:
                stop.worth_keeping = True
                shown.on_step(step)

            watched = {
                "machine": machine,
                "on_note": show.note,
                "on_step": on_step,
                "on_stage": shown.on_stage,
                "stop": stop,
                "tensorboard": tensorboard,
                "on_facts": show_beginning,
            }
            if seeds:
                numbers = range(seed, seed + seeds)
                scores = api.train_seeds(data, out, numbers, _tell, **chosen, **watched)
                ended = len(scores) == seeds
                if ended:
                    _compare(scores, describe(out / f"seed-{seed}").measure)
            elif ways:
                longer = int(extend) if extend and extend.isdecimal() else extend
                ended = _tell(out, api.resume(data, out, longer, finish=finish, **watched))
            else:
                ended = _tell(out, api.train(data, out, seed=seed, **chosen, **watched))
        if ended or not stop():
            return
    except KeyboardInterrupt:
        pass
    if seeds:
        show.note("not all seeds were trained; the same command goes on with them")
    else:
        say_how_to_go_on(again, out, ways)
    raise typer.Exit(INTERRUPTED)


def _tell(run: Path, model: "Model") -> bool:
    """Say how a training went, and return whether it was not interrupted."""
    if not model.description.interrupted:
        report(run, model.description)
    return not model.description.interrupted


def _refuse_choices(context: typer.Context, right: str) -> None:
    named = []
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if (
            parameter.name not in _OF_ANY_RUN
            and source is not None
            and source.name == "COMMANDLINE"
        ):
            named.append(parameter.opts[0])
    if named:
        raise ConfigError(
            f"{', '.join(named)}: a run that goes on keeps the choices that it began with. "
            f"Just: {right}"
        )


def _compare(scores: Sequence[float], measure: str) -> None:
    each = ", ".join(f"{score:.3f}" for score in scores)
    show.done(
        f"{measure} on the validation images: {mean(scores):.3f} ± {stdev(scores):.3f} "
        f"(mean and standard deviation of {each})"
    )


def _val(text: str | None) -> str | float | None:
    if text is None or Path(text).exists():  # the sequence 02 of a challenge is a folder
        return text
    percent = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", text)
    if percent:
        raise ConfigError(
            f"--val is {text}; expected a share above 0 and up to 0.5, or a folder; did you mean "
            f"{float(percent[1]) / 100:g}?"
        )
    try:
        return float(text)
    except ValueError:
        return text
