"""Options of how annotated images are read, which every command that reads some shares."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from shlex import quote
from typing import Annotated, Any

import typer

from septum.classes import parse_classes
from septum.cli.choices import lowered
from septum.data.layouts import LAYOUTS, Reading
from septum.errors import ConfigError

_HOW = "How the data is read"


def reading_of(
    layout: Annotated[
        str | None,
        typer.Option(
            callback=lowered,
            help=f"How the folder is laid out, if not as detected: {', '.join(LAYOUTS)}.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Which annotation to take, where there are several.", rich_help_panel=_HOW
        ),
    ] = None,
    ignore: Annotated[
        int | None,
        typer.Option(
            help="The label value of what nobody annotated, as 255 or -1.", rich_help_panel=_HOW
        ),
    ] = None,
    binary_instances: Annotated[
        bool | None,
        typer.Option(
            "--binary-instances/--no-binary-instances",
            help="Whether connected components are the objects; by default in masks of one value.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    axes: Annotated[
        str | None,
        typer.Option(
            help="Axes of the files, as CYX, where they say none or others.", rich_help_panel=_HOW
        ),
    ] = None,
    spacing: Annotated[
        str | None,
        typer.Option(
            help="Pixel size in µm, where files say none: 0.5, or 2,0.5,0.5 for ZYX.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    ndim: Annotated[
        int | None,
        typer.Option(
            help="3: stacks are volumes, 2: slices; by default found from the labels.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    channels: Annotated[
        str | None,
        typer.Option(
            help="Names of the channels, as DAPI,actin, if the files state none or others.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            help="Classes by name: nucleus=1,membrane=2/3 of one label image, or cells,nuclei of "
            "files with a mask each.",
            rich_help_panel=_HOW,
        ),
    ] = None,
) -> Reading:
    """Return the reading that options ask for.

    Raises
    ------
    ConfigError
        If sizes are no numbers, or classes are not as :func:`septum.classes.parse_classes` says.
    """
    return Reading(
        layout,
        labels,
        ignore,
        binary_instances,
        axes,
        sizes(spacing),
        ndim,
        None if channels is None else tuple(name.strip() for name in channels.split(",")),
        None if classes is None else parse_classes(classes),
    )


def sizes(text: str | None) -> tuple[float, ...] | None:
    """Return the sizes in an option as ``2,0.5,0.5``.

    Raises
    ------
    ConfigError
        If they are no numbers.
    """
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(
            f"--spacing is {text!r}; expected sizes in µm with commas between, as 0.5 or 2,0.5,0.5"
        ) from None


def as_asked(context: typer.Context) -> str:
    """Return the options of reading that a command was given, as another would take them."""
    known, asked = signature(reading_of).parameters, []
    for option in context.command.params:
        value = context.params.get(option.name or "")
        if option.name in known and value is not None:
            flag = option.opts[0] if value is not False else option.secondary_opts[0]
            asked.append(f" {flag}" if isinstance(value, bool) else f" {flag} {quote(str(value))}")
    return "".join(asked)


def with_reading(*without: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of `reading_of` in place of its parameter `reading`.

    Parameters
    ----------
    *without : str
        Options that it does not take.
    """
    offered = [
        option.replace(kind=Parameter.KEYWORD_ONLY)
        for name, option in signature(reading_of).parameters.items()
        if name not in without
    ]

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        own = signature(command)
        place = list(own.parameters).index("reading")
        others = [option.replace(kind=Parameter.KEYWORD_ONLY) for option in own.parameters.values()]

        @wraps(command)
        def run(**given: Any) -> None:
            asked = {option.name: given.pop(option.name) for option in offered}
            command(**given, reading=reading_of(**asked))

        options = [*others[:place], *offered, *others[place + 1 :]]
        # What typer makes options of, and inspects in place of the function's own.
        run.__signature__ = own.replace(parameters=options)  # pyright: ignore[reportAttributeAccessIssue]
        return run

    return decorated
