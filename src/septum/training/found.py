"""What a finished model finds of what is annotated, in sentences, and where it finds nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from septum.classes import Classes
from septum.counted import counted
from septum.description import Description
from septum.training.class_pages import SeenClasses, never_found
from septum.training.dice import pooled
from septum.training.verdicts import FALSE, FOUND, Seen


@dataclass(frozen=True)
class Found:
    """What is to be told at the end of a training.

    Attributes
    ----------
    sentence : str
        How much is found.
    warnings : tuple of str
        What is not found at all, and what the cause may be.
    nothing : bool
        Whether nothing that is annotated is found.
    """

    sentence: str
    warnings: tuple[str, ...] = ()
    nothing: bool = False


def found_objects(
    seen: Sequence[Seen], which: str, known: Description, among: int | None = None
) -> Found:
    """Count the objects that a model finds.

    Parameters
    ----------
    seen : sequence of Seen
        The images that it was tried on.
    which : {"validation", "training"}
        What these images are.
    known : Description
        Of the model.
    among : int, optional
        How many such images there are.
    """
    objects = sum(len(item.verdicts) for item in seen)
    found, false = (sum(item.count(verdict) for item in seen) for verdict in (FOUND, FALSE))
    images = _images(seen, which, among)
    if not objects:
        return Found(f"there is no object in {images}, to tell how many are found")
    also = f"; {counted(false, 'other')} found that {'is' if false == 1 else 'are'} none" * bool(
        false
    )
    sentence = f"found {counted(found, 'object', of=objects)} in {images}{also}"
    steps = known.training.get("steps")
    so_far = "" if steps is None else f" ({steps:,} so far; --extend 2000 adds some)"
    if found:
        few = f". That is less than half: more steps mostly help{so_far}"
        return Found(sentence + few * (2 * found < objects))
    warning = (
        f"WARNING: not one of {counted(objects, 'object')} in {images} was found. Likely causes: "
        f"too few steps{so_far}; objects far larger or smaller than the network sees (a new run "
        f"with another working resolution than --set data.scale={known.plan.data.scale}); or "
        "annotations that do not belong to their images (septum check DATA --picture pairs.png "
        "shows them)"
    )
    return Found(sentence, (warning,), nothing=True)


def found_classes(
    seen: Sequence[SeenClasses],
    which: str,
    known: Description,
    named: Classes,
    among: int | None = None,
) -> Found:
    """Say how well a model of named classes finds each of them.

    Parameters
    ----------
    seen, which, known, among
        As in `found_objects`.
    named : Classes
        Of the model.
    """
    regions = pooled(item.regions for item in seen)
    there = [(name, one) for name, one in zip(named.names, regions, strict=True) if one.tp + one.fn]
    images = _images(seen, which, among)
    warnings = tuple(never_found(seen, named, which, known.plan.targets.balance))
    if not there:
        return Found(f"no class is in {images}, to tell how well they are found", warnings)
    each = ", ".join(f"{name} {one.dice:.3f} / {one.iou:.3f}" for name, one in there)
    sentence = f"Dice / IoU in {images}: {each}"
    return Found(sentence, warnings, nothing=not any(one.tp for _, one in there))


def _images(seen: Sequence[object], which: str, among: int | None) -> str:
    whole = None if among in (None, len(seen)) else among
    return counted(len(seen), f"{which} image", of=whole)
