"""Channels by name: those that training images state, and which of an image's are a model's."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

import numpy as np

from septum.array import Source, Window
from septum.counted import counted
from septum.data.formats.image_file import COLOURS, ChunkedView
from septum.data.sample import Sample
from septum.errors import ConfigError, DataError

MISSING = "none"
"""How a user says that an image has not got a channel."""

Names = tuple[str, ...]
Places = tuple[int | None, ...]
"""For each channel of a model the number of the image's, or None where the image has none."""

Wishes = tuple[tuple[str | None, str], ...]
"""Pairs of a channel of the model (None: the next one) and one of the image, by name or number."""


def common_names(samples: Sequence[Sample]) -> Names | None:
    """Return the names of the channels of all samples; None where none states any.

    Raises
    ------
    DataError
        If two samples state different names.
    """
    stated = [sample for sample in samples if sample.channels is not None]
    first = stated[0].channels if stated else None
    for sample in stated:
        if first and sample.channels and not _same(sample.channels, first):
            raise DataError(
                f"{sample.name} has the channels {_listed(sample.channels)}, {stated[0].name} has "
                f"{_listed(first)}; one model takes the same ones in the same order. If they do "
                f"show the same, name them for all files with --channels {_written(first)}"
            )
    return first


def named(samples: Sequence[Sample], names: Sequence[str]) -> list[Sample]:
    """Return samples with these names of their channels, whatever their files state.

    Raises
    ------
    ConfigError
        If a name is empty, or two are the same.
    DataError
        If a sample has another number of channels.
    """
    if not all(names) or len({_key(name) for name in names}) < len(names):
        raise ConfigError(
            f"--channels {','.join(names)} names the channels of the training images; expected a "
            "different name for each, as DAPI,actin"
        )
    for sample in samples:
        if len(sample.own) != len(names):
            raise DataError(
                f"{sample.source or sample.name} has {_counted(len(sample.own))}; --channels names "
                f"{len(names)}: {', '.join(names)}"
            )
    return [replace(sample, channels=tuple(names)) for sample in samples]


