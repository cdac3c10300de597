"""The same training from several seeds: how much of a score is chance."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from septum.data.gather import Data
from septum.model import Model
from septum.training import folder
from septum.training.session import resume, train

_LISTENERS = ("machine", "on_note", "on_step", "on_stage", "stop", "tensorboard", "on_facts")


def train_seeds(
    data: Data,
    out: str | Path,
    seeds: Iterable[int],
    on_model: Callable[[Path, Model], object] = lambda _run, _model: None,
    **options: Any,
) -> list[float]:
    """Train once from each seed; return the panoptic quality of each on the validation images.

    Parameters
    ----------
    data : as in `septum.train`
        The same for all.
    out : str or Path
        A run for each seed lies in it, as ``seed-0``. What an earlier call has begun goes on, and
        what it has finished is not trained again.
    seeds : iterable of int
        Of the trainings.
    on_model : callable, optional
        Called with the run and the model of each.
    **options
        All others of `septum.train`; `val` is needed.

    Returns
    -------
    list of float
        Fewer than there are seeds if `stop` said so.
    """
    listeners = {name: options[name] for name in _LISTENERS if name in options}
    stop = options.get("stop") or (lambda: False)
    val = options.get("val")
    others = None if isinstance(val, int | float) else val
    scores = []
    for seed in seeds:
        run = Path(out) / f"seed-{seed}"
        if (run / folder.STATE).exists():
            model = resume(data, run, val=others, **listeners)
        else:
            model = train(data, run, seed=seed, **options)
        on_model(run, model)
        for told in (listeners, options):
            told.pop("on_facts", None)  # the data are the same for all
        score = model.description.training["best_score"]
        if model.description.interrupted or score is None:
            break
        scores.append(score)
        if stop():
            break
    return scores
