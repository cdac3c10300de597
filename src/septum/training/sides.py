"""What a training learns from, what it is validated with, and the slices around both."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from septum.data.colour import in_colour, mixture
from septum.data.context import with_context
from septum.data.gather import Data, Tell, annotated, read_samples
from septum.data.layouts import Reading
from septum.data.sample import Sample
from septum.data.split import digests, hold_out, refuse_shared
from septum.errors import ConfigError
from septum.training.run import check

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Sides:
    """Images to learn from and to validate with.

    Attributes
    ----------
    data : list of Sample
        All that was read, also what nobody annotated: it teaches nothing, but slices of a stack
        beside it are seen with it.
    val : list of Sample
        Likewise of the other folder to validate with; empty without one.
    share : float or None
        Of the annotated `data` to hold out.
    """

    data: list[Sample]
    val: list[Sample]
    share: float | None = None

    def split(self, reach: int = 0) -> tuple[list[Sample], list[Sample]]:
        """Return the samples to train on and to validate with, all of them annotated.

        Parameters
        ----------
        reach : int, default 0
            Neighbouring slices on each side whose channels they get, whoever annotated those; see
            `septum.data.context`. The split does not depend on it.
        """
        samples, validation, _ = self._split(reach)
        return samples, validation

    def refuse_reach(self, reach: int) -> None:
        """Raise ConfigError if no stack has so many slices before or behind one of them."""
        stacks = Counter(sample.group for sample in self.data if sample.slice)
        longest = max(stacks.values(), default=0)
        if 1 < longest <= reach:
            raise ConfigError(
                f"data.context is {reach}, and the longest stack has {longest} slices, "
                f"{longest - 1} of them before or behind one; give --context-slices 1, or at most "
                f"{longest - 1}"
            )

    def digests(self, reach: int) -> tuple[tuple[str, str], ...]:
        """Return name and SHA-256 of all that a training looks at which sees `reach` slices."""
        samples, validation = self.split()
        around = []
        if reach:
            known = {id(sample) for sample in (*samples, *validation)}
            around = [s for s in (*self.data, *self.val) if s.slice and id(s) not in known]
        return digests([*samples, *validation, *around])

    def _split(self, reach: int) -> tuple[list[Sample], list[Sample], str]:
        samples = with_context(annotated(self.data), reach, self.data)
        if self.share is not None:
            return hold_out(samples, self.share)
        validation = with_context(annotated(self.val), reach, self.val) if self.val else []
        return samples, validation, ""


def read_sides(
    data: Data,
    val: Data | float | None,
    reading: Reading,
    say: Say,
    on_facts: Tell = lambda _facts: None,
) -> Sides:
    """Read what a training is given.

    Parameters
    ----------
    data, val, reading
        As in `septum.train`.
    say : callable
        Called with each sentence about how they were understood, and with what is held out.
    on_facts : callable, optional
        Called with the facts of the folder to learn from; see `read_samples`.

    Raises
    ------
    DataError
        If one model cannot learn from all of it, or an image is on both sides.
    ConfigError
        If `val` is no share.
    """
    said: list[str] = []

    def noted(note: str) -> None:
        said.append(note)
        say(note)

    samples, others = read_samples(data, noted, reading, on_facts), []
    share = None
    if isinstance(val, int | float):
        share = float(val)
    elif val is not None:
        others = read_samples(val, lambda note: say(f"validation: {note}"), reading)
    mixed = mixture([*samples, *others])
    if mixed and mixed not in said:  # a folder says it of its own images
        say(mixed)
    everything = in_colour([*samples, *others])
    sides = Sides(everything[: len(samples)], everything[len(samples) :], share)
    teaching = annotated(sides.data, say)
    check([*teaching, *sides.val])
    if sides.val:
        check(annotated(sides.val, say))  # what has no object could not tell models apart
    training, validation, how = sides._split(0)
    refuse_shared(training, validation)
    if how:
        say(f"held out to validate with: {how}")
    return sides