def wishes(text: str) -> Wishes:
    """Return what ``DAPI=0,actin=none`` or ``2,actin`` says of channels.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    pairs = []
    for part in text.split(","):
        left, equals, right = (piece.strip() for piece in part.rpartition("="))
        pairs.append((left if equals else None, right))
    by_name = {name is not None for name, _ in pairs}
    if len(by_name) > 1 or any(name == "" or not of for name, of in pairs):
        raise ConfigError(
            f"--channels is {text!r}; expected a channel of the image, by name or number (from 0), "
            "for each of the model's: in the model's order as DAPI,2, or by name as "
            f"DAPI=0,actin=2; {MISSING} for one that the image has not got"
        )
    return tuple(pairs)


def arrangement(
    model: Names | None,
    count: int,
    image: Names | None,
    available: int,
    wished: Wishes | None = None,
) -> Places:
    """Return which channel of an image is which of a model.

    Without a wish, the channels of the image must be the model's: as many, and where both state
    names, the same names (capitals apart), which are put into the model's order. What is not named
    is taken in the order in which it is.

    Parameters
    ----------
    model, image : tuple of str or None
        The names, where they are known.
    count, available : int
        How many channels the model takes, and the image has.
    wished : tuple, optional
        What the user says; see `wishes`.

    Raises
    ------
    DataError
        If the image has other channels, or a wish names one that does not exist. The message lists
        those of both.
    """
    if wished is not None:
        return _as_wished(model, count, image, available, wished)
    same = range(available)
    if available == count and (model is None or image is None or _same(model, image)):
        return tuple(same)
    if model is not None and image is not None and len(set(map(_key, model))) == count:
        keys = [_key(name) for name in image]
        if sorted(keys) == sorted(map(_key, model)):
            return tuple(keys.index(_key(name)) for name in model)
    pairs = zip(model or (), same, strict=False)
    to_grey = image == COLOURS and count == 1
    from_grey = model == COLOURS and available == 1
    plain = model is not None and _plain(model) and available >= count
    example = ",".join(f"{name}={n}" for name, n in pairs) if plain else _numbers(count, available)
    if from_grey:
        example = f"{','.join('0' * count)}, which shows it the grey image as a colour one"
    raise DataError(
        f"the image has {_counted(available, image)}; the model was trained on "
        f"{_counted(count, model)}. Say which of the image's channels it is to take for each of "
        f"its own, by name or number, as --channels {example}; {MISSING} stands for one that the "
        f"image has not got{'. Or convert the colour image to grey' if to_grey else ''}"
    )


def names_by_model(
    places: Sequence[int | None], model: Names | None, image: Names | None, available: int
) -> Names | None:
    """Return what the channels of an image are called: by its file, or else by a model.

    Parameters
    ----------
    places : sequence of int or None
        As `arrangement` returns them.
    model, image : tuple of str or None
        The names, where they are known.
    available : int
        How many channels the image has.

    Returns
    -------
    tuple of str or None
        The image's own names where it states them. Else those of the channels of the model that
        are taken from it; the model looks at no others, and they are `channel_1`, `channel_2`, …
        by their place. None where nothing is known.
    """
    if image is not None or model is None or len(places) != len(model):
        return image
    names = [f"channel_{number + 1}" for number in range(available)]
    # In reverse, so that of several that are taken from one channel the first one names it.
    for place, name in reversed(list(zip(places, model, strict=True))):
        if place is not None:
            names[place] = name
    return tuple(names)


def arranged(image: Source, places: Sequence[int | None]) -> Source:
    """Return an image ``(C, *spatial)`` with the channels of a model, 0 where it has not got one.

    Raises
    ------
    DataError
        If a number is not that of a channel, or none of the channels is there.
    """
    count, places = image.shape[0], tuple(places)
    known = [place for place in places if place is not None]
    if not known or min(known) < 0 or max(known) >= count:
        raise DataError(
            f"channels is {list(places)} and the image has {_counted(count)}; expected numbers "
            f"from 0 to {count - 1}, or None for one that is missing, but at least one number"
        )
    if places == tuple(range(count)):
        return image

    def read(window: Window) -> np.ndarray:
        wanted = places[window[0]]
        sizes = [part.stop - part.start for part in window[1:]]
        result = np.zeros((len(wanted), *sizes), image.dtype)
        for number, place in enumerate(wanted):
            if place is not None:
                result[number] = image[(slice(place, place + 1), *window[1:])][0]
        return result

    shape = (len(places), *image.shape[1:])
    return ChunkedView(shape, image.dtype, read, getattr(image, "chunks", None))


def absent(places: Sequence[int | None], channels: int) -> tuple[int, ...]:
    """Return which of the `channels` of a network an image arranged by `places` has not got.

    Those of neighbouring slices lie before and behind those of the image, stain by stain alike.
    """
    return tuple(n for n in range(channels) if places[n % len(places)] is None)


def _as_wished(
    model: Names | None, count: int, image: Names | None, available: int, wished: Wishes
) -> Places:
    found = [_place(of, image, available) for _, of in wished]
    if wished[0][0] is not None:
        if model is None:
            raise DataError(
                f"--channels names the channel {wished[0][0]} of a model that states no names; "
                "give channels of the image in its order, as --channels "
                f"{_numbers(count, available)}"
            )
        keys = [_key(name or "") for name, _ in wished]
        if sorted(keys) != sorted(map(_key, model)):
            names = [name or "" for name, _ in wished]
            raise DataError(
                f"--channels names {_listed(names)}; the model was trained on "
                f"{_counted(count, model)}, and each is named once{_strange(names, model)}. "
                f"{MISSING} stands for one that the image has not got"
            )
        found = [found[keys.index(_key(name))] for name in model]
    if len(found) != count:
        raise DataError(
            f"--channels gives {_counted(len(found))}; the model was trained on "
            f"{_counted(count, model)}: one for each of them, in this order"
        )
    if not any(place is not None for place in found):
        raise DataError(f"--channels says {MISSING} to every channel; the model needs at least one")
    return tuple(found)


def _strange(names: Sequence[str], model: Names) -> str:
    """Say which of the names are none of the model's, and what may have been meant."""
    own = {_key(name): name for name in model}
    strange = [name for name in names if _key(name) not in own]
    if not strange:
        return ""
    each = []
    for name in strange:
        close = get_close_matches(_key(name), own, 1)
        each.append(f"{name} (did you mean {own[close[0]]}?)" if close else name)
    return f": {_listed(each)} {'is' if len(each) == 1 else 'are'} none of them"


def _place(of: str, image: Names | None, available: int) -> int | None:
    """Return the number of a channel of the image that a user wrote; names come first."""
    alike = [n for n, name in enumerate(image or ()) if _key(name) == _key(of)]
    if len(alike) == 1:
        return alike[0]
    if of.lower() == MISSING:
        return None
    if not alike and of.isdecimal() and int(of) < available:
        return int(of)
    why = "more than one channel has this name" if alike else "there is no such channel"
    raise DataError(
        f"--channels has {of}, and the image has {_counted(available, image)}: {why}. "
        f"{_range(available)}; {MISSING} stands for a channel that it has not got"
    )


def _range(available: int) -> str:
    return f"Numbers go from 0 to {available - 1}" if available > 1 else "Its number is 0"


def _key(name: str) -> str:
    return name.strip().casefold()


def _same(one: Names, two: Names) -> bool:
    return [_key(name) for name in one] == [_key(name) for name in two]


def _plain(names: Names) -> bool:
    """Whether names can be written in ``--channels`` as they are."""
    return not any(set(name) & set(",= \"'") for name in names)


def _written(names: Names) -> str:
    return ",".join(names) if _plain(names) else ",".join(f"name{n}" for n in range(len(names)))


def _numbers(count: int, available: int) -> str:
    return ",".join(str(n) if n < available else MISSING for n in range(count))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _counted(count: int, names: Names | None = None) -> str:
    what = counted(count, "channel")
    return f"{what} ({_listed(names)})" if names else what
