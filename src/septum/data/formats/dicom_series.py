"""Slices of a scanner put in order: along their normal, evenly, none missing, none twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from septum.counted import counted
from septum.data.formats.dicom_frames import Frame
from septum.errors import DataError

_UNEVEN = 0.1
"""Distances that differ by this share of the usual one are not of one regular volume."""

_SAME = 1e-3
"""Directions that differ by less are the same; so are pixel sizes and places, in pixels."""


@dataclass(frozen=True, eq=False)
class Series:
    """The frames of a volume in order, or a single one.

    Attributes
    ----------
    frames : tuple of Frame
        From the smallest place along the normal to the largest.
    steps : tuple of float or None, three of them
        In mm along Z, Y, X.
    affine : numpy.ndarray or None, shape (4, 4)
        From voxel (X, Y, Z) to mm in patient axes.
    notes : tuple of str
        How the order was found, where not by positions.
    placed : bool
        Whether positions made the order: frames are slices along Z then, and else pages.
    """

    frames: tuple[Frame, ...]
    steps: tuple[float | None, float | None, float | None]
    affine: np.ndarray | None
    notes: tuple[str, ...]
    placed: bool


def arranged(frames: Sequence[Frame], source: Path) -> Series:
    """Put the frames of one series in order.

    Parameters
    ----------
    frames : sequence of Frame
        In any order, at least one.
    source : Path
        The file or the folder, for messages.

    Raises
    ------
    DataError
        Frames of several series, sizes, pixel sizes or directions; a slice that is missing or there
        twice; distances that are uneven.
    """
    _one_series(frames, source)
    _alike(frames, source)
    first = frames[0]
    y, x = first.spacing or (None, None)
    if first.orientation is None or any(frame.position is None for frame in frames):
        ordered, notes = _by_number(frames, source)
        z = first.thickness if len(frames) > 1 else None
        return Series(ordered, (z, y, x), None, notes, False)
    across, down = np.reshape(first.orientation, (2, 3))
    normal = np.cross(across, down)
    places = np.array([frame.position for frame in frames]) @ normal
    order = np.argsort(places, kind="stable")
    ordered = tuple(frames[number] for number in order)
    step = first.thickness
    if len(frames) > 1:
        step = _even_step(ordered, places[order], source)
    affine = None
    if y and x and step:
        ends = np.array([ordered[0].position, ordered[-1].position])
        deep = (ends[1] - ends[0]) / (len(frames) - 1) if len(frames) > 1 else normal * step
        affine = np.eye(4)
        affine[:3] = np.stack([across * x, down * y, deep, ends[0]], axis=1)
    return Series(ordered, (step, y, x), affine, (), True)


def _one_series(frames: Sequence[Frame], source: Path) -> None:
    found: dict[str, list[Frame]] = {}
    for frame in frames:
        found.setdefault(frame.series, []).append(frame)
    if len(found) > 1:
        named = [
            f"{part[0].title or 'without a description'!r} ({counted(len(part), 'slice')}, as "
            f"{part[0].path.name})"
            for part in found.values()
        ]
        more = f" and {len(named) - 4} more" if len(named) > 4 else ""
        raise DataError(
            f"{source}: holds {len(found)} series: {', '.join(named[:4])}{more}; one is expected: "
            "give each a folder of its own, or give the files, if each is an image by itself"
        )


def _alike(frames: Sequence[Frame], source: Path) -> None:
    first = frames[0]
    for frame in frames[1:]:
        pairs = (
            ("pixels", first.shape, frame.shape, 0.0),
            ("mm per pixel", first.spacing, frame.spacing, _SAME * max(first.spacing or (1,))),
            ("direction", first.orientation, frame.orientation, _SAME),
        )
        for what, one, other, within in pairs:
            if not _close(one, other, within):
                raise DataError(
                    f"{source}: slices of one series differ: {_name(first)} has {what} "
                    f"{_list(one)} and {_name(frame)} {_list(other)}; one volume is expected: "
                    "take the others (often a localiser) out"
                )


def _close(one: Sequence[float] | None, other: Sequence[float] | None, within: float) -> bool:
    if one is None or other is None:
        return one is other
    return all(abs(a - b) <= within for a, b in zip(one, other, strict=True))


def _by_number(frames: Sequence[Frame], source: Path) -> tuple[tuple[Frame, ...], tuple[str, ...]]:
    """Order frames that state no position: as in their file, or by the numbers of the files."""
    if len({frame.path for frame in frames}) == 1:
        return tuple(frames), ()
    numbers = sorted(frame.order for frame in frames if frame.order is not None)
    if len(set(numbers)) < len(frames):
        raise DataError(
            f"{source}: its {len(frames)} slices state no position (ImagePositionPatient), and not "
            "each has a number of its own (InstanceNumber) either, so that their order is unknown"
        )
    missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
    if missing:
        shown = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        raise DataError(
            f"{source}: {counted(len(missing), 'slice', 'are')} missing of {numbers[0]} to "
            f"{numbers[-1]}: "
            f"{shown}; copy the whole series again"
        )
    ordered = tuple(sorted(frames, key=lambda frame: frame.order or 0))
    return ordered, ("the slices state no position and are in the order of their numbers",)


def _even_step(frames: Sequence[Frame], places: np.ndarray, source: Path) -> float:
    """Return the distance between neighbouring slices."""
    distances = np.diff(places)
    within = _SAME * max(float(distances.max()), *(frames[0].spacing or (0.0,)))
    apart = distances > within
    usual = float(np.median(distances[apart])) if apart.any() else 0.0
    same = np.flatnonzero(~apart)
    if same.size:
        one, two = frames[same[0]], frames[same[0] + 1]
        raise DataError(
            f"{source}: {same.size} slices lie where another one does, such as {_name(one)} and "
            f"{_name(two)}: several time points, echoes or copies in one series; give each a "
            "folder of its own"
        )
    worst = int(np.abs(distances - usual).argmax())
    distance = float(distances[worst])
    if abs(distance - usual) > _UNEVEN * usual:
        between = f"between {_name(frames[worst])} and {_name(frames[worst + 1])}"
        if distance > 1.5 * usual:
            count = max(round(distance / usual) - 1, 1)
            lost = "a slice is" if count == 1 else f"{count} slices are"
            raise DataError(
                f"{source}: {lost} missing {between}, which are {distance:.4g} mm apart, where "
                f"others are {usual:.4g} mm; copy the whole series again"
            )
        raise DataError(
            f"{source}: its slices are unevenly spaced: {distance:.4g} mm {between}, {usual:.4g} "
            "mm elsewhere; resample them to even steps, as dcm2niix does, or give the slices one "
            "by one"
        )
    return float(distances.mean())


def _name(frame: Frame) -> str:
    return f"{frame.path.name}[{frame.number}]" if frame.number else frame.path.name


def _list(values: Sequence[float] | None) -> str:
    return "unknown" if values is None else " x ".join(f"{value:.4g}" for value in values)
