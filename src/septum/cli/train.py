"""`septum train`: annotated images in, a model out."""

from contextlib import nullcontext
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Annotated

import typer

from septum.cli import show
from septum.cli.interrupt import first_interrupt_ends
from septum.duration import readable
from septum.errors import ConfigError

if TYPE_CHECKING:
    from septum.model import Model
    from septum.training import Step

_HOW, _LENGTH, _WHERE = "How the data is read", "How long", "On what"


def command(
    data: Annotated[Path, typer.Argument(help="Folder of annotated images, in a known layout.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the run; must be new.")],
    preset: Annotated[
        str, typer.Option(help="default, paper (2015), or an earlier plan.toml.")
    ] = "default",
    val: Annotated[
        str | None,
        typer.Option(help="Validate with a share of the data, as 0.2, or another folder."),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(help="How the folder is laid out, if not as detected.", rich_help_panel=_HOW),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="Which annotation, where there are several.", rich_help_panel=_HOW),
    ] = None,
    ignore: Annotated[
        int | None,
        typer.Option(help="The label value of what nobody annotated.", rich_help_panel=_HOW),
    ] = None,
    binary_instances: Annotated[
        bool | None,
        typer.Option(
            "--binary-instances/--no-binary-instances",
            help="Whether each connected component of a mask is an object.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed and CPU, same model, if steps end it.")] = 0,
    seeds: Annotated[
        int | None, typer.Option(help="Train so many times, each from another seed; needs --val.")
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write curves for TensorBoard into the run.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change one choice, as network.width=16; may be repeated."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Number of training steps.", rich_help_panel=_LENGTH)
    ] = None,
    max_time: Annotated[
        str | None,
        typer.Option(help="Train for this long, as 20m or 1h30m.", rich_help_panel=_LENGTH),
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
    device: Annotated[
        str | None,
        typer.Option(help="cpu or cuda; the faster by default.", rich_help_panel=_WHERE),
    ] = None,
    devices: Annotated[
        int, typer.Option(help="Processes, each on a device of its own.", rich_help_panel=_WHERE)
    ] = 1,
    nodes: Annotated[
        int, typer.Option(help="Computers that take part.", rich_help_panel=_WHERE)
    ] = 1,
    strategy: Annotated[
        str, typer.Option(help="Of Lightning Fabric, as ddp.", rich_help_panel=_WHERE)
    ] = "auto",
    workers: Annotated[
        int | None,
        typer.Option(
            help="Threads that draw tiles ahead; 0 for none, by default by the processors.",
            rich_help_panel=_WHERE,
        ),
    ] = None,
    deterministic: Annotated[
        bool,
        typer.Option(
            "--deterministic", help="The same result on a GPU too; slower.", rich_help_panel=_WHERE
        ),
    ] = False,
) -> None:
    """Train a U-Net on a folder of annotated images.

    Layouts that are understood: `images/` with `masks/` or `labels/` of the same names; `x.tif`
    beside `x_masks.tif`; the Cell Tracking Challenge; ISBI 2012 stacks. `septum check` shows how
    a folder is understood, without training.

    Ctrl-C ends the training after the step at hand, writes the model so far, and says how to go on.
    A run that was killed goes on with `--resume` too, and ends as if nothing had happened.

    Example: `septum train my-cells -o runs/first --max-time 20m`
    """
    from septum import api  # torch takes seconds to import: only for those who train
    from septum.training.board import Board

    machine = api.Machine(device, devices, nodes, strategy, deterministic, workers)
    settings = [*(set_ or ()), *([f"training.patience={patience}"] if patience is not None else ())]
    reading = api.Reading(layout, labels, ignore, binary_instances)
    if resume or extend:
        given = {
            "--layout": layout,
            "--labels": labels,
            "--ignore": ignore,
            "--binary-instances": binary_instances,
            "--steps": steps,
            "--max-time": max_time,
            "--patience": patience,
            "--val": val,
            "--seeds": seeds,
            "--set": set_,
            "--preset": None if preset == "default" else preset,
            "--seed": seed or None,
        }
        named = [name for name, value in given.items() if value is not None]
        if named:
            how = f"--extend {extend}" if extend else "--resume"
            raise ConfigError(
                f"{', '.join(named)}: a run that goes on keeps the choices that it began with. "
                f"Just: septum train {data} -o {out} {how}"
            )
    if seeds is not None and (val is None or seeds < 2):
        raise ConfigError(
            "--seeds compares runs by their validation scores: give 2 seeds or more, and --val"
        )
    if seeds is not None and devices * nodes > 1:
        raise ConfigError("--seeds trains one run after another in one process; leave --devices")
    stopped = False

    def train(folder: Path, number: int) -> "Model":
        nonlocal stopped
        board = Board(folder / "tensorboard") if tensorboard else nullcontext()
        with show.progress("training") as bar, first_interrupt_ends() as stop, board as curves:
            score = ""

            def on_step(step: "Step") -> None:
                nonlocal score
                if step.validation is not None:
                    score = f", validation {step.validation:.3f}"
                bar.update(step.progress, f"step {step.number}, loss {step.loss:.3f}{score}")
                if curves is not None:
                    curves.write(step)

            # Of several seeds, those that an earlier call has begun or finished are not lost.
            if resume or extend or (seeds and (folder / "state").exists()):
                longer = int(extend) if extend and extend.isdecimal() else extend
                model = api.resume(data, folder, longer, None, machine, show.note, on_step, stop)
            else:
                model = api.train(
                    data,
                    folder,
                    preset=preset,
                    steps=steps,
                    max_time=max_time,
                    seed=number,
                    settings=settings,
                    val=_val(val),
                    reading=reading,
                    machine=machine,
                    on_note=show.note,
                    on_step=on_step,
                    stop=stop,
                )
            stopped = stop()
        _report(folder, model)
        return model

    if seeds is None:
        train(out, seed)
        return
    scores = []
    for number in range(seed, seed + seeds):
        model = train(out / f"seed-{number}", number)
        scores.append(model.description.training["best_score"])
        if stopped or scores[-1] is None:
            show.note("the other seeds were not trained; the same command goes on with them")
            return
    shown = ", ".join(f"{score:.3f}" for score in scores)
    show.done(
        f"panoptic quality on the validation images: {mean(scores):.3f} ± {stdev(scores):.3f} "
        f"(mean and standard deviation of {shown})"
    )


def _val(text: str | None) -> str | float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _report(run: Path, model: "Model") -> None:
    facts = model.description.training
    if "best_score" in facts and facts["best_score"] is not None:
        show.note(
            f"the model is that of step {facts['best_step']}: panoptic quality "
            f"{facts['best_score']:.3f} on the validation images"
        )
    if "waited" in facts:
        show.note(f"{facts['waited']:.1%} of the time was spent waiting for tiles")
    show.done(
        f"{run}: {facts['steps']} steps in {readable(facts['seconds'])}. "
        f"Next: septum predict {run} IMAGE -o OUT"
    )
