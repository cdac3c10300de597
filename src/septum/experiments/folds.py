"""Splits for cross-validation in which no near copy of a training image is tested on."""

from collections.abc import Sequence
from dataclasses import dataclass

from septum.counted import counted
from septum.data.sample import Sample
from septum.data.split import near
from septum.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Fold:
    """Samples to train on and samples to test on."""

    train: tuple[Sample, ...]
    test: tuple[Sample, ...]


def blocks(samples: Sequence[Sample], count: int) -> list[Fold]:
    """Return folds whose test samples are contiguous frames of a sequence.

    Neighbouring frames of a sequence are near copies, and a random split would put one in training
    and the other in the test. At the edges of a block, frames nearer than 3 to a tested one are in
    neither.
    """
    ordered = _ordered(samples, count)
    edges = [round(len(ordered) * number / count) for number in range(count + 1)]
    folds = [_fold(ordered, range(edges[n], edges[n + 1])) for n in range(count)]
    return [Fold(tuple(s for s in f.train if not near(s, f.test)), f.test) for f in folds]


def interleaved(samples: Sequence[Sample], count: int) -> list[Fold]:
    """Return folds whose test samples are every `count`-th slice.

    For the EM stack: its first slices are visibly smoother than its last, so contiguous folds would
    train on one kind and test on the other. Neighbouring slices are 50 nm apart, not copies.
    """
    ordered = _ordered(samples, count)
    return [_fold(ordered, range(n, len(ordered), count)) for n in range(count)]


def _ordered(samples: Sequence[Sample], count: int) -> list[Sample]:
    if not 2 <= count <= len(samples):
        raise ConfigError(
            f"{counted(count, 'fold')} of {counted(len(samples), 'image')}; expected 2 to "
            f"{len(samples)}"
        )
    return sorted(samples, key=lambda sample: (sample.group, sample.index or 0))


def _fold(ordered: Sequence[Sample], test: range) -> Fold:
    return Fold(
        tuple(sample for n, sample in enumerate(ordered) if n not in test),
        tuple(ordered[n] for n in test),
    )
