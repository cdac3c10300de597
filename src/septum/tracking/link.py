"""Which object of the next frame is which of this one: an assignment, and the divisions."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from septum.errors import ConfigError
from septum.metrics.overlap import Overlap, overlap


@dataclass(frozen=True)
class Rules:
    """What counts as a division; docs/decisions.md has the measurements.

    Attributes
    ----------
    daughter : float
        Of each of two daughters at least this share of pixels lies on their mother.
    similar : float
        The smaller daughter has at least this share of the pixels of the larger: what is cut off
        from the edge of a cell is a mistake of the segmentation and no daughter.
    """

    daughter: float = 0.1
    similar: float = 0.5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise ConfigError(f"{name} is {value!r}; it is a share, from 0 to 1")


@dataclass(frozen=True)
class Links:
    """Where the objects of a frame come from; those in neither were not there before.

    Attributes
    ----------
    same : dict of int to int
        From the label of an object to its label in the frame before.
    mothers : dict of int to int
        From the label of a daughter to that of its mother in the frame before.
    """

    same: dict[int, int]
    mothers: dict[int, int]


def link(before: np.ndarray, after: np.ndarray, rules: Rules | None = None) -> Links:
    """Link the objects of two frames by their overlap.

    Of all ways to link objects that share a pixel, one to one, the one with the largest sum of IoU
    is taken: cells move, and that each goes to one other says more than how much they overlap. An
    object that is left over is a daughter if it lies on one that has a successor, and the two are
    alike enough; see `Rules`. Of several, the one that lies on its mother most.

    Parameters
    ----------
    before, after : ndarray of int, any rank
        Label images of the same shape: 0 background, any other id one object.
    rules : Rules, optional
        Other thresholds than the default ones.

    Raises
    ------
    DataError
        The images cannot be compared; see `septum.metrics.overlap.overlap`.
    """
    rules = rules or Rules()
    table = overlap(before, after)
    successor = _assignment(table)
    sister = _divisions(table, successor, rules)
    ids_before, ids_after = table.truth_ids.tolist(), table.prediction_ids.tolist()
    return Links(
        same={
            ids_after[child]: ids_before[mother]
            for mother, child in successor.items()
            if mother not in sister
        },
        mothers={
            ids_after[child]: ids_before[mother]
            for mother in sister
            for child in (successor[mother], sister[mother])
        },
    )


def _assignment(table: Overlap) -> dict[int, int]:
    """Return the one-to-one matching with the largest sum of IoU, by positions in the table."""
    if not len(table.shared):
        return {}
    rows, row = np.unique(table.truth_index, return_inverse=True)
    n_columns = len(table.prediction_ids)
    # The sparse solver wants a partner for each row: one of its own stands for "none". With 1 for
    # each row added to all weights, none of them is 0, which the solver would take for no edge.
    own = np.arange(len(rows))
    weight = csr_array(
        (
            np.concatenate([1 + table.iou, np.ones(len(rows))]),
            (np.concatenate([row, own]), np.concatenate([table.prediction_index, n_columns + own])),
        ),
        shape=(len(rows), n_columns + len(rows)),
    )
    chosen, partner = min_weight_full_bipartite_matching(weight, maximize=True)
    real = partner < n_columns
    return dict(zip(rows[chosen[real]].tolist(), partner[real].tolist(), strict=True))


def _divisions(table: Overlap, successor: dict[int, int], rules: Rules) -> dict[int, int]:
    """Return the second daughter of each mother that divides, by position in the table."""
    sizes = table.prediction_sizes
    share = table.shared / sizes[table.prediction_index]
    pairs = zip(table.truth_index.tolist(), table.prediction_index.tolist(), strict=True)
    on_mother = dict(zip(pairs, share.tolist(), strict=True))
    taken, sister = set(successor.values()), {}
    for mother, child in sorted(on_mother, key=lambda pair: (-on_mother[pair], pair)):
        first = successor.get(mother)
        if first is None or mother in sister or child in taken:
            continue
        lie_on_it = min(on_mother[mother, child], on_mother[mother, first]) >= rules.daughter
        alike = min(sizes[child], sizes[first]) >= rules.similar * max(sizes[child], sizes[first])
        if lie_on_it and alike:
            sister[mother] = child
            taken.add(child)
    return sister
